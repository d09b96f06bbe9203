"""Models, deployments and environments: exact values, nulls, filters."""

from __future__ import annotations

from typing import Any

import pytest

from serving_exporter.config import Filter, Selector

DEPLOYMENT = 'workspace="default",model_id="abcd1234",deployment_id="wxyz123"'
ENVIRONMENT = 'workspace="default",model_id="abcd1234",environment="production"'


async def test_every_value_of_a_deployment(running: Any, make: Any, baseten: Any) -> None:
    make.inventory(baseten, make.deployment())
    rig = await running(baseten=baseten)
    poll = await rig.poll("inventory")
    words = (
        'model_name="embedder",deployment_name="deployment-3",environment="production",instance_type="L4:4x16",team="search",region="us",'
        'is_production="true",is_development="false",backpressure=""'
    )
    assert rig.page.lines() == sorted(
        [
            f"baseten_deployment_info{{{DEPLOYMENT},{words}}} 1",
            f'baseten_deployment_status{{{DEPLOYMENT},status="ACTIVE"}} 1',
            f"baseten_deployment_status_since_timestamp_seconds{{{DEPLOYMENT}}} 1790000000.4",
            f"baseten_deployment_created_timestamp_seconds{{{DEPLOYMENT}}} 1787220000.0",
            f"baseten_deployment_active_replicas{{{DEPLOYMENT}}} 4",
            f"baseten_deployment_min_replicas{{{DEPLOYMENT}}} 2",
            f"baseten_deployment_max_replicas{{{DEPLOYMENT}}} 8",
            f"baseten_deployment_concurrency_target{{{DEPLOYMENT}}} 32",
            f"baseten_deployment_target_utilization_ratio{{{DEPLOYMENT}}} 0.7",
            f"baseten_deployment_autoscaling_window_seconds{{{DEPLOYMENT}}} 60",
            f"baseten_deployment_scale_down_delay_seconds{{{DEPLOYMENT}}} 900",
            f"baseten_deployment_max_scale_down_ratio{{{DEPLOYMENT}}} 0.5",
        ]
    )
    assert poll.items == 1
    assert rig.platform.sources["inventory"].samples() == 12


@pytest.mark.parametrize(
    ("field", "metric"),
    [
        ("min_replica", "baseten_deployment_min_replicas"),
        ("max_replica", "baseten_deployment_max_replicas"),
        ("concurrency_target", "baseten_deployment_concurrency_target"),
        ("target_utilization_percentage", "baseten_deployment_target_utilization_ratio"),
        ("autoscaling_window", "baseten_deployment_autoscaling_window_seconds"),
        ("scale_down_delay", "baseten_deployment_scale_down_delay_seconds"),
        ("max_scale_down_rate", "baseten_deployment_max_scale_down_ratio"),
        ("target_in_flight_tokens", "baseten_deployment_target_in_flight_tokens"),
    ],
)
async def test_null_missing_and_zero_are_three_things_in_settings(running: Any, make: Any, baseten: Any, field: str, metric: str) -> None:
    without = {name: value for name, value in make.settings.items() if name != field}
    make.inventory(
        baseten,
        make.deployment("null", autoscaling_settings={**make.settings, field: None}),
        make.deployment("missing", autoscaling_settings=without),
        make.deployment("zero", autoscaling_settings={**make.settings, field: 0}),
    )
    rig = await running(baseten=baseten, label=None)
    await rig.poll("inventory")
    (line,) = rig.page.lines(metric + "{")
    assert line.startswith(f'{metric}{{model_id="abcd1234",deployment_id="zero"}} ')
    assert float(line.split()[-1]) == 0
    assert len(rig.page.lines("baseten_deployment_info{")) == 3


async def test_nullable_fields_of_a_deployment(running: Any, make: Any, baseten: Any) -> None:
    nothing: dict[str, Any] = dict.fromkeys(
        ("created_at", "name", "is_production", "is_development", "status", "active_replica_count", "autoscaling_settings",
         "instance_type_name", "environment", "region", "request_backpressure_settings")
    )  # fmt: skip
    make.inventory(
        baseten,
        make.deployment("nulls", **nothing),
        make.deployment("missing", **dict.fromkeys(nothing, ...)),
        make.deployment(
            "idle", active_replica_count=0, status="SCALED_TO_ZERO", request_backpressure_settings={"policy": "REJECT_ON_FULL"}
        ),
    )
    rig = await running(baseten=baseten, label=None)
    await rig.poll("inventory")
    assert rig.page.lines("baseten_deployment_active_replicas") == [
        'baseten_deployment_active_replicas{model_id="abcd1234",deployment_id="idle"} 0'
    ]
    words = (
        'model_name="embedder",deployment_name="",environment="",instance_type="",team="search",region="",'
        'is_production="",is_development="",backpressure=""'
    )
    for deployment in ("nulls", "missing"):
        key = f'model_id="abcd1234",deployment_id="{deployment}"'
        assert [line for line in rig.page.lines() if deployment in line] == [f"baseten_deployment_info{{{key},{words}}} 1"]
    assert any('backpressure="REJECT_ON_FULL"' in line for line in rig.page.lines("baseten_deployment_info"))


