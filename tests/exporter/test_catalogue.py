"""The rules of naming, held by every metric of the catalogue."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from serving_exporter.catalogue import CATALOGUE, Metric, MetricType, Scope

# The families of the platform's own feed, by its documentation.
NATIVE = re.findall(
    r"\w+",
    """
    inference_requests_total end_to_end_response_time_seconds time_to_first_byte_seconds request_size_bytes
    response_size_bytes concurrent_requests replicas_active replicas_starting container_restarts_total pod_readiness
    container_cpu_usage_seconds_total container_cpu_memory_working_set_bytes gpu_memory_used gpu_utilization
    async_queue_size time_in_async_queue_seconds async_webhook_requests_total async_webhook_latency_seconds
    ongoing_websocket_connections replicas_desired llm_input_tokens_total llm_output_tokens_total
    llm_input_tokens_per_request llm_output_tokens_per_request llm_tokens_per_second_per_request llm_kv_cache_hit_rate
    llm_spec_decode_num_accepted_tokens_total llm_spec_decode_num_draft_tokens_total llm_in_flight_tokens
    llm_avg_in_flight_tokens llm_num_requests
    """,
)
UNITS = ("seconds", "bytes", "ratio", "cores", "dollars", "tokens", "replicas", "per_hour", "per_second")

every_metric = pytest.mark.parametrize("metric", CATALOGUE.values(), ids=lambda metric: metric.name)


@every_metric
def test_names_follow_the_rules(metric: Metric) -> None:
    prefix = "baseten_" if metric.is_platform else "serving_exporter_"
    assert re.fullmatch(r"[a-z][a-z0-9_]*", metric.name)
    assert metric.name.startswith(prefix)
    assert metric.name.endswith("_total") == (metric.type is MetricType.COUNTER)
    if metric.type is MetricType.GAUGE:
        assert not metric.name.endswith(("_count", "_sum", "_bucket", "_created"))
    assert not re.search(r"milli|mib|percent|minutes|hours\b", metric.name)
    if metric.buckets:
        assert list(metric.buckets) == sorted(set(metric.buckets))
        assert metric.type is MetricType.HISTOGRAM
        assert metric.name.endswith("_seconds")


@every_metric
def test_labels_follow_the_rules(metric: Metric) -> None:
    assert len(set(metric.labels)) == len(metric.labels)
    for label in metric.labels:
        assert re.fullmatch(r"[a-z][a-z0-9_]*", label)
        assert label not in {"le", "quantile", "type"}
        assert not label.startswith("__")
    if metric.scope is Scope.DEPLOYMENT and not metric.name.endswith("_info"):
        assert metric.labels[:2] == ("model_id", "deployment_id")
        assert set(metric.labels[2:]) <= {"status", "outcome", "phase"}, "numbers carry ids; words are in the info metric"


@every_metric
def test_help_is_a_sentence_and_names_no_other_file(metric: Metric) -> None:
    assert metric.help[0].isupper()
    assert metric.help.endswith(".")
    assert "\n" not in metric.help


def test_no_name_is_one_of_the_platform() -> None:
    native = {f"baseten_{name}" for name in NATIVE}
    assert len(native) == 31
    assert not native & CATALOGUE.keys()
    suffixed = {name + suffix for name in native for suffix in ("_bucket", "_sum", "_count")}
    assert not suffixed & CATALOGUE.keys()


def test_the_contract_of_the_design_is_complete(shared: Path) -> None:
    """Every metric that the design names in its tables is in the catalogue, and no unit is missing."""
    design = (shared / "design.md").read_text().partition("## 5.")[2].partition("## 6.")[0]
    named: set[str] = set()
    for row in re.findall(r"^\| (`baseten_.*?) \|", design, re.MULTILINE):
        names = re.findall(r"`([a-z_]+)`", row)
        full = [name for name in names if name.startswith("baseten_") and not name.endswith("_")]
        named.update(full)
        for short in [name for name in names if name.startswith("_")]:
            stem = "baseten_environment" if "environment" in full[0] else "baseten_deployment"
            named.add(stem + short)
    named.update(name for name in re.findall(r"`(serving_exporter_[a-z_]+)[`{]", design))
    missing = {name for name in named if name not in CATALOGUE}
    assert len(named) > 35
    assert not missing


def test_every_field_of_the_settings_that_the_api_has_is_exported(shared: Path) -> None:
    specification = json.loads((shared / "reference" / "baseten-management-openapi.json").read_text())
    schemas = [schema for name, schema in specification["components"]["schemas"].items() if name.startswith("AutoscalingSettings")]
    fields = set(max((schema["properties"] for schema in schemas), key=len))
    text = " ".join(metric.help for metric in CATALOGUE.values())
    assert fields >= {"min_replica", "max_replica", "scale_down_delay"}
    assert not {field for field in fields if field not in text}
