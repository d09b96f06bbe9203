"""Text of the pack with the user's settings put in: the one place where names, selectors and thresholds become concrete.

Expressions are PromQL with canonical names. Their tokens that matter here (metric names, label names, ``$threshold``) can be told from the
rest by a lexer of three lines, because string literals are left alone; so no detection has to thread settings through its text.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

from serving_rules.guards import GUARDS
from serving_rules.model import Alert, Detection, Threshold
from serving_rules.promql import SCRAPER, names, number, value_of
from serving_rules.settings import DetectionChange, Settings

__all__ = ["Renderer", "threshold_series"]

_RAW = r"(?:baseten|serving_exporter)_\w+"
_EXPRESSION = re.compile(
    rf"""(?P<string>"(?:\\.|[^"\\])*")|(?P<raw>\b{_RAW}\b)(?P<open>\{{)?|\$(?P<threshold>[a-z]\w*)|(?P<word>\b[a-zA-Z_][\w:]*)"""
)
_TEMPLATE = re.compile(r"\{\{.*?\}\}")
_TEMPLATE_LABEL = re.compile(r"""(?<=\$labels\.)\w+|(?<=\.Labels\.)\w+|(?<=\blabel ")\w+|\b\w+(?==%q|=\\")""")
_GUARD = re.compile(rf"(?<=\S)[ ]+({'|'.join(re.escape(guard.expr) for guard in sorted(GUARDS, key=lambda guard: -len(guard.expr)))})")
_DANGLING = re.compile(r"^ (?=(?:and|or|unless)\b)")
_PLACEHOLDER = re.compile(r"\$(?!labels\b|value\b)([a-z]\w*)")


def threshold_series(detection: Detection, threshold: Threshold) -> str:
    """Name of the series that carries a threshold which is set for single models."""
    return f"{threshold.scope.prefix}:{detection.slug}_{threshold.name}:threshold"


class Renderer:
    """Puts settings into the text of one pack."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self._labels = {**settings.label_names}

    def label(self, name: str) -> str:
        """Return the user's name for a canonical label."""
        return self._labels.get(name, name)

    def labels(self, labels: Mapping[str, str]) -> dict[str, str]:
        """Labels with the user's names."""
        return {self.label(name): value for name, value in labels.items()}

    def expression(self, expr: str, detection: Detection | None = None) -> str:
        """PromQL with the user's selector, label names and thresholds. Raises KeyError for a ``$name`` that the detection lacks."""
        thresholds = self._thresholds(detection, self._in_expression)
        scrapers = names(SCRAPER)
        text = _one_guard_a_line(expr).replace(f"without ({scrapers})", self._without())
        return _EXPRESSION.sub(lambda match: self._token(match, thresholds), text)

    def annotation(self, text: str, detection: Detection) -> str:
        """Return a description with label names inside ``{{ }}`` and thresholds put in."""
        thresholds = self._thresholds(detection, self._in_text)
        text = _PLACEHOLDER.sub(lambda match: thresholds[match.group(1)] if match.group(1) in thresholds else match.group(0), text)
        return _TEMPLATE.sub(lambda match: _TEMPLATE_LABEL.sub(lambda label: self.label(label.group(0)), match.group(0)), text)

    def prose(self, text: str, detection: Detection) -> str:
        """Return a text for people with thresholds put in: the number that holds where no exception says otherwise."""
        thresholds = self._thresholds(detection, _default)
        return _PLACEHOLDER.sub(lambda match: thresholds.get(match.group(1), match.group(0)), text)

    def alert_expression(self, alert: Alert, detection: Detection) -> str:
        """Return the condition of an alert with the words of its object joined to it."""
        condition = self.expression(alert.expr, detection)
        if not alert.scope.info:
            return condition
        on, words = names(tuple(map(self.label, alert.scope.info_labels))), names(tuple(map(self.label, alert.scope.words)))
        body = "\n".join("  " + line if line else line for line in condition.splitlines())
        return f"(\n{body}\n)\n* on ({on}) group_left ({words}) {alert.scope.info}"

    def _without(self) -> str:
        return f"without ({names(self.settings.scraper_labels)})"

    def _token(self, match: re.Match[str], thresholds: Mapping[str, str]) -> str:
        if match["string"]:
            return self._string(match)
        if match["threshold"]:
            return thresholds[match["threshold"]]
        if match["raw"]:
            selector = self.settings.selector
            if match["open"]:
                return f"{match['raw']}{{{selector}," if selector else f"{match['raw']}{{"
            return f"{match['raw']}{{{selector}}}" if selector else match["raw"]
        return self.label(match["word"])

    def _string(self, match: re.Match[str]) -> str:
        """Return a literal as it is, unless it is an argument that names a label (``label_replace``)."""
        before = match.string[max(0, match.start() - 20) : match.start()].rstrip()
        return f'"{self.label(match["string"][1:-1])}"' if before.endswith(("(", ",")) else match["string"]

    def _thresholds(self, detection: Detection | None, spell: Callable[[Detection, Threshold, DetectionChange], str]) -> dict[str, str]:
        if detection is None:
            return {}
        change = self.settings.detection(detection.slug)
        return {threshold.name: spell(detection, threshold, change) for threshold in detection.thresholds}

    def _in_expression(self, detection: Detection, threshold: Threshold, change: DetectionChange) -> str:
        if threshold.name in change.scoped:
            return f"{threshold.matching} {threshold_series(detection, threshold)}".strip()
        return _default(detection, threshold, change)

    def _in_text(self, detection: Detection, threshold: Threshold, change: DetectionChange) -> str:
        default = _default(detection, threshold, change)
        if threshold.name in change.scoped:
            return value_of(threshold_series(detection, threshold), labels=threshold.scope.labels, form='printf "%g"', otherwise=default)
        return default


def _default(_: Detection, threshold: Threshold, change: DetectionChange) -> str:
    return number(change.thresholds.get(threshold.name, threshold.default))


def _one_guard_a_line(expr: str) -> str:
    """Lay an expression out so that each guard can be read, and be seen to change, on its own."""
    lines: list[str] = []
    for line in expr.splitlines():
        indent = line[: len(line) - len(line.lstrip())]
        lines += _GUARD.sub(rf"\n{indent}\g<1>", line).splitlines()
    return "\n".join(_DANGLING.sub("", line) for line in lines)
