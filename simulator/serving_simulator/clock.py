"""Time as the simulator sees it: the emulated platform's clock, which may run faster than real time.

The same semantics as the exporter's clock, and on purpose a class of its own: the simulator is the other side of the wire and imports
nothing of the exporter. Two clocks with the same ``speed``, ``epoch`` and ``origin`` agree for ever; that is how the demo keeps both sides
together.
"""

from __future__ import annotations

import asyncio
import time

__all__ = ["SimClock"]


class SimClock:
    """A monotonic and a wall clock that run at ``speed`` times real time.

    ``epoch`` is the simulated wall time, in Unix seconds, at the moment ``origin`` of the event loop's clock; both default to now. Raises
    ValueError when ``speed`` is not above zero.
    """

    def __init__(self, *, speed: float = 1.0, epoch: float | None = None, origin: float | None = None) -> None:
        if not speed > 0:
            raise ValueError(f"speed must be above 0, not {speed}")
        self.speed = speed
        self.origin = asyncio.get_running_loop().time() if origin is None else origin
        self.epoch = time.time() if epoch is None else epoch

    def monotonic(self) -> float:
        """Return simulated seconds since ``origin``; never steps back."""
        return (asyncio.get_running_loop().time() - self.origin) * self.speed

    def wall(self) -> float:
        """Return simulated Unix time in seconds."""
        return self.epoch + self.monotonic()

    async def sleep(self, seconds: float) -> None:
        """Sleep for ``seconds`` of this clock."""
        await asyncio.sleep(max(0.0, seconds) / self.speed)
