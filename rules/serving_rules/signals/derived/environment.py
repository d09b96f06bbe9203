"""How full an environment is as a whole: what counts while a promotion spreads its load over two deployments."""

from __future__ import annotations

from serving_rules.model import Record, RecordGroup
from serving_rules.promql import DEPLOYMENT, ENVIRONMENT, by, names
from serving_rules.signals.derived import environment_examples as examples

__all__ = ["GROUPS"]

_ACTIVE = "serving_environment:active_replicas:sum"
_STARTING = "serving_environment:starting_replicas:sum"
_MAX = "serving_environment:max_replicas:current"


def _best(expr: str) -> str:
    """Return the largest value of an expression over the deployments of each environment."""
    words = 'serving:deployment:info{environment!=""}'
    return f"max {by(ENVIRONMENT)} (\n  {expr}\n  * on ({names(DEPLOYMENT)}) group_left (environment) {words}\n)"


GROUPS = (
    RecordGroup(
        "serving-environment-ceiling",
        "Load of environments against their ceilings. Both sides of a promotion have the settings of the environment, so that one target "
        "holds for both.",
        (
            Record(
                "serving:rollout:recent30m",
                "present_over_time(serving:rollout:now[30m])",
                "1 while a promotion is in progress in the deployment's environment and for 30 minutes after, absent otherwise.",
                examples=examples.recent("serving:rollout:now", "serving:rollout:recent30m"),
            ),
            Record(
                "serving_environment:rollout:recent30m",
                "present_over_time(serving_environment:rollout:now[30m])",
                "1 while a promotion is in progress in the environment and for 30 minutes after, absent otherwise.",
                examples=examples.recent("serving_environment:rollout:now", "serving_environment:rollout:recent30m"),
            ),
            Record(
                "serving_environment:concurrency_target:current",
                _best("(serving:concurrency_target:current unless serving:target_inflight_tokens:current)"),
                "Simultaneous requests given to one replica of the environment; absent for one that scales on tokens.",
                examples=examples.TARGET,
            ),
            Record(
                "serving_environment:effective_concurrency:current",
                _best("serving:effective_concurrency:current"),
                "Requests in flight for which the autoscaler plans one replica of the environment.",
                examples=examples.best("serving:effective_concurrency:current", "serving_environment:effective_concurrency:current"),
            ),
            Record(
                "serving_environment:replica_throughput:typical",
                _best("serving:replica_throughput:typical"),
                "Good answers a second of one full replica of the environment: of the better of its deployments.",
                examples=examples.best("serving:replica_throughput:typical", "serving_environment:replica_throughput:typical"),
            ),
            Record(
                "serving_environment:inflight_requests:avg5m",
                "avg_over_time(serving_environment:inflight_requests:sum[5m])",
                "Requests in flight of an environment, mean of 5 minutes.",
                examples=examples.AVG5M,
            ),
            Record(
                "serving_environment:arrivals:rate5m",
                f"""
                clamp_min(
                  sum {by(ENVIRONMENT)} (serving_environment:phase_requests:rate5m) + deriv(serving_environment:inflight_requests:sum[5m]),
                  0
                )
                """,
                "Requests that arrive at an environment in a second: those answered, whatever the code, plus the growth of those in "
                "flight.",
                examples=examples.ARRIVALS,
            ),
            Record(
                "serving_environment:ceiling_demand_ratio:avg5m",
                # Replicas on their way count as there: a promotion that replaces some before it removes the old ones is never wholly up.
                f"""
                clamp_max(
                  serving_environment:inflight_requests:avg5m / ({_MAX} * serving_environment:effective_concurrency:current > 0),
                  2
                )
                * ({_ACTIVE} + {_STARTING} >= bool {_MAX})
                """,
                "Load of an environment over what the autoscaler plans the replicas of its ceiling for, 2 at most. 0 below the ceiling.",
                examples=examples.DEMAND,
            ),
            Record(
                "serving_environment:ceiling_inflight_ratio:current",
                # Slots of the replicas that there are, but of no more than the ceiling allows: the candidate of a promotion that does not
                # roll stands idle beside a full deployment. It counts at the ceiling, and also below it when nothing is on its way (where a
                # promotion suspends scaling); while replicas start the wait is that for a cold start.
                f"""
                serving_environment:inflight_requests:sum
                / (
                  serving_environment:concurrency_target:current
                  * ({_ACTIVE} - clamp_min({_ACTIVE} - {_MAX}, 0))
                  > 0
                )
                * (1 - ({_STARTING} > bool 0) * ({_ACTIVE} + {_STARTING} < bool {_MAX}))
                """,
                "Requests in flight of an environment over its slots; above 1 the rest waits at the router. 0 while more replicas are on "
                "their way.",
                examples=examples.INFLIGHT,
            ),
            Record(
                "serving_environment:max_replicas:needed",
                f"""
                (
                  {_MAX}
                  + clamp_min(
                    ceil(
                      avg_over_time(serving_environment:arrivals:rate5m[10m])
                      * serving_environment:concurrency_target:current
                      / (serving_environment:effective_concurrency:current * serving_environment:replica_throughput:typical)
                    )
                    - {_MAX},
                    1
                  )
                )
                or {_MAX} + 1
                """,
                "Ceiling that would serve what arrives at an environment, at the target utilization and with what a full replica gets "
                "done; at least one more than the present one.",
                examples=examples.NEEDED,
            ),
        ),
    ),
)
