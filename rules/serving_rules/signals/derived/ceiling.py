"""How full a deployment is that has reached its ceiling, and how many replicas its load would need."""

from __future__ import annotations

from serving_rules.model import Record, RecordGroup
from serving_rules.promql import DEPLOYMENT, by
from serving_rules.signals.derived import ceiling_examples as examples

__all__ = ["GROUPS"]

_MAX = "serving:max_replicas:current"
_AT_CEILING = f"(serving:active_replicas:max >= bool {_MAX})"
_REFUSED = 'serving:requests_by_code:rate5m{status_code="429"}'

GROUPS = (
    RecordGroup(
        "serving-ceiling",
        "Load against the ceiling of the autoscaler. Ratios are 0, not absent, while there is room to grow: a mean or the least of minutes "
        "then says for how long and how far the ceiling was exceeded, and a missed scrape does not start the count anew.",
        (
            Record(
                "serving:replica_throughput:full",
                # Backlog inflates the requests in flight without bound, but not what a busy replica gets done. Rates look back five
                # minutes: after a scale-up they are those of the few replicas before it, and must not be divided by the many; at the end
                # of a queue they fall before its mean does; and between the first two scrapes of all they are luck. So all of five
                # minutes must be known, and have been full.
                f"""
                (sum {by(DEPLOYMENT)} (serving:requests_by_code:rate5m{{status_code!~"[45].."}}) > 0)
                / (serving:active_replicas:max > 0)
                and (min_over_time(serving:inflight_requests:max[5m]) >= serving:slots:current)
                and (serving:inflight_requests:max offset 5m)
                unless (changes(serving:active_replicas:max[6m]) > 0)
                """,
                "Good answers a second of one replica while every slot has been taken for five minutes and no replica came or went: what a "
                "replica can do. Absent at other times.",
                examples=examples.FULL,
            ),
            Record(
                "serving:replica_throughput:recent",
                "last_over_time(serving:replica_throughput:full[1h])",
                "Good answers a second of one full replica, as last measured within the hour.",
                examples=examples.RECENT,
            ),
            Record(
                "serving:replica_throughput:typical",
                """
                quantile_over_time(0.5, serving:replica_throughput:full[1d])
                or serving:concurrency_target:current / (serving:latency_seconds:floor1d > 0)
                and (serving:latency_seconds:hours1d >= 3)
                """,
                "Good answers a second of one full replica: median of the moments of the last day in which every slot was taken; before "
                "there was one, the concurrency target over the response time of quiet hours. Absent until three hours of traffic are "
                "known: what has been seen of queues alone has no quiet hours.",
                examples=examples.TYPICAL,
            ),
            Record(
                "serving:ceiling_demand_ratio:avg5m",
                # Two at most: the backlog of a minute must not weigh as much as ten minutes of load.
                f"""
                clamp_max(serving:demand_requests:avg5m / ({_MAX} * serving:effective_concurrency:current > 0), 2)
                * {_AT_CEILING}
                """,
                "Load over what the autoscaler plans the replicas of the ceiling for; above 1 it wants more than it may have, 2 is the "
                "most that is counted. 0 below the ceiling.",
                examples=examples.DEMAND,
            ),
            Record(
                "serving:ceiling_inflight_ratio:current",
                # Two requests without a slot are no queue: where slots are few they come by chance, minute after minute.
                f"""
                clamp_min(serving:inflight_requests:max - 2, 0)
                / ({_MAX} * serving:concurrency_target:current > 0)
                * {_AT_CEILING}
                unless serving:target_inflight_tokens:current
                """,
                "Requests in flight, all but two, over the slots of the ceiling; above 1 the rest waits at the router. 0 below it.",
                examples=examples.INFLIGHT,
            ),
            Record(
                "serving:ceiling_backlog:draining",
                # By a measure of the last hour only: a guess at what a replica can do must not hold back a page. Before there is one (the
                # first minutes of a Prometheus without history, or of a fleet that has only just grown) a queue that has halved is seen
                # to drain. So it is where the measure says that the ceiling suffices, if only just: what was measured behind a long queue
                # is low, since clients leave while their answers are worked on. Halving alone shows nothing: under bursts a queue halves
                # that is back a minute later. Arrivals are those of the last five minutes and not a mean of such: a load that rose five
                # minutes ago, when the queue began, must be seen whole.
                f"""
                serving:arrivals:rate5m / (serving:target_utilization_ratio:current * serving:replica_throughput:recent) <= {_MAX}
                or
                (
                  (
                    serving:arrivals:rate5m / serving:replica_throughput:recent <= {_MAX}
                    or (serving:active_replicas:max unless serving:replica_throughput:recent)
                  )
                  and (serving:inflight_requests:max <= 0.5 * max_over_time(serving:inflight_requests:max[5m30s]))
                )
                """,
                "Replicas that serve what arrives, at the target utilization, where these are no more than the ceiling: a queue is then "
                "the backlog of a cold start and drains by itself. Where requests in flight have halved within five minutes, those that "
                "serve it with every slot taken; or the active replicas, while nothing was measured. Absent otherwise.",
                examples=examples.DRAINING,
            ),
            Record(
                "serving:ceiling_refused_ratio:avg10m",
                # Sums of rates, not a mean of ratios: a minute without traffic must not weigh as much as a busy one.
                f"""
                sum_over_time({_REFUSED}[10m])
                / ignoring (status_code) (sum {by(DEPLOYMENT)} (sum_over_time(serving:requests_by_code:rate5m[10m])) > 0)
                * {_AT_CEILING}
                and serving:reject_policy:flag
                """,
                "Share of requests refused (429) in 10 minutes by a deployment that refuses instead of queueing, 0 to 1. 0 below the "
                "ceiling.",
                examples=examples.REFUSED,
            ),
            Record(
                "serving:ceiling_replicas:needed",
                f"""
                (
                  (
                    {_MAX}
                    + clamp_min(
                      ceil(
                        avg_over_time(serving:arrivals:rate5m[10m])
                        / (
                          serving:target_utilization_ratio:current
                          * (serving:replica_throughput:recent or serving:replica_throughput:typical)
                        )
                      )
                      - {_MAX},
                      1
                    )
                  )
                  or {_MAX} + 1
                )
                and (serving:active_replicas:max >= {_MAX})
                """,
                "At the ceiling: replicas that would serve what arrives, at the target utilization and with what a full replica gets "
                "done; at least one more than the ceiling.",
                examples=examples.NEEDED,
            ),
        ),
    ),
)
