"""Service: Little's law, the knee, slots, deadlines, status codes.

Deployments do not disturb each other, so those whose load is steady share one world, of which there is a copy for each instant of interest.
"""

from __future__ import annotations

import copy
from typing import Any

import numpy as np
import pytest

from serving_simulator.engine.recorder import CODES
from serving_simulator.world import World

from .conftest import START, one, only, several, trace


def requests(world: World, code: str, row: int = 0) -> float:
    world._simulation.flush()
    counts = world._simulation.recorder.counts
    return float(sum(counts[index, row] for index, (name, _) in enumerate(CODES) if name == code))


def mean_latency(world: World, row: int = 0) -> float:
    world._simulation.flush()
    recorder = world._simulation.recorder
    name = "baseten_end_to_end_response_time_seconds"
    return float(recorder.sums[name][0, row].sum() / recorder.counts[0, row].sum())


def fixed(replicas: int, target: int, **more: Any) -> dict[str, Any]:
    return {"autoscaling": {"min_replica": replicas, "max_replica": replicas, "concurrency_target": target}, **more}


def constant(rate: float) -> dict[str, Any]:
    return {"patterns": [{"kind": "constant", "rate": rate}]}


LITTLE = [(0.05, 100.0, 4, 8), (6.0, 4.0, 4, 16), (1.0, 10.0, 2, 16), (60.0, 0.5, 4, 16)]
SATURATED: list[tuple[float, int, float, int | None, float]] = [
    (4.0, 1, 1, None, 2 / 4.0),  # one at a time: two replicas, one request in four seconds each
    (0.05, 1, 32, None, 2 / 0.05),  # slots bind, not the knee
    (2.0, 16, 4, None, 2 * 4 / 2.0),  # the knee binds, not the slots
    (2.0, 16, 32, 3, 2 * 3 / 2.0),  # predict_concurrency binds
    (2.0, 16, 32, None, 2 * 16 / 2.0),  # the slots bind
]


def saturated(mean: float, target: int, knee: float, inside: int | None, expected: float) -> dict[str, Any]:
    service = {"mean": mean, "knee": knee, "predict_concurrency": inside, "patience": "60s"}
    return fixed(2, target, service=service, workload=constant(expected * 1.6))


STEADY: dict[str, dict[str, Any]] = {
    **{
        f"little {number}": fixed(replicas, target, service={"mean": mean, "knee": 64}, workload=constant(rate))
        for number, (mean, rate, replicas, target) in enumerate(LITTLE)
    },
    **{f"saturated {number}": saturated(*case) for number, case in enumerate(SATURATED)},
    "single slot": fixed(1, 1, service={"mean": "4s"}, workload=constant(0.2)),
    "long": fixed(16, 16, service={"mean": "15m", "cv": 0.5, "knee": 64}, workload=constant(0.12)),
    "errors": fixed(2, 4, service={"mean": "1s", "knee": 4}, workload=constant(3.0), faults={"error_rate": 0.1, "crash_every": "5m"}),
    "histogram": fixed(4, 16, service={"mean": "2s", "cv": 0.5, "knee": 64}, workload=constant(10)),
    "both": fixed(1, 4, service={"mean": "2s", "knee": 4}, workload=constant(1.9), async_workload=constant(1.0), async_use={"ttl": "5m"}),
}


def place(name: str) -> int:
    return list(STEADY).index(name)


class Steady:
    """The world of ``STEADY`` at several instants, and its requests in flight in each second between the first two."""

    def __init__(self) -> None:
        world = World(several(STEADY), seed=2, start=START)
        self._at: dict[int, World] = {}
        self.in_flight: list[Any] = []
        for seconds in (300, 3300, 3900, 7200, 10800):
            while world.now < START + seconds:
                world.advance(world.now + 1)
                if 300 in self._at and 3300 not in self._at:
                    self.in_flight.append(world._simulation.traffic.in_flight)
            self._at[seconds] = copy.deepcopy(world)

    def at(self, seconds: int) -> World:
        """The world that long after its start; not to be changed."""
        return self._at[seconds]


