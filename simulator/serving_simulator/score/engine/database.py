"""A Prometheus of our own that holds a recording: it listens on the loopback, scrapes nothing, and ends with its context."""

from __future__ import annotations

import http.client
import json
import re
import subprocess
import tempfile
import time
import urllib.parse
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import msgspec
import numpy as np
from numpy.typing import NDArray

from serving_simulator.score.engine.remote_write import STALE, compressed, element, label_bytes, sample_bytes

__all__ = ["Database", "EngineError", "Labels", "Series", "database"]

Labels = Mapping[str, str]
Series = tuple[Labels, NDArray[np.float64]]
"""Labels, ``__name__`` among them, and a sample for each step, NaN where there is none."""

_MESSAGE = 8_000_000
"""Bytes of a remote-write message."""
_POINTS = 10_000
"""Steps of one range query; Prometheus answers at most 11 000."""
_PATIENCE = 600.0
_FOREVER = "10y"
_LISTENING = re.compile(r'msg="Listening on".* address=(\S+)')


class EngineError(RuntimeError):
    """Prometheus could not play: the text is what it said."""


class _Result(msgspec.Struct):
    metric: dict[str, str]
    values: list[tuple[float, str]] = []
    value: tuple[float, str] = (0.0, "0")


class _Data(msgspec.Struct):
    result: list[_Result]


class _Answer(msgspec.Struct):
    data: _Data


_DECODER = msgspec.json.Decoder(_Answer)


class Database:
    """Speaks with a running Prometheus. Steps are counted from ``start``, one every ``step`` seconds."""

    def __init__(self, address: str, start: int, step: int) -> None:
        self._connection = http.client.HTTPConnection(address, timeout=_PATIENCE)
        self._start = start
        self._step = step
        self._encoded: dict[int, tuple[Labels, bytes]] = {}
        """Labels of single samples, by identity, kept alive: the same series come at every step."""

    def close(self) -> None:
        """Hang up."""
        self._connection.close()

    def write(self, series: Iterable[Series]) -> None:
        """Write series as scrapes would have: a gap begins with the mark of an end. Raises ``EngineError``."""
        pending: list[bytes] = []
        size = 0
        for labels, values in series:
            absent = np.isnan(values)
            ends = np.flatnonzero(absent[1:] & ~absent[:-1]) + 1
            kept = ~absent
            kept[ends] = True
            steps = np.flatnonzero(kept)
            if not steps.size:
                continue
            samples = values[steps]
            samples[absent[steps]] = STALE
            pending.append(element(label_bytes(labels) + sample_bytes(self._milliseconds(steps), samples)))
            size += len(pending[-1])
            if size > _MESSAGE:
                self._send(b"".join(pending))
                pending, size = [], 0
        if pending:
            self._send(b"".join(pending))

    def write_step(self, step: int, samples: Iterable[tuple[Labels, float]]) -> None:
        """Write one sample for each series; NaN is the mark of an end."""
        found = list(samples)
        if not found:
            return
        for labels, _ in found:
            if id(labels) not in self._encoded:
                self._encoded[id(labels)] = labels, label_bytes(labels)
        values = np.array([value for _, value in found])
        values[np.isnan(values)] = STALE
        each = sample_bytes(np.repeat(self._milliseconds(np.array([step])), values.size), values)
        size = len(each) // values.size
        parts = (self._encoded[id(labels)][1] + each[place * size : (place + 1) * size] for place, (labels, _) in enumerate(found))
        self._send(b"".join(element(part) for part in parts))

    def range(self, expr: str, steps: int) -> Iterator[Series]:
        """Evaluate an expression at each step; yield the series of the answer. Raises ``EngineError``."""
        found: dict[tuple[tuple[str, str], ...], NDArray[np.float64]] = {}
        for first in range(0, steps, _POINTS):
            last = min(first + _POINTS, steps) - 1
            asked = {"query": expr, "start": self._moment(first), "end": self._moment(last), "step": self._step}
            for result in self._ask("/api/v1/query_range", asked):
                key = tuple(result.metric.items())
                values = found.get(key)
                if values is None:
                    values = found[key] = np.full(steps, np.nan)
                times = np.array([moment for moment, _ in result.values])
                values[np.rint((times - self._start) / self._step).astype(np.int64)] = np.array(
                    [float(text) for _, text in result.values], np.float64
                )
        return ((dict(key), values) for key, values in found.items())

    def instant(self, expr: str, step: int) -> list[tuple[dict[str, str], float]]:
        """Evaluate an expression at one step. Raises ``EngineError``."""
        answer = self._ask("/api/v1/query", {"query": expr, "time": self._moment(step)})
        return [(result.metric, float(result.value[1])) for result in answer]

    def _moment(self, step: int) -> int:
        return self._start + step * self._step

    def _milliseconds(self, steps: NDArray[np.int64]) -> NDArray[np.int64]:
        return 1000 * (self._start + steps.astype(np.int64) * self._step)

    def _ask(self, path: str, parameters: Mapping[str, object]) -> list[_Result]:
        body = urllib.parse.urlencode(parameters).encode()
        return _DECODER.decode(self._post(path, body, {"Content-Type": "application/x-www-form-urlencoded"})).data.result

    def _send(self, message: bytes) -> None:
        headers = {
            "Content-Type": "application/x-protobuf",
            "Content-Encoding": "snappy",
            "X-Prometheus-Remote-Write-Version": "0.1.0",
        }
        self._post("/api/v1/write", compressed(message), headers)

    def _post(self, path: str, body: bytes, headers: Mapping[str, str]) -> bytes:
        try:
            self._connection.request("POST", path, body, dict(headers))
            response = self._connection.getresponse()
            said = response.read()
        except (OSError, http.client.HTTPException) as error:
            raise EngineError(f"Prometheus is gone: {error}") from None
        if response.status >= 300:
            raise EngineError(f"Prometheus refuses {path}: {_complaint(said)}")
        return said


