"""Replicas that crash, hang, leak or lose their readiness."""

from __future__ import annotations

from serving_rules.scenarios.deployment import Deployment, in_environment
from serving_rules.scenarios.samples import Values
from serving_rules.scenarios.stories.common import MEDIUM, SHORT, everywhere
from serving_rules.scenarios.stories.profiles import bursts, steady, steps
from serving_rules.scenarios.story import Check, Scenario, fires

__all__ = ["SCENARIOS"]

_GIB = 2**30


def _crashing(load: list[float], first: int, every: int) -> Deployment:
    """A replica crashes again and again: it is back two minutes later, and the requests that it had are answered with 502."""
    chat = Deployment(load)
    for minute in range(first, MEDIUM, every):
        chat.restart(minute)
        for back in (minute, minute + 1):
            if back <= MEDIUM:
                chat.active[back] = (chat.active[back] or 0) - 1
                chat.starting[back] = (chat.starting[back] or 0) + 1
        chat.answer("502", 20, minute, minute, seconds=2)
    return chat


def _one_restart() -> Deployment:
    chat = Deployment(steady(2, MEDIUM))
    chat.restart(60)
    chat.hold(chat.active, 2, 60, 61)
    chat.hold(chat.starting, 1, 60, 61)
    chat.answer("502", 2, 60, 60, seconds=2)
    return chat


def _one_unready() -> Deployment:
    chat = Deployment(steady(2, MEDIUM))
    chat.unready = [*steps(MEDIUM, (0, 0), (40, 1), (100, 0))]
    return chat


def _leaking() -> Deployment:
    """Five replicas, each of which grows until the kernel kills it, every 90 minutes."""
    chat = Deployment(steady(3.3, MEDIUM))
    for number in range(5):
        # A minute of each 90 it is away; it grows from 55 % to 99 % of its memory.
        turn = [(minute + 18 * number) % 90 for minute in range(MEDIUM + 1)]
        memory: Values = [None if at == 89 else round((0.55 + 0.005 * at) * 16 * _GIB) for at in turn]
        chat.add("container_cpu_memory_working_set_bytes", memory, replica=f"r{number + 1}")
        ends = [minute for minute, at in enumerate(turn) if at == 89]
        chat.restart(*ends)
        for minute in ends:
            chat.hold(chat.active, 4, minute, minute)
            chat.hold(chat.starting, 1, minute, minute)
    return chat


def _flat_memory() -> Deployment:
    """An engine that takes 96 % of its memory when it loads, and no more."""
    chat = Deployment(steady(2, MEDIUM))
    for number in range(3):
        chat.add("container_cpu_memory_working_set_bytes", [round(0.96 * 16 * _GIB)] * (MEDIUM + 1), replica=f"r{number + 1}")
    return chat


def _hung() -> Deployment:
    chat = Deployment(steady(2.8, MEDIUM))
    for number in range(4):
        busy = steps(MEDIUM, (0, 75), (40, 0)) if number == 3 else steps(MEDIUM, (0, 75), (40, 90))
        chat.add("gpu_utilization", busy, replica=f"r{number + 1}", gpu="0")
    chat.answer("504", 3, 60, MEDIUM, seconds=1200)
    return chat


def _unhealthy() -> Deployment:
    chat = Deployment(steady(2, SHORT))
    chat.status = [*["ACTIVE"] * 20, *["UNHEALTHY"] * (SHORT - 19)]
    return chat


def _relabelled() -> Deployment:
    """A deployment is attached to an environment: all of its series change their labels, counters and all."""
    chat = Deployment(steady(2, MEDIUM))
    chat.phases = [(0, in_environment("")), (70, in_environment("production"))]
    chat.restarts = [5.0] * (MEDIUM + 1)
    return chat


def _reset() -> Deployment:
    """The counters begin anew, and a pod leaves with three of eight restarts."""
    chat = Deployment(steady(2, MEDIUM))
    chat.restarts = [*steps(MEDIUM, (0, 8), (70, 5))]
    chat.resets = (90,)
    return chat


_LOOP = (
    fires("ServingRestartLoop/critical", 44, 46),
    fires("ServingRestartLoop/warning", 44, 60, because="Between crashes it is three in an hour, not three in a quarter of one."),
    fires("ServingReplicaCrashes/warning", 30, 60),
)


def _stories() -> tuple[Scenario, ...]:
    return (
        Scenario("one-restart", "One container restarts once.", MEDIUM, (_one_restart(),)),
        Scenario(
            "crash-loop",
            "A replica crashes every seven minutes.",
            MEDIUM,
            (_crashing(steady(2, MEDIUM), 30, 7),),
            _LOOP,
            everywhere(MEDIUM, _LOOP),
        ),
        Scenario(
            "crash-during-ramp",
            "The same while load rises and falls: replicas move for two reasons.",
            MEDIUM,
            (_crashing(bursts(MEDIUM, 2, 4, every=40, lasting=20), 30, 7),),
            _LOOP,
        ),
        Scenario(
            "one-pod-unready",
            "One pod of four is not ready for an hour.",
            MEDIUM,
            (_one_unready(),),
            (fires("ServingPodsNotReady/warning", 50, 62),),
            everywhere(MEDIUM, (fires("ServingPodsNotReady/warning", 50, 62),), no_pod_health=()),
        ),
        Scenario(
            "memory-leak",
            "Replicas leak until they are killed, one after the other.",
            MEDIUM,
            (_leaking(),),
            (fires("ServingMemoryNearLimit/warning", 5, 20), fires("ServingRestartLoop/warning", 40, 100)),
        ),
        Scenario("flat-memory", "An engine fills its memory on purpose and stays there.", MEDIUM, (_flat_memory(),)),
        Scenario(
            "hung-replica",
            "One replica of four takes requests and does nothing.",
            MEDIUM,
            (_hung(),),
            (fires("ServingReplicaHung/warning", 50, 75), fires("ServingRequestTimeouts/warning", 65, 85)),
        ),
        Scenario(
            "unhealthy",
            "The platform calls a deployment unhealthy.",
            SHORT,
            (_unhealthy(),),
            (fires("ServingDeploymentUnhealthy/critical", 25, 26),),
        ),
        Scenario(
            "label-change",
            "A deployment is attached to an environment.",
            MEDIUM,
            (_relabelled(),),
            checks=(
                Check("no step", "changes(serving:active_replicas:max{$here}[140m])", 145, 0),
                Check("no restart", "sum_over_time(serving:restarts:increase1m{$here}[140m])", 145, 0),
            ),
        ),
        Scenario(
            "counter-reset",
            "A pod leaves with its restarts, and later every counter begins anew.",
            MEDIUM,
            (_reset(),),
            checks=(Check("no restart", "sum_over_time(serving:restarts:increase1m{$here}[140m])", 145, 0),),
        ),
    )


SCENARIOS = _stories()