@pytest.fixture(scope="module")
def steady() -> Steady:
    return Steady()


@pytest.mark.parametrize("number", range(len(LITTLE)))
def test_littles_law(steady: Steady, number: int) -> None:
    mean, rate, _, _ = LITTLE[number]
    row, world = place(f"little {number}"), steady.at(3300)
    assert len(steady.in_flight) == 3000
    assert np.mean([each[row] for each in steady.in_flight]) == pytest.approx(rate * mean, rel=0.06)
    assert mean_latency(world, row) == pytest.approx(mean, rel=0.06)
    assert requests(world, "200", row) == pytest.approx(rate * 3300, rel=0.06)


@pytest.mark.parametrize("number", range(len(SATURATED)))
def test_saturated_throughput(steady: Steady, number: int) -> None:
    row = place(f"saturated {number}")
    answered = requests(steady.at(3900), "200", row) - requests(steady.at(300), "200", row)
    assert answered / 3600 == pytest.approx(SATURATED[number][-1], rel=0.06)


def test_a_nearly_saturated_single_slot_keeps_its_throughput(steady: Steady) -> None:
    world, row = steady.at(7200), place("single slot")
    assert requests(world, "200", row) == pytest.approx(0.2 * 7200, rel=0.06)
    # M/M/1 at 80 %: five times the service time.
    assert mean_latency(world, row) == pytest.approx(20.0, rel=0.35)


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


def test_very_long_requests_time_out_with_504(steady: Steady) -> None:
    world, row = steady.at(10800), place("long")
    share = requests(world, "504", row) / (requests(world, "504", row) + requests(world, "200", row))
    assert share == pytest.approx(0.197, abs=0.04)  # P(S > 1200 s) of that lognormal


def test_error_rate_and_crashes_show_in_codes(steady: Steady) -> None:
    world, row = steady.at(3900), place("errors")
    answered, failed = requests(world, "200", row), requests(world, "500", row)
    assert failed / (answered + failed) == pytest.approx(0.1, abs=0.02)
    assert requests(world, "502", row) > 5


def test_asynchronous_requests_yield_to_synchronous_ones_and_expire(steady: Steady) -> None:
    world, row = steady.at(7200), place("both")
    identity = world.deployment_ids()[row]
    truth = world.truth(identity)
    assert truth["queued"] < 150
    assert requests(world, "200", row) == pytest.approx(2.0 * 7200, rel=0.08), "both share four slots"
    assert truth["async_expired"] > 0.7 * 7200
    assert truth["async_queued"] <= 1.15 * 300
    queue = world.async_queue(identity)
    assert (queue.queued, queue.in_progress) == (truth["async_queued"], truth["async_running"])


def test_histogram_counts_sum_and_bounds_agree_with_the_lognormal(steady: Steady) -> None:
    world = steady.at(3900)
    identity = world.deployment_ids()[place("histogram")]
    page = {family.name: family for family in world.feed_page().families}

    def samples(name: str) -> dict[str, float]:
        own = [(suffix, dict(labels), value) for suffix, labels, value in page[name].samples]
        return {labels.get("le", suffix): value for suffix, labels, value in own if labels["deployment_id"] == identity}

    whole, first = samples("baseten_end_to_end_response_time_seconds"), samples("baseten_time_to_first_byte_seconds")
    assert whole["+Inf"] == whole["_count"]
    assert isinstance(whole["_count"], int)
    assert whole["_sum"] / whole["_count"] == pytest.approx(2.0, rel=0.02)
    # P(S <= 2.5) for mean 2, cv 0.5 is 0.763.
    assert whole["2.5"] / whole["_count"] == pytest.approx(0.763, abs=0.01)
    assert first["_sum"] / first["_count"] == pytest.approx(0.4, rel=0.03)
