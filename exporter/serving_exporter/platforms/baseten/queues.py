"""Async queues: live counts for the deployments that use async inference.

The call reads a queue service and wakes no replica. It is never replaced by ``predict`` or ``wake``, which would start replicas that
nobody asked for.
"""

from __future__ import annotations

from serving_exporter.platforms.baseten.answers import NotFound
from serving_exporter.platforms.baseten.context import Context
from serving_exporter.platforms.baseten.endpoints import QUEUE_STATUS
from serving_exporter.platforms.baseten.reading import decode
from serving_exporter.platforms.baseten.records import AsyncQueue
from serving_exporter.platforms.baseten.samples import write_queues
from serving_exporter.platforms.baseten.state import Key
from serving_exporter.platforms.baseten.turns import Failures, read_parts
from serving_exporter.platforms.contract import Poll, Unavailable

__all__ = ["QueuesSource"]

_PATIENCE = 30.0
_ASK_AGAIN = 600.0  # seconds, for deployments that answered 404
_IDLE = 300.0  # seconds, for those whose queue has only ever been seen empty: the feed shows within 30 s when that changes


class QueuesSource:
    """``async_queue_status`` of each deployment that the feed shows as used asynchronously, or that had something in its queue.

    At every poll where there is or was something to count, now and then where the queue has always been empty and, where there is no
    feed, for every deployment of the inventory.
    """

    name = "queues"
    blind_without = "live async queue depth and requests in progress: the rules on async backlog fall back to the sampled gauge"

    def __init__(self, context: Context) -> None:
        self._context = context
        self._max_age = context.workspace.sources.queues.oldest
        self._interval = context.workspace.sources.queues.interval
        self._units = context.units("queues")
        self._failures: Failures[Key] = Failures()
        self._asked_at: dict[Key, float] = {}
        self._gone_at: dict[Key, float] = {}
        self._ever_used: set[Key] = set()
        self._waited = False  # for the feed, once: where it does not come, the inventory must do

    async def poll(self) -> Poll:
        """Ask the deployments that use async, busy ones first. Raises ``SourceError`` when none of them answers."""
        state, clock = self._context.state, self._context.clock
        if not self._waited:
            self._waited = True
            await clock.wait(state.feed_read, _PATIENCE)
        using = self._using()
        now = clock.monotonic()
        due = [key for key in using if self._is_due(key, now)]
        order = sorted(due, key=lambda key: (not self._is_busy(key), self._asked_at.get(key, 0.0)))
        turn = await read_parts(order, self._ask, clock)
        now = clock.monotonic()
        self._failures.note(turn, now)
        self._failures.keep_only(using)
        stale = set(self._failures.expired(now, self._max_age))
        state.queues = {key: queue for key, queue in state.queues.items() if key in using and key not in stale}
        self._units.render("", dict(state.queues), lambda page: write_queues(page, state.queues))
        if turn.throttled or not any(key not in self._failures and key in state.queues for key in using):
            turn.raise_when_nothing_worked()  # while others answer, and are only not due, it is a part that fails
        return Poll(
            items=len(state.queues),
            data_timestamp=clock.wall(),
            problems=self._failures.problems("/".join),
            next_in=turn.next_in,
        )

    async def probe(self) -> Poll:
        """Ask one deployment, used asynchronously or not: enough to see that the key may."""
        for key in sorted(self._context.state.known_deployments() or ())[:1]:
            await self._ask(key)
        return Poll(items=len(self._context.state.queues))

    def samples(self) -> int:
        """Count the samples of all queues."""
        return self._units.samples

    def expire(self) -> None:
        """Forget every queue."""
        self._context.state.queues = {}
        self._units.clear()

    def _using(self) -> set[Key]:
        state = self._context.state
        known = state.known_deployments()
        if known is None:
            raise Unavailable("neither the feed nor the inventory says which deployments there are")
        if state.feed is None:
            return known
        using = {key for key, reading in state.feed.items() if reading.uses_async} | self._ever_used
        return using & known if state.inventory_complete else using

    def _is_due(self, key: Key, now: float) -> bool:
        if now - self._gone_at.get(key, float("-inf")) < _ASK_AGAIN:
            return False
        # Half an interval early rather than a whole one late; a turn that follows another at once asks nobody twice.
        wait = self._interval / 2 if self._is_busy(key) else _IDLE
        return now - self._asked_at.get(key, float("-inf")) >= wait

    def _is_busy(self, key: Key) -> bool:
        """Whether requests are or were in its queue; others have a queue in the feed that is always empty, or are not known to have one."""
        reading = self._context.state.reading(key)
        return key in self._ever_used or (reading is not None and bool(reading.queue_size or reading.async_requests))

    async def _ask(self, key: Key) -> None:
        state, now = self._context.state, self._context.clock.monotonic()
        try:
            body = await self._context.client.get(QUEUE_STATUS, model_id=key[0], deployment_id=key[1])
        except NotFound:
            # Deactivated or deleted: there is no queue, and nothing is wrong.
            self._gone_at[key] = now
            state.queues.pop(key, None)
            return
        queue = decode(body, AsyncQueue)
        self._asked_at[key] = now
        self._gone_at.pop(key, None)
        if queue.num_queued_requests or queue.num_in_progress_requests:
            self._ever_used.add(key)
        state.queues[key] = queue
