"""The cycle of the replicas, the delay that outlasts it, and what that costs."""

from __future__ import annotations

from serving_rules.detections.thrash.names import CYCLE, DELAY, FOR_DELAY, PEAK, REVERSALS
from serving_rules.limits import LONGEST_DELAY_SECONDS
from serving_rules.model import Example, Guard, Record

__all__ = ["RECORDS", "SLOWER_THAN_DELAY"]

SLOWER_THAN_DELAY = Guard(
    "SLOWER_THAN_DELAY",
    f"unless ({DELAY} * {PEAK} > 1.25 * 7200)",
    "Between two removals load must have come back and then stayed low for a whole delay: an autoscaler cannot flap faster than its "
    "delay. What does is something else (crashes, lost hardware), whether or not the platform counts restarts. The busiest hour counts, "
    "since two hours average a loop that has just begun or ended. A quarter is left for counting once a minute.",
)

_FLEET = {"serving:active_replicas:swing2h": 5, "serving:active_replicas:min2h": 1, "serving:active_replicas:avg2h": 2.25}


RECORDS = (
    Record(
        CYCLE,
        f"2 * 7200 / ({REVERSALS} > 0)",
        "Length of one cycle (down and up again), seconds: two reversals make one.",
        examples=(
            Example("24 reversals", {REVERSALS: 24}, "2m", {CYCLE: 600}),
            Example("nothing moves", {REVERSALS: 0}, "2m", {}),
        ),
    ),
    Record(
        FOR_DELAY,
        f"""
        clamp_max(60 * ceil(1.25 * {CYCLE} / 60), {LONGEST_DELAY_SECONDS})
        and ({REVERSALS} >= $reversals)
        {SLOWER_THAN_DELAY}
        unless (serving:active_replicas:min2h == 0)
        """,
        "Scale-down delay that outlasts the cycle: 1.25 cycles in whole minutes, at most the longest that may be set. Never less than "
        "the present one: where that outlasts the cycle already, nothing is advised.",
        examples=(
            Example("34 reversals in two hours", {REVERSALS: 34, DELAY: 60}, "2m", {FOR_DELAY: 540}),
            Example("24 reversals", {REVERSALS: 24}, "2m", {FOR_DELAY: 780}),
            Example("exactly fourteen", {REVERSALS: 14}, "2m", {FOR_DELAY: 1320}),
            Example("too few", {REVERSALS: 13}, "2m", {}),
            Example("as fast as the delay allows", {REVERSALS: 24, DELAY: 750, PEAK: 12}, "2m", {FOR_DELAY: 780}),
            Example("faster", {REVERSALS: 24, DELAY: 751, PEAK: 12}, "2m", {}),
            Example("faster in an hour", {REVERSALS: 15, DELAY: 900, PEAK: 11}, "2m", {}),
            Example("between zero and one", {REVERSALS: 14, "serving:active_replicas:min2h": 0}, "2m", {}),
        ),
    ),
    Record(
        "serving:thrash_fix_dollars_per_day:cost",
        """
        24 * serving:replica_price_dollars_per_hour:current
        * (serving:active_replicas:swing2h + serving:active_replicas:min2h - serving:active_replicas:avg2h)
        and serving:scale_down_delay_seconds:for_thrash
        """,
        "What it costs at most to keep the peak's replicas through the troughs, US dollars a day.",
        examples=(
            Example(
                "six at the peak, two and a quarter in the mean, two dollars an hour",
                {**_FLEET, "serving:replica_price_dollars_per_hour:current": 2, REVERSALS: 14},
                "2m",
                {"serving:thrash_fix_dollars_per_day:cost": 180},
            ),
            Example("too few reversals", {**_FLEET, "serving:replica_price_dollars_per_hour:current": 2, REVERSALS: 13}, "2m", {}),
        ),
    ),
)
