"""Start-ups: exact counting over polls, pages and restarts, phases, percentiles, and an API that may not be there."""

from __future__ import annotations

import json
from typing import Any

import pytest
from aiohttp import web

from serving_exporter.platforms.contract import Unavailable

STARTUPS = "/v1/models/abcd1234/deployments/wxyz123/startups"
SUMMARY = STARTUPS + "/summary"
KEY = 'workspace="default",model_id="abcd1234",deployment_id="wxyz123"'
NO_SUMMARY = {"start_epoch_millis": 0, "end_epoch_millis": 1, "total_duration_ms": {"sample_count": 0, "mean_ms": None, "p50_ms": None, "p90_ms": None, "p95_ms": None, "p99_ms": None}, "phase_duration_ms": []}  # fmt: skip # noqa: E501


def feed(starting: int) -> str:
    labels = '{model_id="abcd1234",deployment_id="wxyz123"}'
    return f"# TYPE baseten_replicas_starting gauge\nbaseten_replicas_starting{labels} {starting}\n"


@pytest.fixture
def begin(running: Any, make: Any, baseten: Any) -> Any:
    """Start a workspace with one deployment that was looked at once, at the beginning, and is starting replicas since."""

    async def start() -> Any:
        make.inventory(baseten, make.deployment())
        baseten.answers[STARTUPS] = make.page()
        baseten.answers[SUMMARY] = NO_SUMMARY
        baseten.answers["/metrics"] = feed(1)
        rig = await running(baseten=baseten)
        await rig.poll("feed", "inventory", "startups")
        return rig

    return start


async def look(rig: Any, seconds: float = 60) -> None:
    await rig.clock.sleep(seconds)
    await rig.poll("startups")


def outcomes(rig: Any) -> dict[str, float]:
    lines = rig.page.lines("baseten_replica_startups_total")
    return {line.split('outcome="')[1].split('"')[0]: float(line.split()[-1]) for line in lines}


def counts(rig: Any) -> dict[str, float]:
    lines = rig.page.lines("baseten_replica_startup_seconds_count")
    return {line.split('phase="')[1].split('"')[0]: float(line.split()[-1]) for line in lines}


def in_phase(rig: Any) -> dict[str, float]:
    lines = rig.page.lines("baseten_replicas_starting_in_phase")
    found = {line.split('phase="')[1].split('"')[0]: float(line.split()[-1]) for line in lines}
    return {phase: count for phase, count in found.items() if count}


async def test_everything_begins_at_zero_once_the_api_has_answered(begin: Any) -> None:
    rig = await begin()
    assert outcomes(rig) == {"SUCCESS": 0, "FAILED": 0, "STALLED": 0}
    assert counts(rig) == {"total": 0}
    assert len(rig.page.lines("baseten_replica_startup_seconds_bucket")) == 20
    assert rig.page.lines("baseten_replicas_starting_in_phase") == []


async def test_an_attempt_that_succeeds(begin: Any, make: Any, baseten: Any) -> None:
    rig = await begin()
    baseten.answers[STARTUPS] = make.page(make.attempt(started=10))
    await look(rig)
    assert outcomes(rig) == {"SUCCESS": 1, "FAILED": 0, "STALLED": 0}
    assert counts(rig) == {
        "total": 1,
        "scheduling": 1,
        "readiness": 1,
        "image_pull": 0,
        "weight_download": 0,
        "container_create": 0,
        "container_start": 0,
    }
    name = "baseten_replica_startup_seconds"
    assert f'{name}_sum{{{KEY},phase="total"}} 42.0' in rig.page.lines(name)
    assert f'{name}_bucket{{{KEY},phase="total",le="30.0"}} 0' in rig.page.lines(name)
    assert f'{name}_bucket{{{KEY},phase="total",le="45.0"}} 1' in rig.page.lines(name)
    assert f'{name}_bucket{{{KEY},phase="scheduling",le="1.0"}} 0' in rig.page.lines(name)
    assert f'{name}_bucket{{{KEY},phase="scheduling",le="2.5"}} 1' in rig.page.lines(name)


