"""C23: environments that break their objectives faster than a month can bear.

``windows`` has the four burn rates, ``chance`` says how many failures are enough to speak of, ``records`` computes, ``alerts`` asks,
``cases`` and ``records_examples`` prove it, ``runbooks`` has the pages.
"""

from __future__ import annotations

from serving_rules.detections.slo.alerts import ALERTS, INHIBITIONS
from serving_rules.detections.slo.chance import EVIDENCE, FEWEST
from serving_rules.detections.slo.records import RECORDS
from serving_rules.detections.slo.runbooks import RUNBOOKS
from serving_rules.model import Detection, Scope, Threshold
from serving_rules.promql import ENVIRONMENT, names

__all__ = ["DETECTION"]

_MATCHING = f"on ({names(ENVIRONMENT)}) group_left ()"

DETECTION = Detection(
    id="C23",
    slug="slo",
    title="Error budget: objectives that will not be kept",
    catches="Environments that fail requests, or keep them waiting, so often that the error budget of 30 days goes too fast: in two, "
    "five or ten days, or just before the month is over.",
    origins=(),
    thresholds=(
        Threshold(
            "availability",
            0.99,
            "Share of requests that must not fail. 99 % is what a single region with scale-to-zero can promise; 99.9 % needs floors and "
            "spare capacity. A larger objective alerts on fewer failures; 0 switches the objective off.",
            minimum=0,
            maximum=0.99999,
            unit="ratio",
            scope=Scope.ENVIRONMENT,
        ),
        Threshold(
            "latency",
            0.95,
            "Share of successful synchronous requests whose first byte must come in time. 0 switches the objective off.",
            minimum=0,
            maximum=0.99999,
            unit="ratio",
            scope=Scope.ENVIRONMENT,
        ),
        Threshold(
            "first_byte_seconds",
            60,
            "What in time means. Nothing is right for every model; a minute is where common proxies and load balancers hang up, so it is "
            "wrong for hardly any. Set it for each model that has a promise to keep. It counts from the first bucket bound that is not "
            "below it; 0 switches the objective off.",
            minimum=0,
            maximum=3600,
            unit="seconds",
            scope=Scope.ENVIRONMENT,
        ),
        Threshold(
            "evidence",
            EVIDENCE,
            "How little chance may explain of a window: the natural logarithm of one over its probability, 13.8 for once in a million. "
            "With it an environment that just keeps its objective alerts by chance less than once in 25 years, whatever its traffic. "
            "Higher waits for more requests.",
            minimum=3,
            maximum=100,
            scope=Scope.ENVIRONMENT,
            matching=_MATCHING,
        ),
        Threshold(
            "failures",
            FEWEST,
            "Fewest bad requests in a window to speak of, even when all failed: one caller's two retries are no incident.",
            minimum=1,
            maximum=1_000_000,
            scope=Scope.ENVIRONMENT,
            matching=_MATCHING,
        ),
    ),
    records=RECORDS,
    alerts=ALERTS,
    inhibitions=INHIBITIONS,
    runbooks=RUNBOOKS,
    fires_on=(
        "step-past-capacity",
        "saturation-then-recovery",
        "max-one-overloaded",
        "reject-on-full",
        "slow-starts",
        "crash-on-load",
        "error-burst",
        "slow-errors",
        "platform-incident",
    ),
    silent_on=(
        "low-traffic-one-error",
        "rare-requests-from-zero",
        "scrape-outage",
        "counter-reset",
        "label-change",
        "promotion",
        "async-only",
        "websocket",
        "nightly-drain",
        "development",
    ),
)
