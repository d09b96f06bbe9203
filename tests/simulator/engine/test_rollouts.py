"""Environments: rolling promotions, schedules, what the API and the export show of them."""

from __future__ import annotations

from typing import Any

import pytest
import yaml

from serving_simulator import fleet
from serving_simulator.world import World

from .conftest import QUICK, START

SERVICE = {"mean": "500ms", "knee": 8}


def world_of(
    promotion: dict[str, Any] | None = None, *, candidate: dict[str, Any] | None = None, most: int = 6, **environment: Any
) -> World:
    settings = {"min_replica": 2, "max_replica": most, "concurrency_target": 8, "scale_down_delay": 300}
    document = {
        "switches": {"series_at_zero": "stay"},
        "measurement": {"lag_min": 0, "lag_max": 0},
        "models": [
            {
                "name": "m",
                "environments": [
                    {
                        "name": "production",
                        "autoscaling": settings,
                        "promotion": promotion or {"rolling_deploy": True, "stabilization_time_seconds": 20},
                        "workload": {"patterns": [{"kind": "constant", "rate": 40}]},
                        **environment,
                    }
                ],
                "deployments": [
                    {"name": "one", "environment": "production", "replicas": 4, "service": SERVICE, "startup": QUICK, "age": "3d"},
                    {"name": "two", "state": "zero", "service": SERVICE, "startup": QUICK, "age": "1d", **(candidate or {})},
                ],
            }
        ],
    }
    return World(fleet.parse(yaml.safe_dump(document), source="test.yaml"), seed=1, start=START)


def ids(world: World) -> tuple[str, str, str]:
    model = world.models()[0].id
    one, two = (view.id for view in world.deployments(model))
    return model, one, two


def environment(world: World) -> Any:
    (view,) = world.environments(ids(world)[0])
    return view


def test_a_rolling_promotion_moves_in_steps_within_the_bounds() -> None:
    world = world_of()
    model, one, two = ids(world)
    world.advance(START + 300)
    world.act({"action": "promote", "environment": f"{model}/production", "deployment": two})
    percents, sums, phases = [], [], set()
    for _ in range(600):
        world.advance(world.now + 1)
        view = environment(world)
        old, new = world.truth(one), world.truth(two)
        if view.candidate_deployment_id:
            percents.append(view.promotion.percent_traffic_to_new_version)
            sums.append(old["active"] + new["active"])
            assert old["active"] >= 1
            phases.add((new["environment"], new["rollout_phase"], old["rollout_phase"]))
    assert list(dict.fromkeys(percents)) == sorted(set(percents))
    assert len(set(percents)) >= 3
    assert percents[0] == 0
    assert min(sums) >= 2
    assert max(sums) <= 6
    assert phases == {("production", "promoting", "stable")}
    view = environment(world)
    assert (view.current_deployment_id, view.candidate_deployment_id, view.promotion) == (two, None, None)
    assert world.truth(one)["status"] == "SCALED_TO_ZERO"
    assert world.truth(one)["environment"] is None
    assert world.truth(two)["active"] >= 2
    assert world.models()[0].production_deployment_id == two
    assert [event.event_type for event in world.audit_events()][-1] == "MODEL_DEPLOYMENT_PROMOTED"


@pytest.mark.parametrize("rate", [24, 26, 33, 42])
def test_a_load_on_the_edge_of_a_replica_does_not_hold_a_promotion_up(rate: int) -> None:
    workload = {"noise": 0.3, "patterns": [{"kind": "constant", "rate": rate}]}
    world = world_of({"rolling_deploy": True, "stabilization_time_seconds": 600}, workload=workload)
    model, _, two = ids(world)
    world.advance(START + 300)
    world.act({"action": "promote", "environment": f"{model}/production", "deployment": two})
    # A step for each of six replicas at most, ten minutes long, with a start before it.
    world.advance(START + 300 + 6000)
    assert environment(world).current_deployment_id == two


def test_a_promotion_at_the_ceiling_stays_under_it() -> None:
    world = world_of(most=4)
    _, one, two = ids(world)
    world.advance(START + 120)
    world.act({"action": "promote", "environment": "m/production"})
    sums = []
    while environment(world).candidate_deployment_id:
        world.advance(world.now + 1)
        assert world.now < START + 1200
        sums.append(sum(world.truth(each)["active"] + world.truth(each)["starting"] for each in (one, two)))
    assert max(sums) == 4
    assert world.truth(two)["active"] >= 2