async def test_it_counts_once_however_often_it_is_listed(begin: Any, make: Any, baseten: Any) -> None:
    rig = await begin()
    baseten.answers[STARTUPS] = make.page(make.attempt(started=10), make.attempt("other", started=10), make.attempt("a1b2c", started=400))
    for _ in range(5):
        await look(rig)
    assert outcomes(rig)["SUCCESS"] == 3
    assert counts(rig)["total"] == 3


async def test_a_failed_attempt_has_its_completed_phases_and_no_total(begin: Any, make: Any, baseten: Any) -> None:
    rig = await begin()
    phases = [
        {"phase": "SCHEDULING", "status": "COMPLETED", "offset_ms": 0, "duration_ms": 0},
        {"phase": "CONTAINER_START", "status": "FAILED", "offset_ms": 0, "duration_ms": 9000},
        {"phase": "READINESS", "status": "COMPLETED", "offset_ms": 0, "duration_ms": None},
    ]
    attempt = make.attempt(started=10, outcome="FAILED", ready_at_epoch_millis=None, phase_summary=phases)
    baseten.answers[STARTUPS] = make.page(attempt)
    await look(rig)
    assert outcomes(rig) == {"SUCCESS": 0, "FAILED": 1, "STALLED": 0}
    counted = {phase: count for phase, count in counts(rig).items() if count}
    assert counted == {"scheduling": 1}  # 0 ms is a duration, null is none


async def test_open_attempts_are_shown_in_their_phase_and_counted_when_they_end(begin: Any, make: Any, baseten: Any) -> None:
    rig = await begin()
    phases = [
        {"phase": "SCHEDULING", "status": "COMPLETED", "offset_ms": 0, "duration_ms": 1000},
        {"phase": "WEIGHT_DOWNLOAD", "status": None, "offset_ms": 1000, "duration_ms": None},
    ]
    for elapsed, outcome in ((30_000, None), (90_000, "IN_PROGRESS"), (150_000, ...)):
        attempt = make.attempt(started=10, outcome=outcome, ready_at_epoch_millis=None, duration_ms=elapsed, phase_summary=phases)
        baseten.answers[STARTUPS] = make.page(attempt)
        await look(rig)
        assert in_phase(rig) == {"weight_download": 1}
        assert sum(outcomes(rig).values()) == 0
        assert len(counts(rig)) == 7  # every phase from zero on, so that the first observation is an increase
    baseten.answers[STARTUPS] = make.page(make.attempt(started=10))
    await look(rig)
    assert in_phase(rig) == {}
    assert outcomes(rig)["SUCCESS"] == 1


async def test_stalled_counts_once_stays_open_and_may_still_succeed(begin: Any, make: Any, baseten: Any) -> None:
    rig = await begin()
    phases = [{"phase": "SCHEDULING", "status": None, "offset_ms": 0, "duration_ms": None}]
    for elapsed in (100_000, 160_000, 220_000):
        attempt = make.attempt(started=10, outcome="STALLED", ready_at_epoch_millis=None, duration_ms=elapsed, phase_summary=phases)
        baseten.answers[STARTUPS] = make.page(attempt)
        await look(rig)
        assert outcomes(rig) == {"SUCCESS": 0, "FAILED": 0, "STALLED": 1}
        assert in_phase(rig) == {"scheduling": 1}
    baseten.answers[STARTUPS] = make.page(make.attempt(started=10))
    await look(rig)
    assert outcomes(rig) == {"SUCCESS": 1, "FAILED": 0, "STALLED": 1}
    assert in_phase(rig) == {}


