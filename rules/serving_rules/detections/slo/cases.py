"""Proofs of the alerts: one pattern, with the numbers of each tier."""

from __future__ import annotations

from serving_rules.detections.slo.chance import EVIDENCE as EVIDENCE_NEEDED
from serving_rules.detections.slo.chance import FEWEST
from serving_rules.detections.slo.records import BUDGET, EVIDENCE, LEFT_SECONDS, PER_HOUR, RATIO, SHORT, SUM_BAD, left
from serving_rules.detections.slo.windows import REACHABLE, TIERS, Indicator, Tier
from serving_rules.model import Case, Outcome, Proof, Values

__all__ = ["proof"]

_BUDGET = {Indicator.AVAILABILITY: 0.01, Indicator.LATENCY: 0.05}
_BEYOND = 1.01
"""How far beyond a threshold the inputs lie that are just beyond it."""

_PACE = "An hour of this uses 4% of the budget of 30 days, of which 50% is left: at this pace it is gone in 12h 30m 0s."
_FAILED = "of the requests to chat (production) failed in the last"
_SLOW = "of the requests to chat (production) waited longer than 1m 0s for their first byte in the last"

_TEXTS = {
    (Indicator.AVAILABILITY, "fast"): f"28.8% {_FAILED} hour, most of them with 502; 1% may.",
    (Indicator.AVAILABILITY, "medium"): f"12% {_FAILED} 6 hours, most of them with 502; 1% may.",
    (Indicator.AVAILABILITY, "slow"): f"6% {_FAILED} day, most of them with 502; 1% may.",
    (Indicator.AVAILABILITY, "trickle"): f"2% {_FAILED} 3 days, most of them with 502; 1% may.",
    (Indicator.LATENCY, "fast"): f"95% {_SLOW} hour, cold starts not counted; 5% may.",
    (Indicator.LATENCY, "medium"): f"60% {_SLOW} 6 hours, cold starts not counted; 5% may.",
    (Indicator.LATENCY, "slow"): f"30% {_SLOW} day, cold starts not counted; 5% may.",
    (Indicator.LATENCY, "trickle"): f"10% {_SLOW} 3 days, cold starts not counted; 5% may.",
}
"""What a person reads, up to the pace."""


def proof(indicator: Indicator, tier: Tier) -> Proof:
    """Return the proof of one alert."""
    return _Inputs(indicator, tier).proof()