def _complaint(said: bytes) -> str:
    try:
        return str(json.loads(said)["error"])
    except (ValueError, KeyError, TypeError):
        return said.decode("utf-8", "replace").strip()[:1000]


@contextmanager
def database(prometheus: str, start: int, step: int) -> Iterator[Database]:
    """Run a Prometheus with an empty database in a folder of its own. Raises ``EngineError`` when it does not start."""
    with tempfile.TemporaryDirectory(prefix="score-") as name:
        folder = Path(name)
        (folder / "prometheus.yml").write_text("{}\n")
        log = folder / "log"
        with log.open("w") as said:
            program = subprocess.Popen(  # noqa: S603 - our own arguments
                [
                    prometheus,
                    f"--config.file={folder / 'prometheus.yml'}",
                    f"--storage.tsdb.path={folder / 'data'}",
                    "--web.listen-address=127.0.0.1:0",
                    "--web.enable-remote-write-receiver",
                    # Everything stays in the head, in the order of each series; nothing is compacted or dropped meanwhile.
                    "--storage.tsdb.min-block-duration=365d",
                    "--storage.tsdb.max-block-duration=365d",
                    f"--storage.tsdb.retention.time={_FOREVER}",
                    "--query.max-samples=1000000000",
                    f"--query.timeout={_PATIENCE:.0f}s",
                ],
                stdout=said,
                stderr=subprocess.STDOUT,
            )
        try:
            found = Database(_ready(program, log), start, step)
            try:
                yield found
            finally:
                found.close()
        finally:
            program.kill()  # its data goes with it
            program.wait()


def _ready(program: subprocess.Popen[bytes], log: Path, within: float = 30.0) -> str:
    """Return the address of a Prometheus once it answers."""
    end = time.monotonic() + within
    while time.monotonic() < end and program.poll() is None:
        if address := _LISTENING.search(log.read_text()):
            connection = http.client.HTTPConnection(address[1], timeout=5)
            try:
                connection.request("GET", "/-/ready")
                if connection.getresponse().status == 200:
                    return address[1]
            except OSError:
                pass
            finally:
                connection.close()
        time.sleep(0.05)
    raise EngineError(f"Prometheus did not start: {log.read_text().strip()[-2000:]}")
