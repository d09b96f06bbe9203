"""What several dashboards measure, spelled once: expressions with one series for each deployment, and the settings."""

from __future__ import annotations

from serving_dashboards.panels import Unit
from serving_dashboards.queries import signal
from serving_rules.promql import DEPLOYMENT, by
from serving_rules.signals.baseten.objectives import FAILED as FAILED_CODES

__all__ = [
    "ACTIVE",
    "ADVISED",
    "ANSWERS",
    "COST",
    "FAILED",
    "INFLIGHT",
    "OTHERS",
    "REQUESTS",
    "SATURATION",
    "SETTINGS",
    "SLOTS",
    "STARTING",
]

ACTIVE, STARTING = signal("serving:active_replicas:max"), signal("serving:starting_replicas:max")
INFLIGHT, SLOTS = signal("serving:inflight_requests:avg5m"), signal("serving:slots:current")
SATURATION = f"{INFLIGHT} / ({SLOTS} > 0)"
"""Requests in flight over slots, 0 to 1 and above: above 1 requests wait at the router."""
COST = f"{signal('serving:cost_dollars_per_hour:active')} + {signal('serving:cost_dollars_per_hour:starting')}"
"""List price of the replicas that serve or start, US dollars an hour."""

_CODES = "serving:requests_by_code:rate5m"
ANSWERS = signal(_CODES)
"""Requests answered in a second by status code: several series for each deployment."""
REQUESTS = f"sum {by(DEPLOYMENT)} ({ANSWERS})"
_NOT_WELL = f'status_code=~"{FAILED_CODES}"'
FAILED = f"sum {by(DEPLOYMENT)} ({signal(_CODES, _NOT_WELL)})"
"""Requests a second that failed, as the error budget counts them."""

ADVISED = (
    ("Min", "min_replicas", Unit.COUNT),
    ("Max", "max_replicas", Unit.COUNT),
    ("Target", "concurrency_target", Unit.COUNT),
    ("Delay", "scale_down_delay_seconds", Unit.SECONDS),
    ("Max step", "max_scale_down_ratio", Unit.RATIO),
)
"""Settings that alerts recommend: title, the signal's name between ``serving:`` and ``:current`` or ``:recommended``, unit."""
OTHERS = (
    ("Utilization", "target_utilization_ratio", Unit.RATIO),
    ("Window", "autoscaling_window_seconds", Unit.SECONDS),
    ("Token target", "target_inflight_tokens", Unit.COUNT),
)
"""Settings for which there is no advice."""
SETTINGS = (*ADVISED, *OTHERS)
