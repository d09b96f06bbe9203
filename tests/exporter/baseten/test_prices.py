"""Instance types and prices: exact joins, and half of the answer when there is only half."""

from __future__ import annotations

from typing import Any

import pytest
from aiohttp import web

from serving_exporter.platforms.baseten.pricebook import PriceBook
from serving_exporter.platforms.baseten.records import InstanceType, PricedInstanceType
from serving_exporter.platforms.contract import NotPermitted, Unavailable

TYPES, PRICES = "/v1/instance_types", "/v1/instance_type_prices"
KEY = 'model_id="abcd1234",deployment_id="wxyz123"'


def refuse(_: web.Request) -> web.Response:
    return web.json_response({"message": "no"}, status=403)


async def test_values(running: Any, make: Any, baseten: Any) -> None:
    make.inventory(baseten, make.deployment())
    kind = make.instance_type()
    baseten.answers[TYPES] = {"instance_types": [kind]}
    baseten.answers[PRICES] = {"instance_types": [{"instance_type": kind, "price": 0.01414}]}
    rig = await running(baseten=baseten, label=None)
    poll = await rig.poll("inventory", "prices")
    price = next(line for line in rig.page.lines(unit="prices") if "price" in line)
    assert float(price.split()[-1]) == pytest.approx(0.8484)
    assert [line for line in rig.page.lines(unit="prices") if line != price] == [
        f"baseten_deployment_cpu_limit_cores{{{KEY}}} 4.5",
        f"baseten_deployment_gpu_memory_limit_bytes{{{KEY}}} {24576 * 2**20}",
        f"baseten_deployment_gpus{{{KEY}}} 1",
        f"baseten_deployment_memory_limit_bytes{{{KEY}}} {16384 * 2**20}",
    ]
    assert poll.items == 1
    assert rig.platform.sources["prices"].samples() == 5


@pytest.mark.parametrize(
    ("price", "expected"), [(0, 0.0), ("0.01", 0.6), (None, None), (..., None), ("free", None), ("NaN", None), (-1, None)]
)
async def test_a_price_that_is_null_missing_zero_or_text(running: Any, make: Any, baseten: Any, price: Any, expected: float | None) -> None:
    make.inventory(baseten, make.deployment())
    entry = {"instance_type": make.instance_type()} if price is ... else {"instance_type": make.instance_type(), "price": price}
    baseten.answers[PRICES] = {"instance_types": [entry]}
    baseten.answers[TYPES] = {"instance_types": []}
    rig = await running(baseten=baseten, label=None)
    await rig.poll("inventory", "prices")
    lines = rig.page.lines("baseten_deployment_replica_price_dollars_per_hour")
    assert [float(line.split()[-1]) for line in lines] == ([] if expected is None else [pytest.approx(expected)])
    assert rig.page.lines("baseten_deployment_gpus")


@pytest.mark.parametrize("field", ["memory_limit_mib", "millicpu_limit", "gpu_count", "gpu_memory_limit_mib"])
async def test_a_limit_that_is_null_missing_or_zero(running: Any, make: Any, baseten: Any, field: str) -> None:
    make.inventory(
        baseten,
        *(make.deployment(name, instance_type_name=name) for name in ("null", "missing", "zero")),
    )
    baseten.answers[PRICES] = {"instance_types": []}
    baseten.answers[TYPES] = {
        "instance_types": [
            make.instance_type("null", **{field: None}),
            make.instance_type("missing", **{field: ...}),
            make.instance_type("zero", **{field: 0}),
        ]
    }
    rig = await running(baseten=baseten, label=None)
    await rig.poll("inventory", "prices")
    assert len([line for line in rig.page.lines(unit="prices") if '"null"' in line]) == 3
    assert len([line for line in rig.page.lines(unit="prices") if '"missing"' in line]) == 3
    zeros = [line for line in rig.page.lines(unit="prices") if '"zero"' in line]
    assert len(zeros) == 4
    assert [float(line.split()[-1]) for line in zeros].count(0) == 1


def book(*types: tuple[str, str | None, float]) -> PriceBook:
    kinds = [InstanceType(id=type_id, name=name) for type_id, name, _ in types]
    return PriceBook(kinds, [PricedInstanceType(kind, price) for kind, (_, _, price) in zip(kinds, types, strict=True)])


