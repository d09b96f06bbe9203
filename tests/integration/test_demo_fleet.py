"""The demo fleet, seen through the exporter's page at 60 times real speed: every story shows in values."""

from __future__ import annotations

import itertools

import pytest

from .conftest import Page, Pair, running

MINUTES = 75
EVERY = 30.0
FAMILIES = (
    "baseten_concurrent_requests",
    "baseten_replicas_active",
    "baseten_replicas_starting",
    "baseten_async_queue_size",
    "baseten_deployment_max_replicas",
    "baseten_deployment_status",
    "baseten_replica_startup_seconds_bucket",
)


class Story:
    """One deployment of the demo fleet over the pages of an hour and a quarter."""

    def __init__(self, pages: list[Page], model: str) -> None:
        self.pages = pages
        last = pages[-1]
        found = [dict(key) for key in last.find("baseten_deployment_info", model_name=model) if dict(key)["environment"]]
        self.deployment_id = found[0]["deployment_id"]

    def series(self, name: str, **labels: str) -> list[float]:
        """Return the values over time, without the gaps."""
        found = (page.find(name, deployment_id=self.deployment_id, **labels) for page in self.pages)
        return [sum(series.values()) for series in found if series]

    def statuses(self) -> set[str]:
        return {
            dict(key)["status"] for page in self.pages for key in page.find("baseten_deployment_status", deployment_id=self.deployment_id)
        }


def reversals(values: list[float]) -> int:
    """Count changes of direction."""
    steps = [after - before for before, after in itertools.pairwise(values) if after != before]
    return sum(1 for before, after in itertools.pairwise(steps) if before * after < 0)


async def collect(pair: Pair) -> list[Page]:
    await pair.service.wait_ready()
    pages = []
    end = pair.clock.monotonic() + MINUTES * 60
    while pair.clock.monotonic() < end:
        pages.append(await pair.scrape())
        await pair.clock.sleep(EVERY)
    return pages


async def test_the_first_complete_page_has_every_family_for_every_deployment() -> None:
    async with running() as pair:
        world = pair.emulator.world
        expected = {deployment.id for model in world.models() for deployment in world.deployments(model.id)}
        assert len(expected) >= 10
        await pair.until(lambda page: all(page.label_values(family, "deployment_id") == expected for family in FAMILIES), within=120)


@pytest.mark.timeout(300)
async def test_every_story_shows_in_values() -> None:
    async with running(speed=60) as pair:
        pages = await collect(pair)
    assert len(pages) >= MINUTES * 60 / EVERY * 0.9

    thrash = Story(pages, "image-gen")
    active = thrash.series("baseten_replicas_active")
    assert reversals(active) >= 14
    assert max(active) - min(active) >= 3
    assert set(thrash.series("baseten_deployment_scale_down_delay_seconds")) == {60}

    gap = Story(pages, "doc-summarizer")
    waiting = [
        starting
        for starting, slots, load in zip(
            gap.series("baseten_replicas_starting"),
            gap.series("baseten_replicas_active"),
            gap.series("baseten_concurrent_requests"),
            strict=True,
        )
        if starting >= 4 and load > slots * 4
    ]
    assert len(waiting) * EVERY >= 180, "minutes in which users wait for replicas that are starting"
    assert max(gap.series("baseten_replicas_active")) >= 8, "and then they are there"
    started = gap.series("baseten_replica_startup_seconds_count", phase="total")[-1]
    assert started >= 4
    assert gap.series("baseten_replica_startup_seconds_sum", phase="total")[-1] / started > 300

    saturated = Story(pages, "translate")
    assert set(saturated.series("baseten_replicas_active")) == {3} == set(saturated.series("baseten_deployment_max_replicas"))
    assert min(saturated.series("baseten_concurrent_requests")) > 3 * saturated.series("baseten_deployment_concurrency_target")[0]
    assert set(saturated.series("baseten_deployment_desired_replicas")) == {3}, "the ceiling hides how much more is wanted"

    crashing = Story(pages, "fraud-scorer")
    restarts = crashing.series("baseten_container_restarts_total")
    assert sum(max(0.0, after - before) for before, after in itertools.pairwise(restarts)) >= 10
    assert "UNHEALTHY" in crashing.statuses()

    stuck = Story(pages, "video-caption")
    assert set(stuck.series("baseten_replicas_active")) == {0}
    assert min(stuck.series("baseten_replicas_starting")) >= 1
    assert stuck.series("baseten_replicas_starting_in_phase", phase="scheduling")[-1] >= 1
    assert stuck.series("baseten_replica_startup_seconds_count", phase="total")[-1] == 0, "zero, not absent: none has ever started"

    backlog = Story(pages, "batch-transcribe")
    assert min(backlog.series("baseten_async_requests_queued")) >= 100
    assert max(backlog.series("baseten_replicas_active")) < max(backlog.series("baseten_deployment_max_replicas"))

    low_target = Story(pages, "embed-small")
    assert min(low_target.series("baseten_replicas_active")) >= 6
    assert max(low_target.series("baseten_gpu_utilization", gpu="0")) / max(low_target.series("baseten_replicas_active")) < 30

    healthy = Story(pages, "support-chat")
    assert reversals(healthy.series("baseten_replicas_active")) <= 4
    assert healthy.statuses() == {"ACTIVE"}

    asleep = Story(pages, "nightly-report")
    assert {"SCALED_TO_ZERO", "ACTIVE"} <= asleep.statuses()

    promoted = {dict(key)["status"] for page in pages for key in page.find("baseten_environment_promotion_status")}
    assert promoted & {"RELEASING", "RAMPING_UP"}
