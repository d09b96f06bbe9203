"""Replicas that crash, hang, leak or lose their readiness."""

from __future__ import annotations

from serving_rules.scenarios.autoscaler import Settings
from serving_rules.scenarios.deployment import Deployment, in_environment
from serving_rules.scenarios.samples import Values
from serving_rules.scenarios.stories.common import MEDIUM, SHORT, everywhere
from serving_rules.scenarios.stories.profiles import bursts, steady, steps
from serving_rules.scenarios.story import Check, Scenario, fires

__all__ = ["SCENARIOS"]

_MEMORY = 16 * 2**30


def _crashing(load: list[float], first: int, every: int) -> Deployment:
    """A replica crashes again and again: it is back two minutes later, and the requests that it had are answered with 502."""
    chat = Deployment(load)
    for minute in range(first, chat.minutes, every):
        chat.restart(minute)
        for back in (minute, minute + 1):
            chat.active[back] = (chat.active[back] or 0) - 1
            chat.starting[back] = (chat.starting[back] or 0) + 1
        chat.answer("502", 20, minute, minute, seconds=2)
    return chat


def _one_restart() -> Deployment:
    chat = Deployment(steady(2, SHORT))
    chat.restart(20)
    chat.hold(chat.active, 2, 20, 21)
    chat.hold(chat.starting, 1, 20, 21)
    chat.answer("502", 2, 20, 20, seconds=2)
    return chat


def _one_missing() -> Deployment:
    """One of two replicas that the floor promises is lost, and nothing starts in its place."""
    chat = Deployment(steady(0.5, SHORT), Settings(min_replicas=2))
    chat.hold(chat.active, 1, 15, SHORT)
    return chat


def _one_unready() -> Deployment:
    chat = Deployment(steady(2, SHORT))
    chat.unready = [*steps(SHORT, (0, 0), (10, 1), (45, 0))]
    return chat


def _leaking() -> Deployment:
    """Five replicas, each of which grows until the kernel kills it, every 90 minutes."""
    chat = Deployment(steady(3.3, MEDIUM))
    chat.set["memory_limit_bytes"] = [_MEMORY] * (MEDIUM + 1)
    for number in range(5):
        # A minute of each 90 it is away; it grows from 55 % to 99 % of its memory.
        turn = [(minute + 18 * number) % 90 for minute in range(MEDIUM + 1)]
        memory: Values = [None if at == 89 else round((0.55 + 0.005 * at) * _MEMORY) for at in turn]
        chat.add("container_cpu_memory_working_set_bytes", memory, replica=f"r{number + 1}")
        ends = [minute for minute, at in enumerate(turn) if at == 89]
        chat.restart(*ends)
        for minute in ends:
            chat.hold(chat.active, 4, minute, minute)
            chat.hold(chat.starting, 1, minute, minute)
    return chat


def _flat_memory() -> Deployment:
    """An engine that takes 96 % of its memory when it loads, and no more."""
    chat = Deployment(steady(2, SHORT))
    chat.set["memory_limit_bytes"] = [_MEMORY] * (SHORT + 1)
    for number in range(3):
        chat.add("container_cpu_memory_working_set_bytes", [round(0.96 * _MEMORY)] * (SHORT + 1), replica=f"r{number + 1}")
    return chat


def _hung() -> Deployment:
    """The fourth replica's GPU stands still; what it was given times out after twenty minutes."""
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
    chat = Deployment(steady(2, SHORT))
    chat.phases = [(0, in_environment("")), (20, in_environment("production"))]
    chat.restarts = [5.0] * (SHORT + 1)
    return chat


def _reset() -> Deployment:
    """A pod leaves with three of eight restarts, and later all counters begin anew."""
    chat = Deployment(steady(2, SHORT))
    chat.restarts = [*steps(SHORT, (0, 8), (20, 5))]
    chat.resets = (30,)
    return chat


_LOOP = (
    fires("ServingRestartLoop/critical", 24, 27),
    fires("ServingRestartLoop/warning", 24, 40, because="Between crashes it is three in an hour, not three in a quarter of one."),
    fires("ServingReplicaCrashes/warning", 20, 40),
)
_UNREADY = (fires("ServingPodsNotReady/warning", 25, 32, until=55),)
_NO_RESTART = Check("no restart", "sum_over_time(serving:restarts:increase1m{$here}[50m])", 55, 0)


def _stories() -> tuple[Scenario, ...]:
    return (
        Scenario("one-restart", "One container restarts once.", SHORT, (_one_restart(),)),
        Scenario(
            "crash-loop",
            "A replica crashes every seven minutes.",
            SHORT,
            (_crashing(steady(2, SHORT), 10, 7),),
            _LOOP,
            everywhere(SHORT, _LOOP),
        ),
        Scenario(
            "crash-during-ramp",
            "The same while load rises and falls, for two hours: replicas move for two reasons.",
            MEDIUM,
            (_crashing(bursts(MEDIUM, 2, 4, every=40, lasting=20), 10, 7),),
            _LOOP,
        ),
        Scenario(
            "one-replica-missing",
            "Half of what the floor promises is gone, and nothing replaces it.",
            SHORT,
            (_one_missing(),),
            (fires("ServingBelowMinReplicas/warning", 28, 35),),
        ),
        Scenario(
            "one-pod-unready",
            "One pod of four is not ready for half an hour.",
            SHORT,
            (_one_unready(),),
            _UNREADY,
            everywhere(SHORT, _UNREADY, no_pod_health=()),
        ),
        Scenario(
            "memory-leak",
            "Replicas leak until they are killed, one after the other.",
            MEDIUM,
            (_leaking(),),
            (fires("ServingMemoryNearLimit/warning", 5, 20), fires("ServingRestartLoop/warning", 40, 100)),
        ),
        Scenario("flat-memory", "An engine fills its memory on purpose and stays there.", SHORT, (_flat_memory(),)),
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
            SHORT,
            (_relabelled(),),
            checks=(_NO_RESTART, Check("no step", "changes(serving:active_replicas:max{$here}[50m])", 55, 0)),
        ),
        Scenario(
            "counter-reset",
            "A pod leaves with its restarts, and later every counter begins anew.",
            SHORT,
            (_reset(),),
            checks=(_NO_RESTART,),
        ),
    )


SCENARIOS = _stories()
