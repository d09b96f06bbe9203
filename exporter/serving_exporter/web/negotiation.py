"""Which form of a page a client gets, by its Accept and Accept-Encoding headers (RFC 9110, sections 12.4 and 12.5)."""

from __future__ import annotations

from collections.abc import Iterator

__all__ = ["OPENMETRICS_TYPE", "TEXT_TYPE", "wants_gzip", "wants_openmetrics"]

TEXT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
OPENMETRICS_TYPE = "application/openmetrics-text; version=1.0.0; charset=utf-8"

_OPENMETRICS_VERSIONS = ("", "1.0.0", "0.0.1")  # 0.0.1 is what Prometheus before 2.34 asks for; it reads 1.0.0 as well


def wants_openmetrics(accept: str) -> bool:
    """Whether OpenMetrics is what the client prefers.

    Text 0.0.4 is the default: OpenMetrics is served when it is named and its weight is above zero and not below that of text. A wildcard
    never asks for it, and other formats that a client offers (protobuf, text 1.0.0) are passed over.
    """
    text, openmetrics = 0.0, 0.0
    for media_type, parameters, weight in _ranges(accept):
        version = parameters.get("version", "")
        if media_type == "application/openmetrics-text" and version in _OPENMETRICS_VERSIONS:
            openmetrics = max(openmetrics, weight)
        elif media_type == "text/plain" and version in ("", "0.0.4"):
            text = max(text, weight)
    return openmetrics > 0 and openmetrics >= text


def wants_gzip(accept_encoding: str) -> bool:
    """Whether the client takes gzip, and would not rather have the page as it is."""
    weights = {coding: weight for coding, _, weight in _ranges(accept_encoding)}
    gzip = weights.get("gzip", weights.get("x-gzip", weights.get("*", 0.0)))
    return gzip > 0 and gzip >= weights.get("identity", 0.0)


def _ranges(header: str) -> Iterator[tuple[str, dict[str, str], float]]:
    """Split a header into lower-case value, parameters and weight; a weight that is no number from 0 to 1 counts as 0."""
    for element in header.split(","):
        value, *pairs = (part.strip() for part in element.split(";"))
        if not value:
            continue
        parameters = {}
        for pair in pairs:
            name, _, argument = pair.partition("=")
            parameters[name.strip().lower()] = argument.strip().strip('"').lower()
        yield value.lower(), parameters, _weight(parameters.get("q", "1"))


def _weight(spelled: str) -> float:
    try:
        weight = float(spelled)
    except ValueError:
        return 0.0
    return weight if 0 <= weight <= 1 else 0.0
