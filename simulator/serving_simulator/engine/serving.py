"""How requests are served within one step, for all deployments at once.

A replica is a processor shared by the requests on it: with ``n`` running each goes at ``min(1, knee / n)`` of its speed, and at most
``predict_concurrency`` run while the rest of its ``concurrency_target`` slots wait inside. The router fills the least utilised replica, so
the requests of a deployment are taken to be spread evenly over its replicas.

Within a step of one second requests arrive evenly and leave at the rate ``mu = speed / mean``. Of those that were there ``exp(-mu)`` stay,
of those that arrive ``(1 - exp(-mu)) / mu``, both binomial. This is the exact transient of an infinite-server queue, so services far
shorter than a step are right: the mean in flight is rate times service time. Where that would leave more in slots than there are, or
finish more than full replicas can, the step is congested and as many leave as the slots complete that are filled on average: a Poisson
number.

Limits of the approximation. Departures have no memory: means are right for any distribution of the work, but the transients of nearly
constant services are smoother than they should be. Queueing that begins and ends within one step is not seen. Requests re-balance when a
replica joins. Asynchronous workers see the slots as they were when the step began.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from serving_simulator.engine.queueing import Counts, Reals

__all__ = ["ServiceModel", "serve"]


@dataclass(slots=True)
class ServiceModel:
    """Service parameters for each line: seconds of work on an idle replica, slots of a replica, and how many of them run at full speed.

    ``mean`` includes the factor of a slow replica. ``knee`` is already the smaller of the knee and ``predict_concurrency``: more than that
    never makes a replica finish more. ``peak`` is what one full replica completes in a second.
    """

    mean: Reals
    slots: Counts
    knee: Reals
    peak: Reals


def serve(
    rng: np.random.Generator, model: ServiceModel, held: Counts, demand: Counts, slots: Counts, replicas: Counts, others: Counts
) -> tuple[Counts, Counts, Reals]:
    """Serve one second.

    For each line ``held`` requests are in slots, ``demand`` want one (waiting and new), ``slots`` there are for this class of requests,
    ``replicas`` do the work, and ``others`` are requests of another class on the same replicas. Lines without replicas must have no demand.
    Returns how many finish, how many are in slots afterwards, and the stretch of the service times.
    """
    stretch = np.maximum((held + others) / (np.maximum(replicas, 1) * model.knee), 1.0)
    mu = 1.0 / (model.mean * stretch)
    leave = -np.expm1(-mu)
    leave_new = 1.0 - leave / mu
    wanting = held + demand
    finished = rng.binomial(held, leave) + rng.binomial(demand, leave_new)
    # Judged by the expectation, never by the draw: to draw again after a bad draw would bias the throughput.
    expected = held * leave + demand * leave_new
    congested = ((wanting - expected > slots) | (expected > replicas * model.peak - others * mu)).nonzero()[0]
    if congested.size:
        finished[congested] = _congested(rng, model, congested, held, wanting, slots, replicas, others)
    staying = held - finished
    return finished, np.maximum(np.minimum(wanting - finished, slots), np.minimum(staying, wanting - finished)), stretch


def _congested(
    rng: np.random.Generator,
    model: ServiceModel,
    lines: NDArray[np.int64],
    held: Counts,
    wanting: Counts,
    slots: Counts,
    replicas: Counts,
    others: Counts,
) -> Counts:
    """Completions of lines whose slots are refilled at once or whose replicas are full."""
    inside, want, limit, workers = held[lines], wanting[lines], slots[lines], np.maximum(replicas[lines], 1)
    free = np.maximum(limit - inside, 0)
    # Free slots fill at the pace of the arrivals: half empty on average until the moment when the last one is taken.
    filled = inside + free * (1.0 - 0.5 * np.minimum(1.0, free / np.maximum(want - inside, 1)))
    crowd = (filled + others[lines]) / (workers * model.knee[lines])
    rate = filled / (np.maximum(crowd, 1.0) * model.mean[lines])
    # Where slots are the limit, all of them are taken at the end; where the replicas are, everything may finish.
    most = np.where(want > limit, np.maximum(want - limit, inside), want)
    finished: Counts = np.minimum(rng.poisson(rate), most)
    return finished
