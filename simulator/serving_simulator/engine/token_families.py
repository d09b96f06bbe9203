"""Families of token-scaled (BIS-LLM) deployments: tokens, cache hits, in-flight tokens, one series for each pod."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from typing import Protocol

import numpy as np

from serving_simulator.engine.observation import Observation, read_pods
from serving_simulator.engine.queueing import Reals
from serving_simulator.engine.recorder import normal_cdf
from serving_simulator.engine.simulation import Simulation
from serving_simulator.fleet.parts import Tokens
from serving_simulator.views import FeedFamily

__all__ = ["token_families"]

_Labels = tuple[tuple[str, str], ...]
_TOKEN_BOUNDS = (64.0, 256.0, 1024.0, 4096.0, 16384.0, 65536.0)
_SPEED_BOUNDS = (5.0, 10.0, 20.0, 40.0, 80.0, 160.0)
_HIT_BOUNDS = (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9)


class _Labeller(Protocol):
    def __call__(self, observation: Observation, index: int, *inner: tuple[str, str]) -> _Labels: ...


def token_families(
    simulation: Simulation, seen: Observation, shown: Sequence[int], labeller: _Labeller, pod_label: str
) -> Iterator[FeedFamily]:
    """All ``baseten_llm_*`` families. Nothing for fleets without such deployments."""
    rows = simulation.rows
    places = [
        (index, tokens, pod, labeller(seen, index, (pod_label, hashlib.sha256(pod.id.encode()).hexdigest()[:12])))
        for index in shown
        if rows[index].settings.target_in_flight_tokens is not None and (tokens := rows[index].spec.service.tokens) is not None
        for pod in read_pods(seen, index, 0)
    ]
    for name, text, field in (
        ("baseten_llm_input_tokens_total", "Input tokens processed.", "input"),
        ("baseten_llm_output_tokens_total", "Output tokens generated.", "output"),
    ):
        samples = tuple(("", labels, int(pod.requests * getattr(tokens, field))) for _, tokens, pod, labels in places)
        yield FeedFamily(name, "counter", text, samples)
    for name, text, bounds, shares, mean in (
        (
            "baseten_llm_input_tokens_per_request",
            "Input tokens of a request.",
            _TOKEN_BOUNDS,
            _input_shares,
            lambda tokens, _: tokens.input,
        ),
        (
            "baseten_llm_output_tokens_per_request",
            "Output tokens of a request.",
            _TOKEN_BOUNDS,
            _output_shares,
            lambda tokens, _: tokens.output,
        ),
        ("baseten_llm_tokens_per_second_per_request", "Generation speed of a request.", _SPEED_BOUNDS, _speed_shares, _speed),
        (
            "baseten_llm_kv_cache_hit_rate",
            "KV cache hit rates of workers.",
            _HIT_BOUNDS,
            _hit_shares,
            lambda tokens, _: tokens.cache_hit_rate,
        ),
    ):
        spelled = (*(str(int(bound)) if bound >= 1 else repr(bound) for bound in bounds), "+Inf")
        samples_: list[tuple[str, _Labels, float]] = []
        for index, tokens, pod, labels in places:
            service = float(rows[index].spec.service.mean)
            below = np.floor(np.cumsum(shares(tokens, service)) * pod.requests + 1e-9).astype(np.int64).tolist()
            samples_ += [("_bucket", (*labels, ("le", bound)), count) for bound, count in zip(spelled, below, strict=True)]
            samples_ += [("_sum", labels, round(pod.requests * mean(tokens, service), 3)), ("_count", labels, below[-1])]
        yield FeedFamily(name, "histogram", text, tuple(samples_))
    for name, text, gauge in (
        (
            "baseten_llm_in_flight_tokens",
            "Tokens in flight, on workers and queued at the router.",
            seen.in_flight * simulation.parameters.tokens,
        ),
        ("baseten_llm_avg_in_flight_tokens", "Trailing average of in-flight tokens.", seen.average * simulation.parameters.tokens),
        ("baseten_llm_num_requests", "Requests on the workers.", seen.in_flight.astype(np.float64)),
    ):
        samples = tuple(("", labels, round(float(gauge[index]) / len(seen.pods[index]))) for index, _, _, labels in places)
        yield FeedFamily(name, "gauge", text, samples)


def _speed(tokens: Tokens, service: float) -> float:
    return tokens.output / service


def _shares(mean: float, cv: float, bounds: Sequence[float]) -> Reals:
    sigma = np.sqrt(np.log1p(cv**2))
    below = normal_cdf((np.log(np.asarray(bounds)) - np.log(mean) + sigma**2 / 2) / sigma)
    return np.diff(np.concatenate(([0.0], below, [1.0])))


def _input_shares(tokens: Tokens, service: float) -> Reals:
    del service
    return _shares(tokens.input, tokens.cv, _TOKEN_BOUNDS)


def _output_shares(tokens: Tokens, service: float) -> Reals:
    del service
    return _shares(tokens.output, tokens.cv, _TOKEN_BOUNDS)


def _speed_shares(tokens: Tokens, service: float) -> Reals:
    return _shares(_speed(tokens, service), 0.3, _SPEED_BOUNDS)


def _hit_shares(tokens: Tokens, service: float) -> Reals:
    del service
    return _shares(tokens.cache_hit_rate, 0.3, _HIT_BOUNDS)
