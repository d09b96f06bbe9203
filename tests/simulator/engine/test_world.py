"""The world as a whole: determinism, the export page, actions, history, the switches that change what is shown."""

from __future__ import annotations

from dataclasses import fields
from itertools import pairwise
from typing import Any

import pytest
import yaml

from serving_simulator import fleet
from serving_simulator.views import AutoscalingSettings, FeedPage
from serving_simulator.world import World

from .conftest import QUICK, START, one, only

BUSY = {
    "autoscaling": {"min_replica": 1, "max_replica": 4, "concurrency_target": 4},
    "service": {"mean": "2s", "knee": 4},
    "startup": QUICK,
    "faults": {"crash_every": "10m"},
    "workload": {"noise": 0.2, "patterns": [{"kind": "constant", "rate": 3}]},
}


def samples(page: FeedPage, name: str) -> dict[tuple[str, ...], float]:
    """Values by the label values after the deployment's own."""
    found = next((family.samples for family in page.families if family.name == name), ())
    return {
        tuple(value for label, value in labels if label not in {"model_id", "model_name", "deployment_id"}): value
        for _, labels, value in found
    }


def test_the_same_seed_gives_the_same_page_and_another_seed_does_not() -> None:
    pages = []
    for seed in (7, 7, 8):
        world = World(one(BUSY), seed=seed, start=START)
        world.advance(START + 1800)
        pages.append(repr(world.feed_page()))
    assert pages[0] == pages[1]
    assert pages[0] != pages[2]


def test_how_time_is_cut_does_not_matter() -> None:
    whole, pieces = (World(one(BUSY), seed=1, start=START) for _ in range(2))
    whole.advance(START + 600)
    for step in range(0, 601, 7):
        pieces.advance(START + step + 0.5)
    pieces.advance(START + 600)
    pieces.advance(START + 100)
    assert pieces.now == whole.now == START + 600
    assert repr(whole.feed_page()) == repr(pieces.feed_page())


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


def test_counters_never_fall_and_agree_with_their_histograms() -> None:
    world = World(one(BUSY), seed=1, start=START)
    before: dict[Any, float] = {}
    for _ in range(30):
        world.advance(world.now + 60)
        page = world.feed_page()
        for family in page.families:
            if family.type in {"counter", "histogram"} and "container" not in family.name:
                for suffix, labels, value in family.samples:
                    key = (family.name, suffix, labels)
                    assert value >= before.get(key, 0)
                    before[key] = value
    totals = samples(page, "baseten_inference_requests_total")
    counts = {
        labels[3:5]: value
        for family in page.families
        if family.name == "baseten_end_to_end_response_time_seconds"
        for suffix, pairs, value in family.samples
        if suffix == "_count" and (labels := tuple(value for _, value in pairs))
    }
    assert {key[:2]: value for key, value in totals.items()} == counts
    assert ("502", "false") in counts


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


def test_settings_change_takes_effect_later_and_is_audited() -> None:
    world = World(one(BUSY), seed=1, start=START)
    identity = only(world)
    world.act({"action": "settings", "deployment": identity, "change": {"min_replica": 3}})
    view = world.deployments(world.models()[0].id)[0]
    assert view.autoscaling_settings is not None
    assert (view.autoscaling_settings.min_replica, view.status) == (1, "UPDATING")
    world.advance(START + 60)
    assert world.truth(identity)["active"] >= 3
    settings = world.deployments(world.models()[0].id)[0].autoscaling_settings
    assert settings is not None
    assert settings.min_replica == 3
    event = world.audit_events()[-1]
    assert event.event_type == "MODEL_DEPLOYMENT_AUTOSCALING_SETTINGS_CHANGED"
    assert (event.data["min_replica"], event.data["previous_settings"]["min_replica"]) == (3, 1)
    assert {each.name for each in fields(AutoscalingSettings)} <= set(event.data)


def test_deactivate_activate_delete() -> None:
    world = World(one(BUSY, switches={"series_at_zero": "stay"}), seed=1, start=START)
    model, identity = world.models()[0].id, only(world)
    world.act({"action": "deactivate", "deployment": "m/d"})
    assert world.truth(identity)["status"] == "DEACTIVATING"
    world.advance(START + 90)
    assert (world.truth(identity)["status"], world.truth(identity)["in_flight"]) == ("INACTIVE", 0)
    with pytest.raises(ValueError, match="not active"):
        world.act({"action": "deactivate", "deployment": identity})
    world.act({"action": "activate", "deployment": identity})
    world.advance(START + 120)
    assert world.truth(identity)["status"] == "ACTIVE"
    world.act({"action": "delete", "deployment": identity})
    world.advance(START + 240)
    assert world.deployments(model) == []
    assert world.models()[0].deployments_count == 0
    assert samples(world.feed_page(), "baseten_replicas_active") == {}
    for call in (lambda: world.truth(identity), lambda: world.async_queue(identity), lambda: world.history(identity, 0, 9e9)):
        with pytest.raises(KeyError):
            call()
    kinds = [event.event_type for event in world.audit_events()]
    assert kinds == ["MODEL_DEPLOYED", "MODEL_DEPLOYMENT_DEACTIVATED", "MODEL_DEPLOYMENT_ACTIVATED", "MODEL_DEPLOYMENT_DELETED"]


