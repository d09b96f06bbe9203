"""What no rule reads, and why it is exported all the same. A line here is an answer to "who needs this?"."""

from __future__ import annotations

__all__ = ["RAW_LABELS", "RAW_METRICS"]

_ENGINE = "for graphs of the engine: what is normal depends on the model, so no threshold is right for all"
_WEBHOOK = "for graphs: the feed does not say whether a delivery succeeded, so nothing can be concluded"
_CHAINLET = "for graphs of chains: the feed has no load of chainlets (it is undocumented), so no rule can compare load with settings"
_EXPORTER = "for graphs of the exporter, and to find the cause of what its alerts say"
_LIMIT = "for graphs: the limit beside the use"

RAW_METRICS: dict[str, str] = {
    "baseten_request_size_bytes": "for graphs: a stand-in for input tokens; a change explains latency, no incident",
    "baseten_async_webhook_requests_total": _WEBHOOK,
    "baseten_async_webhook_latency_seconds": _WEBHOOK,
    "baseten_llm_input_tokens_total": _ENGINE,
    "baseten_llm_output_tokens_total": _ENGINE,
    "baseten_llm_input_tokens_per_request": _ENGINE,
    "baseten_llm_output_tokens_per_request": _ENGINE,
    "baseten_llm_tokens_per_second_per_request": _ENGINE,
    "baseten_llm_spec_decode_num_accepted_tokens_total": _ENGINE,
    "baseten_llm_spec_decode_num_draft_tokens_total": _ENGINE,
    "baseten_llm_in_flight_tokens": "for graphs: the autoscaler follows the average, and so do the rules",
    "baseten_deployment_desired_replicas": "for graphs, bounds applied; rules compare with the demand before the bounds",
    "baseten_deployment_gpu_memory_limit_bytes": "for graphs: engines fill GPU memory on purpose, so a share of it says nothing",
    "baseten_replica_startup_seconds": "for graphs of start-ups by phase; rules plan with the summary, which is known after a restart",
    "baseten_replica_startup_p50_seconds": "for graphs; rules plan with the 90th percentile",
    "baseten_chainlet_info": _CHAINLET,
    "baseten_chainlet_status": _CHAINLET,
    "baseten_chainlet_active_replicas": _CHAINLET,
    "baseten_chainlet_min_replicas": _CHAINLET,
    "baseten_chainlet_max_replicas": _CHAINLET,
    "baseten_chainlet_concurrency_target": _CHAINLET,
    "baseten_chainlet_target_utilization_ratio": _CHAINLET,
    "baseten_chainlet_autoscaling_window_seconds": _CHAINLET,
    "baseten_chainlet_scale_down_delay_seconds": _CHAINLET,
    "baseten_chainlet_max_scale_down_ratio": _CHAINLET,
    "baseten_chainlet_replica_price_dollars_per_hour": _CHAINLET,
    "baseten_audit_events_total": "for annotations of graphs: a change of settings is no incident, it explains one",
    "baseten_usage_dollars": "for graphs: the bill arrives a day later than any alert could help",
    "serving_exporter_build_info": _EXPORTER,
    "serving_exporter_source_data_timestamp_seconds": _EXPORTER,
    "serving_exporter_source_poll_duration_seconds": _EXPORTER,
    "serving_exporter_source_samples": _EXPORTER,
    "serving_exporter_source_failing_parts": "for graphs and the status page: some unreadable models of many are the usual weather",
    "serving_exporter_api_budget_requests_per_second": _EXPORTER,
    "serving_exporter_series_dropped_total": _EXPORTER,
    "serving_exporter_page_samples": _EXPORTER,
    "serving_exporter_page_bytes": _EXPORTER,
    "serving_exporter_page_timestamp_seconds": _EXPORTER,
    "serving_exporter_clock_skew_seconds": _EXPORTER,
    "serving_exporter_config_last_reload_successful": _EXPORTER,
    "serving_exporter_config_last_reload_success_timestamp_seconds": _EXPORTER,
}
"""Family to reason."""

_WORD = "a word that the feed repeats on every series; rules take it from the info series, so a promotion changes no number"

RAW_LABELS: dict[str, str] = {
    "model_name": _WORD,
    "environment": _WORD,
    "rollout_phase": _WORD,
    "status_code": "summed over where the answer does not matter, for example for sizes",
    "is_async": "summed over where both kinds of work count",
    "gpu": "summed or maximized over: replicas are judged, not single GPUs",
    "baseten_deployment_info.team": "for routing and graphs by team",
    "baseten_deployment_info.region": "for graphs by region",
    "baseten_environment_info.candidate_deployment_id": "for graphs of promotions; rules read the phase of the feed's own series",
    "baseten_environment_info.schedule": "for graphs: which schedule applies; its bounds are what rules compare with",
    "chain_id": _CHAINLET,
    "chain_deployment_id": _CHAINLET,
    "chainlet": _CHAINLET,
    "chainlet_id": _CHAINLET,
    "chain_name": _CHAINLET,
    "baseten_chainlet_info.team": "for routing and graphs by team",
    "event_type": "for annotations: which events a graph shows",
    "kind": "for graphs of the bill",
    "date": "for graphs of the bill",
    "version": "for graphs: which release runs where",
    "python_version": "for graphs: which release runs where",
    "reason": "for graphs: why series were left off the page",
    "endpoint": "for graphs of the exporter's requests by endpoint",
}
"""Label, or ``family.label``, to reason."""
