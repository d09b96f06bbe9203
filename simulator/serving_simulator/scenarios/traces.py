"""Recorded traffic replayed: the arrivals of real services, scaled to fleets of sensible size, under three kinds of settings.

A folder of traces has an ``index.json`` whose ``entries`` name the files (``file``, ``kind`` arrivals, ``bin_seconds``,
``peak_to_mean_600s``, ``mean_rps``) and files with the columns ``second_offset,requests``. Under settings that suit it, real traffic is
the negative that counts most. Under the platform's default, and under bad ones, nobody has labelled what should be said: it is
reported, and neither right nor wrong.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from serving_simulator.engine.queueing import Reals
from serving_simulator.engine.workloads import read_trace
from serving_simulator.fleet import FleetError
from serving_simulator.scenarios.scenario import HEALTHY, Scenario, model_of

__all__ = ["SETTINGS", "TracesError", "traces"]

SETTINGS = ("recommended", "default", "bad")
_SERVICES = (1.0, 4.0, 15.0)
"""Seconds of one request: a classifier, a short answer, a long one."""
_TARGET = 4
_MEAN_REPLICAS = 2.0
_MOST_REPLICAS = 60
_SHORTEST, _DAY = 6 * 3600, 24 * 3600
"""Seconds. A trace of less than a day is replayed for a working day, a longer one as long as asked; where it ends it begins again."""


class TracesError(ValueError):
    """A folder of traces cannot be used: the text says which file and what is allowed."""


@dataclass(frozen=True, slots=True)
class _Trace:
    path: Path
    bin_seconds: float
    requests: Reals

    @property
    def mean(self) -> float:
        """Requests a second."""
        return float(self.requests.mean() / self.bin_seconds)

    def peak(self, minutes: float) -> float:
        """Return requests a second in the busiest stretch of that length."""
        width = max(1, round(60 * minutes / self.bin_seconds))
        sums = np.convolve(self.requests, np.ones(width), "valid") if width <= self.requests.size else self.requests.sum(keepdims=True)
        return float(sums.max() / (width * self.bin_seconds))


def traces(folder: Path, hours: int) -> Iterator[Scenario]:
    """Yield replays of every arrival trace of a folder that is long enough. Raises ``TracesError``."""
    for trace in _read(folder):
        length = hours * 60 if trace.requests.size * trace.bin_seconds >= _DAY else min(hours, 8) * 60
        for service in _SERVICES:
            scale = _scale(trace, service)
            for settings in SETTINGS if service == _SERVICES[1] else SETTINGS[:1]:
                name = f"trace-{trace.path.name.split('.')[0]}-{service:g}s-{settings}".replace("_", "-")
                model = model_of(name, _deployment(trace, scale, service, settings), age="30d")
                minutes = length if settings == SETTINGS[0] else min(length, _DAY // 60)
                yield Scenario(name, f"traffic, {settings} settings", HEALTHY, minutes, [model])


def _scale(trace: _Trace, service: float) -> float:
    """Return the share of the trace that comes to the fleet: two busy replicas in the mean, and no more than it can have at the peak."""
    mean = _MEAN_REPLICAS * _TARGET / (trace.mean * service)
    return float(min(mean, 0.6 * _MOST_REPLICAS * _TARGET / (trace.peak(1) * service)))


def _deployment(trace: _Trace, scale: float, service: float, settings: str) -> Mapping[str, Any]:
    slots = trace.peak(10) * scale * service / _TARGET
    burst = trace.peak(1) * scale * service / _TARGET
    autoscaling = {
        # As the platform's guide says: a floor that bursts find, a ceiling above them, a delay longer than their pauses.
        "recommended": {
            "min_replica": max(2, int(np.ceil(burst * 0.9))),
            "max_replica": max(4, int(np.ceil(2.5 * max(slots, burst)))),
            "scale_down_delay": 3600,
            "concurrency_target": _TARGET,
        },
        "default": {},
        "bad": {"min_replica": 0, "max_replica": max(1, int(slots)), "scale_down_delay": 60, "concurrency_target": _TARGET},
    }[settings]
    return {
        "instance_type": "H100",
        "autoscaling": autoscaling,
        "service": {"mean": service, "cv": 0.6, "knee": 1.5 * _TARGET, "patience": 300},
        "startup": {"scheduling": 15, "weight_download": 20, "container_start": 45},
        "workload": {"patterns": [{"kind": "replay", "path": str(trace.path), "scale": scale}]},
    }


def _read(folder: Path) -> Iterator[_Trace]:
    index = folder / "index.json"
    try:
        entries = json.loads(index.read_text(encoding="utf-8"))["entries"]
        files = [entry["file"] for entry in entries if entry["kind"] == "arrivals"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise TracesError(f"{index}: found no index of traces ({error}), allowed: JSON with entries, each with file and kind") from None
    for name in files:
        path = (folder / name).resolve()
        try:
            bin_seconds, requests = read_trace(path)
        except FleetError as error:
            raise TracesError(str(error)) from None
        if requests.size * bin_seconds >= _SHORTEST and requests.any():
            yield _Trace(path, bin_seconds, requests)
