"""What scrapes saw beside the feed: settings, status, promotions, prices, queues and start-ups, as an exporter adds them.

Names and labels are those of the metric contract; a test holds this against the page of a real exporter in front of the same world. An
exporter polls: what it shows of a minute is what the platform said at the minute's begin.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np

from serving_simulator.engine.rows import Row
from serving_simulator.recording.feed import Series
from serving_simulator.recording.notation import Values
from serving_simulator.views import DeploymentView, EnvironmentView, StartupView
from serving_simulator.world import World

__all__ = ["SOURCES", "Additions", "sources"]

_OUTCOMES = ("SUCCESS", "FAILED", "STALLED")
_SUMMARY = 24 * 3600.0
"""The platform's summary of start-ups covers a day; the exporter reads it once an hour."""
_SUMMARY_EVERY = 3600.0
SOURCES = {"feed": 30, "inventory": 30, "queues": 30, "startups": 60, "events": 60, "prices": 21600, "chains": 60}
"""Sources of the exporter with their cadence, seconds."""


@dataclass
class Additions:
    """Collects, scrape by scrape; ``scrapes`` is how many there will be, ``start`` the Unix time that counts as zero for promtool."""

    scrapes: int
    start: float
    _values: dict[tuple[str, tuple[tuple[str, str], ...]], Values] = field(default_factory=dict)
    _status_since: dict[str, tuple[str, float]] = field(default_factory=dict)
    _queued: set[str] = field(default_factory=set)
    """Deployments whose queues an exporter asks for: once used, always."""

    def look(self, world: World, scrape: int, queued: Iterable[str]) -> None:
        """Write down what the platform says of every model now; ``queued`` are deployments that the feed shows as used asynchronously."""
        self._queued.update(queued)
        for model in world.models():
            for deployment in world.deployments(model.id):
                self._deployment(world, model.name, model.team_name, deployment, scrape)
            for environment in world.environments(model.id):
                self._environment(environment, scrape)

    def series(self, world: World, rows: Sequence[Row], times: Values) -> Iterator[Series]:
        """Yield everything that was written down, and what follows from the starts of replicas."""
        for (name, labels), values in self._values.items():
            yield name, dict(labels), values
        for row in rows:
            if row.chain is None:
                yield from _startups(world.startups([row.id], 0, float(times[-1])), row, times)
                yield from _hardware(row, times)

    def _put(self, scrape: int, name: str, value: float | None, **labels: str) -> None:
        if value is None:
            return
        key = (name, tuple(labels.items()))
        values = self._values.get(key)
        if values is None:
            values = self._values[key] = np.full(self.scrapes, np.nan)
        values[scrape] = value

    def _deployment(self, world: World, model_name: str, team: str, seen: DeploymentView, scrape: int) -> None:
        key = {"model_id": seen.model_id, "deployment_id": seen.id}
        words = {
            "model_name": model_name,
            "deployment_name": seen.name,
            "environment": seen.environment or "",
            "instance_type": seen.instance_type_name or "",
            "team": team,
            "region": seen.region or "",
            "is_production": str(seen.is_production).lower(),
            "is_development": str(seen.is_development).lower(),
            "backpressure": seen.backpressure_policy or "",
        }
        self._put(scrape, "baseten_deployment_info", 1, **key, **words)
        self._put(scrape, "baseten_deployment_status", 1, **key, status=seen.status)
        if self._status_since.get(seen.id, ("", 0))[0] != seen.status:
            self._status_since[seen.id] = (seen.status, world.now)
        self._put(scrape, "baseten_deployment_status_since_timestamp_seconds", self._status_since[seen.id][1] - self.start, **key)
        self._put(scrape, "baseten_deployment_created_timestamp_seconds", seen.created_at - self.start, **key)
        self._put(scrape, "baseten_deployment_active_replicas", seen.active_replica_count, **key)
        settings = seen.autoscaling_settings
        if settings is not None:
            rate, tokens = settings.max_scale_down_rate, settings.target_in_flight_tokens
            for name, value in (
                ("min_replicas", settings.min_replica),
                ("max_replicas", settings.max_replica),
                ("concurrency_target", settings.concurrency_target),
                ("target_utilization_ratio", settings.target_utilization_percentage / 100),
                ("autoscaling_window_seconds", settings.autoscaling_window),
                ("scale_down_delay_seconds", settings.scale_down_delay),
                ("max_scale_down_ratio", None if rate is None else rate / 100),
                ("target_in_flight_tokens", tokens),
            ):
                self._put(scrape, f"baseten_deployment_{name}", value, **key)
        if seen.id in self._queued:
            queue = world.async_queue(seen.id)
            self._put(scrape, "baseten_async_requests_queued", queue.queued, **key)
            self._put(scrape, "baseten_async_requests_in_progress", queue.in_progress, **key)

    def _environment(self, seen: EnvironmentView, scrape: int) -> None:
        key = {"model_id": seen.model_id, "environment": seen.name}
        words = {
            "deployment_id": seen.current_deployment_id or "",
            "candidate_deployment_id": seen.candidate_deployment_id or "",
            "schedule": seen.applied_schedule_id or "",
        }
        self._put(scrape, "baseten_environment_info", 1, **key, **words)
        settings = seen.applied_settings or seen.autoscaling_settings
        self._put(scrape, "baseten_environment_min_replicas", settings.min_replica, **key)
        self._put(scrape, "baseten_environment_max_replicas", settings.max_replica, **key)
        if seen.promotion is not None:
            self._put(scrape, "baseten_environment_promotion_status", 1, **key, status=seen.promotion.status)
            share = seen.promotion.percent_traffic_to_new_version / 100
            self._put(scrape, "baseten_environment_promotion_traffic_ratio", share, **key)


