"""What the alerts of rollout read."""

from __future__ import annotations

from serving_rules.model import (
    Example,
    Record,
)
from serving_rules.promql import ENVIRONMENT, by

__all__ = ["PHASES", "RECORDS"]

_OVER = "PAUSED|SUCCEEDED|FAILED|CANCELED"

_RUNNING = f"""
max {by(ENVIRONMENT)} (serving_environment:promotion_status:current{{status!~"{_OVER}"}})
"""

PHASES = "serving_environment:phase_requests:rate5m"

RECORDS = (
    Record(
        "serving_environment:promotion:running",
        _RUNNING,
        "1 while a promotion is on its way: in progress, and not paused by somebody.",
        examples=(
            Example(
                "ramping up",
                {'serving_environment:promotion_status:current{status="RAMPING_UP"}': 1},
                "1m",
                {"serving_environment:promotion:running": 1},
            ),
            Example("paused", {'serving_environment:promotion_status:current{status="PAUSED"}': 1}, "1m", {}),
            Example("over", {'serving_environment:promotion_status:current{status="SUCCEEDED"}': 1}, "1m", {}),
            Example("failed", {'serving_environment:promotion_status:current{status="FAILED"}': 1}, "1m", {}),
            Example("canceled", {'serving_environment:promotion_status:current{status="CANCELED"}': 1}, "1m", {}),
        ),
    ),
    Record(
        "serving_environment:promotion_traffic_ratio:changes1h",
        "changes(serving_environment:promotion_traffic_ratio:current[1h])",
        "How often the candidate's share of traffic changed in the last hour.",
        examples=(
            Example(
                "two steps within the hour; one before it does not count",
                {"serving_environment:promotion_traffic_ratio:current": "0x10 0.1x40 0.2x30 0.5x60"},
                "110m",
                {"serving_environment:promotion_traffic_ratio:changes1h": 2},
            ),
            Example(
                "a step 40 minutes ago",
                {"serving_environment:promotion_traffic_ratio:current": "0.1x60 0.2x60"},
                "100m",
                {"serving_environment:promotion_traffic_ratio:changes1h": 1},
            ),
        ),
    ),
    Record(
        "serving_environment:promotion_paused:count4h",
        'count_over_time(serving_environment:promotion_status:current{status="PAUSED"}[4h])',
        "Minutes of the last four hours in which a promotion was paused.",
        examples=(
            Example(
                "paused for three hours",
                {'serving_environment:promotion_status:current{status="PAUSED"}': "_x10 1x179"},
                "200m",
                {'serving_environment:promotion_paused:count4h{status="PAUSED"}': 180},
            ),
            Example("moving", {'serving_environment:promotion_status:current{status="RAMPING_UP"}': 1}, "200m", {}),
        ),
    ),
    Record(
        "serving_environment:rollout_dollars_per_hour:cost",
        f"""
        sum {by(ENVIRONMENT)} (
          serving:cost_dollars_per_hour:active
          * on (platform, workspace, model_id, deployment_id) group_left (environment)
          serving:deployment:info{{environment!=""}}
        )
        """,
        "What all deployments of an environment cost together, US dollars an hour.",
        examples=(
            Example(
                "two versions of one environment, and a deployment of none",
                {
                    "serving:cost_dollars_per_hour:active": 3,
                    'serving:cost_dollars_per_hour:active{deployment_id="d-two"}': 4,
                    'serving:cost_dollars_per_hour:active{deployment_id="d-three"}': 9,
                    'serving:deployment:info{environment="production"}': 1,
                    'serving:deployment:info{deployment_id="d-two",environment="production"}': 1,
                    'serving:deployment:info{deployment_id="d-three",environment=""}': 1,
                },
                "1m",
                {"serving_environment:rollout_dollars_per_hour:cost": 7},
            ),
        ),
    ),
    Record(
        "serving_environment:candidate_error_ratio:rate5m",
        f"""
        (
          sum {by(ENVIRONMENT)} (serving_environment:phase_errors:rate5m{{rollout_phase="promoting"}})
          or
          0 * sum {by(ENVIRONMENT)} ({PHASES}{{rollout_phase="promoting"}})
        )
        /
        (sum {by(ENVIRONMENT)} ({PHASES}{{rollout_phase="promoting"}}) > 0)
        """,
        "Share of the candidate's requests answered with 5xx over 5 minutes, 0 to 1.",
        examples=(
            Example(
                "one in four fails, the stable version is not looked at",
                {
                    f'{PHASES}{{rollout_phase="promoting"}}': 4,
                    f'{PHASES}{{rollout_phase="stable"}}': 40,
                    'serving_environment:phase_errors:rate5m{rollout_phase="promoting"}': 1,
                    'serving_environment:phase_errors:rate5m{rollout_phase="stable"}': 3,
                },
                "1m",
                {
                    "serving_environment:candidate_error_ratio:rate5m": 0.25,
                },
            ),
            Example(
                "no error was ever counted",
                {f'{PHASES}{{rollout_phase="promoting"}}': 4, f'{PHASES}{{rollout_phase="stable"}}': 40},
                "1m",
                {"serving_environment:candidate_error_ratio:rate5m": 0},
            ),
            Example(
                "half a request a second is a rate too",
                {
                    f'{PHASES}{{rollout_phase="promoting"}}': 0.5,
                    'serving_environment:phase_errors:rate5m{rollout_phase="promoting"}': 0.25,
                },
                "1m",
                {"serving_environment:candidate_error_ratio:rate5m": 0.5},
            ),
            Example(
                "without requests there is no share",
                {
                    f'{PHASES}{{rollout_phase="promoting"}}': 0,
                    'serving_environment:phase_errors:rate5m{rollout_phase="promoting"}': 0,
                },
                "1m",
                {},
            ),
        ),
    ),
    Record(
        "serving_environment:stable_error_ratio:rate5m",
        f"""
        (
          sum {by(ENVIRONMENT)} (serving_environment:phase_errors:rate5m{{rollout_phase="stable"}})
          or
          0 * sum {by(ENVIRONMENT)} ({PHASES}{{rollout_phase="stable"}})
        )
        /
        (sum {by(ENVIRONMENT)} ({PHASES}{{rollout_phase="stable"}}) > 0)
        """,
        "Share of the stable version's requests answered with 5xx over 5 minutes, 0 to 1.",
        examples=(
            Example(
                "one in eight fails, the candidate is not looked at",
                {
                    f'{PHASES}{{rollout_phase="promoting"}}': 64,
                    f'{PHASES}{{rollout_phase="stable"}}': 8,
                    'serving_environment:phase_errors:rate5m{rollout_phase="promoting"}': 32,
                    'serving_environment:phase_errors:rate5m{rollout_phase="stable"}': 1,
                },
                "1m",
                {
                    "serving_environment:stable_error_ratio:rate5m": 0.125,
                },
            ),
            Example(
                "no error was ever counted",
                {f'{PHASES}{{rollout_phase="stable"}}': 0.5, f'{PHASES}{{rollout_phase="promoting"}}': 4},
                "1m",
                {"serving_environment:stable_error_ratio:rate5m": 0},
            ),
            Example(
                "without requests there is no share",
                {
                    f'{PHASES}{{rollout_phase="stable"}}': 0,
                    'serving_environment:phase_errors:rate5m{rollout_phase="stable"}': 0,
                },
                "1m",
                {},
            ),
        ),
    ),
)
