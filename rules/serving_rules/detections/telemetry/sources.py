"""Alerts of an exporter that is gone, and of sources that fail, are refused or old."""

from __future__ import annotations

from serving_rules.model import Alert, Case, Dashboard, Kind, Outcome, Proof, Scope, Severity
from serving_rules.promql import WORKSPACE, by, names, value_of

__all__ = ["ALERTS"]

_SOURCE = names((*WORKSPACE, "source"))

_NO_THRESHOLD = "the condition is a yes or no"
_NO_ZERO = "it is about the exporter, whatever runs"

_UP = "serving_workspace:source_up:max"
_SUPPORTED = "serving_workspace:source_supported:max"


def _failing(matcher: str) -> str:
    return f"""
    (serving_workspace:source_up:max{{{matcher}}} == 0)
    unless (serving_workspace:source_supported:max == 0)
    """


def _of(source: str) -> dict[str, str]:
    return {name: f'{name}{{source="{source}"}}' for name in (_UP, _SUPPORTED)}


_FEED, _INVENTORY = _of("feed"), _of("inventory")

_FAILING_TEXT = (
    "The source {{ $labels.source }} of workspace {{ $labels.workspace }} fails; it last succeeded "
    + value_of(
        "serving_workspace:source_age_seconds:now", labels=(*WORKSPACE, "source"), form="humanizeDuration", otherwise="an unknown time"
    )
    + " ago. "
)

