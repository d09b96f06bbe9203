"""What is set, beside what should be."""

from __future__ import annotations

from serving_dashboards.boards.measures import ADVISED, OTHERS
from serving_dashboards.boards.shared import WHO, each
from serving_dashboards.colours import Colour
from serving_dashboards.document import Row
from serving_dashboards.needs import Needs
from serving_dashboards.panels import Limit, Unit
from serving_dashboards.queries import signal
from serving_dashboards.tables import Cell, Column, Table

__all__ = ["ELASTICITY", "ROW"]


def _pair(title: str, name: str, unit: str) -> tuple[Column, Column]:
    current, wanted = signal(f"serving:{name}:current"), signal(f"serving:{name}:recommended")
    return (
        Column(title=title, query=each(current), unit=unit),
        Column(title=f"→ {title}", query=each(wanted), unit=unit, cell=Cell.FILLED, base=Colour.RECOMMENDED),
    )


ROW = Row(
    "Settings",
    (
        Table(
            title="Settings in force and recommended",
            description="Each setting in force; the column with the arrow is what alerts recommend now, empty where nothing is wrong with "
            "it. How the numbers come about is in the runbook of the alert that recommends them.",
            needs=Needs.SETTINGS,
            columns=(
                *WHO,
                *(column for setting in ADVISED for column in _pair(*setting)),
                *(Column(title=title, query=each(signal(f"serving:{name}:current")), unit=unit) for title, name, unit in OTHERS),
            ),
            sort="Model",
            ascending=True,
            height=9,
        ),
    ),
)


def _measure(title: str, name: str, *limits: Limit, unit: str = Unit.RATIO) -> Column:
    return Column(title=title, query=each(signal(name)), unit=unit, decimals=1, cell=Cell.COLOURED, limits=limits)


ELASTICITY = Table(
    title="How well replicas follow the load",
    description="Measures of six hours. Time short: share of the time with fewer replicas than the load asks for; near 0 is healthy, above "
    "80 % saturated. Missing: the mean share of the demand that was not there. Time over and surplus: the same for too many; 95 % of the "
    "time can be healthy, a large surplus is money. Instability: share of the time in which replicas and demand moved differently. Jitter: "
    "changes of replicas an hour beyond those of the demand; above 0 they oscillate, below they lag.",
    needs=Needs.PAST,
    columns=(
        *WHO,
        _measure("Time short", "serving:under_provisioned_ratio:avg6h", Limit(0.2, Colour.WARNING), Limit(0.8, Colour.CRITICAL)),
        _measure("Missing", "serving:under_provisioning_ratio:avg6h"),
        _measure("Time over", "serving:over_provisioned_ratio:avg6h"),
        _measure("Surplus", "serving:over_provisioning_ratio:avg6h", Limit(1, Colour.WARNING)),
        _measure("Instability", "serving:instability_ratio:avg6h"),
        _measure("Jitter", "serving:jitter_per_hour:changes2h", Limit(4, Colour.WARNING), unit=Unit.COUNT),
    ),
    sort="Time short",
    height=9,
)
