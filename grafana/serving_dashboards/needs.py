"""What a panel shows instead of nothing: which source or feature flag its data come from."""

from __future__ import annotations

from enum import Enum

from serving_exporter.catalogue import Metric, NativeMetric, Presence

__all__ = ["Needs", "need_of"]


class Needs(Enum):
    """Where a panel's data come from; the value is the text of a panel that has none."""

    RULES = "No data: needs the recording rules of this project in the Prometheus that is asked, and the exporter's feed."
    FEED = "No data: no traffic in this time, or the exporter's source feed is down."
    POD_HEALTH = "No data: needs the platform's feature flag for pod health, which is off by default."
    GPU = "No data: no instance type with a GPU, or no replica is active."
    ASYNC = "No data: nothing is called asynchronously."
    WEBHOOKS = "No data: no asynchronous call names a webhook."
    WEBSOCKET = "No data: no WebSocket model is in the selection."
    GRPC = "No data: no gRPC model is in the selection."
    BIS_LLM = "No data: no BIS-LLM deployment is in the selection."
    SPECULATION = "No data: no BIS-LLM deployment with speculative decoding is in the selection."
    ENGINE = "No data: no replica in the selection runs this engine, or the platform does not pass its metrics on."
    SETTINGS = "No data: needs the exporter's source inventory (a key that may read models)."
    PRICES = "No data: needs the exporter's source prices, and an instance type that has a list price."
    QUEUES = "No data: needs the exporter's source queues (a key that may call models)."
    STARTUPS = "No data: needs the exporter's source startups, which not every organization is offered; or nothing started."
    EVENTS = "No data: needs the exporter's source events (a key that may read the audit log); or nothing happened."
    BILLING = "No data: needs the exporter's source billing (a key that may read usage)."
    CHAINS = "No data: no chain, or the exporter's source chains is off."
    SELF = "No data: the Prometheus that is asked does not scrape a serving-exporter."
    ALERT = "Nothing fires."
    MOTION = "Nothing of this kind happened in this time; or the recording rules of this project are missing."
    ADVICE = "Nothing to recommend; or the recording rules of this project are missing."
    OBJECTIVE = "No data: no requests in this time, or no objective is set for this environment."
    PAST = "No data: needs hours of history, which Prometheus has not seen yet."


_PRESENCE = {
    Presence.ALWAYS: Needs.FEED,
    Presence.POD_HEALTH: Needs.POD_HEALTH,
    Presence.GPU: Needs.GPU,
    Presence.ASYNC: Needs.ASYNC,
    Presence.WEBHOOKS: Needs.WEBHOOKS,
    Presence.WEBSOCKET: Needs.WEBSOCKET,
    Presence.BIS_LLM: Needs.BIS_LLM,
    Presence.SPECULATION: Needs.SPECULATION,
}
_SOURCES = {
    "inventory": Needs.SETTINGS,
    "derived": Needs.SETTINGS,
    "prices": Needs.PRICES,
    "queues": Needs.QUEUES,
    "startups": Needs.STARTUPS,
    "events": Needs.EVENTS,
    "billing": Needs.BILLING,
    "chains": Needs.CHAINS,
    "self": Needs.SELF,
}


def need_of(metric: Metric) -> Needs:
    """Return what a metric of the page needs to be there. Raises KeyError for a source that is new and has no text yet."""
    return _PRESENCE[metric.presence] if isinstance(metric, NativeMetric) else _SOURCES[metric.source]
