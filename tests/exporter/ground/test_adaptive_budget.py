"""The management API's budget: paced, rising while nothing is refused, halved by a refusal, silent for as long as the platform says."""

from __future__ import annotations

import asyncio
import json
from collections import deque
from typing import Any

import pytest

from serving_exporter.budgets import AdaptiveBudget, AdaptivePolicy
from serving_exporter.clock import Clock

pytestmark = pytest.mark.looptime(noop_cycles=5)  # thousands of timers: fewer idle turns of the loop between them


class Server:
    """Accepts so many requests in any second and refuses the rest with a hint."""

    def __init__(self, clock: Clock, per_second: float, hint: float | None = None) -> None:
        self.clock = clock
        self.limit = per_second
        self.hint = hint
        self.accepted: deque[float] = deque()
        self.arrivals: list[float] = []

    def answer(self) -> bool:
        now = self.clock.monotonic()
        self.arrivals.append(now)
        while self.accepted and self.accepted[0] <= now - 1:
            self.accepted.popleft()
        if len(self.accepted) >= self.limit:
            return False
        self.accepted.append(now)
        return True


async def drive(budget: AdaptiveBudget, server: Server, seconds: float, clients: int = 4) -> None:
    """Clients that always want more."""
    clock = server.clock
    end = clock.monotonic() + seconds

    async def client() -> None:
        while clock.monotonic() < end:
            with await budget.acquire():
                await clock.sleep(0.05)
                ok = server.answer()
            if ok:
                budget.succeeded()
            else:
                budget.throttled(server.hint)

    await asyncio.gather(*(client() for _ in range(clients)))


async def test_it_starts_cautiously_and_rises_to_its_ceiling_while_nothing_is_refused() -> None:
    clock = Clock(epoch=0.0)
    budget = AdaptiveBudget(AdaptivePolicy(), clock, {})
    server = Server(clock, per_second=1000)
    await drive(budget, server, 10)
    assert 50 <= len(server.arrivals) <= 75
    assert 6.5 <= budget.rate <= 7.5
    await drive(budget, server, 240)
    assert budget.rate == 50


@pytest.mark.parametrize("hint", [None, 2.0])
@pytest.mark.parametrize("limit", [10, 20, 50])
async def test_it_recovers_most_of_the_allowed_rate_within_five_minutes(limit: int, hint: float | None) -> None:
    clock = Clock(epoch=0.0)
    budget = AdaptiveBudget(AdaptivePolicy(), clock, {})
    for _ in range(12):  # refusals of an unknown scope, until the floor
        budget.throttled(1)
        await clock.sleep(1.5)
    assert budget.rate == pytest.approx(0.2)
    server = Server(clock, limit, hint)
    started = clock.monotonic()
    while budget.rate < 0.8 * limit:
        await drive(budget, server, 5)
        assert clock.monotonic() - started < 300
    assert clock.monotonic() - started < 300


async def test_a_refusal_halves_the_rate_once_however_many_requests_were_in_flight() -> None:
    clock = Clock(epoch=0.0)
    budget = AdaptiveBudget(AdaptivePolicy(start=8), clock, {})
    for _ in range(6):
        budget.throttled(0)
    assert budget.rate == 4
    await clock.sleep(2)
    budget.throttled(37)
    for _ in range(5):
        await clock.sleep(1.5)
        budget.throttled(30)
    assert budget.rate == 2


async def test_nothing_is_sent_for_37_seconds_after_a_hint_of_37() -> None:
    clock = Clock(epoch=0.0)
    budget = AdaptiveBudget(AdaptivePolicy(), clock, {})
    server = Server(clock, 1000)
    waiting = asyncio.create_task(drive(budget, server, 120))
    await clock.sleep(20)
    refused = clock.monotonic()
    in_flight = refused + 0.06
    budget.throttled(37)
    await waiting
    assert not [arrival for arrival in server.arrivals if in_flight < arrival < refused + 37]
    assert [arrival for arrival in server.arrivals if refused + 37 <= arrival < refused + 38]


async def test_the_pause_and_the_lower_rate_survive_a_restart() -> None:
    clock = Clock(epoch=1e9)
    state: dict[str, Any] = {}
    budget = AdaptiveBudget(AdaptivePolicy(), clock, state)
    budget.throttled(37)
    await clock.sleep(7)
    restarted = AdaptiveBudget(AdaptivePolicy(), clock, json.loads(json.dumps(state)))
    assert restarted.rate == 2.5
    assert restarted.blocked_for == pytest.approx(30)


async def test_a_saved_rate_above_the_start_is_not_trusted() -> None:
    clock = Clock(epoch=0.0)
    assert AdaptiveBudget(AdaptivePolicy(), clock, {"rate": 50.0}).rate == 5
    assert AdaptiveBudget(AdaptivePolicy(), clock, {"rate": "fast"}).rate == 5
    assert AdaptiveBudget(AdaptivePolicy(), clock, {"rate": -1}).rate == 0.2


async def test_a_fixed_rate_is_an_adaptive_one_without_room_to_rise() -> None:
    clock = Clock(epoch=0.0)
    budget = AdaptiveBudget(AdaptivePolicy(start=15, ceiling=15), clock, {})
    server = Server(clock, 20)
    await drive(budget, server, 60, clients=8)
    assert 0.9 * 15 * 60 <= len(server.arrivals) <= 15 * 60 + 8
    assert budget.rate == 15
    assert len(server.accepted) == len([a for a in server.arrivals if a > server.arrivals[-1] - 1])


async def test_one_success_after_a_quiet_hour_is_no_evidence_for_an_hour() -> None:
    clock = Clock(epoch=0.0)
    budget = AdaptiveBudget(AdaptivePolicy(), clock, {})
    await clock.sleep(3600)
    budget.succeeded()
    assert budget.rate == pytest.approx(6.0)


async def test_no_burst_makes_up_for_idle_time() -> None:
    clock = Clock(epoch=0.0)
    budget = AdaptiveBudget(AdaptivePolicy(start=5), clock, {})
    await clock.sleep(100)
    started = clock.monotonic()
    for _ in range(11):
        await budget.acquire()
    assert clock.monotonic() - started == pytest.approx(2.0, abs=0.05)


async def test_a_cancelled_waiter_costs_no_pace() -> None:
    clock = Clock(epoch=0.0)
    budget = AdaptiveBudget(AdaptivePolicy(start=0.5, floor=0.1), clock, {})
    await budget.acquire()
    waiters = [asyncio.create_task(budget.acquire()) for _ in range(20)]
    await clock.sleep(0.5)
    for waiter in waiters:
        waiter.cancel()
    await budget.acquire()
    assert clock.monotonic() == pytest.approx(2.0, abs=0.05)


async def test_speed_compresses_the_waits() -> None:
    clock = Clock(speed=60.0, epoch=0.0)
    budget = AdaptiveBudget(AdaptivePolicy(start=1), clock, {})
    loop_start = asyncio.get_running_loop().time()
    for _ in range(61):
        await budget.acquire()
    assert clock.monotonic() == pytest.approx(60, abs=5)
    assert asyncio.get_running_loop().time() - loop_start == pytest.approx(1.0, abs=0.1)
