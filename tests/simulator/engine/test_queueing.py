"""Queues: order, waits and deadlines against a plain list of requests."""

from __future__ import annotations

from collections import deque

import numpy as np

from serving_simulator.engine.queueing import CohortQueue


def test_against_a_list_of_single_requests() -> None:
    rng = np.random.default_rng(5)
    rows, horizon = 4, 50
    queue = CohortQueue(rows, horizon)
    deadline = np.array([5, 20, 50, 50])
    plain: list[deque[int]] = [deque() for _ in range(rows)]
    for second in range(1, 600):
        expired_rows, expired = queue.expire(second, deadline)
        told = dict(zip(expired_rows.tolist(), expired.tolist(), strict=True))
        for row in range(rows):
            lost = 0
            while plain[row] and second - plain[row][0] >= deadline[row]:
                plain[row].popleft()
                lost += 1
            assert told.get(row, 0) == lost
        wanted = rng.integers(0, [3, 5, 40, 1], rows) * (second % 7 == 0 or second > 400) * (second not in range(150, 300))
        taken = np.minimum(wanted, queue.size)
        chosen = np.flatnonzero(taken)
        waits = queue.take(second, chosen, taken[chosen])
        for row, wait in zip(chosen, waits, strict=True):
            assert wait == sum(second - plain[row].popleft() for _ in range(taken[row]))
        arrivals = rng.poisson([0.5, 1.0, 3.0, 0.05])
        queue.push(second, arrivals)
        for row in range(rows):
            plain[row].extend([second] * arrivals[row])
            assert queue.size[row] == len(plain[row])
            # Asking for the age moves the head along; for a while nobody asks and nobody takes, longer than the ring reaches back.
            assert second in range(150, 300) or queue.oldest(second)[row] == (second - plain[row][0] if plain[row] else 0)


def test_clear_empties_one_queue_only() -> None:
    queue = CohortQueue(2, 10)
    queue.push(1, np.array([3, 4]))
    assert queue.clear(2, 0) == 3
    assert queue.size.tolist() == [0, 4]
    assert queue.take(5, np.array([1]), np.array([4])).tolist() == [16.0]
