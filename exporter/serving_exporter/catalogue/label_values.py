"""The values of labels that have few, each written here and nowhere else.

The platform's own enumerations may grow. A word that it adds later goes on the page as it is, and a status, outcome or phase that does not
look like a word becomes ``UNKNOWN`` (``unknown`` in phases): these are the values that a query may name, not all that a page may hold.
An empty value is that of a label for which the platform names none; in queries it is the same as no label.
"""

from __future__ import annotations

__all__ = [
    "BACKPRESSURE_POLICIES",
    "BOOLEANS",
    "DEPLOYMENT_STATUSES",
    "DROP_REASONS",
    "IS_ASYNC",
    "POD_CONDITIONS",
    "POLL_OUTCOMES",
    "PROMOTION_STATUSES",
    "ROLLOUT_PHASES",
    "SOURCE_NAMES",
    "STARTUP_OUTCOMES",
    "STARTUP_PHASES",
    "UNKNOWN_PHASE",
    "USAGE_KINDS",
    "WHOLE_STARTUP",
]

# --- the platform's ----------------------------------------------------------------------------------------------------------------------

DEPLOYMENT_STATUSES = (
    "BUILDING",
    "BUILD_FAILED",
    "BUILD_STOPPED",
    "DEPLOYING",
    "DEPLOY_FAILED",
    "LOADING_MODEL",
    "ACTIVE",
    "UNHEALTHY",
    "UPDATING",
    "SCALED_TO_ZERO",
    "WAKING_UP",
    "DEACTIVATING",
    "INACTIVE",
    "FAILED",
)
"""Every documented status of deployments and chainlets."""

PROMOTION_STATUSES = ("RELEASING", "RAMPING_UP", "RAMPING_DOWN", "PAUSED", "SUCCEEDED", "FAILED", "CANCELED")
"""Every documented status of promotions."""

BACKPRESSURE_POLICIES = ("QUEUE_ON_FULL", "REJECT_ON_FULL", "")

STARTUP_OUTCOMES = ("SUCCESS", "FAILED", "STALLED")

STARTUP_PHASES = ("scheduling", "image_pull", "weight_download", "container_create", "container_start", "readiness")
"""The phases in the order in which a replica goes through them; the API writes them in capitals."""

WHOLE_STARTUP = "total"
"""Stands for all phases together."""

UNKNOWN_PHASE = "unknown"
"""Of a start-up for which the API names no phase yet."""

ROLLOUT_PHASES = ("stable", "promoting", "")

POD_CONDITIONS = ("true", "false", "unknown")

IS_ASYNC = ("true", "false")
"""How the feed spells it is not documented."""

USAGE_KINDS = ("dedicated", "training", "model_apis")

# --- the exporter's ----------------------------------------------------------------------------------------------------------------------

BOOLEANS = ("true", "false", "")

SOURCE_NAMES = ("feed", "inventory", "queues", "startups", "events", "prices", "chains", "billing")

POLL_OUTCOMES = ("success", "failure", "throttled", "not_permitted", "not_offered")
"""Every way in which a poll ends."""

DROP_REASONS = ("invalid", "duplicate", "collision", "dropped_family", "limit")
"""Every reason for which a line or series is left off the page."""
