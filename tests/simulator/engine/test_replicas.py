"""Replicas: phases of a start, back-off, hardware, probes, hangs, zero and back."""

from __future__ import annotations

from typing import Any

import pytest

from serving_simulator.engine.observation import read_pods
from serving_simulator.views import StartupView
from serving_simulator.world import World

from .conftest import START, one, only, several, trace

PHASES = ["SCHEDULING", "IMAGE_PULL", "WEIGHT_DOWNLOAD", "CONTAINER_CREATE", "CONTAINER_START", "READINESS"]


def starts(world: World) -> list[StartupView]:
    return list(world.startups([only(world)], 0, world.now))


def test_phases_of_a_start_follow_each_other_and_add_up(quick: dict[str, Any]) -> None:
    world = World(one({"state": "new", "startup": quick}), seed=1, start=START)
    identity = only(world)
    assert world.deployments(world.models()[0].id)[0].autoscaling_settings is None
    statuses = trace(world, 12, lambda truth: truth["status"])
    assert statuses[0] == "DEPLOYING"
    assert statuses[-1] == "ACTIVE"
    assert "LOADING_MODEL" in statuses
    (start,) = starts(world)
    assert [phase.phase for phase in start.phases] == PHASES
    assert [phase.duration for phase in start.phases] == pytest.approx([1, 1, 1, 1, 5, 1])
    assert [phase.offset for phase in start.phases] == pytest.approx([0, 1, 2, 3, 4, 9])
    assert start.outcome == "SUCCESS"
    assert start.ready_at == pytest.approx(start.started_at + 10)
    assert sum(phase.duration or 0 for phase in start.phases) == pytest.approx(start.duration)
    assert len(start.replica_id) == 5
    assert world.deployments(world.models()[0].id)[0].autoscaling_settings is not None
    assert world.truth(identity)["active"] == 1


def test_an_open_start_is_shown_with_its_unfinished_phase(quick: dict[str, Any]) -> None:
    world = World(one({"state": "new", "startup": {**quick, "container_start": 500}}), seed=1, start=START)
    world.advance(START + 100)
    (start,) = starts(world)
    assert (start.ready_at, start.outcome) == (None, None)
    assert (start.phases[-1].phase, start.phases[-1].status, start.phases[-1].duration) == ("CONTAINER_START", None, None)
    assert start.duration == pytest.approx(100)


def test_crash_back_off_is_10_20_40_and_so_on_up_to_300(quick: dict[str, Any]) -> None:
    deployment = {"autoscaling": {"min_replica": 1}, "startup": {**quick, "readiness": 0}, "faults": {"crash_every": "100d"}}
    world = World(one(deployment), seed=1, start=START)
    lifecycle = world._simulation.lifecycle
    gaps = []
    for _ in range(8):
        pod = lifecycle.pods[0][0]
        lifecycle.crash(pod, world.now)
        crashed_at = world.now
        while pod.state.name == "CRASHED":
            world.advance(world.now + 1)
        gaps.append(world.now - crashed_at)
        while pod.state.name != "READY":
            world.advance(world.now + 1)
    # The last one had been ready for more than ten minutes before: see below.
    assert gaps == [10, 20, 40, 80, 160, 300, 300, 300]
    assert world.truth(only(world))["restarts"] == 8
    world.advance(world.now + 601)
    pod = lifecycle.pods[0][0]
    lifecycle.crash(pod, world.now)
    world.advance(world.now + 10)
    assert pod.state.name != "CRASHED", "a container that ran for ten minutes starts with a short back-off again"


def test_crash_on_load_fails_container_start_and_the_first_deploy(quick: dict[str, Any]) -> None:
    world = World(one({"state": "new", "startup": quick, "faults": {"crash_on_load": 1.0}}), seed=1, start=START)
    world.advance(START + 1800)
    found = starts(world)
    assert {start.outcome for start in found if start.outcome} == {"FAILED"}
    assert all(start.phases[-1].phase == "CONTAINER_START" for start in found)
    assert {start.phases[-1].status for start in found if start.outcome} == {"FAILED"}
    assert len({start.replica_id for start in found}) >= 3, "a replica that keeps failing is replaced"
    assert world.truth(only(world))["status"] == "DEPLOY_FAILED"


