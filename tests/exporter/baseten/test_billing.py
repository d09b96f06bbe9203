"""Billed usage: money in both spellings, by day."""

from __future__ import annotations

from typing import Any

import pytest
from aiohttp import web

from serving_exporter.platforms.contract import Malformed, NotPermitted

USAGE = "/v1/billing/usage_summary"


def kind(*items: Any, **changes: Any) -> dict[str, Any]:
    return {"subtotal": 10.0, "credits_used": "0", "total": "10.00", "minutes": 5, "breakdown": list(items), **changes}


def item(**days: Any) -> dict[str, Any]:
    daily = [{"date": f"2026-09-{name[1:]}", "subtotal": amount, "minutes": 1} for name, amount in days.items()]
    return {"billable_resource": {"id": "x", "kind": "MODEL_DEPLOYMENT"}, "subtotal": 1, "daily": daily}


async def test_dollars_by_kind_and_day(running: Any, baseten: Any) -> None:
    baseten.answers[USAGE] = {
        "dedicated_usage": kind(item(d20=0.1, d21="1.25"), item(d20=0.2)),
        "training_usage": kind(item(d21=0)),
        "model_apis_usage": None,
    }
    rig = await running(baseten=baseten)
    poll = await rig.poll("billing")
    name = 'baseten_usage_dollars{workspace="default",kind='
    lines = rig.page.lines("baseten_usage_dollars")
    assert lines[1:] == [f'{name}"dedicated",date="2026-09-21"}} 1.25', f'{name}"training",date="2026-09-21"}} 0.0']
    assert float(lines[0].removeprefix(f'{name}"dedicated",date="2026-09-20"}} ')) == pytest.approx(0.3)
    assert poll.items == 3
    assert dict(baseten.requests[0].query) == {"start_date": "2026-09-14T00:00:00Z", "end_date": "2026-09-21T14:13:20Z"}


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"dedicated_usage": None},
        {"dedicated_usage": kind(breakdown=None)},
        {"dedicated_usage": kind(breakdown=...) | {"breakdown": []}},
        {"dedicated_usage": {"total": 5}},
        {"dedicated_usage": kind({"subtotal": 3, "daily": None}, {"subtotal": 4})},
    ],
)
async def test_no_daily_figures_no_samples(running: Any, baseten: Any, body: Any) -> None:
    if "dedicated_usage" in body and body["dedicated_usage"] and body["dedicated_usage"].get("breakdown") is ...:
        del body["dedicated_usage"]["breakdown"]
    baseten.answers[USAGE] = body
    rig = await running(baseten=baseten)
    poll = await rig.poll("billing")
    assert rig.page.lines() == []
    assert not poll.problems


async def test_a_day_with_a_null_part_is_not_known(running: Any, baseten: Any) -> None:
    baseten.answers[USAGE] = {"dedicated_usage": kind(item(d20=1, d21=2), item(d20=None))}
    rig = await running(baseten=baseten, label=None)
    await rig.poll("billing")
    assert rig.page.lines() == ['baseten_usage_dollars{kind="dedicated",date="2026-09-21"} 2.0']


async def test_a_broken_part_costs_its_kind_as_a_sum_without_it_would_be_wrong(running: Any, baseten: Any) -> None:
    broken = {"daily": [{"date": "some day", "subtotal": 1}]}
    baseten.answers[USAGE] = {"dedicated_usage": kind(item(d20=1), broken), "training_usage": kind(item(d20=3))}
    rig = await running(baseten=baseten, label=None)
    poll = await rig.poll("billing")
    assert set(poll.problems) == {"dedicated"}
    assert rig.page.lines() == ['baseten_usage_dollars{kind="training",date="2026-09-20"} 3.0']


async def test_the_window_does_not_begin_before_the_api_does(running: Any, baseten: Any) -> None:
    baseten.answers[USAGE] = {}
    rig = await running(baseten=baseten, epoch=1_767_312_000.0)  # 2026-01-02
    await rig.poll("billing")
    assert baseten.requests[0].query["start_date"] == "2026-01-01T00:00:00Z"


async def test_it_is_off_unless_enabled(running: Any) -> None:
    rig = await running()
    assert not rig.platform._context.workspace.sources.billing.enabled


@pytest.mark.parametrize(("status", "error"), [(403, NotPermitted), (200, Malformed)])
async def test_refused_or_broken(running: Any, baseten: Any, status: int, error: type[Exception]) -> None:
    baseten.answers[USAGE] = lambda _: web.Response(status=status, text="[]")
    rig = await running(baseten=baseten)
    with pytest.raises(error):
        await rig.poll("billing")
