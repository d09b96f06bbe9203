"""BIS-LLM deployments, which scale on tokens in flight."""

from __future__ import annotations

from serving_rules.model import RecordGroup
from serving_rules.promql import names, once
from serving_rules.signals.baseten import tokens_examples as examples
from serving_rules.signals.baseten.text import IDS, rates, record

__all__ = ["GROUPS"]

_IDS = names(IDS)

GROUPS = (
    RecordGroup(
        "serving-tokens",
        "Token load of BIS-LLM deployments. Their series carry a pod label whose name is not documented: it is summed away.",
        (
            record(
                "serving:inflight_tokens:avg",
                # Pods are parts of the sum. At a promotion the page shows the same pods under two sets of words for a moment: those are
                # not.
                f"max by ({_IDS}) (sum by ({_IDS}, environment, rollout_phase) ({once('baseten_llm_avg_in_flight_tokens')}))",
                "Tokens in flight over all pods, averaged by the platform over the deployment's autoscaling window: the autoscaler's "
                "input.",
                *examples.IN_FLIGHT,
            ),
            record(
                "serving:kv_cache_hit_ratio:mean15m",
                f"""
                {rates("baseten_llm_kv_cache_hit_rate_sum", "15m")}
                /
                ({rates("baseten_llm_kv_cache_hit_rate_count", "15m")} > 0)
                """,
                "Mean hit rate of the KV cache over 15 minutes, 0 to 1.",
                *examples.HIT_RATIO,
            ),
        ),
    ),
)
