"""Panels: what a person sees in one frame. Each kind knows the JSON that Grafana has for it; ids, places and datasources come later."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from string import ascii_uppercase
from typing import Any, ClassVar

from serving_dashboards.colours import Colour
from serving_dashboards.needs import Needs
from serving_dashboards.queries import Line, Query

__all__ = ["Bars", "Graph", "Limit", "Panel", "Stat", "Text", "Timeline", "Unit", "Word", "mappings", "override", "thresholds"]

Json = dict[str, Any]
Rename = Callable[[str], str]


class Unit:
    """Ids of Grafana's units, under the names of what they measure."""

    COUNT = "short"
    SECONDS = "s"
    BYTES = "bytes"
    RATIO = "percentunit"
    REQUESTS = "reqps"
    PER_SECOND = "cps"
    DOLLARS = "currencyUSD"
    CORES = "short"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class Limit:
    """From this value on, a colour."""

    value: float
    colour: Colour


@dataclass(frozen=True, slots=True)
class Word:
    """A value that stands for a word, or a word (of a label) that has a colour."""

    value: float | str
    text: str
    colour: Colour


@dataclass(frozen=True, kw_only=True)
class Panel:
    """What every panel has.

    ``unit`` is a Grafana unit, ``needs`` says what is missing where there is nothing to show, ``limits`` colour values from the lowest up
    (below the first: ``base``), ``words`` stand for single values. ``width`` is in columns of 24, ``height`` in rows of about 30 pixels.
    """

    type: ClassVar[str] = ""
    format: ClassVar[str] = "time_series"

    title: str
    description: str
    queries: Sequence[Query]
    unit: str
    needs: Needs
    width: int = 8
    height: int = 8
    base: Colour = Colour.NEUTRAL
    limits: Sequence[Limit] = ()
    words: Sequence[Word] = ()
    decimals: int | None = None
    minimum: float | None = None
    maximum: float | None = None

    @property
    def instant(self) -> bool:
        """Whether it shows the end of the selected time only, not its course."""
        return False

    def ids(self) -> list[str]:
        """Return the refIds of the queries: letters, stable by order."""
        return list(ascii_uppercase[: len(self.queries)])

    def body(self, label: Rename) -> Json:
        """Return what is particular: ``options``, ``fieldConfig`` and ``transformations``; ``label`` gives the user's name of a label."""
        return {
            "fieldConfig": {"defaults": {**self._defaults(), "custom": self._custom()}, "overrides": self._overrides()},
            "options": self._options(),
            "transformations": self._transformations(label),
        }

    def _defaults(self) -> Json:
        return {
            "unit": self.unit,
            "noValue": self.needs.value,
            "color": {"mode": "thresholds"},
            "thresholds": thresholds(self.base, self.limits),
            "mappings": mappings(self.words),
            **({} if self.decimals is None else {"decimals": self.decimals}),
            **({} if self.minimum is None else {"min": self.minimum}),
            **({} if self.maximum is None else {"max": self.maximum}),
        }

    def _custom(self) -> Json:
        return {}

    def _overrides(self) -> list[Json]:
        return []

    def _options(self) -> Json:
        return {}

    def _transformations(self, label: Rename) -> list[Json]:
        return []


def thresholds(base: Colour, limits: Sequence[Limit]) -> Json:
    """Return colours by value as Grafana writes them."""
    steps = [{"color": str(base), "value": None}, *({"color": str(limit.colour), "value": limit.value} for limit in limits)]
    return {"mode": "absolute", "steps": steps}


def mappings(words: Sequence[Word]) -> list[Json]:
    """Return words for values as Grafana writes them."""
    options = {str(word.value): {"text": word.text, "color": str(word.colour), "index": index} for index, word in enumerate(words)}
    return [{"type": "value", "options": options}] if words else []


def override(matcher: str, options: object, properties: Mapping[str, object]) -> Json:
    """Return an exception for some fields."""
    return {
        "matcher": {"id": matcher, "options": options},
        "properties": [{"id": name, "value": value} for name, value in properties.items()],
    }


_DRAWN: Mapping[Line, Json] = {
    Line.SOLID: {},
    Line.DASHED: {"custom.lineStyle": {"fill": "dash", "dash": [8, 8]}, "custom.fillOpacity": 0},
    Line.STEPS: {"custom.lineInterpolation": "stepAfter"},
    Line.BARS: {"custom.drawStyle": "bars", "custom.fillOpacity": 60},
    Line.POINTS: {"custom.drawStyle": "points", "custom.pointSize": 6, "custom.showPoints": "always"},
}


