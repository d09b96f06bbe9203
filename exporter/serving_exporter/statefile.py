"""The small file that lets a restarted exporter remember: spent rate budgets, since when a status holds, where the event log was read to.

It is a convenience with one duty: a crash loop must not spend a budget again. Everything else survives its loss, so a file that is absent,
unreadable or damaged is a fresh start, logged once, and a disk that refuses writes is logged once and does not stop the service. It never
holds a key.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import threading
from pathlib import Path
from typing import Any

import msgspec

from serving_exporter.clock import Clock

__all__ = ["StateFile"]

_log = logging.getLogger(__name__)

_VERSION = 1
_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")


class _Content(msgspec.Struct):
    """What is in the file. ``boot_id`` tells whether monotonic times of the file can be compared with those of this process."""

    version: int = _VERSION
    boot_id: str | None = None
    sections: dict[str, dict[str, Any]] = msgspec.field(default_factory=dict)


class StateFile:
    """Named sections of plain JSON values, kept in one file that is only ever replaced as a whole.

    ``path`` None keeps everything in memory. ``same_boot`` says that the file was written since this host last started.
    """

    def __init__(self, path: Path | None) -> None:
        self.path = path
        self.same_boot = False
        self._content = _Content()
        self._touched = asyncio.Event()
        self._turn = asyncio.Lock()
        self._asked = 0
        self._covered = 0
        self._failing = False
        self._disk = threading.Lock()
        self._on_disk = 0

    @classmethod
    def open(cls, path: Path | None) -> StateFile:
        """Read the file, if there is one. Blocking: call it before the loop runs or in a thread."""
        state = cls(path)
        state._read()
        return state

    def section(self, name: str) -> dict[str, Any]:
        """Give the section of that name, empty at first. Change it in place, then ``touch()`` or ``await save()``."""
        return self._content.sections.setdefault(name, {})

    def touch(self) -> None:
        """Note that something changed that may be written a few seconds later, by ``run``."""
        self._touched.set()

    async def save(self) -> None:
        """Return when everything changed before this call is in the file. Calls that wait together share one write."""
        if self.path is None:
            return
        self._asked += 1
        mine = self._asked
        async with self._turn:
            if self._covered >= mine:
                return
            covers = self._asked
            self._touched.clear()
            data = msgspec.json.encode(self._content)
            error: OSError | None = None
            try:
                error = await asyncio.to_thread(self._write, covers, data)
            except asyncio.CancelledError:
                self._touched.set()  # the write may not have begun: ``run`` makes up for it
                raise
            if error is not None:
                self._touched.set()
            self._covered = covers
            self._report(error)

    async def run(self, clock: Clock, *, every: float = 5.0) -> None:
        """Write what was touched, at most once in ``every`` seconds, for ever; a last time when cancelled."""
        try:
            while True:
                await self._touched.wait()
                await self.save()
                await clock.sleep(every)
        finally:
            if self._touched.is_set():
                await self.save()

    def _read(self) -> None:
        with contextlib.suppress(OSError):
            self._content.boot_id = _BOOT_ID.read_text().strip() or None
        if self.path is None:
            return
        try:
            content = msgspec.json.decode(self.path.read_bytes(), type=_Content)
            if content.version != _VERSION:
                raise ValueError(f"version {content.version}, this program knows {_VERSION}")
        except FileNotFoundError:
            return
        except OSError as error:
            _log.warning("state file %s: %s; starting without it", self.path, error.strerror)
            return
        except (ValueError, RecursionError) as error:
            _log.warning("state file %s is damaged (%s); starting without it", self.path, error)
            return
        self.same_boot = content.boot_id is not None and content.boot_id == self._content.boot_id
        self._content.sections = content.sections

    def _write(self, number: int, data: bytes) -> OSError | None:
        """Replace the file by ``data`` unless a later write is there already: a cancelled caller's thread may end after its successor's."""
        path = self.path
        if path is None:
            return None
        with self._disk:
            if number <= self._on_disk:
                return None
            temporary = path.with_name(f"{path.name}.{os.getpid()}.tmp")
            try:
                path.parent.mkdir(parents=True, exist_ok=True)
                # No fsync: the file guards against a process that restarts, and a host that lost power was away longer than any window.
                temporary.write_bytes(data)
                temporary.chmod(0o600)
                temporary.replace(path)
            except OSError as error:
                return error
            self._on_disk = number
        return None

    def _report(self, error: OSError | None) -> None:
        if error is not None and not self._failing:
            _log.warning("state file %s cannot be written (%s); after a restart rate budgets start afresh", self.path, error.strerror)
        elif error is None and self._failing:
            _log.info("state file %s can be written again", self.path)
        self._failing = error is not None
