"""The pack for a world that runs faster than Prometheus' clock: every duration divided by the speed, every rate made per simulated second.

A demo at 60 simulated seconds a second shows two hours in two minutes; the shipped rules would wait two hours. What Prometheus then
evaluates is the same logic on the same numbers: windows, offsets, intervals, ``for`` and ``keep_firing_for`` shrink together; ``rate``
and ``deriv`` are per second of Prometheus' clock and are divided by the speed; ``time()`` becomes the world's own time.
"""

from __future__ import annotations

import re
from dataclasses import replace

from serving_rules.pack import Group, Pack, Rule, RuleFile

__all__ = ["compress", "expression", "shorten"]

_SECONDS = {"ms": 0.001, "s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800}
_DURATION = r"(?:\d+(?:ms|[smhdw]))+"
_TOKENS = re.compile(
    rf'(?P<string>"(?:\\.|[^"\\])*")'
    rf"|\[(?P<range>{_DURATION})(?P<step>:(?:{_DURATION})?)?\]"
    rf"|\boffset\s+(?P<offset>{_DURATION})"
    r"|\btime\(\)(?P<time>)"
    r"|\b(?P<rate>i?rate|deriv)\("
)


def compress(pack: Pack, speed: float, *, epoch: float) -> Pack:
    """Return the pack for a world in which ``speed`` seconds pass in one of Prometheus', counted from the Unix time ``epoch``.

    Raises ValueError for an expression whose meaning would change (a subquery without a step: it would follow the global interval).
    """

    def rule(each: Rule) -> Rule:
        return replace(
            each,
            expr=expression(each.expr, speed, epoch=epoch),
            for_=shorten(each.for_, speed),
            keep_firing_for=shorten(each.keep_firing_for, speed),
        )

    def group(each: Group) -> Group:
        return Group(each.name, tuple(map(rule, each.rules)), shorten(each.interval, speed))

    return replace(pack, files=tuple(RuleFile(file.layer, tuple(map(group, file.groups))) for file in pack.files))


def shorten(duration: str, speed: float) -> str:
    """Return a duration as Prometheus and Alertmanager write it, divided by ``speed``; the empty one stays empty."""
    if not duration:
        return ""
    seconds = sum(int(count) * _SECONDS[unit] for count, unit in re.findall(r"(\d+)(ms|[smhdw])", duration))
    return f"{max(1, round(seconds / speed * 1000))}ms"


def expression(expr: str, speed: float, *, epoch: float) -> str:
    """Return one expression, as ``compress`` does those of a pack."""
    now = f"({epoch:.3f} + (time() - {epoch:.3f}) * {speed:g})"
    result: list[str] = []
    closing: list[int] = []  # depths of parentheses at which a rate ends
    depth = position = 0
    for match in _TOKENS.finditer(expr):
        depth = _copy(expr[position : match.start()], result, closing, depth, speed)
        position = match.end()
        if match["rate"]:
            result.append(f"({match['rate']}(")
            depth += 1
            closing.append(depth)
        else:
            result.append(_token(match, speed, now))
    _copy(expr[position:], result, closing, depth, speed)
    return "".join(result)


def _copy(text: str, result: list[str], closing: list[int], depth: int, speed: float) -> int:
    """Copy text, and end a rate with a division where its parenthesis closes. Returns the depth of parentheses after it."""
    for character in text:
        result.append(character)
        if character == "(":
            depth += 1
        elif character == ")":
            if closing and closing[-1] == depth:
                closing.pop()
                result.append(f" / {speed:g})")
            depth -= 1
    return depth


def _token(match: re.Match[str], speed: float, now: str) -> str:
    if match["string"]:
        return match["string"]
    if match["range"]:
        step = match["step"] or ""
        if step == ":":
            raise ValueError(f"a subquery needs a step: {match.group(0)}")
        return f"[{shorten(match['range'], speed)}{':' + shorten(step[1:], speed) if step else ''}]"
    if match["offset"]:
        return f"offset {shorten(match['offset'], speed)}"
    return now