def test_a_deployment_that_has_served_becomes_unhealthy_instead(quick: dict[str, Any]) -> None:
    deployment = {"autoscaling": {"min_replica": 1}, "startup": quick, "faults": {"crash_on_load": 1.0, "crash_every": "30s"}}
    world = World(one(deployment), seed=1, start=START)
    world.advance(START + 900)
    truth = world.truth(only(world))
    assert (truth["status"], truth["active"]) == ("UNHEALTHY", 0)


def test_without_hardware_scheduling_never_ends_and_stalls(quick: dict[str, Any]) -> None:
    deployment = {
        "autoscaling": {"min_replica": 1},
        "replicas": 0,
        "startup": {**quick, "stalls_after": "5m"},
        "faults": {"no_capacity": True},
    }
    world = World(one(deployment), seed=1, start=START)
    world.advance(START + 200)
    open_start = starts(world)[-1]
    assert (open_start.outcome, [phase.phase for phase in open_start.phases]) == (None, ["SCHEDULING"])
    world.advance(START + 400)
    assert starts(world)[-1].outcome == "STALLED"
    truth = world.truth(only(world))
    assert (truth["status"], truth["active"], truth["starting"]) == ("DEPLOYING", 0, 1)
    world.act({"action": "capacity", "available": True, "instance_type": "L4:4x16"})
    world.advance(START + 420)
    assert world.truth(only(world))["active"] == 1


def test_replicas_that_are_kept_go_when_the_fault_is_over(quick: dict[str, Any]) -> None:
    bounds = {"min_replica": 1, "max_replica": 4, "scale_down_delay": 60}
    world = World(one({"autoscaling": bounds, "replicas": 3, "startup": quick, "faults": {"keeps_replicas": True}}), seed=1, start=START)
    world.advance(START + 1200)
    assert world.truth(only(world))["active"] == 3
    world.act({"action": "fault", "deployment": "m/d", "change": {"keeps_replicas": False}})
    world.advance(START + 1300)
    assert world.truth(only(world))["active"] == 1


@pytest.mark.parametrize(("switch", "status", "replicas"), [("30m", "INACTIVE", 0), (None, "DEPLOYING", 1)])
def test_a_first_deploy_without_hardware_is_given_up_or_not(quick: dict[str, Any], switch: str | None, status: str, replicas: int) -> None:
    deployment = {"state": "new", "startup": quick, "faults": {"no_capacity": True}}
    world = World(one(deployment, switches={"gives_up_after": switch}), seed=1, start=START)
    world.advance(START + 1790)
    assert (world.truth(only(world))["status"], world.truth(only(world))["starting"]) == ("DEPLOYING", 1)
    world.advance(START + 1810)
    truth = world.truth(only(world))
    assert (truth["status"], truth["starting"], len(truth["replicas"])) == (status, replicas, replicas)
    assert starts(world)[-1].outcome == "STALLED"
    assert world.deployments(world.models()[0].id)[0].autoscaling_settings is None
    # Given up is not gone: with hardware, an activation brings it up.
    world.act({"action": "capacity", "available": True})
    if switch:
        world.act({"action": "activate", "deployment": "m/d"})
    world.advance(START + 1900)
    assert world.truth(only(world))["status"] == "ACTIVE"


def test_only_waiting_for_hardware_is_given_up(quick: dict[str, Any]) -> None:
    slow = {"state": "new", "startup": {**quick, "container_start": "20m"}}
    served = {"replicas": 0, "autoscaling": {"min_replica": 1}, "startup": quick, "faults": {"no_capacity": True}}
    world = World(several({"slow": slow, "served": served}, switches={"gives_up_after": "10m"}), seed=1, start=START)
    world.advance(START + 900)
    found = [world.truth(world.deployments(model.id)[0].id)["status"] for model in world.models()]
    assert found == ["LOADING_MODEL", "DEPLOYING"]