@pytest.mark.parametrize(
    ("wanted", "price"),
    [
        ("H100", 60),  # never H100:2
        ("H100:2", 120),
        ("h100", None),
        ("H10", None),
        ("", None),
        (None, None),
        ("gpu-a", 180),  # by id, as no name is like it
        ("Twin", None),  # two types have that name
        ("id-of-twin-1", 240),
        ("shadow", 300),  # a name goes before an id
    ],
)
def test_matching(wanted: str | None, price: float | None) -> None:
    prices = book(
        ("1", "H100", 1), ("2", "H100:2", 2), ("gpu-a", None, 3), ("id-of-twin-1", "Twin", 4), ("id-of-twin-2", "Twin", 4),
        ("5", "shadow", 5), ("shadow", "other", 6),
    )  # fmt: skip
    quote = prices.find(wanted)
    assert (None if quote is None else quote.dollars_per_hour) == price


async def test_a_deployment_whose_type_is_unknown_has_no_cost(running: Any, make: Any, baseten: Any) -> None:
    make.inventory(baseten, make.deployment(instance_type_name="L4"), make.deployment("none", instance_type_name=None))
    baseten.answers[TYPES] = {"instance_types": [make.instance_type()]}
    baseten.answers[PRICES] = {"instance_types": []}
    rig = await running(baseten=baseten)
    await rig.poll("inventory", "prices")
    assert rig.page.lines(unit="prices") == []


async def test_a_key_that_may_not_see_prices_still_gives_limits(running: Any, make: Any, baseten: Any) -> None:
    make.inventory(baseten, make.deployment())
    baseten.answers[TYPES] = {"instance_types": [make.instance_type(), {"id": 7}]}
    baseten.answers[PRICES] = refuse
    rig = await running(baseten=baseten)
    poll = await rig.poll("inventory", "prices")
    assert set(poll.problems) == {PRICES, f"{TYPES}: instance_types[1]"}
    assert len(rig.page.lines(unit="prices")) == 4
    assert poll.next_in is None


async def test_a_list_that_fails_keeps_its_last_content_and_is_tried_again_soon(running: Any, make: Any, baseten: Any) -> None:
    make.inventory(baseten, make.deployment())
    baseten.answers[TYPES] = {"instance_types": [make.instance_type()]}
    baseten.answers[PRICES] = {"instance_types": [{"instance_type": make.instance_type(), "price": 1}]}
    rig = await running(baseten=baseten)
    await rig.poll("inventory", "prices")
    before = rig.page.blocks()
    baseten.answers[PRICES] = lambda _: web.Response(status=503)
    poll = await rig.poll("prices")
    assert poll.next_in == 300
    assert rig.page.blocks() == before
    await rig.clock.sleep(18 * 3600)
    await rig.poll("prices")
    assert len(rig.page.lines(unit="prices")) == 4  # limits without the price, which is too old


async def test_both_refused(running: Any, baseten: Any) -> None:
    baseten.answers[TYPES] = baseten.answers[PRICES] = refuse
    rig = await running(baseten=baseten)
    with pytest.raises(NotPermitted):
        await rig.poll("prices")


async def test_prices_follow_the_inventory_and_go_with_it(running: Any, make: Any, baseten: Any) -> None:
    baseten.answers[TYPES] = {"instance_types": [make.instance_type()]}
    baseten.answers[PRICES] = {"instance_types": [{"instance_type": make.instance_type(), "price": 1}]}
    make.inventory(baseten, make.deployment())
    rig = await running(baseten=baseten)
    await rig.poll("prices")
    assert rig.page.lines() == []
    await rig.poll("inventory")
    assert len(rig.page.lines(unit="prices")) == 5
    baseten.answers["/v1/models"] = {"models": []}
    await rig.clock.sleep(60)
    await rig.poll("inventory")
    assert rig.page.lines() == []


async def test_failing_prices_leave_the_other_blocks_as_they_are(running: Any, make: Any, baseten: Any) -> None:
    make.inventory(baseten, make.deployment())
    baseten.answers[TYPES] = {"instance_types": [make.instance_type()]}
    baseten.answers[PRICES] = {"instance_types": []}
    rig = await running(baseten=baseten)
    await rig.poll("inventory", "prices")
    before = rig.page.blocks()
    baseten.answers[TYPES] = baseten.answers[PRICES] = lambda _: web.Response(status=500)
    with pytest.raises(Unavailable):
        await rig.poll("prices")
    assert rig.page.blocks() == before
    rig.platform.sources["prices"].expire()
    assert rig.page.blocks() == {unit: block for unit, block in before.items() if unit.startswith("inventory")}
