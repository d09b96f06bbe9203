"""Records to samples: which field becomes which metric, and in which unit.

A value that is None gives no sample. Words that are not known are empty labels, never missing ones.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence

from serving_exporter import catalogue
from serving_exporter.catalogue import Metric
from serving_exporter.exposition import UnitBuilder
from serving_exporter.platforms.baseten.pricebook import PriceBook, Quote
from serving_exporter.platforms.baseten.reading import parse_time, word
from serving_exporter.platforms.baseten.records import AsyncQueue, AutoscalingSettings, Deployment, Environment, Number
from serving_exporter.platforms.baseten.state import ChainRecord, Key, ModelRecord

__all__ = [
    "write_chain",
    "write_chain_prices",
    "write_desired",
    "write_model",
    "write_prices",
    "write_queues",
    "write_usage",
]

_MEBIBYTE = 2**20
_PERCENT = 100
_MILLI = 1000

_Conversion = Callable[[AutoscalingSettings], Number | None]


def _share(name: str) -> _Conversion:
    def convert(settings: AutoscalingSettings) -> Number | None:
        percent: Number | None = getattr(settings, name)
        return None if percent is None else percent / _PERCENT

    return convert


def _as_is(name: str) -> _Conversion:
    return lambda settings: getattr(settings, name)


_DEPLOYMENT_SETTINGS: tuple[tuple[Metric, _Conversion], ...] = (
    (catalogue.DEPLOYMENT_MIN_REPLICAS, _as_is("min_replica")),
    (catalogue.DEPLOYMENT_MAX_REPLICAS, _as_is("max_replica")),
    (catalogue.DEPLOYMENT_CONCURRENCY_TARGET, _as_is("concurrency_target")),
    (catalogue.DEPLOYMENT_TARGET_UTILIZATION, _share("target_utilization_percentage")),
    (catalogue.DEPLOYMENT_AUTOSCALING_WINDOW, _as_is("autoscaling_window")),
    (catalogue.DEPLOYMENT_SCALE_DOWN_DELAY, _as_is("scale_down_delay")),
    (catalogue.DEPLOYMENT_MAX_SCALE_DOWN, _share("max_scale_down_rate")),
    (catalogue.DEPLOYMENT_TARGET_IN_FLIGHT_TOKENS, _as_is("target_in_flight_tokens")),
)
_CHAINLET_SETTINGS: tuple[tuple[Metric, _Conversion], ...] = (
    (catalogue.CHAINLET_MIN_REPLICAS, _as_is("min_replica")),
    (catalogue.CHAINLET_MAX_REPLICAS, _as_is("max_replica")),
    (catalogue.CHAINLET_CONCURRENCY_TARGET, _as_is("concurrency_target")),
    (catalogue.CHAINLET_TARGET_UTILIZATION, _share("target_utilization_percentage")),
    (catalogue.CHAINLET_AUTOSCALING_WINDOW, _as_is("autoscaling_window")),
    (catalogue.CHAINLET_SCALE_DOWN_DELAY, _as_is("scale_down_delay")),
    (catalogue.CHAINLET_MAX_SCALE_DOWN, _share("max_scale_down_rate")),
)


def write_model(page: UnitBuilder, record: ModelRecord, since: Mapping[str, float], *, full_state_sets: bool) -> None:
    """Write a model's deployments and environments; ``since`` says by deployment since when its status holds, in Unix seconds."""
    for deployment in record.deployments.values():
        key = (record.model.id, deployment.id)
        page.add(catalogue.DEPLOYMENT_INFO, (*key, *_words(record, deployment)), 1)
        if deployment.status is not None:
            _state(page, catalogue.DEPLOYMENT_STATUS, key, deployment.status, full=full_state_sets)
        _add(page, catalogue.DEPLOYMENT_STATUS_SINCE, key, since.get(deployment.id))
        _add(page, catalogue.DEPLOYMENT_CREATED, key, parse_time(deployment.created_at))
        _add(page, catalogue.DEPLOYMENT_ACTIVE_REPLICAS, key, deployment.active_replica_count)
        _settings(page, _DEPLOYMENT_SETTINGS, key, deployment.autoscaling_settings)
    for environment in record.environments.values():
        _environment(page, record.model.id, environment, full_state_sets=full_state_sets)


def write_prices(page: UnitBuilder, record: ModelRecord, book: PriceBook) -> None:
    """Write limits and price of the instance type of each of a model's deployments, where it is known exactly."""
    for deployment in record.deployments.values():
        quote = book.find(deployment.instance_type_name)
        if quote is not None:
            _quote(page, (record.model.id, deployment.id), quote)


def write_desired(page: UnitBuilder, desired: Mapping[Key, int]) -> None:
    """Write the desired replicas of every deployment."""
    for key, replicas in desired.items():
        page.add(catalogue.DEPLOYMENT_DESIRED_REPLICAS, key, replicas)


def write_queues(page: UnitBuilder, queues: Mapping[Key, AsyncQueue]) -> None:
    """Write the async queues."""
    for key, queue in queues.items():
        _add(page, catalogue.ASYNC_QUEUED, key, queue.num_queued_requests)
        _add(page, catalogue.ASYNC_IN_PROGRESS, key, queue.num_in_progress_requests)