async def test_environment_values_during_a_promotion(running: Any, make: Any, baseten: Any) -> None:
    schedules = {
        "timezone": "Europe/Berlin",
        "schedules": [{"id": "sch1", "name": "office", "cadence": "A_NEW_ONE", "enabled": True}],
        "applied_state": {"schedule_id": "sch1", "autoscaling_settings": {**make.settings, "min_replica": 5, "max_replica": 20}},
    }
    promotion = {"status": "RAMPING_UP", "percent_traffic_to_new_version": 25, "error_message": None, "rolling_deploy": True}
    environment = make.environment(
        candidate_deployment=make.deployment("cand999"), in_progress_promotion=promotion, autoscaling_schedules=schedules
    )
    make.inventory(baseten, make.deployment(), environments=[environment])
    rig = await running(baseten=baseten)
    await rig.poll("inventory")
    assert rig.page.lines("baseten_environment") == sorted(
        [
            f'baseten_environment_info{{{ENVIRONMENT},deployment_id="wxyz123",candidate_deployment_id="cand999",schedule="office"}} 1',
            f"baseten_environment_min_replicas{{{ENVIRONMENT}}} 5",
            f"baseten_environment_max_replicas{{{ENVIRONMENT}}} 20",
            f'baseten_environment_promotion_status{{{ENVIRONMENT},status="RAMPING_UP"}} 1',
            f"baseten_environment_promotion_traffic_ratio{{{ENVIRONMENT}}} 0.25",
        ]
    )


@pytest.mark.parametrize(
    "schedules",
    [
        ...,
        None,
        {"timezone": None, "schedules": [], "applied_state": None},
        {"schedules": [], "applied_state": {"schedule_id": None, "autoscaling_settings": {"min_replica": 2, "max_replica": 8}}},
    ],
)
async def test_environment_without_promotion_or_schedule_has_its_baseline(running: Any, make: Any, baseten: Any, schedules: Any) -> None:
    make.inventory(baseten, make.deployment(), environments=[make.environment(autoscaling_schedules=schedules, current_deployment=None)])
    rig = await running(baseten=baseten)
    await rig.poll("inventory")
    assert rig.page.lines("baseten_environment") == sorted(
        [
            f'baseten_environment_info{{{ENVIRONMENT},deployment_id="",candidate_deployment_id="",schedule=""}} 1',
            f"baseten_environment_min_replicas{{{ENVIRONMENT}}} 2",
            f"baseten_environment_max_replicas{{{ENVIRONMENT}}} 8",
        ]
    )


async def test_full_state_sets(running: Any, make: Any, baseten: Any) -> None:
    environment = make.environment(in_progress_promotion={"status": "PAUSED", "percent_traffic_to_new_version": 0})
    make.inventory(baseten, make.deployment(), make.deployment("new", status="HIBERNATING"), environments=[environment])
    rig = await running(baseten=baseten, full_state_sets=True, label=None)
    await rig.poll("inventory")
    statuses = rig.page.lines('baseten_deployment_status{model_id="abcd1234",deployment_id="wxyz123"')
    assert len(statuses) == 14
    assert [line for line in statuses if line.endswith(" 1")] == [
        'baseten_deployment_status{model_id="abcd1234",deployment_id="wxyz123",status="ACTIVE"} 1'
    ]
    newer = rig.page.lines('baseten_deployment_status{model_id="abcd1234",deployment_id="new"')
    assert len(newer) == 15
    assert [line for line in newer if line.endswith(" 1")] == [
        'baseten_deployment_status{model_id="abcd1234",deployment_id="new",status="HIBERNATING"} 1'
    ]
    assert len(rig.page.lines("baseten_environment_promotion_status")) == 7
    ratio = 'baseten_environment_promotion_traffic_ratio{model_id="abcd1234",environment="production"} 0.0'
    assert rig.page.lines("baseten_environment_promotion_traffic") == [ratio]


