"""One canary key through everything that this floor does with keys: it must come out at the request header and nowhere else."""

from __future__ import annotations

import asyncio
import contextlib
import io
import json
import logging
import traceback
from collections.abc import Iterator
from pathlib import Path

import pytest

from serving_exporter.budgets import AdaptivePolicy, BudgetRegistry, WindowPolicy, scope_of
from serving_exporter.clock import Clock
from serving_exporter.config import Config, ConfigError, load
from serving_exporter.logs import configure
from serving_exporter.platforms.contract import Poll, Unavailable
from serving_exporter.polling import Poller
from serving_exporter.statefile import StateFile
from serving_exporter.telemetry import Telemetry

CANARY = "kAnArY99.cAnArYcAnArYcAnArY"
PARTS = (CANARY, CANARY.partition(".")[2])


@pytest.fixture(params=["logfmt", "json"])
def log_stream(request: pytest.FixtureRequest) -> Iterator[io.StringIO]:
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    stream = io.StringIO()
    configure("debug", request.param, stream)
    yield stream
    root.handlers[:] = handlers
    root.setLevel(level)


def configured(folder: Path) -> Config:
    (folder / "key").write_text(CANARY + "\n")
    file = folder / "config.yaml"
    file.write_text(
        f"proxy_url: http://user:{CANARY}@proxy:1\nworkspaces:\n- {{name: inline, api_key: {CANARY}}}\n"
        "- {name: variable, api_key: '${CANARY}'}\n- {name: file, key_file: key}\n"
    )
    return load(file, {"CANARY": CANARY})


class Leaky:
    """A source whose errors hold the key, as those of a careless library would."""

    name = "feed"
    blind_without = "load"

    async def poll(self) -> Poll:
        try:
            raise RuntimeError(f"headers: Authorization: Bearer {CANARY}")
        except RuntimeError as error:
            raise Unavailable(f"GET with {CANARY} failed") from error

    def samples(self) -> int:
        return 0

    def expire(self) -> None:
        raise ValueError(CANARY)


class LeakyBug(Leaky):
    async def poll(self) -> Poll:
        raise KeyError(CANARY)


async def test_the_canary_is_never_seen(tmp_path: Path, log_stream: io.StringIO) -> None:
    seen: list[str] = []
    log = logging.getLogger("serving_exporter.canary")
    config = await asyncio.to_thread(configured, tmp_path)
    seen += [repr(config), str(config), f"{config}", repr(config.workspaces[0].key_sources())]
    log.info("configuration: %r", config)

    clock = Clock(epoch=1e9)
    telemetry = Telemetry()
    state_path = tmp_path / "state.json"
    state = await asyncio.to_thread(StateFile.open, state_path)
    budgets = BudgetRegistry(clock, state, telemetry)
    for workspace in config.workspaces:
        source = workspace.key_sources()["feed"]
        secret = await source.current()
        assert secret.reveal() == CANARY
        seen += [repr(source), repr(secret), f"{secret:s}", str([secret]), scope_of(None, secret)]
        for policy in (WindowPolicy(4, 60.0), AdaptivePolicy()):
            budget = budgets.get(type(policy).__name__, scope_of(None, secret), policy)
            with await budget.acquire():
                budget.throttled(0)
        try:
            raise RuntimeError("outer", secret, source) from ValueError(f"Bearer {secret.reveal()}")
        except RuntimeError as error:
            log.exception("failed: %s", secret.reveal(), extra={"key": secret.reveal()})
            seen.append(repr(error))
    await state.save()
    seen.append(await asyncio.to_thread(state_path.read_text))

    for kind in (Leaky, LeakyBug):
        poller = Poller(kind(), workspace="w", interval=30, max_age=60, clock=clock, telemetry=telemetry)
        task = asyncio.create_task(poller.run())
        await clock.sleep(200)
        seen.append(repr(poller.state))
        assert "[secret]" in str(poller.state.last_error)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)

    seen += [page.decode() for page in await telemetry.render()]
    seen.append(log_stream.getvalue())
    assert "Traceback" in log_stream.getvalue()
    assert log_stream.getvalue().count("[secret]") > 10
    for text in seen:
        for part in PARTS:
            assert part not in text


def test_the_canary_in_a_bad_configuration(tmp_path: Path) -> None:
    file = tmp_path / "config.yaml"
    file.write_text(f"workspaces: [{{api_key: {CANARY}, nonsense: {CANARY}, name: {CANARY}, sources: {CANARY}}}]\n{CANARY}: {CANARY}\n")
    with pytest.raises(ConfigError) as caught:
        load(file, {})
    text = "".join(traceback.format_exception(caught.value)) + repr(caught.value) + json.dumps(caught.value.problems)
    assert len(caught.value.problems) == 3
    assert not [part for part in PARTS if part in text]


async def test_a_canary_that_replaces_another_is_known_too(tmp_path: Path, log_stream: io.StringIO) -> None:
    config = await asyncio.to_thread(configured, tmp_path)
    source = config.workspaces[2].key_sources()["feed"]
    await source.current()
    rotated = "kAnArY99.rOtAtEdrOtAtEdrOtAtEd"
    await asyncio.to_thread((tmp_path / "key").write_text, rotated)
    secret = await source.current()
    with contextlib.suppress(RuntimeError):
        raise RuntimeError(rotated)
    logging.getLogger("x").warning("new key %s", rotated)
    assert secret.reveal() == rotated
    assert "rOtAtEd" not in log_stream.getvalue()