async def test_an_attempt_whose_duration_stands_still_has_been_given_up(begin: Any, make: Any, baseten: Any) -> None:
    rig = await begin()
    attempt = make.attempt(started=10, outcome="STALLED", ready_at_epoch_millis=None, duration_ms=100_000, phase_summary=[])
    baseten.answers[STARTUPS] = make.page(attempt)
    shown = []
    for _ in range(4):
        await look(rig)
        shown.append(in_phase(rig))
    assert shown == [{"unknown": 1}, {"unknown": 1}, {}, {}]


async def test_an_unknown_outcome_of_a_ready_replica_counts_under_its_name(begin: Any, make: Any, baseten: Any) -> None:
    rig = await begin()
    baseten.answers[STARTUPS] = make.page(make.attempt(started=10, outcome="MIGRATED"))
    await look(rig)
    assert outcomes(rig) == {"SUCCESS": 0, "FAILED": 0, "STALLED": 0, "MIGRATED": 1}
    assert counts(rig)["total"] == 0


async def test_an_attempt_that_ends_twice_gives_its_phases_once(begin: Any, make: Any, baseten: Any) -> None:
    rig = await begin()
    baseten.answers[STARTUPS] = make.page(make.attempt(started=10, outcome="FAILED", ready_at_epoch_millis=None))
    await look(rig)
    baseten.answers[STARTUPS] = make.page(make.attempt(started=10))
    await look(rig)
    assert outcomes(rig) == {"SUCCESS": 1, "FAILED": 1, "STALLED": 0}
    assert counts(rig)["total"] == counts(rig)["scheduling"] == 1


async def test_history_is_not_counted_but_what_was_open_then_is(running: Any, make: Any, baseten: Any) -> None:
    make.inventory(baseten, make.deployment())
    waiting = make.attempt("open", started=-3000, outcome="STALLED", ready_at_epoch_millis=None, duration_ms=3_000_000)
    baseten.answers[STARTUPS] = make.page(make.attempt("past", started=-3600), waiting)
    baseten.answers["/metrics"] = feed(1)
    rig = await running(baseten=baseten)
    await rig.poll("feed", "inventory", "startups")
    assert outcomes(rig) == {"SUCCESS": 0, "FAILED": 0, "STALLED": 0}
    assert sum(in_phase(rig).values()) == 1
    baseten.answers[STARTUPS] = make.page(make.attempt("past", started=-3600), make.attempt("open", started=-3000))
    await look(rig)
    assert outcomes(rig) == {"SUCCESS": 1, "FAILED": 0, "STALLED": 0}


async def test_counting_goes_on_over_a_restart(running: Any, make: Any, baseten: Any, epoch: float) -> None:
    section: dict[str, Any] = {}
    make.inventory(baseten, make.deployment())
    baseten.answers["/metrics"] = feed(1)
    baseten.answers[STARTUPS] = make.page()
    rig = await running(baseten=baseten, section=section)
    await rig.poll("feed", "inventory", "startups")
    baseten.answers[STARTUPS] = make.page(make.attempt("first", started=10))
    await look(rig)
    assert outcomes(rig)["SUCCESS"] == 1

    stored = json.loads(json.dumps(section))  # as it comes back from the file
    first, missed = make.attempt("first", started=10), make.attempt("while-away", started=5000)
    baseten.answers[STARTUPS] = make.page(first, missed)
    again = await running(baseten=baseten, section=stored, epoch=epoch + 7200)
    await again.poll("feed", "inventory", "startups")
    assert outcomes(again)["SUCCESS"] == 2
    assert counts(again)["total"] == 2
    starts = [int(request.query["start_epoch_millis"]) for request in baseten.requests if request.path == STARTUPS]
    assert starts[-1] <= (epoch + 60) * 1000  # it looks back to before it went away


