"""The calls that are made: whose host and key they use, how they are called in the exporter's own metrics, and what they may spend."""

from __future__ import annotations

from dataclasses import dataclass

from serving_exporter.budgets import AdaptivePolicy, WindowPolicy

__all__ = [
    "AUDIT_LOGS",
    "CHAINS",
    "CHAIN_DEPLOYMENTS",
    "DEPLOYMENTS",
    "ENVIRONMENTS",
    "FEED",
    "INSTANCE_TYPES",
    "MODELS",
    "PRICES",
    "QUEUE_STATUS",
    "STARTUPS",
    "STARTUP_SUMMARY",
    "USAGE",
    "Endpoint",
    "policy",
]


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One GET.

    ``family`` names key, host and budget: feed, management or inference. ``path`` has ids in braces and is the label of its metrics.
    """

    family: str
    path: str


FEED = Endpoint("feed", "/metrics")
MODELS = Endpoint("management", "/v1/models")
DEPLOYMENTS = Endpoint("management", "/v1/models/{model_id}/deployments")
ENVIRONMENTS = Endpoint("management", "/v1/models/{model_id}/environments")
STARTUPS = Endpoint("management", "/v1/models/{model_id}/deployments/{deployment_id}/startups")
STARTUP_SUMMARY = Endpoint("management", "/v1/models/{model_id}/deployments/{deployment_id}/startups/summary")
AUDIT_LOGS = Endpoint("management", "/v1/audit_logs")
INSTANCE_TYPES = Endpoint("management", "/v1/instance_types")
PRICES = Endpoint("management", "/v1/instance_type_prices")
CHAINS = Endpoint("management", "/v1/chains")
CHAIN_DEPLOYMENTS = Endpoint("management", "/v1/chains/{chain_id}/deployments")
USAGE = Endpoint("management", "/v1/billing/usage_summary")
QUEUE_STATUS = Endpoint("inference", "/deployment/{deployment_id}/async_queue_status")


def policy(family: str, feed_requests_per_minute: int) -> WindowPolicy | AdaptivePolicy:
    """Return how often the endpoints of a family may be asked."""
    match family:
        case "feed":  # six a minute for the whole organization; by default two are left to others who scrape it
            return WindowPolicy(limit=feed_requests_per_minute, window=60.0)
        case "management":  # 100/s are documented, but about 14 calls in a row have drawn a 429
            return AdaptivePolicy(start=5.0, ceiling=50.0)
        case _:  # queues: 20/s in the specification, 100/s in a guide: below the lower one
            return AdaptivePolicy(start=15.0, ceiling=15.0, floor=1.0)
