"""What all requests to the emulated platform share."""

from __future__ import annotations

from dataclasses import dataclass, field

from serving_simulator.api.faults import FaultBook
from serving_simulator.api.feed_text import FeedRenderer
from serving_simulator.api.organization import Organization
from serving_simulator.api.ports import SimulatedWorld, SimulationClock
from serving_simulator.api.requestlog import RequestLog
from serving_simulator.api.switches import ApiSwitches

__all__ = ["State"]


@dataclass(slots=True)
class State:
    """The simulated platform, whose it is and when, and what was set and seen while it runs."""

    world: SimulatedWorld
    organization: Organization
    clock: SimulationClock
    switches: ApiSwitches
    faults: FaultBook
    log: RequestLog = field(default_factory=RequestLog)
    feed: FeedRenderer = field(default_factory=FeedRenderer)