class _Inputs:
    """The series that one alert reads, by what they say."""

    def __init__(self, indicator: Indicator, tier: Tier) -> None:
        self._indicator, self._tier = indicator, tier
        self._budget = _BUDGET[indicator]
        self._limit = tier.threshold(self._budget)
        self._other = next(each for each in Indicator if each is not indicator)

    def _key(self, name: str, indicator: Indicator | None = None, window: str = "") -> str:
        return f'{name}{{sli="{indicator or self._indicator}",window="{window or self._tier.window}"}}'

    def _allowed(self, indicator: Indicator | None = None) -> str:
        return f'{BUDGET}{{sli="{indicator or self._indicator}"}}'

    def _burning(self, indicator: Indicator | None = None, window: str = "") -> dict[str, Values | None]:
        """Return what the condition reads while an indicator burns at twice its own limit."""
        ratio = min(2 * self._tier.threshold(_BUDGET[indicator or self._indicator]), 0.95)
        return {
            self._key(RATIO, indicator, window): ratio,
            self._key(SHORT, indicator, window): ratio,
            self._key(EVIDENCE, indicator, window): 50,
            self._key(SUM_BAD, indicator, window): 20,
        }

    def proof(self) -> Proof:
        """Return the proof."""
        read = {key: value for key, value in self._burning().items() if value is not None}
        base: dict[str, Values] = {**read, self._allowed(): self._budget, self._allowed(self._other): _BUDGET[self._other]}
        told: dict[str, Values] = {self._key(PER_HOUR): 0.04, left(self._indicator): 0.5, self._key(LEFT_SECONDS): 45_000}
        if self._indicator is Indicator.LATENCY:
            told["serving_environment:first_byte_objective_seconds:current"] = 60
        else:
            told[f'serving_environment:failed_requests:top{"1h" if self._tier.window == "1h" else "6h"}{{status_code="502"}}'] = 19
        return Proof(
            base={**base, **told},
            quiet={self._key(RATIO): self._budget / 2, self._key(SHORT): 0},
            description=f"{_TEXTS[self._indicator, self._tier.name]} {_PACE}",
            cases=(*self._thresholds(), *self._short(), *self._chance(), *self._strangers(), *self._reachable()),
            labels={"sli": str(self._indicator), "window": self._tier.window},
        )

    def _thresholds(self) -> tuple[Case, ...]:
        ratio = self._key(RATIO)
        return (
            Case("just under the limit", Outcome.UNDER, {ratio: self._limit / _BEYOND}),
            Case("exactly at the limit", Outcome.AT, {ratio: self._limit}),
            Case("just beyond the limit", Outcome.AT, {ratio: self._limit * _BEYOND}, fires=True),
            Case("scaled to zero, and nobody asks", Outcome.ZERO, {ratio: None, self._key(SHORT): None}),
        )

    def _short(self) -> tuple[Case, ...]:
        ratio, short = self._key(RATIO), self._key(SHORT)
        return (
            Case("the short window just under the limit", Outcome.UNDER, {short: self._limit / _BEYOND}),
            Case("the short window exactly at the limit", Outcome.AT, {short: self._limit}),
            Case("the short window just beyond the limit", Outcome.AT, {short: self._limit * _BEYOND}, fires=True),
            Case("it is over: the short window is clean", Outcome.GUARD, {short: 0}),
            Case("nobody asked lately, and something once was good", Outcome.ABSENT, {ratio: 0.999, short: None}),
            Case("nobody asked lately, and nothing was good", Outcome.ABSENT, {ratio: 1, short: None}, fires=True),
        )

    def _chance(self) -> tuple[Case, ...]:
        evidence, failures = self._key(EVIDENCE), self._key(SUM_BAD)
        return (
            Case("as little as chance may explain", Outcome.GUARD, {evidence: EVIDENCE_NEEDED}),
            Case("a little less than chance may explain", Outcome.AT, {evidence: EVIDENCE_NEEDED + 0.01}, fires=True),
            Case("chance explains it", Outcome.GUARD, {self._key(RATIO): 1, evidence: EVIDENCE_NEEDED - 0.01}),
            Case("two, and never a good one", Outcome.GUARD, {self._key(RATIO): 1, failures: FEWEST - 1}),
            Case("three, and never a good one", Outcome.AT, {self._key(RATIO): 1, failures: FEWEST}, fires=True),
        )

    def _strangers(self) -> tuple[Case, ...]:
        gone: dict[str, Values | None] = dict.fromkeys(self._burning(), None)
        window = next(tier.window for tier in TIERS if tier is not self._tier)
        other = {**gone, **self._burning(self._other)}
        longer = {**gone, **self._burning(window=window)}
        nothing_good = {self._key(RATIO, self._other): 1, self._key(RATIO, window=window): 1}
        return (
            Case("another indicator burns", Outcome.GUARD, other),
            Case("in another indicator nothing is good", Outcome.GUARD, {**other, **{k: v for k, v in nothing_good.items() if k in other}}),
            Case("another window burns", Outcome.GUARD, longer),
            Case("in another window nothing is good", Outcome.GUARD, {**longer, **{k: v for k, v in nothing_good.items() if k in longer}}),
        )

    def _reachable(self) -> tuple[Case, ...]:
        """Return cases of a budget so large that the factor times it is more than everything."""
        if self._tier.factor == 1:
            return ()
        large = {self._allowed(): 1.5 / self._tier.factor}
        ratio, short, beyond = self._key(RATIO), self._key(SHORT), REACHABLE + 0.01
        return (
            Case("a large budget, just beyond the limit", Outcome.AT, {**large, ratio: beyond, short: beyond}, fires=True),
            Case("a large budget, at the limit", Outcome.AT, {**large, ratio: REACHABLE, short: beyond}),
            Case("a large budget, the short window at the limit", Outcome.AT, {**large, ratio: beyond, short: REACHABLE}),
        )
