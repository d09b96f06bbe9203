"""C12: replicas are paid for and nobody uses them."""

from __future__ import annotations

from serving_rules.guards import NOT_ASYNC, NOT_DEVELOPMENT, NOT_ROLLOUT, NOT_WEBSOCKET
from serving_rules.model import (
    Alert,
    Case,
    Cause,
    Dashboard,
    Detection,
    Example,
    Guard,
    Kind,
    Outcome,
    Proof,
    Query,
    Record,
    Runbook,
    Severity,
    Threshold,
)
from serving_rules.promql import name_of, value_of

__all__ = ["DETECTION"]

_IDLE = "serving:idle_seconds:now"
_ACTIVE = "serving:active_replicas:max"
_MINIMUM = "serving:min_replicas:current"
_RECOMMENDED = "serving:min_replicas:recommended"
_FLOOR = "serving:min_replicas:for_idle_spend"
_SAVING = "serving:idle_spend_dollars_per_day:saving"
_PRICE = "serving:replica_price_dollars_per_hour:current"
_TOKENS = "serving:target_inflight_tokens:current"

_AT_FLOOR = Guard(
    "AT_FLOOR",
    f"unless ({_ACTIVE} > {_MINIMUM})",
    "What is above the floor is the delay's doing, and will leave; when it does not, that is ServingScaleDownStuck.",
)
_NOT_NEEDED = Guard(
    "NOT_NEEDED",
    f"unless ({_RECOMMENDED} >= {_MINIMUM})",
    "Another detection asks for this floor (a daily start from zero, for example), or it is as low as it can be.",
)

_CONDITION = f"({_IDLE} >= $idle_seconds)\nand (serving:active_replicas:min2h > 0)\n{_AT_FLOOR}"

_TEXT = (
    "chat (production), deployment d-one has kept 2 replicas for 3h 0m 0s without any work. min_replica is 2; set it to 0, or let a "
    "schedule raise it in the hours of use only. Saves up to $96.00 a day."
)

_INPUTS = {_IDLE: 7200, "serving:active_replicas:min2h": 2, _ACTIVE: 2, _MINIMUM: 2}

