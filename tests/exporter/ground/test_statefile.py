"""The state file: replaced as a whole, shared by concurrent savers, and never a reason not to start."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest

from serving_exporter.clock import Clock
from serving_exporter.statefile import StateFile


async def opened(path: Path | None) -> StateFile:
    return await asyncio.to_thread(StateFile.open, path)


async def content(path: Path) -> dict[str, Any]:
    return json.loads(await asyncio.to_thread(path.read_text))


async def test_sections_come_back(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "er" / "state.json"
    state = await opened(path)
    state.section("budgets")["feed"] = {"spent": [[1.5, 2.5]]}
    await state.save()
    again = await opened(path)
    assert again.section("budgets") == {"feed": {"spent": [[1.5, 2.5]]}}
    assert again.section("other") == {}
    assert again.same_boot
    assert (await asyncio.to_thread(path.stat)).st_mode & 0o777 == 0o600
    assert [each.name for each in path.parent.iterdir()] == ["state.json"]


@pytest.mark.parametrize(
    "damage", [b"", b"{", b"\xff\xfe", b"[]", b'{"version":1,"sections":3}', b'{"version":99}', b'{"sections":{"a":[]}}', b"[" * 100_000]
)
async def test_a_damaged_file_is_a_fresh_start_said_once(tmp_path: Path, damage: bytes, caplog: pytest.LogCaptureFixture) -> None:
    path = tmp_path / "state.json"
    await asyncio.to_thread(path.write_bytes, damage)
    state = await opened(path)
    assert state.section("a") == {}
    assert not state.same_boot
    assert len(caplog.records) == 1
    assert str(path) in caplog.text
    state.section("a")["x"] = 1
    await state.save()
    assert (await content(path))["sections"] == {"a": {"x": 1}}


async def test_absence_is_not_worth_a_word(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    assert (await opened(tmp_path / "state.json")).section("a") == {}
    assert not caplog.records


async def test_without_a_path_everything_stays_in_memory() -> None:
    state = await opened(None)
    state.section("a")["x"] = 1
    await state.save()
    assert state.section("a") == {"x": 1}


async def test_a_state_of_another_boot_is_recognized(tmp_path: Path) -> None:
    path = tmp_path / "state.json"
    await asyncio.to_thread(path.write_text, '{"version":1,"boot_id":"another","sections":{"a":{"x":1}}}')
    state = await opened(path)
    assert state.section("a") == {"x": 1}
    assert not state.same_boot


async def test_saves_that_wait_together_share_one_write(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    state = await opened(tmp_path / "state.json")
    writes: list[int] = []
    write = state._write
    monkeypatch.setattr(state, "_write", lambda number, data: writes.append(number) or write(number, data))

    async def change(number: int) -> None:
        state.section("a")[str(number)] = number
        await state.save()
        assert (await content(tmp_path / "state.json"))["sections"]["a"][str(number)] == number

    await asyncio.gather(*(change(number) for number in range(50)))
    assert len(writes) <= 3


async def test_an_older_write_never_replaces_a_newer_one(tmp_path: Path) -> None:
    state = await opened(tmp_path / "state.json")
    assert await asyncio.to_thread(state._write, 2, b'{"version":1}') is None
    assert await asyncio.to_thread(state._write, 1, b"old") is None
    assert await content(tmp_path / "state.json") == {"version": 1}


async def test_a_disk_that_refuses_is_said_once_and_stops_nothing(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO")
    blocker = tmp_path / "file"
    await asyncio.to_thread(blocker.write_text, "not a directory")
    state = await opened(blocker / "state.json")
    caplog.clear()
    for _ in range(3):
        await state.save()
    assert len(caplog.records) == 1
    assert "rate budgets start afresh" in caplog.text
    await asyncio.to_thread(blocker.unlink)
    await state.save()
    assert "can be written again" in caplog.records[-1].message
    assert (await content(blocker / "state.json"))["version"] == 1


async def test_touched_changes_are_written_in_the_background_and_at_the_end(tmp_path: Path) -> None:
    path = tmp_path / "state.json"
    state = await opened(path)
    clock = Clock(epoch=0.0)
    task = asyncio.create_task(state.run(clock, every=5))
    state.section("a")["x"] = 1
    state.touch()
    await clock.sleep(6)
    assert (await content(path))["sections"] == {"a": {"x": 1}}
    state.section("a")["x"] = 2
    await clock.sleep(60)
    assert (await content(path))["sections"] == {"a": {"x": 1}}, "untouched: nothing to write"
    state.touch()
    await asyncio.sleep(0)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    assert (await content(path))["sections"] == {"a": {"x": 2}}
