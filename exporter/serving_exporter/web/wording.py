"""Numbers and times in the words of a status page."""

from __future__ import annotations

import math

__all__ = ["ABSENT", "age_words", "duration_words", "number_words", "plural"]

ABSENT = "–"

_UNITS = ((86_400, "d"), (3_600, "h"), (60, "min"), (1, "s"))


def duration_words(seconds: float | None) -> str:
    """``seconds`` in the two largest units that matter: 45 s, 3 min 20 s, 2 h 5 min, 4 d."""
    if seconds is None or not math.isfinite(seconds):
        return ABSENT
    left = max(0, round(seconds))
    if left == 0:
        return "0 s" if seconds <= 0 else "under 1 s"
    parts = []
    for size, unit in _UNITS:
        count, left = divmod(left, size)
        if count:
            parts.append(f"{count} {unit}")
        elif parts:
            break
        if len(parts) == 2 or count >= 10:
            break
    return " ".join(parts)


def age_words(timestamp: float | None, now: float) -> str:
    """How long ago a Unix time was. A clock that was stepped back must not make an age negative: that is "just now"."""
    if timestamp is None:
        return "never"
    age = now - timestamp
    return "just now" if age < 1 else f"{duration_words(age)} ago"


def number_words(value: float | None) -> str:
    """``value`` with at most two decimals and thin spaces between thousands; a dash for None and NaN."""
    if value is None or math.isnan(value):
        return ABSENT
    if math.isinf(value):
        return "∞" if value > 0 else "−∞"
    text = f"{value:,.2f}".rstrip("0").rstrip(".").replace(",", "\u202f")
    return "0" if text == "-0" else text.replace("-", "−")


def plural(count: int, noun: str) -> str:
    """``count`` and ``noun`` in the right number."""
    return f"{number_words(count)} {noun}{'' if count == 1 else 's'}"