@pytest.mark.parametrize("status", ["has space", "lower", 'quo"te', "X" * 100, "<b>"])
async def test_a_status_that_is_no_word_is_unknown(running: Any, make: Any, baseten: Any, status: str) -> None:
    make.inventory(baseten, make.deployment(status=status))
    rig = await running(baseten=baseten)
    await rig.poll("inventory")
    assert rig.page.lines("baseten_deployment_status{") == [f'baseten_deployment_status{{{DEPLOYMENT},status="UNKNOWN"}} 1']


async def test_unknown_fields_are_normal(running: Any, make: Any, baseten: Any) -> None:
    make.inventory(
        baseten,
        make.deployment(quantum_state={"spin": [1, None]}, autoscaling_settings={**make.settings, "mood": "good"}),
        environments=[make.environment(traffic_routing={"rules": [1]})],
        colour="blue",
    )
    rig = await running(baseten=baseten)
    poll = await rig.poll("inventory")
    assert not poll.problems
    assert len(rig.page.lines()) == 15


async def test_status_since_moves_with_the_status_and_survives_a_restart(running: Any, make: Any, baseten: Any) -> None:
    section: dict[str, Any] = {}
    make.inventory(baseten, make.deployment(status="WAKING_UP"))
    rig = await running(baseten=baseten, section=section)
    await rig.poll("inventory")
    await rig.clock.sleep(30)
    await rig.poll("inventory")
    name = "baseten_deployment_status_since_timestamp_seconds"
    assert rig.page.lines(name) == [f"{name}{{{DEPLOYMENT}}} 1790000000.4"]
    make.inventory(baseten, make.deployment(status="ACTIVE"))
    await rig.clock.sleep(30)
    await rig.poll("inventory")
    assert float(rig.page.lines(name)[0].split()[-1]) == pytest.approx(1790000060, abs=1)
    since = rig.page.lines(name)

    again = await running(baseten=baseten, section=section, epoch=1790009000.0)
    await again.poll("inventory")
    assert again.page.lines(name) == since


@pytest.mark.parametrize(
    ("include", "exclude", "expected"),
    [
        (["abcd1234"], [], {"wxyz123"}),
        (["embedder"], [], {"wxyz123"}),
        (["/^emb.*/"], [], {"wxyz123"}),
        ([], ["embedder"], {"dep2"}),
        (["/.*/"], ["m2"], {"wxyz123"}),
    ],
)
async def test_include_and_exclude_of_models(
    running: Any, make: Any, baseten: Any, include: list[str], exclude: list[str], expected: set[str]
) -> None:
    make.inventory(baseten, make.deployment())
    baseten.answers["/v1/models"] = {"models": [make.model(), make.model("m2", name="second")]}
    baseten.answers["/v1/models/m2/deployments"] = {"deployments": [make.deployment("dep2")]}
    baseten.answers["/v1/models/m2/environments"] = {"environments": []}
    rig = await running(baseten=baseten, include=make.only(*include), exclude=make.only(*exclude))
    await rig.poll("inventory")
    assert {line.split('deployment_id="')[1].split('"')[0] for line in rig.page.lines("baseten_deployment_info")} == expected


async def test_exclude_of_environments(running: Any, make: Any, baseten: Any) -> None:
    make.inventory(
        baseten,
        make.deployment(),
        make.deployment("stag", environment="staging"),
        make.deployment("none", environment=None),
        environments=[make.environment(), make.environment("staging")],
    )
    rig = await running(baseten=baseten, exclude=Filter(environments=(Selector("/stag.*/"),)), label=None)
    await rig.poll("inventory")
    assert {line.split('deployment_id="')[1].split('"')[0] for line in rig.page.lines("baseten_deployment_info")} == {"wxyz123", "none"}
    assert len(rig.page.lines("baseten_environment_info")) == 1


async def test_unchanged_records_are_not_rendered_again(running: Any, make: Any, baseten: Any) -> None:
    make.inventory(baseten, make.deployment(status="DEPLOYING"))
    rig = await running(baseten=baseten)
    await rig.poll("inventory")
    rig.page.puts.clear()
    await rig.every("inventory", 30, 300)
    assert baseten.count("/v1/models/abcd1234/deployments") > 5
    assert rig.page.puts == []
