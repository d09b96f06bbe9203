"""The demo fleet: each story in the first minutes and still there hours later, with its numbers."""

from __future__ import annotations

import copy
from itertools import pairwise

import pytest

from serving_simulator import fleet
from serving_simulator.world import World

from .conftest import START

FAMILIES = ("baseten_concurrent_requests", "baseten_replicas_active", "baseten_replicas_starting", "baseten_async_queue_size")


class Film:
    """Truth of every deployment every ten seconds over some time, and the world as it was at the end."""

    def __init__(self, world: World, seconds: int) -> None:
        self.ids = {f"{model.name}/{view.name}": view.id for model in world.models() for view in world.deployments(model.id)}
        self.frames: dict[str, list[dict[str, object]]] = {name: [] for name in self.ids}
        for _ in range(0, seconds, 10):
            world.advance(world.now + 10)
            for name, identity in self.ids.items():
                self.frames[name].append(world.truth(identity))
        self.world = copy.deepcopy(world)

    def of(self, name: str, value: str) -> list:
        key = name if name in self.frames else next(each for each in self.frames if each.startswith(f"{name}/"))
        return [frame[value] for frame in self.frames[key]]


@pytest.fixture(scope="module")
def films() -> dict[int, Film]:
    """Twenty minutes each of one world, by the minute in which they begin."""
    world = World(fleet.load("demo"), seed=1, start=START)
    taken = {}
    for minutes in (0, 40, 60):
        world.advance(START + minutes * 60)
        taken[minutes] = Film(world, 20 * 60)
    return taken


@pytest.fixture(params=[0, 60], ids=["first twenty minutes", "after an hour"])
def film(request: pytest.FixtureRequest, films: dict[int, Film]) -> Film:
    return films[request.param]


def reversals(values: list[int]) -> int:
    steps = [after - before for before, after in pairwise(values) if after != before]
    return sum(1 for before, after in pairwise(steps) if before * after < 0)


def test_healthy(film: Film) -> None:
    assert set(film.of("support-chat/deployment-2", "status")) == {"ACTIVE"}
    assert max(film.of("support-chat/deployment-2", "queued")) == 0
    assert set(film.of("support-chat/deployment-2", "active")) <= {2, 3}


def test_thrash(film: Film) -> None:
    active = film.of("image-gen", "active")
    assert reversals(active) >= 4, "at least twelve an hour"
    assert max(active) - min(active) >= 6


def test_saturated(film: Film) -> None:
    assert set(film.of("translate/deployment-2", "active")) == {3}
    assert min(film.of("translate/deployment-2", "in_flight")) > 12 * 20
    assert max(film.of("translate/deployment-2", "in_flight")) < 1300
    assert max(film.of("translate/deployment-2", "oldest_wait")) <= 120


def test_crash_loop(film: Film) -> None:
    statuses = film.of("fraud-scorer", "status")
    assert "UNHEALTHY" in statuses
    identity = film.ids["fraud-scorer/deployment-7"]
    attempts = film.world.startups([identity], film.world.now - 1200, film.world.now)
    assert sum(1 for each in attempts if each.outcome == "FAILED") >= 3
    restarts = film.of("fraud-scorer", "restarts")
    assert sum(max(after - before, 0) for before, after in pairwise(restarts)) >= 4


def test_stuck_without_hardware(film: Film) -> None:
    assert set(film.of("video-caption", "active")) == {0}
    assert min(film.of("video-caption", "starting")) >= 1
    assert set(film.of("video-caption", "status")) == {"DEPLOYING"}
    attempts = film.world.startups([film.ids["video-caption/deployment-1"]], 0, film.world.now)
    assert [each.phases[-1].phase for each in attempts if each.outcome == "STALLED"].count("SCHEDULING") >= 1


def test_async_backlog(film: Film) -> None:
    assert set(film.of("batch-transcribe", "active")) == {1}
    assert min(film.of("batch-transcribe", "async_queued")) > 120
    assert max(film.of("batch-transcribe", "async_queued")) < 350
    expired = film.of("batch-transcribe", "async_expired")
    assert expired[-1] > expired[0]


def test_target_too_low(film: Film) -> None:
    assert min(film.of("embed-small", "active")) >= 7
    page = film.world.feed_page()
    family = next(each for each in page.families if each.name == "baseten_gpu_utilization")
    busy = [value for _, labels, value in family.samples if ("model_name", "embed-small") in labels]
    assert max(busy) < 10


def test_scale_to_zero_and_wake(film: Film) -> None:
    statuses = set(film.of("nightly-report", "status"))
    assert {"SCALED_TO_ZERO", "LOADING_MODEL", "ACTIVE"} <= statuses


def test_promotion(film: Film) -> None:
    phases = {*film.of("reranker/deployment-8", "rollout_phase"), *film.of("reranker/deployment-9", "rollout_phase")}
    assert phases == {"stable", "promoting"}
    places = {*film.of("reranker/deployment-8", "environment"), *film.of("reranker/deployment-9", "environment")}
    assert places == {None, "production"}


def test_cold_start_gap(films: dict[int, Film]) -> None:
    for minutes in (0, 40):
        film = films[minutes]
        rows = zip(*(film.of("doc-summarizer", name) for name in ("active", "starting", "in_flight")), strict=True)
        gap = [active > 0 and starting > 0 and in_flight > 4 * active for active, starting, in_flight in rows]
        assert sum(gap) * 10 >= 300, "five minutes of users waiting for replicas that are starting"
        if minutes == 0:
            assert gap.index(True) * 10 <= 180
        assert max(film.of("doc-summarizer", "in_flight")) < 1200


def test_every_deployment_of_the_feed_is_in_the_inventory(films: dict[int, Film]) -> None:
    world = films[60].world
    known = {view.id for model in world.models() for view in world.deployments(model.id)}
    fed = {dict(labels)["deployment_id"] for family in world.feed_page().families for _, labels, _ in family.samples}
    assert fed == known
    (chain,) = world.chains()
    assert world.chain_deployments(chain.id)


def test_nothing_on_the_timeline_is_left_out(films: dict[int, Film]) -> None:
    assert films[60].world._left_out == set()


def test_every_deployment_shows_the_basic_families_and_has_starts() -> None:
    world = World(fleet.load("demo"), seed=3, start=START)
    page = {family.name: family for family in world.feed_page().families}
    for model in world.models():
        for view in world.deployments(model.id):
            for name in FAMILIES:
                assert any(("deployment_id", view.id) in labels for _, labels, _ in page[name].samples), (model.name, view.name, name)
            assert world.startups([view.id], world.now - 3600, world.now), (model.name, view.name)
            assert view.autoscaling_settings is not None


def test_keys_of_three_types() -> None:
    types = {key.key: key.type for key in fleet.load("demo").keys}
    assert types == {"demo.emulator": "PERSONAL", "demo.metrics": "WORKSPACE_EXPORT_METRICS", "demo.invoke": "WORKSPACE_INVOKE"}
