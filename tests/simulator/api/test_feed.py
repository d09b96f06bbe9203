"""The export feed: text, scope, limit, sameness."""

from __future__ import annotations

import asyncio
import math
import shutil
import subprocess

import pytest
from prometheus_client.parser import text_string_to_metric_families

from serving_simulator.api.feed_text import FeedRenderer, spell_value
from serving_simulator.views import FeedFamily, FeedPage

from .conftest import Rig


async def test_page_is_the_worlds_page(rig: Rig) -> None:
    reply = await rig.ask("/metrics")
    assert reply.status == 200
    assert reply.headers["Content-Type"] == "text/plain; version=0.0.4; charset=utf-8"
    text = reply.body.decode()
    assert text.startswith("# HELP baseten_concurrent_requests In-flight\\nrequests.\n# TYPE baseten_concurrent_requests gauge\n")
    assert 'baseten_concurrent_requests{model_id="modela",model_name="chat",deployment_id="prod1",environment="production"} 0\n' in text
    assert 'model_name="odd \\"name\\"\\\\"' in text
    assert 'vllm:num_requests_running{deployment_id="prod1",replica="abcde"} 0.5\n' in text
    assert 'le="+Inf"} 5\n' in text
    assert "baseten_container_restarts_total{" in text
    assert text.endswith(" 1000000\n")


async def test_body_is_identical_until_the_next_page(rig: Rig) -> None:
    first = (await rig.ask("/metrics")).body
    await rig.clock.sleep(20)
    assert (await rig.ask("/metrics")).body == first
    await rig.clock.sleep(15)
    second = (await rig.ask("/metrics")).body
    assert b'deployment_id="prod1",environment="production"} 1\n' in second
    assert second != first


async def test_concurrent_readers_get_one_rendering(rig: Rig) -> None:
    replies = await asyncio.gather(*(rig.ask("/metrics") for _ in range(5)))
    assert {reply.status for reply in replies} == {200}
    assert len({reply.body for reply in replies}) == 1


async def test_scoped_key_sees_only_its_models(rig: Rig) -> None:
    everything = (await rig.ask("/metrics")).body.decode()
    scoped = (await rig.ask("/metrics", key="scoped.secret")).body.decode()
    assert 'model_id="modelb"' in everything
    assert 'model_id="modelb"' not in scoped
    assert 'model_id="modela"' in scoped
    assert "vllm:num_requests_running" in scoped  # its deployment belongs to the model
    rig.world.deployment_list = [view for view in rig.world.deployment_list if view.id != "prod1"]
    await rig.clock.sleep(60)
    assert "vllm:num_requests_running" not in (await rig.ask("/metrics", key="scoped.secret")).body.decode()


async def test_seventh_request_in_a_minute_is_refused_for_the_whole_organization(rig: Rig) -> None:
    keys = ["full.secret", "team.secret", "export.secret"] * 2
    assert [(await rig.ask("/metrics", key=key)).status for key in keys] == [200] * 6
    refused = await rig.ask("/metrics", key="scoped.secret")
    assert (refused.status, refused.body) == (429, b"")
    assert "Retry-After" not in refused.headers
    await rig.clock.sleep(59)
    assert (await rig.ask("/metrics")).status == 429
    await rig.clock.sleep(1.5)
    assert (await rig.ask("/metrics")).status == 200


async def test_only_get_and_head(rig: Rig) -> None:
    assert (await rig.ask("/metrics", method="POST")).status == 405
    reply = await rig.ask("/metrics", method="HEAD")
    assert (reply.status, reply.body) == (200, b"")


async def test_promtool_and_the_reference_parser_read_it(rig: Rig) -> None:
    text = (await rig.ask("/metrics")).body.decode()
    lines = [line for line in text.splitlines() if line and not line.startswith("#")]
    parsed = sum(len(family.samples) for family in text_string_to_metric_families(text))
    assert parsed == len(lines) == 11
    tool = shutil.which("promtool")
    if tool is None:
        pytest.skip("promtool is not on PATH")
    run = await asyncio.to_thread(
        subprocess.run, [tool, "check", "metrics"], input=text, capture_output=True, text=True, timeout=20, check=False
    )
    assert "error while linting" not in run.stderr, run.stderr
    assert "text format parsing error" not in run.stderr, run.stderr


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.0, "0"),
        (-0.0, "0"),
        (1e6, "1000000"),
        (0.1, "0.1"),
        (1e20, "1e+20"),
        (math.inf, "+Inf"),
        (-math.inf, "-Inf"),
        (math.nan, "NaN"),
        (3, "3"),
    ],
)
def test_values_are_spelled_as_the_format_wants(value: float, text: str) -> None:
    assert spell_value(value) == text


async def test_large_page_lets_the_loop_breathe(rig: Rig) -> None:
    labels = [(("model_id", f"m{number}"), ("deployment_id", f"d{number}")) for number in range(10_000)]
    families = tuple(FeedFamily(f"baseten_f{index}", "gauge", "x", tuple(("", each, 1.0) for each in labels)) for index in range(10))
    page = FeedPage(0.0, 0.0, families)
    turns = 0

    async def count() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    counting = asyncio.create_task(count())
    text = await FeedRenderer().render(page, None, rig.world)
    counting.cancel()
    assert text.count(b"\n") == 100_000 + 20
    assert turns > 20
