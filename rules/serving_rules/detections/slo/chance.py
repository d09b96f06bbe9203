"""How often chance alone would raise a burn alert: why a few failures of a few requests page nobody.

A minimum *rate* of requests blinds an alert on quiet services, and a minimum *number* of requests silences twenty failures of thirty.
What is asked here is how surprising the failures of a window are to somebody who believes that the environment fails exactly as often as
its objective allows (share ``budget``): by Chernoff's bound so many failures or more have a probability of at most ``exp(-evidence)``,
where

    evidence = requests * (r * ln(r / budget) + (1 - r) * ln((1 - r) / (1 - budget))),    r = failures / requests

It needs no table, grows with the traffic, and knows every objective. ``EVIDENCE`` is the least that an alert asks for: 13.8, which is
once in a million. The fewest requests with which a window can alert follow from it (``requests_needed``); for an objective of 99 % they
are

    share that fails   100 %   50 %   20 %   14.4 %   6 %     3 %     2 %
    requests               3      9     33       54   235   1 049   3 527

Three of three failures are just enough; at 99.99 % two of two would be, so ``FEWEST`` asks for three in any case.

What comes of it is stated, and tested, as a rate (``false_alarms``): an environment that fails exactly as often as its objective allows,
whose requests arrive and fail independently, at whatever traffic is worst for each window, alerts less than once in 25 years over all four
windows together, for every objective from 90 % to 99.99 %. (Ten failures an hour, the usual floor, page less often still, and are blind on
an endpoint with ten requests an hour.) Failures that come in clusters, as when a crash takes every request in flight with it, are no chance
and may alert.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from functools import cache
from itertools import accumulate

from serving_rules.detections.slo.windows import Tier

__all__ = ["EVIDENCE", "FEWEST", "YEAR", "alerts", "evidence", "false_alarms", "requests_needed"]

EVIDENCE = 13.8
FEWEST = 3
YEAR = 24 * 365.25
"""Hours."""


def evidence(failures: float, requests: float, budget: float) -> float:
    """Return how surprising failures are: the natural logarithm of one over their probability; 0 within the budget."""
    ratio = failures / requests
    if ratio <= budget:
        return 0.0
    rest = (1 - ratio) * math.log((1 - ratio) / (1 - budget)) if ratio < 1 else 0.0
    return requests * (ratio * math.log(ratio / budget) + rest)


def alerts(tier: Tier, failures: float, requests: float, budget: float) -> bool:
    """Whether a long window alerts, its short one left aside (which can only silence it)."""
    return failures >= FEWEST and failures / requests > tier.threshold(budget) and evidence(failures, requests, budget) > EVIDENCE


def requests_needed(ratio: float, budget: float) -> int:
    """Return the fewest requests of which this share must fail for enough evidence, and for enough failures."""
    return max(math.floor(EVIDENCE / evidence(ratio, 1, budget)) + 1, math.ceil(FEWEST / ratio))


def false_alarms(tier: Tier, requests: float, budget: float) -> float:
    """Return how many alerts a year chance alone raises, with this many requests in a long window on average.

    Requests are a Poisson process and fail independently with the probability ``budget``. Then failures and successes in the window are
    independent Poisson variables, and an alert begins when a failure arrives, or when a success leaves, and the window alerts that did not
    before. Both happen at the rates of the arrivals, and what else is in the window at that moment is distributed as at any time, so the
    rate is a sum over states: it is exact, not a bound on the maximum over sliding windows.
    """
    bad, good = requests * budget, requests * (1 - budget)
    most = int(bad + 12 * math.sqrt(bad) + 30)  # what is beyond has a probability below 1e-15
    limits = [_most_successes(tier, failures, budget) for failures in range(most + 2)]
    successes = _Poisson(good)
    rate = 0.0
    for failures, probability in enumerate(_Poisson(bad).each(0, most)):
        limit, next_limit = limits[failures], limits[failures + 1]
        rate += probability * bad * (successes.at_most(next_limit) - successes.at_most(limit))
        rate += probability * good * (successes.at_most(limit) - successes.at_most(limit - 1))
    return rate / tier.hours * YEAR


class _Poisson:
    """A Poisson distribution, summed up where it is not negligible: twelve standard deviations around its mean."""

    def __init__(self, mean: float) -> None:
        self._mean = mean
        spread = 12 * math.sqrt(mean) + 30
        self._first = max(0, int(mean - spread))
        self._below = list(accumulate(self.each(self._first, int(mean + spread))))

    def each(self, first: int, last: int) -> Iterator[float]:
        """Yield the probabilities of the counts from ``first`` to ``last``."""
        log = math.log(self._mean)
        return (math.exp(count * log - self._mean - math.lgamma(count + 1)) for count in range(first, last + 1))

    def at_most(self, count: int) -> float:
        """Return the probability of at most this count."""
        place = count - self._first
        return 0.0 if place < 0 else self._below[min(place, len(self._below) - 1)]


@cache
def _most_successes(tier: Tier, failures: int, budget: float) -> int:
    """Return with how many successes beside them so many failures still alert; -1 for none."""
    if not failures or not alerts(tier, failures, failures, budget):
        return -1
    low, high = 0, 1
    while alerts(tier, failures, failures + high, budget):
        low, high = high, 2 * high
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if alerts(tier, failures, failures + middle, budget) else (low, middle)
    return low
