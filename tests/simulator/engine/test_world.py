"""The world as a whole: determinism, copies, counters, actions, the timeline, history."""

from __future__ import annotations

import copy
import logging
import pickle
from dataclasses import fields
from itertools import pairwise
from typing import Any

import msgspec
import pytest
import yaml

from serving_simulator import fleet
from serving_simulator.views import AutoscalingSettings
from serving_simulator.world import World

from .conftest import BUSY, QUICK, START, one, only, samples


def test_the_same_seed_gives_the_same_page_and_another_seed_does_not() -> None:
    pages = []
    for seed in (7, 7, 8):
        world = World(one(BUSY), seed=seed, start=START)
        world.advance(START + 1800)
        pages.append(repr(world.feed_page()))
    assert pages[0] == pages[1]
    assert pages[0] != pages[2]


def test_a_copy_goes_on_as_the_original_does() -> None:
    world = World(msgspec.structs.replace(fleet.load("demo"), warmup=fleet.Seconds(300)), seed=5, start=START)
    world.act({"action": "settings", "deployment": "translate/deployment-2", "change": {"max_replica": 5}})
    seen = []
    # One after the other, so that nothing that two of them might still share could hide.
    for each in (world, copy.deepcopy(world), pickle.loads(pickle.dumps(world))):
        each.advance(START + 600)
        ids = each.deployment_ids()
        truths = [each.truth(identity) for identity in ids]
        assert 5 in [truth["desired"] for truth in truths], "the change of settings that was on its way has arrived"
        seen.append([repr(part) for part in (each.feed_page(), truths, each.audit_events(), each.startups(ids, 0, 9e9))])
    assert seen[0] == seen[1] == seen[2]


def test_how_time_is_cut_does_not_matter() -> None:
    whole, pieces = (World(one(BUSY), seed=1, start=START) for _ in range(2))
    whole.advance(START + 600)
    for step in range(0, 601, 7):
        pieces.advance(START + step + 0.5)
    pieces.advance(START + 600)
    pieces.advance(START + 100)
    assert pieces.now == whole.now == START + 600
    assert repr(whole.feed_page()) == repr(pieces.feed_page())


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


def test_an_action_that_makes_no_sense_when_due_is_left_out_with_one_warning(caplog: pytest.LogCaptureFixture) -> None:
    timeline = [
        {"at": "1m", "every": "1m", "do": {"action": "activate", "deployment": "m/d"}},
        {"at": "90s", "do": {"action": "delete", "deployment": "m/nobody"}},
        {"at": "2m", "do": {"action": "load", "factor": 0}},
    ]
    world = World(one(BUSY, timeline=timeline), seed=1, start=START)
    world.advance(START + 300)
    assert [(record.name, record.levelno) for record in caplog.records] == [("serving_simulator.world", logging.WARNING)] * 2
    assert caplog.messages[0].startswith("timeline[0]: activate left out")
    assert caplog.messages[0].endswith("d: already active")
    assert caplog.messages[1].startswith("timeline[1]: delete left out")
    assert "m/nobody" in caplog.messages[1]
    assert world.truth(only(world))["in_flight"] == 0, "what follows still happens"


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