def test_labels_flip_when_the_promotion_ends() -> None:
    world = world_of()
    _, one, two = ids(world)

    def labels() -> dict[str, tuple[str, str]]:
        family = next(each for each in world.feed_page().families if each.name == "baseten_replicas_active")
        return {
            pairs["deployment_id"]: (pairs["environment"], pairs["rollout_phase"]) for pairs in (dict(each[1]) for each in family.samples)
        }

    world.advance(START + 60)
    assert labels() == {one: ("production", "stable"), two: ("", "")}
    world.act({"action": "promote", "environment": "m/production"})
    world.advance(world.now + 60)
    assert labels() == {one: ("production", "stable"), two: ("production", "promoting")}
    world.advance(world.now + 600)
    assert labels() == {one: ("", ""), two: ("production", "stable")}


def test_a_candidate_that_never_starts_fails_the_promotion() -> None:
    world = world_of(candidate={"faults": {"crash_on_load": 1.0}})
    _, one, two = ids(world)
    world.act({"action": "promote", "environment": "m/production", "deployment": "two"})
    seen = set()
    for _ in range(400):
        world.advance(world.now + 5)
        if promotion := environment(world).promotion:
            seen.add((promotion.status, promotion.error_message))
    assert ("FAILED", "the new deployment does not become ready") in seen
    assert environment(world).current_deployment_id == one
    assert world.truth(two)["environment"] is None
    assert world.truth(one)["active"] >= 2


def test_a_candidate_that_is_switched_off_fails_the_promotion() -> None:
    world = world_of(candidate={"faults": {"no_capacity": True}})
    _, one, two = ids(world)
    world.act({"action": "promote", "environment": "m/production", "deployment": "two"})
    world.advance(START + 60)
    assert environment(world).candidate_deployment_id == two
    world.act({"action": "deactivate", "deployment": two})
    world.advance(START + 70)
    promotion = environment(world).promotion
    assert (promotion.status, promotion.error_message) == ("FAILED", "the new deployment is not active any more")
    assert (environment(world).current_deployment_id, environment(world).candidate_deployment_id) == (one, None)
    world.advance(START + 100)
    assert world.truth(two)["status"] == "INACTIVE"
    assert world.truth(one)["active"] >= 2


def test_without_rolling_everything_moves_at_once_and_the_old_one_is_deactivated() -> None:
    world = world_of({"rolling_deploy": False, "promotion_cleanup_strategy": "DEACTIVATE"})
    _, one, two = ids(world)
    world.act({"action": "promote", "environment": "m/production"})
    percents = []
    while environment(world).candidate_deployment_id:
        world.advance(world.now + 1)
        if promotion := environment(world).promotion:
            percents.append(promotion.percent_traffic_to_new_version)
    assert set(percents) == {0, 100}
    world.advance(world.now + 60)
    assert world.truth(one)["status"] == "INACTIVE"
    assert world.truth(two)["active"] >= 2
    assert "MODEL_DEPLOYMENT_DEACTIVATED" in [event.event_type for event in world.audit_events()]


def test_one_promotion_at_a_time_and_cancelling_it() -> None:
    world = world_of()
    _, one, _ = ids(world)
    world.act({"action": "promote", "environment": "m/production"})
    with pytest.raises(ValueError, match="already in progress"):
        world.act({"action": "promote", "environment": "m/production", "deployment": "two"})
    world.act({"action": "control", "environment": "m/production", "control": "GRACEFUL_CANCEL"})
    assert environment(world).promotion.status == "CANCELED"
    world.advance(world.now + 120)
    assert environment(world).current_deployment_id == one
    with pytest.raises(ValueError, match="no promotion"):
        world.act({"action": "control", "environment": "m/production", "control": "PAUSE"})


def test_an_hourly_schedule_lifts_the_floor_and_gives_it_back() -> None:
    # START is at minute 26:40 of its hour.
    schedule = {"name": "rush", "cadence": "HOURLY", "start_minute": 30, "end_minute": 40, "settings": {"min_replica": 5, "max_replica": 6}}
    world = world_of(schedules=[schedule], timezone="Europe/Berlin")
    _, one, _ = ids(world)
    world.advance(START + 60)
    assert environment(world).applied_schedule_id is None
    world.advance(START + 300)
    view = environment(world)
    assert view.applied_schedule_id == view.schedules[0]["id"]
    assert (view.autoscaling_settings.min_replica, view.applied_settings.min_replica) == (2, 5)
    assert world.truth(one)["active"] == 5
    world.advance(START + 900 + 600)
    assert environment(world).applied_schedule_id is None
    assert environment(world).applied_settings.min_replica == 2
    assert world.truth(one)["active"] < 5
