"""The feed's budget: at most 4 requests in any 60 s as the server counts, whatever happens on the way there."""

from __future__ import annotations

import asyncio
import json
import random
from collections.abc import Coroutine
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from serving_exporter.budgets import BudgetRegistry, WindowBudget, WindowPolicy, scope_of
from serving_exporter.clock import Clock
from serving_exporter.secrets import Secret
from serving_exporter.statefile import StateFile
from serving_exporter.telemetry import Telemetry

FEED = WindowPolicy(limit=4, window=60.0)


def worst_window(arrivals: list[float], seconds: float = 60.0) -> int:
    """The most arrivals that any window of that length holds, both ends included."""
    ordered = sorted(arrivals)
    return max((sum(start <= other <= start + seconds for other in ordered) for start in ordered), default=0)


class World:
    """A server that counts, a network that delays, and an exporter process that is restarted with what it had written."""

    def __init__(self, seed: int, clock: Any, *, use_grants: bool) -> None:
        self.rng = random.Random(seed)  # noqa: S311
        self.clock = clock
        self.use_grants = use_grants
        self.disk = "{}"
        self.arrivals: list[float] = []
        self.tasks: list[asyncio.Task[Any]] = []

    def now(self) -> float:
        return self.clock.monotonic()

    async def process(self, lifetime: float, workspaces: int) -> None:
        """One life of the exporter: several workspaces of one organization, then a crash."""
        state: dict[str, Any] = json.loads(self.disk)
        budget = WindowBudget(FEED, self.clock, state, same_boot=True, rng=self.rng)

        async def persist() -> None:
            await self.clock.sleep(self.rng.uniform(0, 0.2))
            self.disk = json.dumps(state)

        budget.persist = persist
        for _ in range(workspaces):
            self.spawn(self.worker(budget))
        await self.clock.sleep(lifetime)
        dying, self.tasks = self.tasks, []
        for task in dying:
            task.cancel()
        await asyncio.gather(*dying, return_exceptions=True)

    def spawn(self, work: Coroutine[Any, Any, Any]) -> asyncio.Task[Any]:
        self.tasks.append(asyncio.create_task(work))
        return self.tasks[-1]

    async def worker(self, budget: WindowBudget) -> None:
        while True:
            await self.clock.sleep(self.rng.choice([0.0, 0.0, 1.0, self.rng.uniform(0, 40)]))
            if self.rng.random() < 0.2:
                await self.give_up(budget)
                continue
            grant = await budget.acquire(self.rng.randrange(3))
            if not self.use_grants:
                await self.request(budget)
                continue
            with grant:
                await self.request(budget)

    async def request(self, budget: WindowBudget) -> None:
        delay = self.rng.uniform(0, 1)
        # Once sent it arrives, even if the process dies before that.
        asyncio.get_running_loop().call_later(delay / self.clock.speed, lambda: self.arrivals.append(self.now()))
        await self.clock.sleep(delay + self.rng.choice([0.0, 0.3, 5.0]))
        if self.rng.random() < 0.1:
            budget.throttled(self.rng.choice([None, 0, 3, 37.0]))

    async def give_up(self, budget: WindowBudget) -> None:
        """Stop waiting after a while; a grant that came all the same goes unused."""
        waiter = self.spawn(budget.acquire())
        await self.clock.sleep(self.rng.uniform(0, 10))
        waiter.cancel()
        await asyncio.gather(waiter, return_exceptions=True)


async def live(
    clock_type: Any, *, seed: int, lifetimes: list[float], steps: list[float], workspaces: int, speed: float, use_grants: bool
) -> World:
    world = World(seed, clock_type(speed=speed, epoch=1_000_000.0), use_grants=use_grants)
    for index, lifetime in enumerate(lifetimes):
        await world.process(lifetime, workspaces)
        world.clock.offset += steps[index % len(steps)]
    await world.clock.sleep(2)
    return world


@settings(max_examples=60, deadline=None)
@given(
    seed=st.integers(0, 2**32),
    lifetimes=st.lists(st.one_of(st.floats(0.1, 10), st.floats(10, 200)), min_size=1, max_size=12),
    steps=st.lists(st.sampled_from([0.0, 0.0, 3600.0, -3600.0, 59.0, -59.0, 1e6]), min_size=1, max_size=4),
    workspaces=st.integers(1, 4),
    speed=st.sampled_from([1.0, 60.0]),
    use_grants=st.booleans(),
)
def test_no_window_is_ever_exceeded(run_virtual: Any, stepped_clock: Any, **schedule: Any) -> None:
    world = run_virtual(live(stepped_clock, **schedule))
    assert worst_window(world.arrivals) <= 4