ALERTS = (
    Alert(
        "ServingExporterDown",
        Severity.CRITICAL,
        Kind.CAUSE,
        """
        (serving_workspace:exporter_silent_seconds:now > $silent_seconds)
        and (serving_workspace:exporter_silent_seconds:now < 604800)
        """,
        for_="2m",
        summary="No exporter reports a workspace any more: its alerts are blind.",
        description="No exporter has reported workspace {{ $labels.workspace }} for {{ $value | humanizeDuration }}. Every other "
        "alert of the workspace is silent because nothing is known, not because nothing is wrong.",
        scope=Scope.WORKSPACE,
        dashboard=Dashboard.EXPORTER,
        proof=Proof(
            base={"serving_workspace:exporter_silent_seconds:now": 181},
            quiet={"serving_workspace:exporter_silent_seconds:now": 0},
            description="No exporter has reported workspace w-one for 3m 1s. Every other alert of the workspace is silent because "
            "nothing is known, not because nothing is wrong.",
            cases=(
                Case("three minutes", Outcome.UNDER, {"serving_workspace:exporter_silent_seconds:now": 180}),
                Case("a second more", Outcome.AT, {"serving_workspace:exporter_silent_seconds:now": 181}, fires=True),
                Case("six days", Outcome.OVER, {"serving_workspace:exporter_silent_seconds:now": 604799}, fires=True),
                Case(
                    "after a week it was taken away on purpose",
                    Outcome.GUARD,
                    {"serving_workspace:exporter_silent_seconds:now": 604800},
                ),
            ),
            waived={Outcome.ZERO: _NO_ZERO},
        ),
    ),
    Alert(
        "ServingSourceFailing",
        Severity.CRITICAL,
        Kind.CAUSE,
        _failing('source="feed"'),
        for_="5m",
        summary="The platform's feed cannot be read: load, replicas and latency are unknown.",
        description=_FAILING_TEXT + "Load, replicas and latency are unknown until it is back.",
        scope=Scope.WORKSPACE,
        extra_labels=("source",),
        dashboard=Dashboard.EXPORTER,
        proof=Proof(
            base={_FEED[_UP]: 0, _FEED[_SUPPORTED]: 1, 'serving_workspace:source_age_seconds:now{source="feed"}': 330},
            quiet={_FEED[_UP]: 1},
            labels={"source": "feed"},
            description="The source feed of workspace w-one fails; it last succeeded 5m 30s ago. Load, replicas and latency are "
            "unknown until it is back.",
            cases=(
                Case("it is not permitted to the key", Outcome.GUARD, {_FEED[_SUPPORTED]: 0}),
                Case("another source fails", Outcome.GUARD, {_FEED[_UP]: 1, _INVENTORY[_UP]: 0, _INVENTORY[_SUPPORTED]: 1}),
                Case("whether it is permitted is not known", Outcome.ABSENT, {_FEED[_SUPPORTED]: None}, fires=True),
            ),
            waived={Outcome.UNDER: _NO_THRESHOLD, Outcome.AT: _NO_THRESHOLD, Outcome.ZERO: _NO_ZERO},
        ),
    ),
    Alert(
        "ServingSourceFailing",
        Severity.WARNING,
        Kind.CAUSE,
        _failing('source!="feed"'),
        for_="5m",
        summary="A source of the exporter fails.",
        description=_FAILING_TEXT + "Its series leave the page when they are too old; what needs them falls silent then.",
        scope=Scope.WORKSPACE,
        extra_labels=("source",),
        dashboard=Dashboard.EXPORTER,
        proof=Proof(
            base={_INVENTORY[_UP]: 0, _INVENTORY[_SUPPORTED]: 1, 'serving_workspace:source_age_seconds:now{source="inventory"}': 330},
            quiet={_INVENTORY[_UP]: 1},
            labels={"source": "inventory"},
            description="The source inventory of workspace w-one fails; it last succeeded 5m 30s ago. Its series leave the page when "
            "they are too old; what needs them falls silent then.",
            cases=(
                Case("it is not permitted to the key", Outcome.GUARD, {_INVENTORY[_SUPPORTED]: 0}),
                Case("whether it is permitted is not known", Outcome.ABSENT, {_INVENTORY[_SUPPORTED]: None}, fires=True),
            ),
            waived={Outcome.UNDER: _NO_THRESHOLD, Outcome.AT: _NO_THRESHOLD, Outcome.ZERO: _NO_ZERO},
        ),
    ),
    Alert(
        "ServingSourceStale",
        Severity.WARNING,
        Kind.CAUSE,
        f"""
        (serving_workspace:source_age_seconds:now > $stale_seconds)
        and (serving_workspace:source_age_seconds:now > 3 * serving_workspace:source_interval_seconds:max)
        and on ({_SOURCE}) (serving_workspace:source_up:max == 1)
        unless (serving_workspace:source_supported:max == 0)
        """,
        for_="2m",
        summary="A source has not been read for several of its intervals.",
        description="The source {{ $labels.source }} of workspace {{ $labels.workspace }} last succeeded {{ $value | "
        "humanizeDuration }} ago, although its last poll did not fail; its interval is "
        + value_of(
            "serving_workspace:source_interval_seconds:max",
            labels=(*WORKSPACE, "source"),
            form="humanizeDuration",
        )
        + ". The exporter hangs or is starved.",
        scope=Scope.WORKSPACE,
        extra_labels=("source",),
        dashboard=Dashboard.EXPORTER,
        proof=Proof(
            base={
                'serving_workspace:source_age_seconds:now{source="prices"}': 901,
                'serving_workspace:source_interval_seconds:max{source="prices"}': 300,
                _of("prices")[_UP]: 1,
                _of("prices")[_SUPPORTED]: 1,
            },
            quiet={'serving_workspace:source_age_seconds:now{source="prices"}': 10},
            labels={"source": "prices"},
            description="The source prices of workspace w-one last succeeded 15m 1s ago, although its last poll did not fail; its "
            "interval is 5m 0s. The exporter hangs or is starved.",
            cases=(
                Case("three intervals", Outcome.UNDER, {'serving_workspace:source_age_seconds:now{source="prices"}': 900}),
                Case("a second more", Outcome.AT, {'serving_workspace:source_age_seconds:now{source="prices"}': 901}, fires=True),
                Case(
                    "five minutes of a fast source",
                    Outcome.UNDER,
                    {
                        'serving_workspace:source_age_seconds:now{source="prices"}': 300,
                        'serving_workspace:source_interval_seconds:max{source="prices"}': 30,
                    },
                ),
                Case(
                    "more than five minutes of a fast source",
                    Outcome.AT,
                    {
                        'serving_workspace:source_age_seconds:now{source="prices"}': 301,
                        'serving_workspace:source_interval_seconds:max{source="prices"}': 30,
                    },
                    fires=True,
                ),
                Case("it fails, which is another alert", Outcome.GUARD, {_of("prices")[_UP]: 0}),
                Case("it is not permitted", Outcome.GUARD, {_of("prices")[_SUPPORTED]: 0}),
            ),
            waived={Outcome.ZERO: _NO_ZERO},
        ),
    ),
    Alert(
        "ServingApiThrottled",
        Severity.WARNING,
        Kind.CAUSE,
        "serving_workspace:source_throttled:increase15m >= $throttled",
        for_="5m",
        summary="The platform refuses the exporter's requests with 429.",
        description="The platform refused "
        """{{ $value | printf "%.0f" }} polls of the source {{ $labels.source }} of workspace {{ $labels.workspace }} in 15 minutes. """
        "The feed allows 6 requests a minute for the whole organization: scrape the exporter from every Prometheus, and let only one "
        "client poll the feed.",
        scope=Scope.WORKSPACE,
        extra_labels=("source",),
        dashboard=Dashboard.EXPORTER,
        proof=Proof(
            base={'serving_workspace:source_throttled:increase15m{source="feed"}': 3},
            quiet={'serving_workspace:source_throttled:increase15m{source="feed"}': 0},
            labels={"source": "feed"},
            description="The platform refused 3 polls of the source feed of workspace w-one in 15 minutes. The feed allows 6 "
            "requests a minute for the whole organization: scrape the exporter from every Prometheus, and let only one client poll the "
            "feed.",
            cases=(
                Case("fewer than three", Outcome.UNDER, {'serving_workspace:source_throttled:increase15m{source="feed"}': 2.9}),
                Case("three", Outcome.AT, {'serving_workspace:source_throttled:increase15m{source="feed"}': 3}, fires=True),
            ),
            waived={Outcome.GUARD: "a refusal is a refusal", Outcome.ZERO: _NO_ZERO},
        ),
    ),
    Alert(
        "ServingSettingsStale",
        Severity.WARNING,
        Kind.CAUSE,
        f"""
        max {by(WORKSPACE)} (serving_workspace:source_age_seconds:now{{source="inventory"}}) > $settings_seconds
        """,
        for_="2m",
        summary="Settings and status have not been read for a quarter of an hour.",
        description="Settings and status of workspace {{ $labels.workspace }} were last read {{ $value | humanizeDuration }} ago. "
        "Present settings in alerts may be out of date, and what needs them falls silent when they leave the page.",
        scope=Scope.WORKSPACE,
        dashboard=Dashboard.EXPORTER,
        proof=Proof(
            base={'serving_workspace:source_age_seconds:now{source="inventory"}': 901},
            quiet={'serving_workspace:source_age_seconds:now{source="inventory"}': 30},
            description="Settings and status of workspace w-one were last read 15m 1s ago. Present settings in alerts may be out of "
            "date, and what needs them falls silent when they leave the page.",
            cases=(
                Case("a quarter of an hour", Outcome.UNDER, {'serving_workspace:source_age_seconds:now{source="inventory"}': 900}),
                Case("a second more", Outcome.AT, {'serving_workspace:source_age_seconds:now{source="inventory"}': 901}, fires=True),
                Case(
                    "only the inventory's age counts",
                    Outcome.GUARD,
                    {
                        'serving_workspace:source_age_seconds:now{source="inventory"}': 30,
                        'serving_workspace:source_age_seconds:now{source="prices"}': 20_000,
                    },
                ),
            ),
            waived={Outcome.ZERO: _NO_ZERO},
        ),
    ),
)