def test_scale_to_zero_and_wake_up(quick: dict[str, Any]) -> None:
    deployment = {
        "autoscaling": {"min_replica": 0, "max_replica": 2, "concurrency_target": 4, "scale_down_delay": 120},
        "startup": quick,
        "service": {"mean": "1s", "knee": 4},
        "workload": {"patterns": [{"kind": "burst", "rate": 2, "length": "1m", "every": "20m", "at": "10m"}]},
    }
    world = World(one(deployment), seed=1, start=START)
    statuses = trace(world, 590, lambda truth: truth["status"])
    assert statuses[-1] == "SCALED_TO_ZERO"
    assert 115 <= statuses.index("SCALED_TO_ZERO") <= 185
    woken = trace(world, 60, lambda truth: (truth["status"], truth["in_flight"]))
    order = list(dict.fromkeys(status for status, _ in woken))
    assert order == ["SCALED_TO_ZERO", "WAKING_UP", "LOADING_MODEL", "ACTIVE"]
    assert max(in_flight for _, in_flight in woken) >= 8, "requests park until the first replica is there"


def test_asynchronous_requests_wake_a_deployment(quick: dict[str, Any]) -> None:
    work = {"patterns": [{"kind": "batch", "requests": 20, "every": "1d", "at": "5m"}]}
    world = World(one({"state": "zero", "startup": quick, "async_workload": work}), seed=1, start=START)
    assert set(trace(world, 299, lambda truth: truth["status"])) == {"SCALED_TO_ZERO"}
    world.advance(START + 330)
    assert world.truth(only(world))["active"] == 1


def test_probes_stop_traffic_then_restart(quick: dict[str, Any]) -> None:
    deployment = {
        "autoscaling": {"min_replica": 1},
        "startup": quick,
        "probes": {"stop_traffic_threshold": 60, "restart_threshold": 90},
        "faults": {"unready_for": "1h"},
    }
    world = World(one(deployment), seed=1, start=START)
    lifecycle = world._simulation.lifecycle
    lifecycle.sicken(lifecycle.pods[0][0], world.now)
    states = trace(world, 120, lambda truth: next(iter(truth["replicas"].values())))
    assert states[58] == "READY"
    assert states[60] == "UNREADY"
    assert states[90] == "CRASHED"
    assert states[-1] == "READY"
    assert world.truth(only(world))["restarts"] == 1


def test_with_default_probes_a_sick_replica_answers_errors_and_heals(quick: dict[str, Any]) -> None:
    deployment = {
        "autoscaling": {"min_replica": 1, "concurrency_target": 8},
        "startup": quick,
        "faults": {"unready_for": "5m"},
        "service": {"mean": "1s", "knee": 8},
        "workload": {"patterns": [{"kind": "constant", "rate": 2}]},
    }
    world = World(one(deployment), seed=1, start=START)
    lifecycle = world._simulation.lifecycle
    lifecycle.sicken(lifecycle.pods[0][0], world.now)
    world.advance(START + 600)
    world._simulation.flush()
    errors = int(world._simulation.recorder.counts[3].sum())
    assert errors == pytest.approx(2 * 300, rel=0.15)
    assert world.truth(only(world))["restarts"] == 0
    assert lifecycle.sick.tolist() == [0]


def test_a_hung_replica_fills_up_and_times_out(quick: dict[str, Any]) -> None:
    deployment = {
        "autoscaling": {"min_replica": 2, "max_replica": 2, "concurrency_target": 4},
        "startup": quick,
        "service": {"mean": "1s", "knee": 4},
        "workload": {"patterns": [{"kind": "constant", "rate": 2}]},
    }
    world = World(one(deployment), seed=1, start=START)
    lifecycle = world._simulation.lifecycle
    lifecycle.hang(lifecycle.pods[0][0])
    world.advance(START + 600)
    assert world._simulation.traffic.stuck.tolist() == [4]
    world.advance(START + 5000)
    world._simulation.flush()
    assert int(world._simulation.recorder.counts[5].sum()) >= 3
    victim = lifecycle.pods[0][0].id
    world.act({"action": "terminate", "deployment": "m/d", "replica": victim})
    world.advance(START + 5100)
    truth = world.truth(only(world))
    assert truth["active"] == 2
    assert victim not in truth["replicas"]
    assert world._simulation.traffic.stuck.tolist() == [0]


