"""Rules for every test: virtual time (looptime, switched on in pyproject.toml), no blocking call on the event loop, no stray warning."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest
from blockbuster import BlockBuster, blockbuster_ctx

SHARED = Path(__file__).resolve().parents[2] / "shared"


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
