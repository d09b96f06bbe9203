"""The few pieces of PromQL text that every signal and detection shares.

Label sets are tuples; ``by`` spells them. Nothing here knows a platform.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

__all__ = [
    "DEPLOYMENT",
    "ENVIRONMENT",
    "MODEL",
    "OF_TARGETS",
    "REPLICA",
    "SCRAPER",
    "WORKSPACE",
    "by",
    "label_of",
    "name_of",
    "names",
    "number",
    "once",
    "text_by",
    "titled",
    "value_of",
]

WORKSPACE = ("platform", "workspace")
MODEL = (*WORKSPACE, "model_id")
ENVIRONMENT = (*MODEL, "environment")
DEPLOYMENT = (*MODEL, "deployment_id")
REPLICA = (*DEPLOYMENT, "replica")

SCRAPER = ("job", "instance")
"""Labels of whoever scraped a series; two scrapers of one page differ in these alone."""

OF_TARGETS = (
    "up",
    "scrape_duration_seconds",
    "scrape_samples_scraped",
    "scrape_series_added",
    "process_cpu_seconds_total",
    "process_resident_memory_bytes",
)
"""What Prometheus, and the client library in a target, say of every target."""


def names(labels: tuple[str, ...]) -> str:
    """Spell labels as a list: ``platform, workspace, model_id``."""
    return ", ".join(labels)


def number(value: float) -> str:
    """Spell a number as PromQL and people write it: the shortest decimal that reads back the same, without an exponent."""
    text = f"{value:.15f}".rstrip("0").rstrip(".") if abs(value) < 1e15 else repr(value)
    short = repr(float(value))
    return (short.removesuffix(".0") if "e" not in short else text) or "0"


def by(labels: tuple[str, ...], *more: str) -> str:
    """Spell an aggregation's clause for signals: ``by (platform, workspace, model_id, …)``."""
    return f"by ({names((*labels, *more))})"


def titled(name: str, labels: Mapping[str, str]) -> str:
    """Spell a recording rule's series for people: its name, and the labels that tell it from others of that name."""
    own = ",".join(f'{label}="{value}"' for label, value in labels.items() if label != "platform")
    return f"{name}{{{own}}}" if own else name


def once(expr: str) -> str:
    """Count what several scrapers saw once: the larger of their values, for each series.

    A sum over series that two scrapers both collected would be twice the truth; their copies differ in the labels of ``SCRAPER`` only.
    """
    return f"max without ({names(SCRAPER)}) ({expr})"


def _series(name: str, labels: tuple[str, ...], where: Mapping[str, str] = MappingProxyType({})) -> str:
    matchers = ",".join([*(f"{label}=%q" for label in labels), *(f'{label}=\\"{value}\\"' for label, value in where.items())])
    arguments = " ".join(f"$labels.{label}" for label in labels)
    return f'printf "{name}{{{matchers}}}" {arguments}'


def value_of(
    name: str,
    *,
    labels: tuple[str, ...] = DEPLOYMENT,
    form: str = 'printf "%.0f"',
    otherwise: str = "unknown",
    before: str = "",
    after: str = "",
    where: Mapping[str, str] = MappingProxyType({}),
) -> str:
    """Return the piece of a description that prints another series of the same object, for example the recommended setting.

    ``form`` is a Go template function for the number (``printf "%.2f"``, ``humanizeDuration``); ``otherwise`` stands where the series is
    absent.
    ``before`` and ``after`` stand around the number only: with an empty ``otherwise`` they make a sentence that comes and goes with the
    series.
    The label values are quoted by ``%q``, so that any name is safe; ``where`` has further labels with plain values.
    """
    number = f"{{{{ . | first | value | {form} }}}}"
    return f"{{{{ with {_series(name, labels, where)} | query }}}}{before}{number}{after}{{{{ else }}}}{otherwise}{{{{ end }}}}"


def label_of(
    name: str, label: str, *, labels: tuple[str, ...] = DEPLOYMENT, otherwise: str = "unknown", before: str = "", after: str = ""
) -> str:
    """Return the piece of a description that prints a label of another series of the same object, for example a cause."""
    word = f'{{{{ . | first | label "{label}" }}}}'
    return f"{{{{ with {_series(name, labels)} | query }}}}{before}{word}{after}{{{{ else }}}}{otherwise}{{{{ end }}}}"


def text_by(name: str, label: str, texts: Mapping[str, str], *, otherwise: str, labels: tuple[str, ...] = DEPLOYMENT) -> str:
    """Return the piece of a description that says one of several things, by a label of another series of the same object.

    In ``texts`` (label value to text) ``{{ .Value }}`` is the value of that series. ``otherwise`` stands where it is absent.
    """
    choices = "{{ else ".join(f'if eq .Labels.{label} "{value}" }}}}{text}' for value, text in texts.items())
    chosen = f"{{{{ with first . }}}}{{{{ {choices}{{{{ end }}}}{{{{ end }}}}"
    return f"{{{{ with {_series(name, labels)} | query }}}}{chosen}{{{{ else }}}}{otherwise}{{{{ end }}}}"


name_of = (
    "{{ or $labels.model_name $labels.model_id }}"
    "{{ with $labels.environment }} ({{ . }}){{ end }}"
    "{{ with $labels.deployment_id }}, deployment {{ or $labels.deployment_name . }}{{ end }}"
)
"""The object of an alert for people: model, environment and deployment, as far as the alert has them."""
