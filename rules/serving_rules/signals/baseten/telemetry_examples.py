"""Values that the signals on sources must have."""

from __future__ import annotations

from serving_rules.model import Example

__all__ = ["AGE", "INTERVAL", "SEEN", "SILENT", "SUPPORTED", "THROTTLED", "UP"]


def _series(metric: str, source: str = "feed", instance: str = "one", **more: str) -> str:
    labels = {"workspace": "w-one", "source": source, "job": "exporter", "instance": instance, **more}
    return metric + "{" + ",".join(f'{name}="{value}"' for name, value in labels.items()) + "}"


def _largest_of_two(metric: str, signal: str) -> tuple[Example, ...]:
    """Return examples of a signal that takes the larger value of two exporters, for each source."""
    return (
        Example(
            "the better of two exporters counts, each source by itself",
            {
                _series(metric): 0,
                _series(metric, instance="two"): 30,
                _series(metric, source="inventory"): 20,
                _series(metric, source="inventory", instance="two"): 5,
            },
            "1m",
            {f'{signal}{{source="feed"}}': 30, f'{signal}{{source="inventory"}}': 20},
        ),
    )


_SEEN = "serving_workspace:exporter_seen_timestamp_seconds:last"
SEEN = (
    Example("an exporter reports", {_series("serving_exporter_source_up"): 1}, "7m", {_SEEN: 420}),
    Example("it reports that nothing works", {_series("serving_exporter_source_up"): 0}, "7m", {_SEEN: 420}),
    Example("it has gone", {_series("serving_exporter_source_up"): "1x10 stale"}, "30m", {_SEEN: 600}),
    Example(
        "fifty minutes of darkness of the rules themselves", {_series("serving_exporter_source_up"): "1x10 stale"}, "50m", {_SEEN: 600}
    ),
    Example("it came back", {_series("serving_exporter_source_up"): "1x10 stale _x30 1x30"}, "60m", {_SEEN: 3600}),
    Example("two days later it is still missed", {_series("serving_exporter_source_up"): "1x10 stale"}, "48h", {_SEEN: 600}),
    Example("there never was one", {}, "5m", {}),
    Example(
        "one workspace's exporter has gone, another's has not",
        {
            _series("serving_exporter_source_up"): "1x10 stale",
            'serving_exporter_source_up{workspace="w-two",source="feed",job="exporter",instance="one"}': 1,
        },
        "30m",
        {_SEEN: 600, f'{_SEEN}{{workspace="w-two"}}': 1800},
    ),
)

_SILENT = "serving_workspace:exporter_silent_seconds:now"
SILENT = (
    Example("it reports", {_series("serving_exporter_source_up"): 1}, "7m", {_SILENT: 0}),
    Example("twenty minutes after the last report", {_series("serving_exporter_source_up"): "1x10 stale"}, "30m", {_SILENT: 1200}),
    Example("there never was one", {}, "5m", {}),
)

UP = _largest_of_two("serving_exporter_source_up", "serving_workspace:source_up:max")
SUPPORTED = _largest_of_two("serving_exporter_source_supported", "serving_workspace:source_supported:max")
INTERVAL = _largest_of_two("serving_exporter_source_interval_seconds", "serving_workspace:source_interval_seconds:max")

_AGE = "serving_workspace:source_age_seconds:now"
AGE = (
    Example(
        "the fresher of two exporters counts, each source by itself",
        {
            _series("serving_exporter_source_last_success_timestamp_seconds"): 100,
            _series("serving_exporter_source_last_success_timestamp_seconds", instance="two"): 500,
            _series("serving_exporter_source_last_success_timestamp_seconds", source="inventory"): 50,
        },
        "10m",
        {f'{_AGE}{{source="feed"}}': 100, f'{_AGE}{{source="inventory"}}': 550},
    ),
)

_THROTTLED = "serving_workspace:source_throttled:increase15m"
THROTTLED = (
    Example(
        "two scrapers of one exporter see the same refusals; other outcomes do not count",
        {
            _series("serving_exporter_source_polls_total", outcome="throttled"): "0+1x30",
            _series("serving_exporter_source_polls_total", instance="two", outcome="throttled"): "0+1x30",
            _series("serving_exporter_source_polls_total", outcome="failure"): "0+7x30",
            _series("serving_exporter_source_polls_total", source="inventory", outcome="throttled"): 4,
        },
        "30m",
        {f'{_THROTTLED}{{source="feed"}}': 15, f'{_THROTTLED}{{source="inventory"}}': 0},
    ),
    Example(
        "two exporters behind two addresses are two scrapers of one page, or two budgets: the larger counts",
        {
            _series("serving_exporter_source_polls_total", outcome="throttled"): "0+1x30",
            _series("serving_exporter_source_polls_total", instance="two", outcome="throttled"): "0+2x30",
            _series("serving_exporter_source_polls_total", instance="two", job="other", outcome="throttled"): "0+3x30",
        },
        "30m",
        {f'{_THROTTLED}{{source="feed"}}': 45},
    ),
    Example(
        "refusals of half an hour ago are history",
        {_series("serving_exporter_source_polls_total", outcome="throttled"): "0+1x10 10x13 _ 10+2x4 18x12"},
        "40m",
        {f'{_THROTTLED}{{source="feed"}}': 8.571428571428571},
    ),
)
