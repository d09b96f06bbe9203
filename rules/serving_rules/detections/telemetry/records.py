"""What the alerts of telemetry read."""

from __future__ import annotations

from serving_rules.model import (
    Example,
    Record,
)

__all__ = ["RECORDS"]

RECORDS = (
    Record(
        "serving:replica_counts:difference",
        # An idle deployment is read every 20 minutes: only what has stood still for half an hour can be compared.
        """
        (serving:api_active_replicas:max - serving:active_replicas:max != 0)
        unless (changes(serving:active_replicas:max[30m]) > 0)
        unless (changes(serving:api_active_replicas:max[30m]) > 0)
        """,
        "Active replicas of the management API minus those of the feed, where both have stood still for half an hour and differ.",
        examples=(
            Example(
                "they have differed for long",
                {"serving:api_active_replicas:max": 5, "serving:active_replicas:max": 2},
                "40m",
                {"serving:replica_counts:difference": 3},
            ),
            Example("they agree", {"serving:api_active_replicas:max": 2, "serving:active_replicas:max": 2}, "40m", {}),
            Example(
                "the feed changed 25 minutes ago",
                {"serving:api_active_replicas:max": 5, "serving:active_replicas:max": "3x14 2x60"},
                "40m",
                {},
            ),
            Example(
                "the feed rose 25 minutes ago",
                {"serving:api_active_replicas:max": 5, "serving:active_replicas:max": "1x14 2x60"},
                "40m",
                {},
            ),
            Example(
                "the feed changed 50 minutes ago",
                {"serving:api_active_replicas:max": 5, "serving:active_replicas:max": "3x9 2x60"},
                "60m",
                {"serving:replica_counts:difference": 3},
            ),
            Example(
                "the API changed 25 minutes ago",
                {"serving:api_active_replicas:max": "3x14 5x60", "serving:active_replicas:max": 2},
                "40m",
                {},
            ),
            Example(
                "the API changed 50 minutes ago",
                {"serving:api_active_replicas:max": "3x9 5x60", "serving:active_replicas:max": 2},
                "60m",
                {"serving:replica_counts:difference": 3},
            ),
        ),
    ),
)
