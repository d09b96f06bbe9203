"""The parts of a deployment in a fleet file: what a request costs, how a replica starts, what goes wrong."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from serving_simulator.fleet.durations import Seconds

__all__ = ["AsyncUse", "Autoscaling", "Faults", "Memory", "Probes", "PromotionSettings", "Service", "Startup", "Tokens"]

_Share = Annotated[float, Meta(ge=0, le=1)]
_Positive = Annotated[float, Meta(gt=0)]


class _Part(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    pass


class Autoscaling(_Part, frozen=True, kw_only=True):
    """The platform's autoscaling settings, with its defaults and ranges; seconds and percent."""

    min_replica: Annotated[int, Meta(ge=0)] = 0
    max_replica: Annotated[int, Meta(ge=1)] = 1
    autoscaling_window: Annotated[int, Meta(ge=10, le=3600)] = 60
    scale_down_delay: Annotated[int, Meta(ge=0, le=3600)] = 900
    concurrency_target: Annotated[int, Meta(ge=1)] = 1
    target_utilization_percentage: Annotated[int, Meta(ge=1, le=100)] = 70
    target_in_flight_tokens: Annotated[int, Meta(ge=1)] | None = None
    max_scale_down_rate: Annotated[int, Meta(ge=1, le=50)] | None = None


class Tokens(_Part, frozen=True, kw_only=True):
    """Tokens of a request, for token-scaled (BIS-LLM) deployments: means, and the coefficient of variation of both."""

    input: _Positive = 1000.0
    output: _Positive = 200.0
    cv: _Positive = 1.0
    cache_hit_rate: _Share = 0.4


class Service(_Part, frozen=True, kw_only=True):
    """The work of one request and how a replica shares itself between requests.

    ``mean`` and ``cv`` describe the lognormal service time on an idle replica; with more than ``knee`` requests running, each slows down in
    proportion. At most ``predict_concurrency`` run inside a replica (None: as many as it is given). ``prefill`` is the share of the service
    time until the first byte. ``patience`` is how long a client waits for a slot before it leaves.
    """

    mean: Seconds = Seconds(1)
    cv: _Positive = 0.5
    knee: _Positive = 1.0
    predict_concurrency: Annotated[int, Meta(ge=1)] | None = None
    prefill: _Share = 0.2
    patience: Seconds | None = None
    request_bytes: _Positive = 2000.0
    response_bytes: _Positive = 4000.0
    busy_gpu: _Share = 0.95
    tokens: Tokens | None = None


class Startup(_Part, frozen=True, kw_only=True):
    """Median length of each phase of a start; each is lognormal with ``spread``. Scheduling may also wait for hardware that never comes."""

    scheduling: Seconds = Seconds(20)
    scheduling_spread: Annotated[float, Meta(ge=0)] = 0.5
    image_pull: Seconds = Seconds(5)
    weight_download: Seconds = Seconds(15)
    container_create: Seconds = Seconds(1)
    container_start: Seconds = Seconds(90)
    readiness: Seconds = Seconds(5)
    spread: Annotated[float, Meta(ge=0)] = 0.15
    stalls_after: Seconds = Seconds(1200)


class Probes(_Part, frozen=True, kw_only=True):
    """Health-check thresholds of the platform: how long a failing replica is tolerated."""

    startup_threshold: Seconds = Seconds(1800)
    stop_traffic_threshold: Seconds = Seconds(1800)
    restart_threshold: Seconds = Seconds(1800)


class Memory(_Part, frozen=True, kw_only=True):
    """Memory of one container in MiB: ``base + per_request * running + leak_per_hour * hours since the container started``."""

    base: _Positive = 2048.0
    per_request: Annotated[float, Meta(ge=0)] = 16.0
    leak_per_hour: Annotated[float, Meta(ge=0)] = 0.0


class Faults(_Part, frozen=True, kw_only=True):
    """What goes wrong with a deployment. All of it can be changed on the timeline.

    ``crash_every``: mean time between crashes of one ready replica; ``crash_on_load``: share of container starts that die;
    ``poison``: share of requests that kill their replica; ``error_rate``: share of answers that are 500; ``slow``: service time factor;
    ``unready_every``, ``unready_for``: how often a ready replica stops passing its checks, and for how long; ``hang_every``: mean time
    until a ready replica accepts requests and never answers; ``no_capacity``: no hardware for new replicas; ``keeps_replicas``: none is
    removed that the autoscaler does not want any more.
    """

    crash_every: Seconds | None = None
    crash_on_load: _Share = 0.0
    poison: _Share = 0.0
    error_rate: _Share = 0.0
    slow: _Positive = 1.0
    unready_every: Seconds | None = None
    unready_for: Seconds = Seconds(120)
    hang_every: Seconds | None = None
    no_capacity: bool = False
    keeps_replicas: bool = False


class AsyncUse(_Part, frozen=True, kw_only=True):
    """How asynchronous requests are handled: time to live in the queue, webhooks."""

    ttl: Annotated[Seconds, Meta()] = Seconds(600)
    webhooks: bool = True
    webhook_latency: Seconds = Seconds(0.2)


class PromotionSettings(_Part, frozen=True, kw_only=True):
    """How a promotion to an environment goes, in the platform's own terms."""

    redeploy_on_promotion: bool = False
    rolling_deploy: bool = False
    promotion_cleanup_strategy: Literal["KEEP", "SCALE_TO_ZERO", "DEACTIVATE"] = "SCALE_TO_ZERO"
    max_surge_percent: Annotated[int, Meta(ge=0, le=50)] = 25
    max_unavailable_percent: Annotated[int, Meta(ge=0, le=50)] = 0
    stabilization_time_seconds: Annotated[int, Meta(ge=0, le=3600)] = 0
    replica_overhead_percent: Annotated[int, Meta(ge=0, le=500)] = 0
    ramp_up_while_promoting: bool = False
    ramp_up_duration_seconds: Annotated[int, Meta(ge=0)] = 600
