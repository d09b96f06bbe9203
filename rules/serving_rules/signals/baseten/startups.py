"""Replica start-ups: how long they take, how they end, where they hang."""

from __future__ import annotations

from serving_rules.model import Example, RecordGroup
from serving_rules.promql import names
from serving_rules.signals.baseten.text import IDS, record

__all__ = ["GROUPS"]

_ONE = 'workspace="w-one",model_id="m-one",deployment_id="d-one"'
_TWO = 'workspace="w-one",model_id="m-one",deployment_id="d-two"'
_A, _B = 'job="a",instance="i"', 'job="b",instance="j"'

GROUPS = (
    RecordGroup(
        "serving-startups",
        "Start-ups as the start-ups API reports them; absent where that API is not offered.",
        (
            record(
                "serving:startup_seconds:p90",
                f'max by ({names(IDS)}) (baseten_replica_startup_p90_seconds{{phase="total"}})',
                "Start-up that nine in ten did not exceed over the last day, seconds.",
                Example(
                    "the whole start, not its phases, and two scrapers that see it differently",
                    {
                        f'baseten_replica_startup_p90_seconds{{{_ONE},phase="total",{_A}}}': 210,
                        f'baseten_replica_startup_p90_seconds{{{_ONE},phase="total",{_B}}}': 190,
                        f'baseten_replica_startup_p90_seconds{{{_ONE},phase="weight_download",{_A}}}': 400,
                        f'baseten_replica_startup_p90_seconds{{{_TWO},phase="total",{_A}}}': 30,
                    },
                    "2m",
                    {"serving:startup_seconds:p90": 210, 'serving:startup_seconds:p90{deployment_id="d-two"}': 30},
                ),
            ),
            record(
                "serving:startup_phase_seconds:p90",
                f'max by ({names(IDS)}, phase) (baseten_replica_startup_p90_seconds{{phase!="total"}})',
                "Phase of a start-up (label phase) that nine in ten did not exceed over the last day, seconds.",
                Example(
                    "every phase but the whole",
                    {
                        f'baseten_replica_startup_p90_seconds{{{_ONE},phase="total",{_A}}}': 210,
                        f'baseten_replica_startup_p90_seconds{{{_ONE},phase="weight_download",{_A}}}': 120,
                        f'baseten_replica_startup_p90_seconds{{{_ONE},phase="weight_download",{_B}}}': 100,
                        f'baseten_replica_startup_p90_seconds{{{_ONE},phase="readiness",{_A}}}': 20,
                    },
                    "2m",
                    {
                        'serving:startup_phase_seconds:p90{phase="weight_download"}': 120,
                        'serving:startup_phase_seconds:p90{phase="readiness"}': 20,
                    },
                ),
            ),
            record(
                "serving:startups:increase1h",
                f"max by ({names(IDS)}, outcome) (increase(baseten_replica_startups_total[1h]))",
                "Start-ups of the last hour by the outcome that they reached (label outcome).",
                Example(
                    "by outcome, the larger of two scrapers",
                    {
                        # Linear, so that the window's edge makes no difference; two hours, of which the last one counts.
                        f'baseten_replica_startups_total{{{_ONE},outcome="SUCCESS",{_A}}}': "0+0.5x120",
                        f'baseten_replica_startups_total{{{_ONE},outcome="SUCCESS",{_B}}}': "0+0.25x120",
                        f'baseten_replica_startups_total{{{_ONE},outcome="FAILED",{_A}}}': "0+0.25x120",
                        f'baseten_replica_startups_total{{{_TWO},outcome="FAILED",{_A}}}': "0+1x120",
                    },
                    "120m",
                    {
                        'serving:startups:increase1h{outcome="SUCCESS"}': 30,
                        'serving:startups:increase1h{outcome="FAILED"}': 15,
                        'serving:startups:increase1h{deployment_id="d-two",outcome="FAILED"}': 60,
                    },
                ),
            ),
            record(
                "serving:startups:increase3h",
                f"max by ({names(IDS)}, outcome) (increase(baseten_replica_startups_total[3h]))",
                "Start-ups of the last 3 hours by outcome (label outcome): a start of half an hour fails too seldom for the hour's count.",
                Example(
                    "by outcome, of two exporters the one that saw more",
                    {
                        # Three slopes pin the window; the sample at its left edge is missing, so that closed and left-open windows agree.
                        f'baseten_replica_startups_total{{{_ONE},outcome="FAILED",{_A}}}': "7+3x181 _ 550x89 551+1x89",
                        f'baseten_replica_startups_total{{{_ONE},outcome="FAILED",{_B}}}': "7+3x181 _ 550x89 550.5+0.5x89",
                        f'baseten_replica_startups_total{{{_ONE},outcome="SUCCESS",{_A}}}': "5+1x400",
                    },
                    "362m",
                    {
                        'serving:startups:increase3h{outcome="FAILED"}': 90 * (180 / 179),
                        'serving:startups:increase3h{outcome="SUCCESS"}': 180,
                    },
                ),
            ),
            record(
                "serving:starting_in_phase:max",
                f"max by ({names(IDS)}, phase) (baseten_replicas_starting_in_phase)",
                "Open start-ups by the phase they are in (label phase).",
                Example(
                    "the larger of two scrapers",
                    {
                        f'baseten_replicas_starting_in_phase{{{_ONE},phase="scheduling",{_A}}}': 3,
                        f'baseten_replicas_starting_in_phase{{{_ONE},phase="scheduling",{_B}}}': 1,
                        f'baseten_replicas_starting_in_phase{{{_ONE},phase="readiness",{_A}}}': 0,
                    },
                    "2m",
                    {'serving:starting_in_phase:max{phase="scheduling"}': 3, 'serving:starting_in_phase:max{phase="readiness"}': 0},
                ),
            ),
        ),
    ),
)
