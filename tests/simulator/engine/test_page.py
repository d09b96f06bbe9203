"""The export page: when it is rebuilt, its families and labels, the switches that change what is shown."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import pytest

from serving_simulator.world import World

from .conftest import BUSY, QUICK, START, one, only, samples, several


def test_the_page_is_rebuilt_every_30_seconds_and_lags() -> None:
    world = World(one(BUSY, measurement={"lag_min": 15, "lag_max": 60}), seed=1, start=START)
    world.advance(START + 200)
    built, lags, observed = [], [], []
    last = None
    for _ in range(1800):
        world.advance(world.now + 1)
        page = world.feed_page()
        if page is not last:
            built.append(page.built_at)
            lags.append(page.built_at - page.observed_at)
            observed.append(page.observed_at)
            last = page
    assert {after - before for before, after in pairwise(built)} == {30.0}
    assert 14 <= min(lags) < 25
    assert 45 < max(lags) <= 60
    assert observed == sorted(observed)


def test_families_labels_and_their_order() -> None:
    world = World(one({**BUSY, "instance_type": "H100:2"}), seed=1, start=START)
    world.advance(START + 300)
    page = {family.name: family for family in world.feed_page().families}
    deployment = ("model_id", "model_name", "deployment_id")
    place = ("environment", "rollout_phase")
    expected = {
        "baseten_inference_requests_total": ("status_code", "is_async"),
        "baseten_end_to_end_response_time_seconds": ("status_code", "is_async", "le"),
        "baseten_concurrent_requests": (),
        "baseten_replicas_active": (),
        "baseten_replicas_starting": (),
        "baseten_container_restarts_total": (),
        "baseten_pod_readiness": ("condition",),
        "baseten_container_cpu_usage_seconds_total": ("replica",),
        "baseten_gpu_memory_used": ("replica", "gpu"),
        "baseten_gpu_utilization": ("replica", "gpu"),
    }
    for name, inner in expected.items():
        labels = tuple(label for label, _ in page[name].samples[0][1])
        without_bound = tuple(label for label in inner if label != "le")
        assert labels == deployment + without_bound + place + (("le",) if "le" in inner else ()), name
    assert "baseten_async_queue_size" not in page
    assert not any(name.startswith("baseten_llm") for name in page)
    assert page["baseten_inference_requests_total"].type == "counter"


def test_a_machine_without_gpu_has_no_gpu_families_and_flags_hide_pod_health() -> None:
    world = World(one({**BUSY, "instance_type": "4x16"}, switches={"pod_health": False}), seed=1, start=START)
    names = {family.name for family in world.feed_page().families}
    assert "baseten_container_cpu_usage_seconds_total" in names
    assert not {"baseten_gpu_utilization", "baseten_gpu_memory_used", "baseten_pod_readiness", "baseten_container_restarts_total"} & names


@pytest.mark.parametrize(("switch", "shown"), [("vanish", False), ("stay", True)])
def test_series_of_a_deployment_at_zero(switch: str, *, shown: bool) -> None:
    deployment = {"autoscaling": {"min_replica": 0, "scale_down_delay": 60}, "startup": QUICK}
    world = World(one(deployment, switches={"series_at_zero": switch}), seed=1, start=START)
    assert samples(world.feed_page(), "baseten_replicas_active") == {("production", "stable"): 1}
    world.advance(START + 1200)
    assert samples(world.feed_page(), "baseten_replicas_active") == ({("production", "stable"): 0} if shown else {})


@pytest.mark.parametrize(
    ("switches", "labels"), [({}, ("", "")), ({"unattached_labels": "absent"}, ()), ({"environment_labels": False}, ())]
)
def test_labels_of_a_deployment_in_no_environment(switches: dict[str, Any], labels: tuple[str, ...]) -> None:
    world = World(one({**BUSY, "environment": None}, switches=switches), seed=1, start=START)
    assert list(samples(world.feed_page(), "baseten_replicas_active")) == [labels]


@pytest.mark.parametrize(("switch", "falls"), [("live", True), ("monotonic", False)])
def test_the_restart_counter_falls_with_its_pod_or_not(switch: str, *, falls: bool) -> None:
    world = World(one({**BUSY, "faults": {}}, switches={"restart_counter": switch}), seed=1, start=START)
    lifecycle = world._simulation.lifecycle
    lifecycle.crash(lifecycle.pods[0][0], world.now)
    world.advance(START + 180)
    assert samples(world.feed_page(), "baseten_container_restarts_total") == {("production", "stable"): 1}
    world.act({"action": "terminate", "deployment": only(world), "replica": lifecycle.pods[0][0].id})
    world.advance(START + 400)
    assert samples(world.feed_page(), "baseten_container_restarts_total") == {("production", "stable"): 0 if falls else 1}


def test_token_scaled_deployments_follow_tokens_and_show_them() -> None:
    deployment = {
        "autoscaling": {"min_replica": 1, "max_replica": 8, "target_in_flight_tokens": 60000},
        "service": {"mean": "8s", "knee": 64, "tokens": {"input": 3000, "output": 500}},
        "startup": QUICK,
        "workload": {"patterns": [{"kind": "constant", "rate": 6}]},
    }
    world = World(one(deployment, switches={"pod_label": "pod_hash"}), seed=1, start=START)
    world.advance(START + 900)
    # 48 requests in flight of 3250 tokens each: 156 000 tokens, three replicas.
    assert world.truth(only(world))["active"] in {3, 4}
    page = {family.name: family for family in world.feed_page().families}
    average = [value for _, _, value in page["baseten_llm_avg_in_flight_tokens"].samples]
    assert sum(average) == pytest.approx(156_000, rel=0.2)
    assert [label for label, _ in page["baseten_llm_num_requests"].samples[0][1]][3] == "pod_hash"
    tokens = sum(value for _, _, value in page["baseten_llm_input_tokens_total"].samples)
    assert tokens > 3000 * 6 * 400


@pytest.mark.parametrize(
    ("switches", "shown"), [({}, False), ({"chainlet_series": "absent"}, False), ({"chainlet_series": "present"}, True)]
)
def test_series_of_chainlets(switches: dict[str, Any], *, shown: bool) -> None:
    chains = [{"name": "c", "deployments": [{"chainlets": [{"name": "A", **BUSY}]}]}]
    world = World(several({"m": BUSY}, chains=chains, switches={"series_at_zero": "stay", **switches}), seed=1, start=START)
    world.advance(START + 300)
    chainlet = world.chain_deployments(world.chains()[0].id)[0].chainlets[0].id
    of = {dict(labels)["deployment_id"]: dict(labels) for family in world.feed_page().families for _, labels, _ in family.samples}
    assert of.keys() == ({only(world), chainlet} if shown else {only(world)})
    assert world.observation().visible.tolist() == [True, shown]
    assert len(world.history(only(world), 0, world.now).times) == 10
    window = world.history(chainlet, 0, world.now)
    assert (len(window.times), "baseten_replicas_active" in window.gauges, "baseten_inference_requests_total" in window.counters) == (
        (10, True, True) if shown else (0, False, False)
    )
    if shown:
        assert of[chainlet]["model_name"] == "c.A"
    # Whatever is measured, it serves.
    assert world.truth(chainlet)["active"] >= 1
