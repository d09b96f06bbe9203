"""Service: Little's law, the knee, slots, deadlines, status codes."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from serving_simulator.engine.recorder import CODES
from serving_simulator.world import World

from .conftest import START, one, only, trace


def requests(world: World, code: str) -> float:
    world._simulation.flush()
    page = world._simulation.recorder

    return float(sum(page.counts[index].sum() for index, (name, _) in enumerate(CODES) if name == code))


def mean_latency(world: World) -> float:
    world._simulation.flush()
    recorder = world._simulation.recorder
    name = "baseten_end_to_end_response_time_seconds"
    return float(recorder.sums[name][0].sum() / recorder.counts[0].sum())


def fixed(replicas: int, target: int, **more: Any) -> dict[str, Any]:
    return {"autoscaling": {"min_replica": replicas, "max_replica": replicas, "concurrency_target": target}, **more}


def constant(rate: float) -> dict[str, Any]:
    return {"patterns": [{"kind": "constant", "rate": rate}]}


@pytest.mark.parametrize(
    ("mean", "rate", "replicas", "target"), [(0.05, 100.0, 4, 8), (6.0, 4.0, 4, 16), (1.0, 10.0, 2, 16), (60.0, 0.5, 4, 16)]
)
def test_littles_law(mean: float, rate: float, replicas: int, target: int) -> None:
    world = World(one(fixed(replicas, target, service={"mean": mean, "knee": 64}, workload=constant(rate))), seed=2, start=START)
    world.advance(START + 300)
    in_flight = np.mean(trace(world, 3000, lambda truth: truth["in_flight"]))
    assert in_flight == pytest.approx(rate * mean, rel=0.06)
    assert mean_latency(world) == pytest.approx(mean, rel=0.06)
    assert requests(world, "200") == pytest.approx(rate * 3300, rel=0.06)


@pytest.mark.parametrize(
    ("mean", "target", "knee", "inside", "expected"),
    [
        (4.0, 1, 1, None, 2 / 4.0),  # one at a time: two replicas, one request in four seconds each
        (0.05, 1, 32, None, 2 / 0.05),  # slots bind, not the knee
        (2.0, 16, 4, None, 2 * 4 / 2.0),  # the knee binds, not the slots
        (2.0, 16, 32, 3, 2 * 3 / 2.0),  # predict_concurrency binds
        (2.0, 16, 32, None, 2 * 16 / 2.0),  # the slots bind
    ],
)
def test_saturated_throughput(mean: float, target: int, knee: float, inside: int | None, expected: float) -> None:
    service = {"mean": mean, "knee": knee, "predict_concurrency": inside, "patience": "60s"}
    world = World(one(fixed(2, target, service=service, workload=constant(expected * 1.6))), seed=1, start=START)
    world.advance(START + 120)
    before = requests(world, "200")
    world.advance(START + 120 + 3600)
    assert (requests(world, "200") - before) / 3600 == pytest.approx(expected, rel=0.06)


def test_a_nearly_saturated_single_slot_keeps_its_throughput() -> None:
    world = World(one(fixed(1, 1, service={"mean": "4s"}, workload=constant(0.2))), seed=1, start=START)
    world.advance(START + 7200)
    assert requests(world, "200") == pytest.approx(0.2 * 7200, rel=0.06)
    # M/M/1 at 80 %: five times the service time.
    assert mean_latency(world) == pytest.approx(20.0, rel=0.35)


def test_overload_stands_at_the_patience_of_clients() -> None:
    service = {"mean": "2s", "knee": 4, "patience": "2m"}
    world = World(one(fixed(3, 4, service=service, workload=constant(8.0))), seed=1, start=START)
    world.advance(START + 1200)
    ages = trace(world, 300, lambda truth: truth["oldest_wait"])
    assert min(ages) >= 110
    assert max(ages) <= 120
    # Arrivals 8 a second, served 6: after the eight minutes in which the queue fills, 2 a second leave.
    assert requests(world, "499") == pytest.approx(2.0 * (1500 - 480), rel=0.12)
    assert world.truth(only(world))["queued"] == pytest.approx(8.0 * 120, rel=0.06)


@pytest.mark.parametrize(("switch", "deadline"), [(1200, 1200), (600, 600)])
def test_parked_requests_expire_with_500(switch: int, deadline: int) -> None:
    deployment = {"faults": {"no_capacity": True}, "replicas": 0, **fixed(1, 1, workload=constant(0.5))}
    world = World(one(deployment, switches={"parking_timeout": switch}), seed=1, start=START)
    world.advance(START + deadline - 1)
    assert requests(world, "500") == 0
    world.advance(START + deadline + 400)
    assert requests(world, "500") == pytest.approx(0.5 * 400, rel=0.25)
    assert max(trace(world, 60, lambda truth: truth["oldest_wait"])) == deadline - 1


def test_reject_on_full_answers_429_and_queues_nothing() -> None:
    deployment = fixed(1, 4, service={"mean": "2s", "knee": 4}, workload=constant(6.0), backpressure="REJECT_ON_FULL")
    world = World(one(deployment), seed=1, start=START)
    queued = trace(world, 600, lambda truth: truth["queued"])
    assert max(queued) == 0
    assert requests(world, "429") > 1500
    assert requests(world, "200") == pytest.approx(4 / 2.0 * 600, rel=0.15)


def test_very_long_requests_time_out_with_504() -> None:
    world = World(one(fixed(16, 16, service={"mean": "15m", "cv": 0.5, "knee": 64}, workload=constant(0.12))), seed=1, start=START)
    world.advance(START + 3 * 3600)
    share = requests(world, "504") / (requests(world, "504") + requests(world, "200"))
    assert share == pytest.approx(0.197, abs=0.04)  # P(S > 1200 s) of that lognormal


def test_error_rate_and_crashes_show_in_codes() -> None:
    deployment = fixed(2, 4, service={"mean": "1s", "knee": 4}, workload=constant(3.0), faults={"error_rate": 0.1, "crash_every": "5m"})
    world = World(one(deployment), seed=1, start=START)
    world.advance(START + 3600)
    assert requests(world, "500") / (requests(world, "200") + requests(world, "500")) == pytest.approx(0.1, abs=0.02)
    assert requests(world, "502") > 5


def test_asynchronous_requests_yield_to_synchronous_ones_and_expire() -> None:
    deployment = fixed(
        1, 4, service={"mean": "2s", "knee": 4}, workload=constant(1.9), async_workload=constant(1.0), async_use={"ttl": "5m"}
    )
    world = World(one(deployment), seed=1, start=START)
    world.advance(START + 7200)
    truth = world.truth(only(world))
    assert truth["queued"] < 150
    assert requests(world, "200") == pytest.approx(2.0 * 7200, rel=0.08), "both share four slots"
    assert truth["async_expired"] > 0.7 * 7200
    assert truth["async_queued"] <= 1.15 * 300
    queue = world.async_queue(only(world))
    assert (queue.queued, queue.in_progress) == (truth["async_queued"], truth["async_running"])


def test_histogram_counts_sum_and_bounds_agree_with_the_lognormal() -> None:
    world = World(one(fixed(4, 16, service={"mean": "2s", "cv": 0.5, "knee": 64}, workload=constant(10))), seed=1, start=START)
    world.advance(START + 3600)
    page = {family.name: family for family in world.feed_page().families}
    samples = {dict(labels).get("le", suffix): value for suffix, labels, value in page["baseten_end_to_end_response_time_seconds"].samples}
    assert samples["+Inf"] == samples["_count"]
    assert isinstance(samples["_count"], int)
    assert samples["_sum"] / samples["_count"] == pytest.approx(2.0, rel=0.02)
    # P(S <= 2.5) for mean 2, cv 0.5 is 0.763.
    assert samples["2.5"] / samples["_count"] == pytest.approx(0.763, abs=0.01)
    first = {dict(labels).get("le", suffix): value for suffix, labels, value in page["baseten_time_to_first_byte_seconds"].samples}
    assert first["_sum"] / first["_count"] == pytest.approx(0.4, rel=0.03)
