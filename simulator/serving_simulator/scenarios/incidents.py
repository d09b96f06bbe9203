"""Every incident at three levels, each with its healthy twin: the same life under settings, or with a fault, that it can live with.

Numbers are varied by a seeded generator around what each level says, so that no rule is fitted to one trace.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from serving_simulator.scenarios import (
    answers,
    asynchronous,
    autoscaling,
    compounds,
    exporter,
    faults,
    releases,
    scale_to_zero,
    settings,
    tokens,
)
from serving_simulator.scenarios.scenario import HEALTHY, LEVELS, WEEK, Level, Make, Scenario

__all__ = ["INCIDENTS", "incidents", "named"]

INCIDENTS: dict[str, Make] = {
    make.__name__: make
    for make in (
        autoscaling.thrash,
        autoscaling.scale_down_regretted,
        autoscaling.cold_start_gap,
        autoscaling.ceiling,
        autoscaling.near_ceiling,
        scale_to_zero.cold_flood,
        autoscaling.no_hardware,
        scale_to_zero.scale_to_zero_churn,
        scale_to_zero.daily_cold_start,
        tokens.token_ceiling,
        tokens.token_thrash,
        tokens.token_overshoot,
        tokens.token_crashes,
        settings.target_too_high,
        settings.target_too_low,
        settings.idle_spend,
        settings.over_provisioned,
        settings.settings_lint,
        settings.spend_spike,
        faults.restart_loop,
        faults.crashing_requests,
        faults.memory_leak,
        faults.unready_pods,
        faults.below_minimum,
        faults.hung_replica,
        faults.scale_down_stuck,
        answers.failing_requests,
        answers.slow_answers,
        answers.refused_requests,
        answers.timeouts,
        answers.platform_incident,
        releases.candidate_worse,
        releases.rollout_stuck,
        releases.failed_deploy,
        releases.unhealthy,
        asynchronous.async_backlog,
        asynchronous.async_stalled,
        exporter.exporter_down,
        exporter.source_failing,
        exporter.source_throttled,
        exporter.source_stale,
        compounds.crash_during_ramp,
        compounds.saturation_and_recovery,
        compounds.flapping_by_crashes,
        compounds.churn_by_crashes,
        compounds.flood_in_rollout,
    )
}


def named(kind: str, level: Level, number: int) -> Scenario:
    """Return one variation of an incident, the same each time; of a healthy twin nothing is due."""
    name = f"{kind.replace('_', '-')}-{level}-{number}"
    scenario = INCIDENTS[kind](name, level, np.random.default_rng(list(name.encode())))
    return replace(scenario, expected=frozenset(), companions=frozenset()) if level == HEALTHY else scenario


def incidents(seeds: int) -> Iterator[Scenario]:
    """Yield every incident at every level and its healthy twin, of which nothing is due, each with ``seeds`` variations."""
    for kind in INCIDENTS:
        for level in (HEALTHY, *LEVELS):
            first = named(kind, level, 0)
            # Weeks are dear, and one differs little from the next.
            for number in range(seeds if first.minutes < WEEK else (seeds + 1) // 2):
                yield named(kind, level, number)