def test_a_restart_every_few_seconds_does_not_exceed_the_window(run_virtual: Any, stepped_clock: Any) -> None:
    world = run_virtual(live(stepped_clock, seed=3, lifetimes=[6.0] * 60, steps=[0.0], workspaces=2, speed=1.0, use_grants=True))
    assert worst_window(world.arrivals) <= 4
    assert len(world.arrivals) >= 4 * 5  # 360 s hold five windows and their margins: the budget is used, not merely kept


async def test_the_budget_is_used_nearly_to_the_full() -> None:
    clock = Clock(epoch=0.0)
    budget = WindowBudget(FEED, clock, {})
    sent = []
    while clock.monotonic() < 600:
        with await budget.acquire():
            sent.append(clock.monotonic())
            await clock.sleep(0.2)
    assert worst_window(sent) <= 4
    assert len(sent) >= 39
    assert sent[3] < 1.0  # the first window is free at once


async def test_an_open_request_holds_its_place_however_long_it_takes() -> None:
    clock = Clock(epoch=0.0)
    budget = WindowBudget(WindowPolicy(limit=1, window=60), clock, {})
    with await budget.acquire():
        await clock.sleep(500)
    ended = clock.monotonic()
    await budget.acquire()
    assert clock.monotonic() - ended >= 60


async def test_nothing_is_sent_for_as_long_as_the_platform_says() -> None:
    clock = Clock(epoch=0.0)
    state: dict[str, Any] = {}
    budget = WindowBudget(FEED, clock, state)
    with await budget.acquire():
        pass
    budget.throttled(37)
    assert budget.blocked_for == 37
    await clock.sleep(5)
    restarted = WindowBudget(FEED, clock, json.loads(json.dumps(state)))
    await restarted.acquire()
    assert 37 <= clock.monotonic() < 38


@pytest.mark.parametrize(
    ("hint", "least", "most"), [(None, 60, 66), (float("nan"), 60, 66), (-5.0, 60, 66), (1e12, 3600, 3600.1), (0, 0, 0.1)]
)
async def test_hints_that_are_none_or_no_sense(hint: float | None, least: float, most: float) -> None:
    clock = Clock(epoch=0.0)
    budget = WindowBudget(FEED, clock, {})
    budget.throttled(hint)
    await budget.acquire()
    assert least <= clock.monotonic() <= most


@pytest.mark.parametrize("step", [-86400.0 * 365, -70.0, 0.0])
async def test_a_wall_clock_that_was_stepped_back_does_not_lock_the_budget(step: float, stepped_clock: Any) -> None:
    clock = stepped_clock(epoch=1e9)
    state: dict[str, Any] = {}
    budget = WindowBudget(FEED, clock, state)
    for _ in range(4):
        await budget.acquire()
    budget.throttled(20)
    clock.offset = step
    started = clock.monotonic()
    restarted = WindowBudget(FEED, clock, json.loads(json.dumps(state)), same_boot=False)
    await restarted.acquire()
    assert 60 <= clock.monotonic() - started <= 65.1


async def test_a_wall_clock_that_was_stepped_forward_forgives_nothing_within_one_boot(stepped_clock: Any) -> None:
    clock = stepped_clock(epoch=1e9)
    state: dict[str, Any] = {}
    for _ in range(4):
        await WindowBudget(FEED, clock, state, same_boot=True).acquire()
    clock.offset = 86400.0
    await WindowBudget(FEED, clock, json.loads(json.dumps(state)), same_boot=True).acquire()
    assert clock.monotonic() >= 60


@pytest.mark.parametrize("spent", [None, "x", [1], [[1]], [[None, 2]], [["a", "b"]], {"a": 1}, [[float("inf"), 1.0]]])
async def test_damaged_state_is_no_state(spent: Any) -> None:
    clock = Clock(epoch=0.0)
    budget = WindowBudget(FEED, clock, {"spent": spent, "blocked": spent})
    await budget.acquire()
    assert clock.monotonic() == 0


