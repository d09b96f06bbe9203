"""What the load asks for, and what there is to serve it."""

from __future__ import annotations

from serving_rules.model import Record, RecordGroup
from serving_rules.promql import DEPLOYMENT, by
from serving_rules.signals.derived import demand_examples as examples
from serving_rules.signals.derived.hourly import WEEK, sampled

__all__ = ["GROUPS"]

_TOKENS = "unless serving:target_inflight_tokens:current"
_ARRIVALS = "serving:arrivals:rate5m"

GROUPS = (
    RecordGroup(
        "serving-demand",
        "Load against slots, by the platform's own scaling formula.",
        (
            Record(
                "serving:effective_concurrency:current",
                f"serving:concurrency_target:current * serving:target_utilization_ratio:current\n{_TOKENS}",
                "Requests in flight for which the autoscaler plans one replica: concurrency target times target utilization. Absent for "
                "deployments that scale on tokens.",
                examples=examples.EFFECTIVE,
            ),
            Record(
                "serving:inflight_requests:avg5m",
                "avg_over_time(serving:inflight_requests:max[5m])",
                "Requests in flight, mean of 5 minutes.",
                examples=examples.AVG5M,
            ),
            Record(
                "serving:demand_requests:avg5m",
                # The gauge is a point sample every 30 s: below one request it aliases, and Little's law knows better. Not so for requests
                # that outlast the sampling: they cannot hide from it, but Little's law books all of their time when they end (a WebSocket
                # of an hour would be twelve requests in flight for five minutes).
                """
                (serving:inflight_requests:avg5m >= 1)
                or (serving:inflight_requests:little5m unless (serving:latency_seconds:mean15m > 60))
                or serving:inflight_requests:avg5m
                """,
                "Requests in flight that the deployment has to serve, mean of 5 minutes; by Little's law where the sampled gauge reads "
                "less than one.",
                examples=examples.DEMAND,
            ),
            Record(
                "serving:desired_replicas:raw",
                "ceil(serving:demand_requests:avg5m / serving:effective_concurrency:current)",
                "Replicas that the load asks for, bounds not applied.",
                examples=examples.DESIRED,
            ),
            Record(
                "serving:slots:current",
                f"serving:active_replicas:max * serving:concurrency_target:current\n{_TOKENS}",
                "Requests that the active replicas take at once; more wait at the router. Absent for deployments that scale on tokens.",
                examples=examples.SLOTS,
            ),
            Record(
                "serving:waiting_requests:avg5m",
                "serving:inflight_requests:avg5m - serving:slots:current",
                "Requests beyond the slots, mean of 5 minutes: those that wait at the router. Below zero: free slots.",
                examples=examples.WAITING,
            ),
            Record(
                _ARRIVALS,
                # Requests are counted when they end, and those in flight are known: what came is what ended plus what piled up. A backlog
                # that drains is thereby not taken for new load.
                f"""
                clamp_min(
                  (sum {by(DEPLOYMENT)} (serving:requests_by_code:rate5m) + deriv(serving:inflight_requests:max[5m]))
                  or deriv(serving:inflight_requests:max[5m])
                  or sum {by(DEPLOYMENT)} (serving:requests_by_code:rate5m),
                  0
                )
                """,
                "Requests that arrive in a second: those answered, whatever the code, plus the growth of those in flight.",
                examples=examples.ARRIVALS,
            ),
            sampled(
                "serving:arrivals:hourly_max",
                f"max_over_time({_ARRIVALS}[1h]) and serving:active_replicas:max offset 1h",
                "59m30s",
                "Requests that arrive in a second, most in an hour. One sample an hour.",
                examples.HOURLY_ARRIVALS,
            ),
            Record(
                "serving:arrivals:peak7d",
                # The larger of the two, either of which may be absent; a label tells them apart, so that `or` keeps both.
                f"""
                max {by(DEPLOYMENT)} (
                  label_replace(max_over_time({_ARRIVALS}[1h]), "hours", "this one", "", "")
                  or
                  label_replace(max_over_time(serving:arrivals:hourly_max[{WEEK}]), "hours", "of a week", "", "")
                )
                """,
                "Requests that arrived in a second, mean of 5 minutes, most in 7 days: what a burst brings.",
                examples=examples.PEAK_ARRIVALS,
            ),
        ),
    ),
    RecordGroup(
        "serving-recent",
        "What happened lately: conditions of guards.",
        (
            Record(
                "serving:bounds:changes30m",
                "changes(serving:max_replicas:current[30m]) + changes(serving:min_replicas:current[30m])",
                "Changes of floor and ceiling in the last 30 minutes: a schedule's boundary or an operator's edit.",
                examples=examples.BOUNDS,
            ),
            Record(
                "serving_model:rollout:recent30m",
                "present_over_time(serving_model:rollout:now[30m])",
                "1 while a promotion is in progress and for 30 minutes after, absent otherwise.",
                examples=examples.ROLLOUT,
            ),
            Record(
                "serving:websocket_connections:max2h",
                "max_over_time(serving:websocket_connections:max[2h])",
                "Most WebSocket connections open at once in the last 2 hours.",
                examples=examples.WEBSOCKETS,
            ),
            Record(
                "serving:restarts:sum2h",
                "sum_over_time(serving:restarts:increase1m[2h])",
                "Container restarts of the last 2 hours.",
                examples=examples.RESTARTS,
            ),
        ),
    ),
)
