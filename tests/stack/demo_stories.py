"""What each model of the demo fleet must raise, and what may come with it: written from its story, not from what was seen."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

__all__ = ["STORIES", "Story"]


@dataclass(frozen=True, slots=True)
class Story:
    """What one model must raise: ``Alert/severity`` to the simulated minutes that it may take.

    ``named`` is the alert that names the incident: it must reach a person, silenced by nothing. ``may`` are companions that depend on the
    moment, each with the reason why it is no false alarm. Anything else is one. ``silenced`` must not be sent while
    what it names, which tells of the same incident, is known.
    """

    tells: str
    must: Mapping[str, int] = field(default_factory=dict)
    may: Mapping[str, str] = field(default_factory=dict)
    named: str = ""
    silenced: Mapping[str, str] = field(default_factory=dict)


_SLOW_USERS = "its users do wait longer than a minute"
_SLOW = {f"ServingLatencyBurn{window}": _SLOW_USERS for window in ("1h/critical", "6h/critical", "1d/warning", "3d/warning")}

STORIES: Mapping[str, Story] = {
    "support-chat": Story("healthy"),
    "image-gen": Story(
        "thrash",
        {"ServingThrash/warning": 150, "ServingLatencyAfterScaleDown/warning": 400},
        named="ServingThrash/warning",
        silenced={"ServingLatencyAfterScaleDown/warning": "ServingThrash"},
    ),
    "doc-summarizer": Story(
        "cold-start gap",
        {"ServingColdStartGap/critical": 60},
        {
            **_SLOW,
            "ServingCapacitySaturated/warning": "while its queue is long, it does ask for more than the twelve replicas allowed",
            "ServingConcurrencyTargetTooLow/info": "its replicas could do eight requests at once, and are given four",
            "ServingLatencyAfterScaleDown/warning": "what was started for one burst is gone when the next comes",
        },
        named="ServingColdStartGap/critical",
    ),
    "translate": Story(
        "saturated",
        {
            "ServingCapacityExhausted/critical": 30,
            "ServingCapacitySaturated/warning": 30,
            "ServingLatencyBurn1h/critical": 60,
            "ServingLatencyBurn6h/critical": 60,
        },
        {name: why for name, why in _SLOW.items() if name.endswith("warning")},
        named="ServingCapacityExhausted/critical",
        silenced=dict.fromkeys(("ServingCapacitySaturated/warning", *_SLOW), "ServingCapacityExhausted"),
    ),
    "fraud-scorer": Story(
        "crash loop",
        {"ServingRestartLoop/critical": 60, "ServingDeploymentUnhealthy/critical": 240},
        {
            "ServingRestartLoop/warning": "while another replica serves",
            "ServingRequestsParked/critical": "for minutes no replica serves at all",
            "ServingBelowMinReplicas/warning": "fewer replicas serve than min_replica promises",
            "ServingBelowMinReplicas/critical": "for a quarter of an hour none serves",
            "ServingClientsGivingUp/warning": "its users leave",
            "ServingReplicaCrashes/warning": "requests end in 502 as replicas die",
            **_SLOW,
        },
        named="ServingRestartLoop/critical",
        silenced=dict.fromkeys(("ServingDeploymentUnhealthy/critical", *_SLOW), "ServingRestartLoop"),
    ),
    "video-caption": Story(
        "stuck without hardware",
        {
            "ServingRequestsParked/critical": 30,
            "ServingReplicasStuckStarting/critical": 60,
            "ServingBelowMinReplicas/critical": 60,
            "ServingDeploymentStuck/warning": 60,
        },
        named="ServingRequestsParked/critical",
        silenced=dict.fromkeys(
            ("ServingReplicasStuckStarting/critical", "ServingBelowMinReplicas/critical", "ServingDeploymentStuck/warning"),
            "ServingRequestsParked",
        ),
    ),
    "batch-transcribe": Story(
        "async backlog",
        {"ServingAsyncBacklog/warning": 120, "ServingAsyncExpiry/critical": 60},
        named="ServingAsyncExpiry/critical",
    ),
    "embed-small": Story(
        "target too low",
        {"ServingConcurrencyTargetTooLow/info": 400},
        named="ServingConcurrencyTargetTooLow/info",
    ),
    "nightly-report": Story(
        "scale to zero and back every 20 minutes",
        {"ServingScaleToZeroChurn/warning": 120},
        {
            "ServingScaleToZeroChurn/info": "before a cold flood made it a ticket",
            "ServingColdFlood/warning": "a scrape may fall into the moment in which all of the first requests are parked",
        },
        named="ServingScaleToZeroChurn/warning",
    ),
    "agent-llm": Story("token-scaled, healthy"),
    "reranker": Story("a promotion every 20 minutes, healthy"),
    "voice-agent": Story("a chain, healthy"),
}
"""Every model of the fleet. What is not about a model (the exporter, a source, the platform) must stay silent too."""
