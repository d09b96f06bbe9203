"""Rules for every test: virtual time (looptime, switched on in pyproject.toml), no blocking call on the event loop, no stray warning."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from blockbuster import BlockBuster, blockbuster_ctx

_LONG = ("TestPack::test_they_pass", "test_scenarios.py::test_each_raises", "test_site.py", "test_wheel.py")
"""Tests that take a minute and more: a worker that met one last would keep the others waiting."""

_COURTEOUS = 15
"""The priority (as of ``nice``) of a worker that has time."""

SHARED = Path(__file__).resolve().parents[2] / "shared"


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put tests on the wall clock first and one after the other (they would take each other's processor), then the long ones."""
    for item in items:
        if item.get_closest_marker("real_time"):
            item.add_marker(pytest.mark.xdist_group("real_time"))
    items.sort(key=lambda item: (not item.get_closest_marker("real_time"), not any(name in item.nodeid for name in _LONG)))


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    """Give way, from the first test on that does not look at the clock: the other worker may be running those that do.

    A process can lower its own priority and not raise it again, which suits the order: whoever plays the tests on the wall clock does so
    at full priority, with every program that they start.
    """
    if not item.get_closest_marker("real_time") and (missing := _COURTEOUS - os.getpriority(os.PRIO_PROCESS, 0)) > 0:
        os.nice(missing)


@pytest.fixture(autouse=True, scope="session")
def _no_stray_loop() -> None:
    """Say that there is no current loop: the virtual-time plugin asks for one before the first synchronous test and would leave it open."""
    asyncio.set_event_loop(None)


@pytest.fixture(autouse=True)
def _no_blocking_calls(request: pytest.FixtureRequest) -> Iterator[BlockBuster | None]:
    """Fail a test in which the event loop makes a blocking call from this project's code."""
    with blockbuster_ctx(["serving_exporter", "serving_simulator"]) as blockbuster:
        yield blockbuster


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of reference material beside the checkout; tests that need it skip where it is absent (it is always there in CI)."""
    if not SHARED.is_dir():
        pytest.skip(f"reference material not found beside the checkout ({SHARED.name}/)")
    return SHARED
