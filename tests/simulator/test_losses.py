"""What an exporter could not read: which series end, and what it says of the source meanwhile."""

from __future__ import annotations

import numpy as np
import pytest

from serving_simulator.recording.losses import Loss, lost

START, END = 10, 30
_OWN = "serving_exporter_source_"


def seen(loss: Loss, name: str, source: str) -> list[float]:
    """A series of 60 scrapes that rises by one each and is read from ``source``, as it is seen with the loss."""
    return [float(value) for value in lost(loss, {"__name__": name}, np.arange(60.0), source)]


def known(values: list[float]) -> list[int]:
    return [scrape for scrape, value in enumerate(values) if not np.isnan(value)]


@pytest.mark.parametrize("what", ["failing", "throttled", "unsupported", "stale"])
def test_a_source_that_is_not_read_is_shown_for_five_minutes_more_and_others_go_on(what: str) -> None:
    loss = Loss(what, START, END, "feed")  # type: ignore[arg-type]
    assert known(seen(loss, "baseten_replicas_active", "feed")) == [*range(START + 5), *range(END, 60)]
    assert known(seen(loss, "baseten_deployment_max_replicas", "inventory")) == list(range(60))
    other = lost(loss, {"__name__": f"{_OWN}up", "source": "inventory"}, np.ones(60), "")
    assert set(other) == {1}


def test_without_the_exporter_there_is_nothing_at_all() -> None:
    loss = Loss("exporter", START, END)
    for name in ("baseten_replicas_active", f"{_OWN}up"):
        assert known(seen(loss, name, "feed" if name.startswith("baseten") else "")) == [*range(START), *range(END, 60)]


@pytest.mark.parametrize(
    ("what", "up", "supported"),
    [("failing", 0, 1), ("throttled", 0, 1), ("unsupported", 0, 0), ("stale", 1, 1)],
)
def test_what_an_exporter_says_of_the_source(what: str, up: int, supported: int) -> None:
    loss = Loss(what, START, END, "feed")  # type: ignore[arg-type]
    for name, during in ((f"{_OWN}up", up), (f"{_OWN}supported", supported)):
        values = lost(loss, {"__name__": name, "source": "feed"}, np.ones(60), "")
        assert set(values[START:END]) == {during}, name
        assert set(values[:START]) == set(values[END:]) == {1}, name
    last = lost(loss, {"__name__": f"{_OWN}last_success_timestamp_seconds", "source": "feed"}, np.arange(60.0), "")
    assert set(last[START:END]) == {START - 1}


def test_refused_polls_are_counted_and_stay_counted() -> None:
    loss = Loss("throttled", START, END, "feed")
    refused = lost(loss, {"__name__": f"{_OWN}polls_total", "source": "feed", "outcome": "throttled"}, np.zeros(60), "")
    assert list(refused[START:END]) == list(range(1, END - START + 1))
    assert set(refused[END:]) == {END - START}
    worked = lost(loss, {"__name__": f"{_OWN}polls_total", "source": "feed", "outcome": "success"}, np.arange(60.0), "")
    assert set(worked[START:END]) == {START - 1}
