"""How requests are served within one step, for all deployments at once.

A replica is a processor shared by the requests on it: with ``n`` running each goes at ``min(1, knee / n)`` of its speed, and at most
``predict_concurrency`` run while the rest of its ``concurrency_target`` slots wait inside. The router fills the least utilised replica, so
the requests of a deployment are taken to be spread evenly over its replicas.

Within a step of one second requests arrive evenly and leave at the rate ``mu = speed / mean``. Of ``n`` that were there, a binomial share
``exp(-mu)`` stays; of those that arrive, ``(1 - exp(-mu)) / mu`` stays. This is the exact transient of an infinite-server queue, so services
far shorter than a step are right: the mean in flight is rate times service time. Where the slots or the knee bind, as many leave as full
replicas complete: Poisson with the saturated rate.

Limits of the approximation. Departures have no memory (insensitivity makes means right for any service distribution, transients of nearly
constant services are smoother than they should be). Queueing shorter than a step is not seen. Requests re-balance when a replica joins.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .queueing import Counts, Reals

__all__ = ["ServiceModel", "serve"]


@dataclass(slots=True)
class ServiceModel:
    """Service parameters for each deployment: mean seconds of work, slowdown factor, slots of a replica, and requests that run at full speed.

    ``knee`` is already the smaller of the knee and ``predict_concurrency``: more than that never makes a replica finish more.
    """

    mean: Reals
    slow: Reals
    slots: Counts
    knee: Reals

    def stretch(self, held: Counts, replicas: Counts) -> Reals:
        """How many times longer a request stays in its slot than on an idle replica."""
        each: Reals = held / np.maximum(replicas, 1)
        return np.maximum(1.0, each / self.knee) * self.slow


def serve(
    rng: np.random.Generator, model: ServiceModel, held: Counts, demand: Counts, slots: Counts, replicas: Counts, others: Counts
) -> tuple[Counts, Counts, Reals]:
    """Serve one second.

    ``held`` are in slots, ``demand`` want one (queued and new), ``slots`` there are for this class of requests, ``replicas`` do the work and
    ``others`` are requests of the other class on the same replicas. Returns how many finish, how many are in slots afterwards, and the
    stretch of the service times.
    """
    stretch = model.stretch(held + others, replicas)
    mu = 1.0 / (model.mean * stretch)
    stay = np.exp(-mu)
    wanting = held + demand
    open_ = replicas > 0
    finished = rng.binomial(held, 1.0 - stay) + rng.binomial(np.where(open_, demand, 0), 1.0 - (1.0 - stay) / mu)
    # The other class takes its part of what full replicas can do.
    peak = np.maximum(replicas * np.minimum(model.knee, model.slots) / (model.mean * model.slow) - others * mu, 0.0)
    _limit(rng, finished, peak)
    full = np.flatnonzero(open_ & (wanting - finished > slots))
    if full.size:
        finished[full] = _saturated(rng, model, full, held, wanting, slots, replicas, others)
    remaining = wanting - finished
    return finished, np.where(open_, np.minimum(remaining, np.maximum(slots, held - finished)), held - finished), stretch


def _limit(rng: np.random.Generator, finished: Counts, peak: Reals) -> None:
    """No more can finish in a step than full replicas complete."""
    near = np.flatnonzero(finished > peak - 5.0 * np.sqrt(peak))
    near = near[finished[near] > 0]
    if near.size:
        finished[near] = np.minimum(finished[near], rng.poisson(peak[near]))


def _saturated(
    rng: np.random.Generator,
    model: ServiceModel,
    rows: NDArray[np.int64],
    held: Counts,
    wanting: Counts,
    slots: Counts,
    replicas: Counts,
    others: Counts,
) -> Counts:
    """Completions where every slot is refilled at once: the slots filled on average over the step, at the speed they leave each other."""
    filled = (held[rows] + np.minimum(slots[rows], wanting[rows])) / 2.0
    crowd = (filled + others[rows]) / replicas[rows]
    speed = np.minimum(1.0, model.knee[rows] / np.maximum(crowd, 1e-9)) / model.slow[rows]
    return np.minimum(rng.poisson(filled * speed / model.mean[rows]), wanting[rows])