def test_a_hung_replica_does_nothing_beside_others_that_work(quick: dict[str, Any]) -> None:
    deployment = {
        "autoscaling": {"min_replica": 2, "max_replica": 2},
        "startup": quick,
        "service": {"mean": 1, "knee": 4},
        "workload": {"patterns": [{"kind": "constant", "rate": 2}]},
    }
    world = World(one(deployment), seed=1, start=START)
    world.advance(START + 120)
    lifecycle = world._simulation.lifecycle
    hung, _ = lifecycle.pods[0]
    lifecycle.hang(hung)
    world.advance(START + 300)
    readings = {reading.id: reading.gpu_utilization for reading in read_pods(world.observation(), 0, 1000)}
    assert readings.pop(hung.id) == 0
    assert min(readings.values()) > 5


def test_requests_of_a_slow_deployment_are_measured_as_slow(quick: dict[str, Any]) -> None:
    def latency(slow: float) -> float:
        deployment = {
            "autoscaling": {"min_replica": 8, "max_replica": 8, "concurrency_target": 8},
            "startup": quick,
            "service": {"mean": 2, "cv": 0.1, "knee": 8, "prefill": 0.5},
            "faults": {"slow": slow},
            "workload": {"patterns": [{"kind": "constant", "rate": 1}]},
        }
        world = World(one(deployment), seed=1, start=START)
        world.advance(START + 1200)
        seen = world.observation()
        name = "baseten_time_to_first_byte_seconds"
        return float(seen.sums[name].sum() / seen.buckets[name].sum())

    assert latency(1) == pytest.approx(1, rel=0.2)
    assert latency(10) == pytest.approx(10, rel=0.2)


def test_memory_that_leaks_ends_in_a_crash(quick: dict[str, Any]) -> None:
    memory = {"base": 8192, "leak_per_hour": 16384}
    world = World(one({"autoscaling": {"min_replica": 1}, "startup": quick, "memory": memory}), seed=1, start=START)
    restarts = trace(world, 7200, lambda truth: truth["restarts"], every=60)
    assert restarts[-1] in range(3, 6)  # 8 GiB of room at 16 GiB an hour: every half hour


def test_no_replica_is_seen_with_more_memory_than_its_instance_has(quick: dict[str, Any]) -> None:
    memory = {"base": 8192, "leak_per_hour": 16384}
    settings = {"min_replica": 6, "max_replica": 6}
    world = World(one({"autoscaling": settings, "startup": quick, "memory": memory}), seed=1, start=START)
    limit = 2.0**20 * world.simulation.rows[0].instance.memory_limit_mib
    most: dict[str, float] = {}
    for minute in range(1, 120):
        world.advance(START + 60 * minute)
        for pod in read_pods(world.observation(), 0, 0):
            most[pod.id] = max(most.get(pod.id, 0.0), pod.memory_bytes)
    assert len(most) == 6
    # A minute more, and it would have been full: no container ends earlier than its own memory does.
    assert all(limit * (1 - 0.06) < bytes_ <= limit * 1.006 for bytes_ in most.values()), most


def test_billing_counts_started_minutes_from_loading_to_the_end(quick: dict[str, Any]) -> None:
    world = World(one({"state": "new", "startup": quick, "autoscaling": {"min_replica": 1}}), seed=1, start=1_780_012_800.0)
    world.advance(world.now + 3600)
    (use,) = world.usage("2026-05-29", "2026-05-29")
    # Scheduling, image, weights and creation (4 s) are free.
    assert (use.minutes, use.date, use.kind) == (60, "2026-05-29", "MODEL_DEPLOYMENT")
    assert use.dollars == pytest.approx(60 * 0.01414)
