"""How long a start may last, what seems to be wrong with those that last longer, and the limit to give them."""

from __future__ import annotations

from serving_rules.detections.stuck_starting import records_examples as examples
from serving_rules.model import Record
from serving_rules.promql import DEPLOYMENT, by, names

__all__ = ["RECORDS"]

_ON = f"on ({names(DEPLOYMENT)})"
_STALLED = "serving:starting_seconds:stalled"
_FAILED = 'serving:startups:increase1h{outcome="FAILED"}'
_SUCCESS = 'serving:startups:increase1h{outcome="SUCCESS"}'
_WAITING = 'serving:starting_in_phase:max{phase="scheduling"}'
_LOADING = 'serving:starting_in_phase:max{phase!~"scheduling|unknown"}'
_LIMIT = "serving:stuck_starting_seconds:limit"
_CAUSE = "serving:stuck_starting_cause:current"


# In the first two minutes the start-ups API need not have been asked yet.
_STARTED = f"({_STALLED} >= 120) * 0 + 1"


def _cause(cause: str, condition: str) -> str:
    return f'label_replace({_STARTED} and {condition}, "cause", "{cause}", "", "")'


_CRASH = _cause("crash on load", f"ignoring (outcome) (({_FAILED} >= 2) or (serving:restarts:sum2h >= 2))")
_HARDWARE = _cause("no hardware", f"(({_WAITING} > 0) >= ignoring (phase) sum {by(DEPLOYMENT)} ({_LOADING}))")
_LOAD = _cause("slow load", f'ignoring (phase, status) (({_LOADING} > 0) or serving:status:current{{status="LOADING_MODEL"}})')

RECORDS = (
    Record(
        _CAUSE,
        # A label that changes would begin `for` anew, so the cause is no label of the alert, but a series which its text reads.
        f"{_CRASH}\nor {_ON}\n{_HARDWARE}\nor {_ON}\n{_LOAD}",
        "Why replicas that are starting do not become active (label cause: crash on load, no hardware, slow load), always 1: from the "
        "start-ups API, else from restarts and the deployment's status. Absent when nothing tells, and for two minutes.",
        examples=examples.CAUSE,
    ),
    Record(
        _LIMIT,
        # The smaller and the larger of two as sums: a threshold for single models is a series, which clamp_max and clamp_min do not take.
        # An estimate of the start-up time is stretched by the very replicas that are stuck, so it may not stretch the limit beyond an hour.
        # What the API calls STALLED is no verdict: it does not say when, and some servers say it from the first second on.
        f"""
        ({_STALLED} * 0 + 300 and ignoring (outcome) ({_FAILED} >= $failed_starts) unless ignoring (outcome) ({_SUCCESS} > 0))
        or (
          (
            $stuck_seconds
            - clamp_min($stuck_seconds - $hardware_seconds - clamp_min(2 * serving:startup_seconds:typical - $hardware_seconds, 0), 0)
          )
          and {_STALLED}
          and ignoring (cause) {_CAUSE}{{cause="no hardware"}}
        )
        or ($stuck_seconds + clamp_min(clamp_max(2 * serving:startup_seconds:typical, 3600) - $stuck_seconds, 0) and {_STALLED})
        or ({_STALLED} * 0 + $stuck_seconds)
        """,
        "How long replicas may be starting without one becoming active, seconds: two usual starts, at least the threshold and at most an "
        "hour; less while none of them finds hardware, and five minutes once several starts have failed and none succeeded in the last "
        "hour.",
        examples=examples.LIMIT,
    ),
    Record(
        "serving:startup_threshold_seconds:for_stuck_starting",
        f"clamp_max(60 * ceil(2 * serving:startup_seconds:p90 / 60), 3000) and {_STALLED}",
        "Limit for a start to set on the deployment (startup_threshold_seconds), seconds: twice what nine in ten starts took, in whole "
        "minutes, at most the platform's 3000 s.",
        examples=examples.THRESHOLD,
    ),
)