def write_chain(page: UnitBuilder, record: ChainRecord, *, full_state_sets: bool) -> None:
    """Write the chainlets of a chain's deployments."""
    chain = record.chain
    for deployment in record.deployments:
        for chainlet in deployment.chainlets:
            key = (chain.id, deployment.id, chainlet.name)
            words = (chain.name, chainlet.id, deployment.environment, chainlet.instance_type_name, chain.team_name)
            page.add(catalogue.CHAINLET_INFO, (*key, *(text or "" for text in words)), 1)
            if chainlet.status is not None:
                _state(page, catalogue.CHAINLET_STATUS, key, chainlet.status, full=full_state_sets)
            _add(page, catalogue.CHAINLET_ACTIVE_REPLICAS, key, chainlet.active_replica_count)
            _settings(page, _CHAINLET_SETTINGS, key, chainlet.autoscaling_settings)


def write_chain_prices(page: UnitBuilder, record: ChainRecord, book: PriceBook) -> None:
    """Write the prices of a chain's chainlets, where they are known exactly."""
    for deployment in record.deployments:
        for chainlet in deployment.chainlets:
            quote = book.find(chainlet.instance_type_name)
            if quote is not None:
                _add(page, catalogue.CHAINLET_PRICE, (record.chain.id, deployment.id, chainlet.name), quote.dollars_per_hour)


def write_usage(page: UnitBuilder, usage: Mapping[tuple[str, str], float]) -> None:
    """Write billed dollars by (kind, date)."""
    for labels, amount in usage.items():
        page.add(catalogue.USAGE_DOLLARS, labels, amount)


def _words(record: ModelRecord, deployment: Deployment) -> Iterable[str]:
    region, backpressure = deployment.region, deployment.request_backpressure_settings
    yield record.model.name or ""
    yield deployment.name or ""
    yield deployment.environment or ""
    yield deployment.instance_type_name or ""
    yield record.model.team_name or ""
    yield (region.slug if region else None) or ""
    yield _boolean(deployment.is_production)
    yield _boolean(deployment.is_development)
    yield (backpressure.policy if backpressure else None) or ""


def _environment(page: UnitBuilder, model_id: str, environment: Environment, *, full_state_sets: bool) -> None:
    key = (model_id, environment.name)
    current, candidate = environment.current_deployment, environment.candidate_deployment
    page.add(
        catalogue.ENVIRONMENT_INFO,
        (*key, current.id if current else "", candidate.id if candidate else "", _applied_schedule(environment)),
        1,
    )
    schedules = environment.autoscaling_schedules
    applied = schedules.applied_state if schedules else None
    effective = (applied.autoscaling_settings if applied else None) or environment.autoscaling_settings
    if effective is not None:
        _add(page, catalogue.ENVIRONMENT_MIN_REPLICAS, key, effective.min_replica)
        _add(page, catalogue.ENVIRONMENT_MAX_REPLICAS, key, effective.max_replica)
    promotion = environment.in_progress_promotion
    if promotion is not None:
        if promotion.status is not None:
            _state(page, catalogue.ENVIRONMENT_PROMOTION_STATUS, key, promotion.status, full=full_state_sets)
        percent = promotion.percent_traffic_to_new_version
        _add(page, catalogue.ENVIRONMENT_PROMOTION_TRAFFIC, key, None if percent is None else percent / _PERCENT)


def _applied_schedule(environment: Environment) -> str:
    """Name the schedule in force, by its id where the list does not have it; empty while the baseline applies."""
    schedules = environment.autoscaling_schedules
    applied = schedules.applied_state.schedule_id if schedules and schedules.applied_state else None
    if schedules is None or applied is None:
        return ""
    return next((schedule.name for schedule in schedules.schedules or () if schedule.id == applied and schedule.name), applied)


def _quote(page: UnitBuilder, key: Key, quote: Quote) -> None:
    kind = quote.instance_type
    _add(page, catalogue.DEPLOYMENT_MEMORY_LIMIT, key, _scaled(kind.memory_limit_mib, _MEBIBYTE))
    _add(page, catalogue.DEPLOYMENT_GPU_MEMORY_LIMIT, key, _scaled(kind.gpu_memory_limit_mib, _MEBIBYTE))
    _add(page, catalogue.DEPLOYMENT_CPU_LIMIT, key, None if kind.millicpu_limit is None else kind.millicpu_limit / _MILLI)
    _add(page, catalogue.DEPLOYMENT_GPUS, key, kind.gpu_count)
    _add(page, catalogue.DEPLOYMENT_PRICE, key, quote.dollars_per_hour)


def _settings(
    page: UnitBuilder, metrics: Iterable[tuple[Metric, _Conversion]], key: Sequence[str], settings: AutoscalingSettings | None
) -> None:
    if settings is not None:
        for metric, convert in metrics:
            _add(page, metric, key, convert(settings))


def _state(page: UnitBuilder, metric: Metric, key: Sequence[str], current: str, *, full: bool) -> None:
    current, known = word(current), metric.values["status"]
    if full:
        for status in known:
            page.add(metric, (*key, status), int(status == current))
    if not full or current not in known:
        page.add(metric, (*key, current), 1)


def _add(page: UnitBuilder, metric: Metric, labels: Sequence[str], value: Number | None) -> None:
    if value is not None:
        page.add(metric, labels, value)


def _scaled(value: Number | None, factor: int) -> Number | None:
    return None if value is None else value * factor


def _boolean(value: bool | None) -> str:
    return "" if value is None else str(value).lower()
