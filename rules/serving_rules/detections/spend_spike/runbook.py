"""The pages of ServingSpendSpike and ServingWorkspaceSpendSpike."""

from __future__ import annotations

from serving_rules.model import Cause, Query, Runbook

__all__ = ["DEPLOYMENT_PAGE", "WORKSPACE_PAGE"]

_PRICES = "All amounts are list prices of active replicas; the bill has started minutes, discounts and image builds as well."
_WEEK = (
    "A launch or a load test is a spike too: it is reported until a week has passed, or until its deployment has a higher `ratio` in the "
    "overrides file. In the first two days of a deployment nothing is compared."
)

DEPLOYMENT_PAGE = Runbook(
    meaning="For a quarter of an hour the active replicas of this deployment, averaged over an hour, cost more than twice what they "
    "cost in the same hour of last week (of yesterday, while there is no week of data), and the model as a whole has grown by more than "
    "half.",
    impact="Money, by the hour: the description says what a day of it adds. A runaway client or a retry loop also takes capacity from "
    "everybody else.",
    confirm=(
        Query(
            "Replicas now, beside those of a week ago.",
            'serving:active_replicas:max{model_id=~"$model_id"} - serving:active_replicas:max offset 7d',
        ),
        Query("Requests a second: did the traffic grow, or only its cost?", 'serving:sync_requests:rate5m{model_id=~"$model_id"}'),
        Query(
            "Errors and retries: a loop of failing requests.",
            'serving:requests_by_code:rate5m{model_id=~"$model_id",status_code=~"4..|5.."}',
        ),
        Query("Cost of the whole model: a promotion leaves it where it was.", 'serving_model:spend_growth:ratio{model_id=~"$model_id"}'),
    ),
    causes=(
        Cause(
            "Somebody sends more",
            "Requests grow in step with the cost.",
            "Find the caller (API keys, gateway logs, the workspace's audit log). If it is wanted, raise the threshold for this "
            "deployment; if not, limit the caller.",
        ),
        Cause(
            "A retry loop",
            "Requests grow together with 429 or 5xx answers.",
            "Fix the client's back-off; see the alerts on status codes.",
        ),
        Cause(
            "Replicas without traffic",
            "Cost grows, requests do not: somebody raised min_replica, a schedule applies, or replicas hang.",
            "Look at the settings' history; see ServingIdleSpend, ServingOverProvisioned and ServingScaleDownStuck.",
        ),
        Cause(
            "Slower or bigger requests",
            "The same requests are in flight for longer.",
            "See the latency dashboards; a new version may be slower. Roll back or accept.",
        ),
    ),
    fix="To stop it now, lower `max_replica` to the ceiling that the description names (autoscaling settings of the deployment, or of "
    "its environment): one and a half times the peak need of the week before. Traffic beyond it queues, so check "
    "`ServingCapacitySaturated` afterwards. Keep such a ceiling also without a spike: it is what bounds the cost of a night in which "
    "nobody looks.",
    lies=(
        _WEEK,
        _PRICES,
        "Last week's hour may have been an outage, and everything since looks like a spike; yesterday's cost in the dashboard tells.",
    ),
)

WORKSPACE_PAGE = Runbook(
    meaning="For a quarter of an hour all billed replicas of the workspace together, averaged over an hour, cost more than twice what "
    "they cost in the same hour of last week (of yesterday, while there is no week of data), and at least ten dollars an hour more.",
    impact="Money, by the hour: the description says what a day of it adds.",
    confirm=(
        Query("Which deployments cost the most now.", 'topk(10, serving:cost_dollars_per_hour:avg1h{workspace=~"$workspace"})'),
        Query(
            "Which deployments grew the most, in dollars an hour.",
            'topk(10, serving:cost_dollars_per_hour:avg1h{workspace=~"$workspace"} - serving:cost_dollars_per_hour:baseline)',
        ),
        Query(
            "Which deployments did not exist a week ago.",
            'serving:cost_dollars_per_hour:avg1h{workspace=~"$workspace"} unless serving:cost_dollars_per_hour:avg1h offset 7d',
        ),
    ),
    causes=(
        Cause("One deployment", "ServingSpendSpike fires for it as well.", "See ServingSpendSpike."),
        Cause(
            "New deployments",
            "The third query names them: they have no past that could be compared.",
            "Decide whether they are wanted; deactivate those that are not, and give the others a ceiling.",
        ),
        Cause(
            "Many deployments a little",
            "The second query is flat.",
            "A shared caller or a busy day: look at the requests of the workspace.",
        ),
    ),
    fix="Find the deployments with the queries, then change the cheapest thing first: deactivate what nobody uses, set `min_replica` "
    "back, lower `max_replica` (autoscaling "
    "settings of the deployment, or of its environment).",
    lies=(
        _WEEK,
        _PRICES,
        "Deployments whose instance type has no price in the list are not counted, neither now nor in the past.",
        "Hours in which the exporter was down last week make that week look cheap.",
    ),
)
