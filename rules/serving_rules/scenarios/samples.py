"""Samples of raw series, one a minute, and how promtool writes them.

``None`` is a minute in which a scrape did not show the series. Prometheus marks a series stale as soon as a scrape lacks it or fails, so
the first such minute is written ``stale`` and those that follow ``_``.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence

from serving_rules.promql import number

__all__ = ["Sample", "Series", "Values", "counted", "notation", "series"]

Sample = float | None
Values = list[Sample]
Series = dict[str, Values]
"""Raw series, with every label, to their samples."""

_DIGITS = 6


def series(metric: str, labels: Mapping[str, str]) -> str:
    """Spell a series; labels without a value are left out, as a scrape leaves them out."""
    pairs = ",".join(f'{name}="{value}"' for name, value in labels.items() if value)
    return f"{metric}{{{pairs}}}"


def counted(increments: Iterable[float], resets: Collection[int] = ()) -> Values:
    """Return a counter: what it reads after each minute's increment. At a reset it begins anew."""
    total, values = 0.0, list[Sample]()
    for minute, increment in enumerate(increments):
        total = round((0 if minute in resets else total) + increment, _DIGITS)
        values.append(total)
    return values


def notation(values: Sequence[Sample]) -> str:
    """Return samples as promtool reads them: runs of equal steps are one item (``5+2x10``)."""
    items: list[str] = []
    place = 0
    while place < len(values):
        value = values[place]
        end = _run(values, place)
        if value is None:
            seen = bool(items)
            items += ["stale"] if seen else []
            if gaps := end - place - seen:
                items.append("_" if gaps == 1 else f"_x{gaps}")
        else:
            items.append(_item(value, values[place + 1] if end > place + 1 else None, end - place))
        place = end
    while items and (items[-1].startswith("_")):
        items.pop()
    return " ".join(items)


def _run(values: Sequence[Sample], place: int) -> int:
    """Where the run that begins here ends: of gaps, of equal samples, of equal steps (three samples at least)."""
    first, end = values[place], place + 1
    if first is None:
        while end < len(values) and values[end] is None:
            end += 1
        return end
    second = values[end] if end < len(values) else None
    if second is None:
        return end
    step = round(second - first, _DIGITS)
    end += 1
    while end < len(values) and (value := values[end]) is not None and value == round(first + step * (end - place), _DIGITS):
        end += 1
    return end if step == 0 or end - place >= 3 else place + 1


def _item(first: float, second: Sample, length: int) -> str:
    if second is None:
        return number(first)
    step = round(second - first, _DIGITS)
    sign = "" if step == 0 else number(step) if step < 0 else f"+{number(step)}"
    return f"{number(first)}{sign}x{length - 1}"