@pytest.mark.parametrize(
    ("action", "error"),
    [
        ({"action": "load", "factor": 2, "deployment": "nobody"}, KeyError),
        ({"action": "promote", "environment": "m/nowhere"}, KeyError),
        ({"action": "terminate", "deployment": "m/d", "replica": "zzzzz"}, KeyError),
        ({"action": "settings", "deployment": "m/d", "change": {"min_replicas": 1}}, ValueError),
        ({"action": "settings", "deployment": "m/d", "change": {"min_replica": 9}}, ValueError),
        ({"action": "settings", "change": {}}, ValueError),
        ({"action": "fault", "deployment": "m/d", "change": {"crash_evry": 1}}, ValueError),
        ({"action": "explode"}, ValueError),
        ({"action": "load", "factor": -1}, ValueError),
    ],
)
def test_actions_that_make_no_sense(action: dict[str, Any], error: type[Exception]) -> None:
    world = World(one(BUSY), seed=1, start=START)
    with pytest.raises(error):
        world.act(action)


def test_timeline_runs_once_or_again_and_hands_http_faults_over() -> None:
    timeline = [
        {"at": "5m", "do": {"action": "load", "factor": 0}},
        {"at": "-1m", "every": "4m", "do": {"action": "http", "fault": {"kind": "429"}}},
        {"at": "1m", "do": {"action": "fault", "deployment": "m/d", "change": {"error_rate": 1.0, "crash_every": None}}},
    ]
    world = World(one(BUSY, timeline=timeline, warmup="2m"), seed=1, start=START)
    assert world.now == START
    assert world.due_http_faults() == [{"kind": "429"}]
    world.advance(START + 600)
    assert world.due_http_faults() == [{"kind": "429"}, {"kind": "429"}]
    assert world.due_http_faults() == []
    assert world.truth(only(world))["in_flight"] == 0
    codes = {key[0]: value for key, value in samples(world.feed_page(), "baseten_inference_requests_total").items()}
    assert codes["500"] > 300


def test_history_is_bounded_and_lines_up() -> None:
    world = World(
        one({**BUSY, "async_workload": {"patterns": [{"kind": "constant", "rate": 0.1}]}}, measurement={"history": "10m"}),
        seed=1,
        start=START,
    )
    world.advance(START + 1800)
    window = world.history(only(world), 0, world.now)
    assert len(window.times) == 20
    assert {after - before for before, after in pairwise(window.times)} == {30.0}
    assert window.times[-1] == START + 1800 - (START + 1800) % 30
    for values in (*window.gauges.values(), *(each for labels in window.counters.values() for each in labels.values())):
        assert len(values) == 20
    bounds, buckets, sums = window.histograms["baseten_end_to_end_response_time_seconds"]
    assert {len(each) for each in buckets} == {len(bounds) + 1}
    assert sums == tuple(sorted(sums))
    assert sum(buckets[-1]) == sum(values[-1] for values in window.counters["baseten_inference_requests_total"].values())
    assert world.history(only(world), START + 1500, START + 1600).times == window.times[-10:-7]


def test_development_deployments_have_0_to_1_replicas_and_are_free() -> None:
    deployment = {
        **BUSY,
        "environment": None,
        "development": True,
        "autoscaling": {"min_replica": 3, "max_replica": 9, "scale_down_delay": 60},
    }
    world = World(one(deployment), seed=1, start=START)
    world.advance(START + 600)
    view = world.deployments(world.models()[0].id)[0]
    assert view.autoscaling_settings is not None
    assert (view.autoscaling_settings.min_replica, view.autoscaling_settings.max_replica) == (0, 1)
    assert world.models()[0].development_deployment_id == view.id
    assert all(use.minutes == 0 for use in world.usage("2000-01-01", "2100-01-01"))


def test_large_fleets_have_the_size_asked_for() -> None:
    world = World(fleet.load("large:30x4"), seed=1, start=START)
    assert len(world.models()) == 30
    assert len(world.deployment_ids()) == len(set(world.deployment_ids())) == 120
    assert world.models()[0].production_deployment_id


def test_a_chain_shows_its_chainlets() -> None:
    document = {"chains": [{"name": "c", "deployments": [{"chainlets": [{"name": "A"}, {"name": "B", "state": "new", "startup": QUICK}]}]}]}
    world = World(fleet.parse(yaml.safe_dump(document), source="test.yaml"), seed=1, start=START)
    (chain,) = world.chains()
    world.advance(START + 3)
    (deployed,) = world.chain_deployments(chain.id)
    assert [(each.name, each.status, each.active_replica_count) for each in deployed.chainlets] == [
        ("A", "ACTIVE", 1),
        ("B", "DEPLOYING", 0),
    ]
    assert deployed.status == "DEPLOYING"
    assert deployed.chainlets[1].autoscaling_settings is None
    assert world.async_queue(deployed.chainlets[0].id).queued == 0
    with pytest.raises(KeyError):
        world.chain_deployments("nochain")
