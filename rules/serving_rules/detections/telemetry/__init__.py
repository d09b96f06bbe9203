"""C28: the data themselves: an exporter that is gone, sources that fail, numbers that are old or contradict each other.

``records`` says how old, ``sources`` and ``contents`` have the alerts, ``runbooks`` their pages.
"""

from __future__ import annotations

from serving_rules.detections.telemetry import contents, sources
from serving_rules.detections.telemetry.records import RECORDS
from serving_rules.detections.telemetry.runbooks import RUNBOOKS
from serving_rules.model import EVERYTHING, Detection, Inhibition, Scope, Threshold
from serving_rules.promql import WORKSPACE

__all__ = ["DETECTION"]

DETECTION = Detection(
    id="C28",
    slug="telemetry",
    title="Telemetry: the data are missing, old or contradictory",
    catches="Everything that makes the other alerts blind or wrong: an exporter that is gone, a source that fails, is throttled or is old.",
    origins=(),
    thresholds=(
        Threshold(
            "silent_seconds",
            180,
            "Seconds without a report from any exporter of a workspace; with `for` it makes five minutes, longer than a restart of "
            "Prometheus or of the exporter.",
            minimum=60,
            maximum=86_400,
            unit="s",
            scope=Scope.WORKSPACE,
        ),
        Threshold(
            "stale_seconds",
            300,
            "Age of a source's last success that is accepted at any cadence; beyond it, three intervals of the source count. The feed "
            "refreshes every 30 s.",
            minimum=60,
            maximum=86_400,
            unit="s",
            scope=Scope.WORKSPACE,
            matching="on (platform, workspace) group_left ()",
        ),
        Threshold(
            "throttled",
            3,
            "Refused polls (429) in 15 minutes. One is an accident; three mean that something else spends the same budget.",
            minimum=1,
            maximum=1000,
            scope=Scope.WORKSPACE,
            matching="on (platform, workspace) group_left ()",
        ),
        Threshold(
            "settings_seconds",
            900,
            "Age of the settings at which what the alerts recommend may be out of date.",
            minimum=60,
            maximum=86_400,
            unit="s",
            scope=Scope.WORKSPACE,
        ),
    ),
    records=RECORDS,
    alerts=(*sources.ALERTS, *contents.ALERTS),
    inhibitions=(
        Inhibition(
            "ServingExporterDown",
            EVERYTHING,
            WORKSPACE,
            "What still fires for the workspace rests on what the rules remember.",
        ),
        Inhibition(
            "ServingExporterDown",
            (
                "ServingSourceFailing",
                "ServingSourceStale",
                "ServingApiThrottled",
                "ServingSettingsStale",
                "ServingPodHealthBlind",
                "ServingReplicaCountsDisagree",
            ),
            WORKSPACE,
            "Its sources are gone with it.",
        ),
        Inhibition(
            "ServingSourceFailing",
            ("ServingSettingsStale",),
            WORKSPACE,
            "Settings that cannot be read grow old.",
            source_labels={"source": "inventory"},
        ),
        Inhibition(
            "ServingApiThrottled",
            ("ServingSourceFailing", "ServingSourceStale"),
            (*WORKSPACE, "source"),
            "A source that is refused fails; the refusal says why.",
        ),
    ),
    runbooks=RUNBOOKS,
    fires_on=("long-scrape-outage", "feed-failing", "exporter-down", "throttled"),
    silent_on=("scrape-outage", "plain-feed", "diurnal"),
)