DETECTION = Detection(
    id="C12",
    slug="idle_spend",
    title="Idle spend: replicas that nobody uses",
    catches="Replicas kept by the floor for hours in which there was no work of any kind.",
    origins=("T6", "A2"),
    thresholds=(
        Threshold(
            "idle_seconds",
            7200,
            "Time without any work. Two hours are longer than the longest scale-down delay, so that the floor alone is to blame. "
            "Deployments with a floor for office hours want more than a night: 57600.",
            minimum=3600,
            maximum=2_592_000,
            unit="s",
        ),
    ),
    records=(
        Record(
            _FLOOR,
            f"({_TOKENS} * 0 + 1 or {_ACTIVE} * 0)\nand ({_CONDITION})",
            "Floor for a deployment without work: 0, or 1 where it scales on tokens, since those do not scale to zero.",
            examples=(
                Example("two idle hours", _INPUTS, "2m", {_FLOOR: 0}),
                Example("it scales on tokens", {**_INPUTS, _TOKENS: 80_000}, "2m", {_FLOOR: 1}),
                Example("a second less", {**_INPUTS, _IDLE: 7199}, "2m", {}),
                Example("it was at zero lately", {**_INPUTS, "serving:active_replicas:min2h": 0}, "2m", {}),
                Example("above the floor", {**_INPUTS, _MINIMUM: 1}, "2m", {}),
                Example("floor not known", {**_INPUTS, _MINIMUM: "_"}, "2m", {_FLOOR: 0}),
            ),
        ),
        Record(
            _SAVING,
            f"24 * {_PRICE} * ({_ACTIVE} - {_FLOOR})",
            "What the idle replicas cost that the lower floor makes superfluous, US dollars a day.",
            examples=(
                Example("two replicas at two dollars an hour", {**_INPUTS, _PRICE: 2}, "2m", {_SAVING: 96}),
                Example("one must stay", {**_INPUTS, _PRICE: 2, _TOKENS: 80_000}, "2m", {_SAVING: 48}),
            ),
        ),
    ),
    alerts=(
        Alert(
            "ServingIdleSpend",
            Severity.INFO,
            Kind.CAUSE,
            f"""
            ({_IDLE} >= $idle_seconds)
            and (serving:active_replicas:min2h > 0)
            {_AT_FLOOR}
            {_NOT_NEEDED}
            {NOT_WEBSOCKET}
            {NOT_ASYNC}
            {NOT_ROLLOUT}
            {NOT_DEVELOPMENT}
            """,
            for_="10m",
            summary="Replicas run for hours without any work.",
            description=name_of
            + " has kept "
            + value_of(_ACTIVE)
            + " replicas for {{ $value | humanizeDuration }} without any work."
            + value_of(
                _MINIMUM,
                before=" min_replica is ",
                after="; set it to " + value_of(_RECOMMENDED) + ", or let a schedule raise it in the hours of use only.",
                otherwise=" Set min_replica to " + value_of(_RECOMMENDED) + ", or let a schedule raise it in the hours of use only.",
            )
            + value_of(_SAVING, form='printf "%.2f"', before=" Saves up to $", after=" a day.", otherwise=""),
            dashboard=Dashboard.COST,
            proof=Proof(
                base={
                    **_INPUTS,
                    _IDLE: 10800,
                    _RECOMMENDED: 0,
                    _SAVING: 96,
                },
                quiet={_IDLE: 0},
                description=_TEXT,
                cases=(
                    Case("a second less than two hours", Outcome.UNDER, {_IDLE: 7199}),
                    Case("exactly two hours", Outcome.AT, {_IDLE: 7200}, fires=True),
                    Case("it was at zero within two hours", Outcome.ZERO, {"serving:active_replicas:min2h": 0}),
                    Case("above the floor", Outcome.GUARD, {_ACTIVE: 3}),
                    Case("another detection asks for the floor", Outcome.GUARD, {_RECOMMENDED: 2}),
                    Case("another asks for a lower one", Outcome.GUARD, {_RECOMMENDED: 1}, fires=True),
                    Case("a WebSocket was open", Outcome.GUARD, {"serving:websocket_connections:max2h": 1}),
                    Case("none was", Outcome.GUARD, {"serving:websocket_connections:max2h": 0}, fires=True),
                    Case("asynchronous work", Outcome.GUARD, {"serving:async_requests:share1h": 0.6}),
                    Case("as much synchronous work", Outcome.GUARD, {"serving:async_requests:share1h": 0.5}, fires=True),
                    Case("a promotion keeps both versions", Outcome.GUARD, {"serving_model:rollout:recent30m": 1}),
                    Case("a development deployment is free", Outcome.GUARD, {"serving:development:flag": 1}),
                    Case(
                        "without settings only the dollars are missing",
                        Outcome.ABSENT,
                        {_MINIMUM: None, _SAVING: None},
                        fires=True,
                        description=_TEXT.replace("min_replica is 2; set it to 0", "Set min_replica to 0").partition(" Saves")[0],
                    ),
                    Case("load not known", Outcome.ABSENT, {_IDLE: None}),
                ),
            ),
        ),
    ),
    runbooks={
        "ServingIdleSpend": Runbook(
            meaning="For at least two hours there was no work of any kind (requests in flight or answered, asynchronous ones queued or "
            "running, open WebSockets, tokens), and the floor kept replicas running all that time.",
            impact="Money. Nobody waits.",
            confirm=(
                Query("Seconds without work.", 'serving:idle_seconds:now{model_id=~"$model_id"}'),
                Query("Replicas that ran meanwhile.", 'serving:active_replicas:min2h{model_id=~"$model_id"}'),
                Query("The floor.", 'serving:min_replicas:current{model_id=~"$model_id"}'),
            ),
            causes=(
                Cause(
                    "A floor for the hours of use, at night",
                    "The load comes back every morning.",
                    "Move the floor into a schedule for those hours, min_replica 0 outside.",
                ),
                Cause(
                    "Forgotten",
                    "No work for days.",
                    "Set min_replica to 0, or deactivate the deployment.",
                ),
                Cause(
                    "Kept for a rollback",
                    "Not the current deployment of its environment; promoted away from with clean-up KEEP.",
                    "Set its min_replica to 0, or deactivate it once the new version has proved itself.",
                ),
            ),
            fix="Set `min_replica` to the recommended value (autoscaling settings of the deployment, or of its environment), or add a "
            "schedule that raises it for the hours of use. The first request after a rest then waits for a start: compare "
            "ServingDailyColdStart.",
            lies=(
                "A floor may be worth its price: the model that must answer at once, once a day. Raise idle_seconds for it.",
                "Asynchronous runs of more than two hours are work that no series shows where the exporter does not read the queue.",
                "After a gap of ten minutes in the data the time begins anew: the alert comes late, not early.",
            ),
        ),
    },
    fires_on=("idle-floor",),
    silent_on=(
        "diurnal",
        "pinned",
        "websocket",
        "async-only",
        "development",
        "first-deployment",
        "promotion",
        "scrape-outage",
        "nightly-drain",
    ),
)
