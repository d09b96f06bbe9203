"""Template variables: what a person selects on top of a dashboard. Every one that selects series takes several values, and all."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

from serving_dashboards.queries import INFO
from serving_exporter.catalogue import SOURCE_UP

__all__ = ["DATASOURCE", "DEPLOYMENT", "ENVIRONMENT", "JOB", "MODEL", "SCOPE", "SELECTION", "SOURCE", "WINDOW", "WORKSPACE", "Variable"]

Json = dict[str, Any]
Rename = Callable[[str], str]

SOURCE = {"type": "prometheus", "uid": "${datasource}"}
"""Every panel's datasource: the one that is selected."""


class Variable(Protocol):
    """A variable that can write itself; ``rename`` puts the user's label names into a text."""

    @property
    def name(self) -> str:
        """Its name in queries and in addresses (``var-<name>``)."""

    def json(self, expression: Rename, label: Rename) -> Json:
        """Return it as Grafana has it."""


@dataclass(frozen=True, slots=True)
class Datasource:
    """The Prometheus that is asked."""

    name: str = "datasource"
    label: str = "Data source"

    def json(self, expression: Rename, label: Rename) -> Json:
        """Return it as Grafana has it."""
        return {"name": self.name, "label": self.label, "type": "datasource", "query": "prometheus", "refresh": 1, "regex": "", "hide": 0}


@dataclass(frozen=True, slots=True)
class Labels:
    """Values of a label of a series. ``text`` is another label of the series, to be read instead of an id."""

    name: str
    title: str
    series: str
    value: str
    text: str = ""
    all_value: str = ".*"
    """``.*`` also takes what lacks the label."""

    def json(self, expression: Rename, label: Rename) -> Json:
        """Return it as Grafana has it."""
        value = label(self.value)
        if self.text:
            text = label(self.text) if self.text != "text" else "text"
            query, regex = (
                f"query_result({expression(self.series)})",
                f'/(?=.*\\b{value}="(?<value>[^"]*)")(?=.*\\b{text}="(?<text>[^"]*)")/',
            )
        else:
            query, regex = f"label_values({expression(self.series)}, {value})", ""
        return {
            "name": self.name,
            "label": self.title,
            "type": "query",
            "datasource": SOURCE,
            "definition": query,
            "query": {"query": query, "refId": self.name},
            "regex": regex,
            "refresh": 2,
            "sort": 1,
            "multi": True,
            "includeAll": True,
            "allValue": self.all_value,
            "current": {"selected": True, "text": "All", "value": "$__all"},
            "hide": 0,
        }


@dataclass(frozen=True, slots=True)
class Choice:
    """One of a few fixed values: text and value of each, the first is the default unless ``default`` names another text."""

    name: str
    title: str
    values: tuple[tuple[str, str], ...]
    default: str = ""

    def json(self, expression: Rename, label: Rename) -> Json:
        """Return it as Grafana has it. A comma in a value is escaped: it separates values."""
        renamed = [(text, ", ".join(label(each) for each in value.split(", "))) for text, value in self.values]
        chosen = next((text, value) for text, value in renamed if text == (self.default or self.values[0][0]))
        return {
            "name": self.name,
            "label": self.title,
            "type": "custom",
            "query": ", ".join(text if text == value else f"{text} : {value}".replace(",", "\\,") for text, value in renamed),
            "options": [{"text": text, "value": value, "selected": (text, value) == chosen} for text, value in renamed],
            "current": {"selected": True, "text": chosen[0], "value": chosen[1]},
            "multi": False,
            "includeAll": False,
            "hide": 0,
        }


DATASOURCE = Datasource()
WORKSPACE = Labels("workspace", "Workspace", INFO, "workspace")
MODEL = Labels("model", "Model", 'serving_model:model:info{workspace=~"$workspace"}', "model_id", "model_name")
ENVIRONMENT = Labels("environment", "Environment", f'{INFO}{{workspace=~"$workspace", model_id=~"$model"}}', "environment")
DEPLOYMENT = Labels(
    "deployment",
    "Deployment",
    f'label_join({INFO}{{workspace=~"$workspace", model_id=~"$model", environment=~"$environment"}}, "text", " ", "model_name", '
    '"deployment_name")',
    "deployment_id",
    "text",
)
SELECTION: tuple[Variable, ...] = (DATASOURCE, WORKSPACE, MODEL, ENVIRONMENT, DEPLOYMENT)
"""What every dashboard about deployments has."""
WINDOW = Choice("window", "Window", tuple((each, each) for each in ("15m", "1h", "6h", "1d", "7d")), "1h")
SCOPE = Choice("scope", "By", (("Deployment", "environment, deployment_name"), ("Environment", "environment")))
JOB = Labels("job", "Job", SOURCE_UP.name, "job", all_value=".+")
