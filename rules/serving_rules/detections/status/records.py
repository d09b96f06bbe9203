"""What the alerts of status read."""

from __future__ import annotations

from serving_rules.model import (
    Example,
    Record,
)
from serving_rules.promql import DEPLOYMENT, by

__all__ = ["RECORDS"]

_ONCE_THERE = "ACTIVE|UNHEALTHY|SCALED_TO_ZERO|WAKING_UP|DEACTIVATING"
"""Statuses that a deployment has only after it was active, or when somebody stops it."""

RECORDS = (
    Record(
        "serving:never_started:bool",
        # Two hours, not a day: a range over every status of every deployment is dear, and a deploy that takes longer is stuck,
        # which is another alert.
        f"""
        max {by(DEPLOYMENT)} (serving:status:current{{status="INACTIVE"}})
        and
        max {by(DEPLOYMENT)} (max_over_time(serving:status:current{{status=~"DEPLOYING|LOADING_MODEL"}}[2h]))
        unless
        max {by(DEPLOYMENT)} (max_over_time(serving:status:current{{status=~"{_ONCE_THERE}"}}[2h]))
        """,
        "1 for a deployment that became inactive within 2 hours of deploying without ever having been active.",
        examples=(
            Example(
                "it deployed for half an hour and is inactive",
                {
                    'serving:status:current{status="DEPLOYING"}': "1x30 stale",
                    'serving:status:current{status="INACTIVE"}': "_x31 1x60",
                },
                "40m",
                {"serving:never_started:bool": 1},
            ),
            Example(
                "an hour and fifty minutes later it is still worth saying",
                {
                    'serving:status:current{status="LOADING_MODEL"}': "1x10 stale",
                    'serving:status:current{status="INACTIVE"}': "_x11 1x200",
                },
                "119m",
                {"serving:never_started:bool": 1},
            ),
            Example(
                "it was active three hours ago, deployed anew and went",
                {
                    'serving:status:current{status="ACTIVE"}': "1x10 stale",
                    'serving:status:current{status="DEPLOYING"}': "_x140 1x30 stale",
                    'serving:status:current{status="INACTIVE"}': "_x172 1x60",
                },
                "180m",
                {"serving:never_started:bool": 1},
            ),
            Example(
                "two hours after the deploy it is history",
                {
                    'serving:status:current{status="DEPLOYING"}': "1x10 stale",
                    'serving:status:current{status="INACTIVE"}': "_x11 1x200",
                },
                "135m",
                {},
            ),
            Example(
                "it was active in between, an hour and a half ago",
                {
                    'serving:status:current{status="DEPLOYING"}': "1x10 stale",
                    'serving:status:current{status="ACTIVE"}': "_x11 1x5 stale",
                    'serving:status:current{status="INACTIVE"}': "_x17 1x200",
                },
                "110m",
                {},
            ),
            Example(
                "somebody deactivated it while it deployed",
                {
                    'serving:status:current{status="DEPLOYING"}': "1x10 stale",
                    'serving:status:current{status="DEACTIVATING"}': "_x11 1x2 stale",
                    'serving:status:current{status="INACTIVE"}': "_x14 1x200",
                },
                "60m",
                {},
            ),
            Example(
                "an old inactive deployment",
                {'serving:status:current{status="INACTIVE"}': "1x200"},
                "60m",
                {},
            ),
            Example(
                "it still deploys",
                {'serving:status:current{status="DEPLOYING"}': "1x200"},
                "60m",
                {},
            ),
            Example(
                "the status is unhealthy, not inactive",
                {
                    'serving:status:current{status="DEPLOYING"}': "1x30 stale",
                    'serving:status:current{status="FAILED"}': "_x31 1x60",
                },
                "40m",
                {},
            ),
        ),
    ),
)