async def test_waiters_are_served_by_priority_and_then_in_order() -> None:
    clock = Clock(epoch=0.0)
    budget = WindowBudget(WindowPolicy(limit=1, window=10, margin=0), clock, {})
    await budget.acquire()
    order: list[str] = []

    async def wait(name: str, priority: int) -> None:
        await budget.acquire(priority)
        order.append(name)

    async with asyncio.TaskGroup() as group:
        for name, priority in [("idle", 3), ("first", 1), ("second", 1), ("urgent", 0)]:
            group.create_task(wait(name, priority))
            await clock.sleep(0.1)
    assert order == ["urgent", "first", "second", "idle"]
    assert clock.monotonic() == pytest.approx(40, abs=0.5)


async def test_a_cancelled_waiter_spends_nothing_and_lets_the_next_one_go() -> None:
    clock = Clock(epoch=0.0)
    budget = WindowBudget(WindowPolicy(limit=1, window=10, margin=0), clock, {})
    await budget.acquire()
    first = asyncio.create_task(budget.acquire())
    second = asyncio.create_task(budget.acquire())
    await clock.sleep(5)
    first.cancel()
    await second
    assert first.cancelled()
    assert clock.monotonic() == pytest.approx(10, abs=0.2)


async def test_a_request_that_is_cancelled_while_its_record_is_written_spends_nothing() -> None:
    clock = Clock(epoch=0.0)
    budget = WindowBudget(WindowPolicy(limit=1, window=10, margin=0), clock, {})
    writing = asyncio.Event()

    async def slow_disk() -> None:
        writing.set()
        await clock.sleep(3)

    budget.persist = slow_disk
    waiter = asyncio.create_task(budget.acquire())
    await writing.wait()
    waiter.cancel()
    await asyncio.gather(waiter, return_exceptions=True)
    budget.persist = None
    await budget.acquire()
    assert clock.monotonic() < 1


async def test_a_429_that_arrives_while_a_record_is_written_holds_the_request_back() -> None:
    clock = Clock(epoch=0.0)
    budget = WindowBudget(FEED, clock, {})

    async def slow_disk() -> None:
        await clock.sleep(1)

    budget.persist = slow_disk
    waiter = asyncio.create_task(budget.acquire())
    await clock.sleep(0.5)
    budget.throttled(37)
    await waiter
    assert clock.monotonic() >= 37.5


async def test_the_record_is_on_disk_before_the_request_may_leave(tmp_path: Any) -> None:
    clock = Clock(epoch=1e6)
    path = tmp_path / "state.json"
    state = await asyncio.to_thread(StateFile.open, path)
    budget = BudgetRegistry(clock, state).get("feed", "organization:acme", FEED)
    for _ in range(3):
        await budget.acquire()
    # No orderly end: the file alone speaks.
    reopened = await asyncio.to_thread(StateFile.open, path)
    assert reopened.same_boot
    again = BudgetRegistry(clock, reopened).get("feed", "organization:acme", FEED)
    before = clock.monotonic()
    await again.acquire()
    assert clock.monotonic() - before < 1
    await again.acquire()
    assert clock.monotonic() - before >= 59


async def test_workspaces_of_one_organization_share_one_budget() -> None:
    telemetry = Telemetry()
    registry = BudgetRegistry(Clock(epoch=0.0), StateFile(None), telemetry)
    one, two = Secret("aaaa1111.bbbb2222"), Secret("cccc3333.dddd4444")
    assert scope_of("acme", one) == scope_of("acme", two)
    assert scope_of(None, one) == scope_of(None, Secret("aaaa1111.bbbb2222")) != scope_of(None, two)
    assert "bbbb2222" not in scope_of(None, one)
    shared = registry.get("feed", scope_of("acme", one), FEED)
    assert shared is registry.get("feed", scope_of("acme", two), FEED)
    assert shared is not registry.get("feed", scope_of(None, two), FEED)
    for _ in range(5):
        with await shared.acquire():
            pass
    text = (await telemetry.render())[0].decode()
    total = 'serving_exporter_api_budget_wait_seconds_total{endpoint="feed"}'
    waited = next(float(line.split()[-1]) for line in text.splitlines() if line.startswith(total))
    assert 60 <= waited < 61
    assert 'serving_exporter_api_budget_requests_per_second{endpoint="feed"} 0.0666' in text
