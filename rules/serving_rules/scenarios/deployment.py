"""A deployment of a story: what the platform's feed and API show of it, one sample a minute.

It begins as a healthy deployment that follows its load; a story then changes the lists in place (``chat.active[60:65] = [3] * 5``) or
calls one of the small methods for what happens often. ``series`` writes it all down under the names of the feed and of the exporter.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from serving_rules.scenarios.autoscaler import Settings, Trace, follow
from serving_rules.scenarios.samples import Sample, Series, Values, counted, series

__all__ = ["PRICE", "Deployment", "in_environment"]

PRICE = 1.2
"""Dollars for a replica and hour."""

_BOUNDS = (1.0, 1.5, 4.0, 20.0, 100.0)
"""Upper bounds of the latency histograms, in service times: the platform chooses them for each deployment."""

_SPREAD = 0.4
"""Answers of a minute take evenly between 60 % and 140 % of their mean."""

_A_MONTH_AGO = -30 * 86400.0


def in_environment(environment: str, phase: str = "stable") -> Mapping[str, str]:
    """Return the words of the feed that say where a deployment is attached; for one that is attached nowhere they are empty."""
    return {"environment": environment, "rollout_phase": phase if environment else ""}


class Deployment:
    """See the module. Lists have one entry for each minute, the first for minute 0."""

    def __init__(
        self,
        load: Sequence[float],
        settings: Settings | None = None,
        *,
        service: float = 4,
        start: int = 120,
        deployment_id: str = "d-one",
        environment: str = "production",
    ) -> None:
        self.settings = settings or Settings()
        self.service, self.start = service, start
        self._bounds = [bound * service for bound in _BOUNDS]
        self.trace: Trace = follow(load, self.settings, service=service, start=start)
        self.minutes = len(load) - 1
        self._every = range(len(load))
        self.deployment_id = deployment_id
        # --- the feed -----------------------------------------------------------------------------------------------------------------
        self.active: Values = [*self.trace.active]
        self.starting: Values = [*self.trace.starting]
        self.in_flight: Values = [*self.trace.in_flight]
        self.answers: dict[tuple[str, str], list[float]] = {("200", "false"): self.trace.answered}
        self.seconds: dict[str, list[float]] = {"200": self.trace.seconds}
        self.bytes_each = self._always(2000)
        self.restarts: Values = self._always(0)
        self.unready: Values | None = None
        self.phases: list[tuple[int, Mapping[str, str]]] = [(0, in_environment(environment))]
        self.resets: tuple[int, ...] = ()
        self.more: list[tuple[str, dict[str, str], Values]] = []
        # --- the management API ---------------------------------------------------------------------------------------------------------
        self.status: list[str] | None = None
        self.created = _A_MONTH_AGO
        # --- the exporter ---------------------------------------------------------------------------------------------------------------
        self.born = 0
        self.feed_held = self.feed_gone = range(0)
        self.development = False
        self.policy = ""
        self.set: dict[str, Values] = {name: self._always(value) for name, value in _api_settings(self.settings).items()}
        self.startups: dict[str, list[float]] = {"SUCCESS": self._always_zero()}
        self.in_phase: dict[str, Values] = {}

    # --- what happens in stories
    # ------------------------------------------------------------------------------------------------------------

    def answer(self, code: str, a_minute: float, first: int, last: int, *, seconds: float, asynchronous: bool = False) -> None:
        """From one minute through another that many requests are answered with a code, beside all others."""
        counts = self.answers.setdefault((code, "true" if asynchronous else "false"), self._always_zero())
        taken = self.seconds.setdefault(code, [seconds] * (self.minutes + 1))
        for minute in range(first, last + 1):
            counts[minute] += a_minute
            taken[minute] = seconds

    def quieten(self, first: int, last: int, share: float = 0) -> None:
        """From one minute through another only a share of the good answers is given."""
        counts = self.answers["200", "false"]
        counts[first : last + 1] = [share * count for count in counts[first : last + 1]]

    def restart(self, *minutes: int, containers: int = 1) -> None:
        """In each of these minutes containers restart. The platform's counter is the sum over the pods that live."""
        for minute in minutes:
            self.restarts[minute:] = [count + containers for count in self.restarts[minute:] if count is not None]

    def hold(self, values: Values, value: Sample, first: int, last: int) -> None:
        """One of the lists has this value from one minute through another."""
        values[first : last + 1] = [value] * (last - first + 1)

    def carry(self, load: Sequence[float]) -> None:
        """Serve a load (requests a second, for each minute) without any wait, whatever the replicas."""
        self.in_flight = [round(rate * self.service) for rate in load]
        self.answers["200", "false"] = [60 * rate for rate in load]
        self.seconds["200"] = [self.service] * (self.minutes + 1)

    def add(self, metric: str, values: Sequence[Sample], **labels: str) -> None:
        """Another series of the feed: ``async_queue_size``, or ``gpu_utilization`` with ``replica`` and ``gpu``."""
        self.more.append((metric, labels, [*values]))

    # --- series
    # -----------------------------------------------------------------------------------------------------------------------------

    def series(self, workspace: str, model_id: str) -> Series:
        """Return everything that a scrape of an exporter shows of the deployment; ``job`` and ``instance`` are added later."""
        ids = {"workspace": workspace, "model_id": model_id, "deployment_id": self.deployment_id}
        written = {series(f"baseten_deployment_{name}", ids): values for name, values in self._api().items()}
        for name, labels, values in self._feed():
            written |= self._with_words(f"baseten_{name}", {**ids, **labels}, self._as_read(values))
        status = self.status or [_status(*both) for both in zip(self.active, self.starting, strict=True)]
        for word in dict.fromkeys(status):
            written[series("baseten_deployment_status", {**ids, "status": word})] = [1 if now == word else None for now in status]
        written[series("baseten_deployment_status_since_timestamp_seconds", ids)] = _since(status)
        for environment, there in self._environments():
            words = {
                "model_name": "chat",
                "deployment_name": self.deployment_id,
                "environment": environment,
                "instance_type": "A10Gx4x16",
                "is_production": "true" if environment == "production" else "false",
                "is_development": "true" if self.development else "false",
                "backpressure": self.policy,
            }
            written[series("baseten_deployment_info", {**ids, **words})] = there
        for outcome, counts in self.startups.items():
            written[series("baseten_replica_startups_total", {**ids, "outcome": outcome})] = counted(counts)
        for phase, values in self.in_phase.items():
            written[series("baseten_replicas_starting_in_phase", {**ids, "phase": phase})] = values
        written[series("baseten_replica_startup_p90_seconds", {**ids, "phase": "total"})] = self._always(self.start)
        unborn: list[float | None] = [None] * self.born
        return {name: [*unborn, *values[self.born :]] for name, values in written.items()}

    def _environments(self) -> Iterator[tuple[str, Values]]:
        """Each environment, and a 1 for the minutes in which the deployment is attached to it."""
        ends = [first for first, _ in self.phases[1:]] + [self.minutes + 1]
        stretches = [(words["environment"], range(first, end)) for (first, words), end in zip(self.phases, ends, strict=True)]
        for environment in dict.fromkeys(each for each, _ in stretches):
            inside = {minute for each, stretch in stretches if each == environment for minute in stretch}
            yield environment, [1 if minute in inside else None for minute in self._every]

    def _feed(self) -> Iterator[tuple[str, dict[str, str], Values]]:
        there = [self._there(minute) for minute in self._every]
        unready = self.starting if self.unready is None else self.unready
        gauges = {"replicas_active": self.active, "replicas_starting": self.starting, "concurrent_requests": self.in_flight}
        for name, values in gauges.items():
            yield name, {}, _where(there, values)
        for name, labels, values in self.more:
            yield name, labels, _where(there, values)
        yield "container_restarts_total", {}, _where(there, self.restarts)
        for condition, values in {"true": self.active, "false": unready}.items():
            yield "pod_readiness", {"condition": condition}, _where(there, values)
        for (code, asynchronous), counts in self.answers.items():
            labels = {"status_code": code, "is_async": asynchronous}
            yield "inference_requests_total", labels, _where(there, counted(counts, self.resets))
            for name, increments in _histogram("end_to_end_response_time_seconds", counts, self.seconds[code], self._bounds):
                yield name.partition("{")[0], {**labels, **_bound(name)}, _where(there, counted(increments, self.resets))
        good = self.answers.get(("200", "false"))
        if good:
            # Most of an answer is work after its first byte; what a request waits for comes before.
            first = [max(0.1 * self.service, seconds - 0.9 * self.service) for seconds in self.seconds["200"]]
            labels = {"status_code": "200", "is_async": "false"}
            for name, increments in _histogram("time_to_first_byte_seconds", good, first, self._bounds):
                yield name.partition("{")[0], {**labels, **_bound(name)}, _where(there, counted(increments, self.resets))
        answered = [sum(counts[minute] for counts in self.answers.values()) for minute in self._every]
        sizes = [count * (size or 0) for count, size in zip(answered, self.bytes_each, strict=True)]
        yield "response_size_bytes_sum", {}, _where(there, counted(sizes, self.resets))
        yield "response_size_bytes_count", {}, _where(there, counted(answered, self.resets))

    def _there(self, minute: int) -> bool:
        """Whether the feed shows the deployment: with its last replica and its last request its series vanish."""
        return any(values[minute] for values in (self.active, self.starting, self.in_flight))

    def _as_read(self, values: Values) -> Values:
        """What the exporter shows of a series of the feed: while it cannot read the feed, what it read last, then nothing."""
        shown = [*values]
        for minute in self.feed_held:
            shown[minute] = shown[minute - 1]
        for minute in self.feed_gone:
            shown[minute] = None
        return shown

    def _with_words(self, metric: str, labels: Mapping[str, str], values: Values) -> Series:
        """A series of the feed under the words that the deployment has at each time; they change at a promotion."""
        ends = [first for first, _ in self.phases[1:]] + [self.minutes + 1]
        written: Series = {}
        for (first, words), last in zip(self.phases, ends, strict=True):
            now: Values = [value if first <= minute < last else None for minute, value in enumerate(values)]
            written[series(metric, {**labels, "model_name": "chat", **words})] = now
        return written

    def _api(self) -> dict[str, Values]:
        return {
            **self.set,
            # The inventory is polled less often than the feed.
            "active_replicas": [self.active[max(0, minute - 2)] for minute in self._every],
            "created_timestamp_seconds": self._always(self.created),
            "replica_price_dollars_per_hour": self._always(PRICE),
        }

    def _always(self, value: float) -> Values:
        return [value] * (self.minutes + 1)

    def _always_zero(self) -> list[float]:
        return [0.0] * (self.minutes + 1)


