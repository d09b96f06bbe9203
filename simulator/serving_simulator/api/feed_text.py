"""The world's export page as text, rendered once for each page and scope of a key.

A page of ten thousand deployments is millions of characters, so it is rendered in slices with the loop's other work in between, labels
are escaped once, and everyone who asks for the same page gets the same bytes.
"""

from __future__ import annotations

import asyncio
import math
from collections.abc import AsyncIterator
from functools import lru_cache

from serving_simulator.api.ports import SimulatedWorld
from serving_simulator.views import FeedFamily, FeedPage

__all__ = ["FeedRenderer", "spell_value"]

_SLICE = 4000
_ESCAPES = str.maketrans({"\\": "\\\\", '"': '\\"', "\n": "\\n"})
_HELP_ESCAPES = str.maketrans({"\\": "\\\\", "\n": "\\n"})

Labels = tuple[tuple[str, str], ...]


@lru_cache(maxsize=65_536)
def spell_value(value: float) -> str:
    """Spell a sample value: whole numbers without a point, infinities as the format wants them."""
    if -1e15 < value < 1e15 and value == int(value):
        return str(int(value))
    if math.isnan(value):
        return "NaN"
    if math.isinf(value):
        return "+Inf" if value > 0 else "-Inf"
    return repr(float(value))


class _Pairs(dict[tuple[str, str], str]):
    """Labels as text, each escaped once."""

    def __missing__(self, pair: tuple[str, str]) -> str:
        label, value = pair
        text = self[pair] = f'{label}="{value.translate(_ESCAPES)}"'
        return text


class FeedRenderer:
    """The text of the page in force, for each scope."""

    def __init__(self) -> None:
        self._page: FeedPage | None = None
        self._texts: dict[frozenset[str] | None, bytes] = {}
        self._lock = asyncio.Lock()
        self._pairs = _Pairs()

    async def render(self, page: FeedPage, models: frozenset[str] | None, world: SimulatedWorld) -> bytes:
        """Return the page as text, limited to some models when ``models`` is given."""
        async with self._lock:
            if page is not self._page:
                self._page = page
                self._texts.clear()
                self._pairs = _Pairs()
            if models not in self._texts:
                deployments = frozenset(each for model in models or () for each in self._deployments(world, model))
                parts = [part async for part in self._parts(page, models, deployments)]
                self._texts[models] = b"".join(parts)
            return self._texts[models]

    @staticmethod
    def _deployments(world: SimulatedWorld, model_id: str) -> tuple[str, ...]:
        try:
            return tuple(each.id for each in world.deployments(model_id))
        except KeyError:  # a key may outlive its models
            return ()

    async def _parts(self, page: FeedPage, models: frozenset[str] | None, deployments: frozenset[str]) -> AsyncIterator[bytes]:
        for family in page.families:
            samples = family.samples
            if models is not None:
                samples = tuple(sample for sample in samples if _is_visible(dict(sample[1]), models, deployments))
            if not samples:
                continue
            yield f"# HELP {family.name} {family.help.translate(_HELP_ESCAPES)}\n# TYPE {family.name} {family.type}\n".encode()
            for start in range(0, len(samples), _SLICE):
                yield self._lines(family, samples[start : start + _SLICE])
                await asyncio.sleep(0)

    def _lines(self, family: FeedFamily, samples: tuple[tuple[str, Labels, float], ...]) -> bytes:
        # Neighbours differ in their last label (the buckets of a histogram), so the text of the others is kept: four fifths of the work.
        name, pairs, lines = family.name, self._pairs, []
        shared: Labels | None = None
        start = ""
        for suffix, labels, value in samples:
            if not labels:
                lines.append(f"{name}{suffix} {spell_value(value)}\n")
                continue
            first = labels[:-1]
            if first != shared:
                shared = first
                start = "".join([f"{pairs[pair]}," for pair in first])
            lines.append(f"{name}{suffix}{{{start}{pairs[labels[-1]]}}} {spell_value(value)}\n")
        return "".join(lines).encode()


def _is_visible(labels: dict[str, str], models: frozenset[str], deployments: frozenset[str]) -> bool:
    """Engine families carry no model id: their deployment decides."""
    model = labels.get("model_id")
    return model in models if model is not None else labels.get("deployment_id") in deployments
