"""Instance types with the list prices of mid 2026, in US dollars a minute for one replica."""

from __future__ import annotations

import re
from typing import Annotated

import msgspec
from msgspec import Meta

__all__ = ["InstanceType", "list_prices"]


class InstanceType(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What one replica runs on. ``price`` is US dollars a minute; ``id`` defaults to the name."""

    name: str
    memory_limit_mib: int
    millicpu_limit: int
    price: Annotated[float, Meta(ge=0)]
    gpu_count: int = 0
    gpu_type: str | None = None
    gpu_memory_limit_mib: int | None = None
    id: str | None = None

    @property
    def key(self) -> str:
        """The id that the API shows."""
        return self.id or self.name


_PRICES = {
    "1x2": 0.00058, "1x4": 0.00086, "2x8": 0.00173, "4x16": 0.00346, "8x32": 0.00691, "16x64": 0.01382,
    "T4x4x16": 0.01052, "T4x8x32": 0.01504, "T4x16x64": 0.02408, "L4:4x16": 0.01414, "L4:2x24x96": 0.04002, "L4:4x48x192": 0.08003,
    "A10Gx4x16": 0.02012, "A10Gx8x32": 0.02424, "A10G:2x24x96": 0.05672, "A100:12x144": 0.06667, "A100:2x24x288": 0.13334,
    "H100MIG": 0.06250, "H100": 0.10833, "H100:2": 0.21666, "H100:4": 0.43332, "H100:8": 0.86664, "H200": 0.12500, "B200": 0.16633,
}  # fmt: skip
_GPU_GIB = {"T4": 16, "L4": 24, "A10G": 24, "A100": 80, "H100MIG": 40, "H100": 80, "H200": 141, "B200": 180}
_SIZE = re.compile(r"(?:(?P<gpu>[A-Z][A-Z0-9]*)(?::|x))?(?:(?P<count>\d+)x(?=\d+x))?(?P<cpu>\d+)x(?P<memory>\d+)")


def list_prices() -> tuple[InstanceType, ...]:
    """Return the built-in instance types. Names that do not spell out CPU and memory get 24 cores and 192 GiB for each GPU."""
    return tuple(_instance(name, price) for name, price in _PRICES.items())


def _instance(name: str, price: float) -> InstanceType:
    size = _SIZE.fullmatch(name)
    if size is None:
        gpu, _, count_text = name.partition(":")
        count, cpu, memory = int(count_text or 1), 24 * int(count_text or 1), 192 * int(count_text or 1)
    else:
        gpu, count, cpu, memory = size["gpu"] or "", int(size["count"] or 1), int(size["cpu"]), int(size["memory"])
    return InstanceType(
        name=name,
        price=price,
        memory_limit_mib=memory * 1024,
        millicpu_limit=cpu * 1000,
        gpu_count=count if gpu else 0,
        gpu_type=gpu or None,
        gpu_memory_limit_mib=_GPU_GIB[gpu] * 1024 if gpu else None,
    )
