"""The series of this detection, and the setting that it is about."""

from __future__ import annotations

__all__ = ["ADVICE", "COST", "DELAY", "EPISODES", "FLOOR", "NOW", "START", "STEP"]

NOW = "serving:latency_after_scale_down:now"
START = "serving:latency_after_scale_down:start"
EPISODES = "serving:latency_after_scale_down_episodes:count6h"
ADVICE = "serving:scale_down_delay_seconds:for_latency_after_scale_down"
FLOOR = "serving:min_replicas:for_latency_after_scale_down"
STEP = "serving:max_scale_down_ratio:for_latency_after_scale_down"
COST = "serving:latency_after_scale_down_fix_dollars_per_day:cost"
DELAY = "serving:scale_down_delay_seconds:current"