async def test_further_pages_are_read(begin: Any, make: Any, baseten: Any) -> None:
    rig = await begin()
    pages = {
        None: make.page(*(make.attempt(f"a{n}", started=10) for n in range(100)), cursor="c1"),
        "c1": make.page(*(make.attempt(f"b{n}", started=10) for n in range(100)), cursor="c2"),
        "c2": make.page(make.attempt("last", started=10)),
    }
    baseten.answers[STARTUPS] = lambda request: web.json_response(pages[request.query.get("cursor")])
    baseten.forget()
    await look(rig)
    assert outcomes(rig)["SUCCESS"] == 201
    queries = [request.query for request in baseten.requests if request.path == STARTUPS]
    assert [query.get("cursor") for query in queries] == [None, "c1", "c2"]
    assert len({(query["start_epoch_millis"], query["end_epoch_millis"], query["limit"]) for query in queries}) == 1


async def test_a_page_that_fails_counts_nothing_twice(begin: Any, make: Any, baseten: Any) -> None:
    rig = await begin()
    second: list[Any] = [web.Response(status=500)]

    def answer(request: web.Request) -> web.StreamResponse:
        if "cursor" not in request.query:
            return web.json_response(make.page(make.attempt("a", started=10), cursor="c1"))
        return second.pop() if second else web.json_response(make.page(make.attempt("b", started=10)))

    baseten.answers[STARTUPS] = answer
    await rig.clock.sleep(60)
    with pytest.raises(Unavailable):
        await rig.poll("startups")
    assert outcomes(rig)["SUCCESS"] == 0
    await look(rig)
    assert outcomes(rig)["SUCCESS"] == 2


async def test_an_attempt_that_cannot_be_read_leaves_the_others(begin: Any, make: Any, baseten: Any) -> None:
    rig = await begin()
    baseten.answers[STARTUPS] = make.page({"replica_id": "x"}, make.attempt(started=10, unknown_field=1))
    await rig.clock.sleep(60)
    poll = await rig.poll("startups")
    assert outcomes(rig)["SUCCESS"] == 1
    assert set(poll.problems) == {"abcd1234/wxyz123"}


async def test_a_replica_without_an_id_is_told_apart_by_its_start(begin: Any, make: Any, baseten: Any) -> None:
    rig = await begin()
    baseten.answers[STARTUPS] = make.page(make.attempt(None, started=10), make.attempt(None, started=20))
    await look(rig)
    await look(rig)
    assert outcomes(rig)["SUCCESS"] == 2


async def test_a_deployment_that_stopped_starting_is_watched_for_a_while(begin: Any, baseten: Any) -> None:
    rig = await begin()
    baseten.answers["/metrics"] = feed(0)
    await rig.poll("feed")
    baseten.forget()
    await rig.every("startups", 60, 3000)
    assert 9 <= baseten.count(STARTUPS) <= 11


async def test_a_404_of_one_deployment_is_its_end_and_no_alarm(begin: Any, baseten: Any) -> None:
    rig = await begin()
    del baseten.answers[STARTUPS]
    await rig.clock.sleep(60)
    poll = await rig.poll("startups")
    assert not poll.problems
    assert rig.page.lines("baseten_replica_startup") == []


async def test_a_deployment_that_is_gone_takes_its_series_along(begin: Any, make: Any, baseten: Any) -> None:
    rig = await begin()
    make.inventory(baseten, make.deployment("another"), deployments_count=9)
    baseten.answers["/v1/models/abcd1234/deployments/another/startups"] = make.page()
    await rig.clock.sleep(60)
    await rig.poll("inventory", "startups")
    assert {unit for unit in rig.page.units if unit.startswith("startups/")} == {"startups/abcd1234/another"}


async def test_failing_startups_leave_the_other_blocks_as_they_are(begin: Any, baseten: Any) -> None:
    rig = await begin()
    before = rig.page.blocks()
    baseten.answers[STARTUPS] = lambda _: web.Response(status=500)
    await rig.clock.sleep(60)
    with pytest.raises(Unavailable):
        await rig.poll("startups")
    assert rig.page.blocks() == before
    rig.platform.sources["startups"].expire()
    assert rig.page.blocks() == {unit: block for unit, block in before.items() if not unit.startswith("startups")}