def _api_settings(settings: Settings) -> dict[str, float]:
    return {
        "min_replicas": settings.min_replicas,
        "max_replicas": settings.max_replicas,
        "concurrency_target": settings.concurrency_target,
        "target_utilization_ratio": settings.target_utilization,
        "scale_down_delay_seconds": settings.scale_down_delay,
        "autoscaling_window_seconds": settings.window,
        "max_scale_down_ratio": settings.max_scale_down,
    }


def _where(there: Sequence[bool], values: Sequence[Sample]) -> Values:
    return [value if seen else None for seen, value in zip(there, values, strict=True)]


def _status(active: Sample, starting: Sample) -> str:
    return "ACTIVE" if active else "WAKING_UP" if starting else "SCALED_TO_ZERO"


def _since(status: Sequence[str]) -> Values:
    since: Values = []
    for minute, word in enumerate(status):
        changed = minute and word != status[minute - 1]
        since.append(60.0 * minute if changed else since[-1] if since else _A_MONTH_AGO)
    return since


def _histogram(
    metric: str, counts: Sequence[float], seconds: Sequence[float], bounds: Sequence[float]
) -> Iterator[tuple[str, list[float]]]:
    for bound in bounds:
        yield f"{metric}_bucket{{{bound:g}", [count * _below(bound, mean) for count, mean in zip(counts, seconds, strict=True)]
    yield f"{metric}_bucket{{+Inf", [*counts]
    yield f"{metric}_sum", [count * mean for count, mean in zip(counts, seconds, strict=True)]
    yield f"{metric}_count", [*counts]


def _bound(name: str) -> dict[str, str]:
    _, brace, bound = name.partition("{")
    return {"le": bound} if brace else {}


def _below(bound: float, mean: float) -> float:
    """Share of a minute's answers that took no longer; in quarters, so that counters stay short numbers."""
    share = (bound / mean - (1 - _SPREAD)) / (2 * _SPREAD)
    return round(min(max(share, 0), 1) * 4) / 4