def _hardware(row: Row, times: Values) -> Iterator[Series]:
    key, instance = {"model_id": row.model_id, "deployment_id": row.id}, row.instance
    gpu_memory = instance.gpu_memory_limit_mib
    for name, value in (
        ("memory_limit_bytes", instance.memory_limit_mib * 2**20),
        ("cpu_limit_cores", instance.millicpu_limit / 1000),
        ("gpus", instance.gpu_count),
        ("gpu_memory_limit_bytes", None if gpu_memory is None else gpu_memory * 2**20),
        ("replica_price_dollars_per_hour", round(instance.price * 60, 6)),
    ):
        if value is not None:
            yield f"baseten_deployment_{name}", key, np.full(times.size, float(value))


def _startups(attempts: Sequence[StartupView], row: Row, times: Values) -> Iterator[Series]:
    """Yield the series of the start-ups API: finished starts by outcome, open ones by phase, and the summary of a day."""
    key = {"model_id": row.model_id, "deployment_id": row.id}
    began = times[0]
    for outcome in _OUTCOMES:
        ends = sorted(each.started_at + each.duration for each in attempts if each.outcome == outcome)
        before = bisect_right(ends, began)  # the exporter counts from its own start on
        counted = np.searchsorted(ends, times, side="right") - before
        yield "baseten_replica_startups_total", {**key, "outcome": outcome}, counted.astype(np.float64)
    phases: dict[str, Values] = {}
    for each in attempts:
        for place, phase in enumerate(each.phases):
            start = each.started_at + phase.offset
            last = place == len(each.phases) - 1
            end = each.started_at + each.duration if last else each.started_at + each.phases[place + 1].offset
            still_open = each.outcome is None and last
            inside = (times >= start) & ((times < end) | still_open)
            if inside.any():
                phases.setdefault(phase.phase.lower(), np.zeros(times.size))[inside] += 1
    for phase_name, values in phases.items():
        yield "baseten_replicas_starting_in_phase", {**key, "phase": phase_name}, values
    good = sorted((each.started_at + each.duration, each.duration) for each in attempts if each.outcome == "SUCCESS")
    if good:
        ends_, lengths = np.array([end for end, _ in good]), np.array([length for _, length in good])
        p90 = np.full(times.size, np.nan)
        for scrape, now in enumerate(times.tolist()):
            asked = now - (now - began) % _SUMMARY_EVERY
            known = lengths[(ends_ <= asked) & (ends_ > asked - _SUMMARY)]
            if known.size:
                p90[scrape] = round(float(np.percentile(known, 90)), 3)
        yield "baseten_replica_startup_p90_seconds", {**key, "phase": "total"}, p90


def sources(times: Values, start: float) -> Iterator[Series]:
    """Yield what the exporter says of its own sources: all of them work."""
    ones = np.ones(times.size)
    for name, every in SOURCES.items():
        labels = {"source": name}
        polled = times - (times - times[0]) % every
        yield "serving_exporter_source_up", labels, ones
        yield "serving_exporter_source_supported", labels, ones
        yield "serving_exporter_source_interval_seconds", labels, ones * every
        yield "serving_exporter_source_last_success_timestamp_seconds", labels, polled - start
        for outcome, count in (("success", np.floor((times - times[0]) / every) + 1), ("throttled", np.zeros(times.size))):
            yield "serving_exporter_source_polls_total", {"outcome": outcome, **labels}, count
