"""The exporter and its sources: what the other signals rest on."""

from __future__ import annotations

from serving_rules.model import RecordGroup
from serving_rules.promql import once
from serving_rules.signals.baseten import telemetry_examples as examples
from serving_rules.signals.baseten.text import record

__all__ = ["GROUPS"]

GROUPS = (
    RecordGroup(
        "serving-sources",
        "Whether the data can be trusted, for each workspace (and source).",
        (
            record(
                "serving_workspace:exporter_seen_timestamp_seconds:last",
                # Its own past is what is left when an exporter has gone with all of its series; `on` because the past has the label
                # platform.
                """
                max by (workspace) (serving_exporter_source_up) * 0 + time()
                or on (workspace)
                max by (workspace) (last_over_time(serving_workspace:exporter_seen_timestamp_seconds:last[1h]))
                """,
                "When an exporter last reported the workspace, Unix time; remembered for as long as the rules run.",
                *examples.SEEN,
            ),
            record(
                "serving_workspace:exporter_silent_seconds:now",
                "time() - max by (workspace) (serving_workspace:exporter_seen_timestamp_seconds:last)",
                "Time since an exporter last reported the workspace, seconds; 0 while one does.",
                *examples.SILENT,
            ),
            record(
                "serving_workspace:source_up:max",
                "max by (workspace, source) (serving_exporter_source_up)",
                "Whether the last poll of a source succeeded, in any exporter.",
                *examples.UP,
            ),
            record(
                "serving_workspace:source_supported:max",
                "max by (workspace, source) (serving_exporter_source_supported)",
                "Whether a source can be had: 0 when it is not permitted to the key or not offered.",
                *examples.SUPPORTED,
            ),
            record(
                "serving_workspace:source_age_seconds:now",
                "time() - max by (workspace, source) (serving_exporter_source_last_success_timestamp_seconds)",
                "Time since a source last succeeded, seconds.",
                *examples.AGE,
            ),
            record(
                "serving_workspace:source_interval_seconds:max",
                "max by (workspace, source) (serving_exporter_source_interval_seconds)",
                "The cadence in force of a source, back-off included, seconds.",
                *examples.INTERVAL,
            ),
            record(
                "serving_workspace:source_throttled:increase15m",
                f"""
                sum by (workspace, source) (
                  {once('increase(serving_exporter_source_polls_total{outcome="throttled"}[15m])')}
                )
                """,
                "Polls of the last 15 minutes that the platform refused with 429.",
                *examples.THROTTLED,
            ),
        ),
    ),
)
