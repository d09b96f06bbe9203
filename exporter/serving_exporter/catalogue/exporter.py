"""The exporter itself: its sources, its budgets and its page."""

from __future__ import annotations

from serving_exporter.catalogue.label_values import DROP_REASONS, POLL_OUTCOMES, SOURCE_NAMES
from serving_exporter.catalogue.metric import MetricSet, Scope

__all__ = [
    "API_BUDGET_RATE",
    "API_BUDGET_WAIT_TOTAL",
    "API_REQUESTS_TOTAL",
    "BUILD_INFO",
    "CLOCK_SKEW",
    "CONFIG_RELOAD_SUCCESSFUL",
    "CONFIG_RELOAD_TIMESTAMP",
    "PAGE_BYTES",
    "PAGE_SAMPLES",
    "PAGE_TIMESTAMP",
    "SERIES_DROPPED_TOTAL",
    "SOURCE_DATA_TIMESTAMP",
    "SOURCE_FAILING_PARTS",
    "SOURCE_INTERVAL",
    "SOURCE_LAST_SUCCESS",
    "SOURCE_POLLS_TOTAL",
    "SOURCE_POLL_DURATION",
    "SOURCE_SAMPLES",
    "SOURCE_SUPPORTED",
    "SOURCE_UP",
]

METRICS = MetricSet(source=SOURCE_NAMES, outcome=POLL_OUTCOMES, reason=DROP_REASONS)

_SOURCE, _PROCESS = Scope.SOURCE, Scope.PROCESS

_POLL_BUCKETS = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 300.0)

BUILD_INFO = METRICS.gauge(
    "serving_exporter_build_info", _PROCESS, "self",
    "Version of the exporter and of its Python, always 1.",
    "version", "python_version",
)  # fmt: skip
SOURCE_UP = METRICS.gauge(
    "serving_exporter_source_up", _SOURCE, "self",
    "Whether the last poll of a source succeeded: 0 from its first failure on.",
)  # fmt: skip
SOURCE_SUPPORTED = METRICS.gauge(
    "serving_exporter_source_supported", _SOURCE, "self",
    "Whether the source can be had: 0 when it is not permitted to the key or not offered by the platform.",
)  # fmt: skip
SOURCE_LAST_SUCCESS = METRICS.gauge(
    "serving_exporter_source_last_success_timestamp_seconds", _SOURCE, "self",
    "When a source last succeeded, as Unix time; absent before the first success.",
)  # fmt: skip
SOURCE_DATA_TIMESTAMP = METRICS.gauge(
    "serving_exporter_source_data_timestamp_seconds", _SOURCE, "self",
    "The newest instant that the source's data describe, as Unix time.",
)  # fmt: skip
SOURCE_POLL_DURATION = METRICS.histogram(
    "serving_exporter_source_poll_duration_seconds", _SOURCE, "self", "How long polls took.", buckets=_POLL_BUCKETS,
)  # fmt: skip
SOURCE_POLLS_TOTAL = METRICS.counter(
    "serving_exporter_source_polls_total", _SOURCE, "self", "Polls by outcome.", "outcome",
)  # fmt: skip
SOURCE_SAMPLES = METRICS.gauge(
    "serving_exporter_source_samples", _SOURCE, "self", "Samples of this source on the page.",
)  # fmt: skip
SOURCE_INTERVAL = METRICS.gauge(
    "serving_exporter_source_interval_seconds", _SOURCE, "self",
    "The cadence in force: the time to the next poll after the last one, back-off included.",
)  # fmt: skip
SOURCE_FAILING_PARTS = METRICS.gauge(
    "serving_exporter_source_failing_parts", _SOURCE, "self",
    "Models (or other parts) of a source whose last read failed while the source as a whole succeeded.",
)  # fmt: skip
API_REQUESTS_TOTAL = METRICS.counter(
    "serving_exporter_api_requests_total", _PROCESS, "self",
    "Requests sent to the platform by endpoint and answer; code is the HTTP status, or error where none arrived.",
    "endpoint", "code",
)  # fmt: skip
API_BUDGET_WAIT_TOTAL = METRICS.counter(
    "serving_exporter_api_budget_wait_seconds_total", _PROCESS, "self",
    "Time that requests waited for their rate budget.",
    "endpoint",
)  # fmt: skip
API_BUDGET_RATE = METRICS.gauge(
    "serving_exporter_api_budget_requests_per_second", _PROCESS, "self",
    "The request rate that the budget allows now; it rises while no 429 comes and halves on one.",
    "endpoint",
)  # fmt: skip
SERIES_DROPPED_TOTAL = METRICS.counter(
    "serving_exporter_series_dropped_total", _PROCESS, "self",
    "Lines or series left off the page by reason: invalid, duplicate, collision, dropped_family, limit.",
    "reason",
)  # fmt: skip
PAGE_SAMPLES = METRICS.gauge("serving_exporter_page_samples", _PROCESS, "self", "Platform samples on the page.")
PAGE_BYTES = METRICS.gauge("serving_exporter_page_bytes", _PROCESS, "self", "Size of the uncompressed page.")
PAGE_TIMESTAMP = METRICS.gauge(
    "serving_exporter_page_timestamp_seconds", _PROCESS, "self", "When the page was last put together, as Unix time.",
)  # fmt: skip
CLOCK_SKEW = METRICS.gauge(
    "serving_exporter_clock_skew_seconds", _PROCESS, "self",
    "The platform's clock (Date header) minus this host's; shown, never acted on.",
)  # fmt: skip
CONFIG_RELOAD_SUCCESSFUL = METRICS.gauge(
    "serving_exporter_config_last_reload_successful", _PROCESS, "self",
    "Whether the last reload of the configuration was accepted; a refused one leaves the old configuration in force.",
)  # fmt: skip
CONFIG_RELOAD_TIMESTAMP = METRICS.gauge(
    "serving_exporter_config_last_reload_success_timestamp_seconds", _PROCESS, "self",
    "When a configuration was last accepted, as Unix time.",
)  # fmt: skip
