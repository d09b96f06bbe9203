"""The colour language that all dashboards share: one meaning, one colour."""

from __future__ import annotations

from enum import StrEnum

__all__ = ["Colour"]


class Colour(StrEnum):
    """What a line or a tile stands for. Names of Grafana's palette follow its light and dark themes; the values are used nowhere else."""

    ACTIVE = "green"
    STARTING = "orange"
    DESIRED = "blue"
    BOUND = "text"
    DEMAND = "purple"
    SLOTS = "semi-dark-green"
    EFFECTIVE_SLOTS = "light-green"
    WAITING = "semi-dark-red"
    RECOMMENDED = "light-blue"

    # Aliases from here on: requests answered well have the colour of what serves, and so on.
    SUCCESS = "green"
    CLIENT_ERROR = "yellow"
    SERVER_ERROR = "red"
    OTHER = "semi-dark-blue"

    CRITICAL = "red"
    WARNING = "orange"
    INFO = "blue"
    GOOD = "green"
    NEUTRAL = "text"
    CLEAR = "transparent"

    P50 = "light-blue"
    P90 = "semi-dark-blue"
    P95 = "purple"
    P99 = "dark-red"

    SERVING = "green"
    IDLE = "yellow"