@dataclass(frozen=True, kw_only=True)
class Graph(Panel):
    """Lines over time. ``stacked`` puts them on top of each other; ``limits`` are then drawn as lines, not as colours of values."""

    type: ClassVar[str] = "timeseries"
    stacked: bool = False
    minimum: float | None = 0

    def _defaults(self) -> Json:
        return {**super()._defaults(), "color": {"mode": "palette-classic"}}

    def _custom(self) -> Json:
        return {
            "drawStyle": "line",
            "lineWidth": 1,
            "fillOpacity": 30 if self.stacked else 8,
            "showPoints": "never",
            "spanNulls": False,
            "lineInterpolation": "linear",
            "axisSoftMin": 0,
            "stacking": {"mode": "normal" if self.stacked else "none", "group": "A"},
            "thresholdsStyle": {"mode": "line" if self.limits else "off"},
        }

    def _overrides(self) -> list[Json]:
        found = []
        for ref, query in zip(self.ids(), self.queries, strict=True):
            properties: Json = dict(_DRAWN[query.line])
            if query.colour:
                properties["color"] = {"mode": "fixed", "fixedColor": str(query.colour)}
            if query.unit:
                properties |= {"unit": query.unit, "custom.axisPlacement": "right"}
            if properties:
                found.append(override("byFrameRefID", ref, properties))
        return found

    def _options(self) -> Json:
        return {
            "legend": {"showLegend": True, "displayMode": "table", "placement": "bottom", "calcs": ["lastNotNull", "max"]},
            "tooltip": {"mode": "multi", "sort": "desc"},
        }


@dataclass(frozen=True, kw_only=True)
class Stat(Panel):
    """One number, or some. Without ``limits`` it stays neutral: a colour is a judgement. ``spark`` draws its past behind it."""

    type: ClassVar[str] = "stat"
    height: int = 4
    width: int = 4
    spark: bool = False

    @property
    def instant(self) -> bool:
        """Whether it shows the end of the selected time only."""
        return not self.spark

    def _options(self) -> Json:
        return {
            "reduceOptions": {"calcs": ["lastNotNull"], "fields": "", "values": False},
            "colorMode": "background" if self.limits or self.words else "value",
            "graphMode": "area" if self.spark else "none",
            "textMode": "auto" if len(self.queries) == 1 and not self.queries[0].legend else "value_and_name",
            "justifyMode": "auto",
            "orientation": "auto",
        }


@dataclass(frozen=True, kw_only=True)
class Bars(Panel):
    """A bar for each series, as of now."""

    type: ClassVar[str] = "bargauge"
    minimum: float | None = 0

    @property
    def instant(self) -> bool:
        """It shows the end of the selected time only."""
        return True

    def _options(self) -> Json:
        return {
            "reduceOptions": {"calcs": ["lastNotNull"], "fields": "", "values": False},
            "orientation": "horizontal",
            "displayMode": "basic",
            "valueMode": "color",
            "showUnfilled": True,
            "minVizHeight": 16,
        }


@dataclass(frozen=True, kw_only=True)
class Timeline(Panel):
    """A band of colours for each series: states over time."""

    type: ClassVar[str] = "state-timeline"

    def _custom(self) -> Json:
        return {"fillOpacity": 70, "lineWidth": 0, "spanNulls": False}

    def _options(self) -> Json:
        return {
            "mergeValues": True,
            "showValue": "auto",
            "alignValue": "left",
            "rowHeight": 0.85,
            "legend": {"showLegend": False, "displayMode": "list", "placement": "bottom"},
            "tooltip": {"mode": "single", "sort": "none"},
        }


@dataclass(frozen=True, kw_only=True)
class Text(Panel):
    """Words, in Markdown."""

    type: ClassVar[str] = "text"
    queries: Sequence[Query] = ()
    unit: str = Unit.NONE
    needs: Needs = Needs.RULES
    width: int = 24
    height: int = 3
    content: str

    def body(self, label: Rename) -> Json:
        """Return the text."""
        return {"options": {"mode": "markdown", "content": self.content}}
