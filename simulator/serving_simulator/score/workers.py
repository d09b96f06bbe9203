"""Processes that work on batches, each with a Prometheus of its own, and leave none behind."""

from __future__ import annotations

import multiprocessing
import signal
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager

__all__ = ["workers"]


@contextmanager
def workers(jobs: int) -> Iterator[ProcessPoolExecutor]:
    """Yield a pool of processes that unwind, and so stop what they started, when this program fails or is told to end."""
    main = threading.current_thread() is threading.main_thread()
    before = signal.signal(signal.SIGTERM, _unwind) if main else None
    try:
        with ProcessPoolExecutor(jobs, initializer=signal.signal, initargs=(signal.SIGTERM, _unwind)) as pool:
            try:
                yield pool
            except BaseException:
                # A batch takes minutes: leaving the pool would wait for it.
                for each in multiprocessing.active_children():
                    each.terminate()
                raise
    finally:
        if main:
            signal.signal(signal.SIGTERM, before)


def _unwind(number: int, _: object) -> None:
    sys.exit(128 + number)
