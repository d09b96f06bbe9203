"""Time as the exporter sees it: one object that everything asks, so that tests and the demo can bend it.

Durations come from the event loop's clock, never from the wall clock, because hosts step their wall clock. ``speed`` compresses time for
the demo: at 60, one real second is a simulated minute for every cadence, age, budget window and exported timestamp.
"""

from __future__ import annotations

import asyncio
import time

__all__ = ["Clock"]


class Clock:
    """A monotonic and a wall clock that run at ``speed`` times real time.

    ``epoch`` is the wall time, in Unix seconds, at the moment ``origin`` of the loop's clock; both default to now. Two clocks that share
    ``epoch``, ``origin`` and ``speed`` agree for ever: that is how the demo keeps exporter and emulator together. Without an ``epoch``
    and at real speed the wall clock is the host's own, so that corrections by NTP are followed.
    """

    def __init__(self, *, speed: float = 1.0, epoch: float | None = None, origin: float | None = None) -> None:
        if not speed > 0:
            raise ValueError(f"speed must be above 0, not {speed}")
        self.speed = speed
        self.origin = asyncio.get_running_loop().time() if origin is None else origin
        self._follows_host = epoch is None and speed == 1.0
        self.epoch = time.time() if epoch is None else epoch

    def monotonic(self) -> float:
        """Seconds since an arbitrary instant; never steps back. Use it for every duration."""
        return (asyncio.get_running_loop().time() - self.origin) * self.speed

    def wall(self) -> float:
        """Unix time in seconds. Use it only for what leaves the process: timestamps and query windows."""
        return time.time() if self._follows_host else self.epoch + self.monotonic()

    async def sleep(self, seconds: float) -> None:
        """Sleep for ``seconds`` of this clock."""
        await asyncio.sleep(max(0.0, seconds) / self.speed)

    async def wait(self, event: asyncio.Event, seconds: float) -> bool:
        """Wait until ``event`` is set or ``seconds`` of this clock have passed; True when the event was set."""
        try:
            async with asyncio.timeout(max(0.0, seconds) / self.speed):
                await event.wait()
        except TimeoutError:
            return event.is_set()
        return True
