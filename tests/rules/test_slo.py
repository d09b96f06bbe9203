"""Objectives: the rules count what happened, request by request, and chance pages as seldom as is said.

The reference below knows requests with times, codes and latencies, and adds them up. It knows no PromQL: what the rules make of the
counters that a scraper would have seen must be the same number.
"""

from __future__ import annotations

import math
import random
import subprocess
from bisect import bisect_left, bisect_right
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
import yaml
from tests.tools.toolchain import PROMETHEUS, PrometheusRelease

from serving_rules.detections.slo import DETECTION, chance
from serving_rules.detections.slo.alerts import alert_name
from serving_rules.detections.slo.chance import EVIDENCE, FEWEST, YEAR, alerts, evidence, false_alarms, requests_needed
from serving_rules.detections.slo.windows import TIERS, Indicator, Tier
from serving_rules.pack import Group, Pack, Rule, build
from serving_rules.settings import DetectionChange, ScopedValue, Settings

GROUPS = (
    "serving-thresholds",
    "serving-objective-events",
    "serving-cold-environments",
    "serving-objective-windows",
    "serving-objective-month",
    "serving-slo-detections",
)
BOUNDS = (0.5, 2.5, 10.0, 90.0, 300.0)
SLOW = 90.0
"""The first bound that is not below the default objective of 60 seconds."""
SHORTS = {"1h": 5, "6h": 5, "1d": 120, "3d": 360}
LONGS = {"1h": 60, "6h": 360}
DAYS = {"1d": 1, "3d": 3, "30d": 30}
TOLERANCE = 1e-9
END = 420
"""Last minute: behind six hours and the first of every kind."""

Counts = tuple[int, int]
"""Bad requests, and all that an objective counts."""
Events = dict[int, Counts]
"""By minute."""


@dataclass(frozen=True)
class Request:
    """A request that was answered ``at`` this minute (a fraction of it too)."""

    at: float
    code: str = "200"
    latency: float = 1.0


@dataclass(frozen=True)
class Environment:
    """What happened to one environment with one deployment, and when its scraper looked.

    ``resets`` are times at which every counter began anew, ``lost`` minutes without a scrape, ``cold`` minutes at zero replicas. Requests
    before minute 0 are the past with which every counter starts.
    """

    name: str
    minutes: int
    requests: Sequence[Request]
    resets: Sequence[float] = ()
    lost: frozenset[int] = frozenset()
    cold: frozenset[int] = frozenset()
    budgets: Mapping[Indicator, float] = field(default_factory=lambda: {Indicator.AVAILABILITY: 0.01, Indicator.LATENCY: 0.05})

    def began(self, minute: float) -> float:
        """When the counters of a minute began."""
        return max((reset for reset in self.resets if reset <= minute), default=-math.inf)

    # --- the reference -----------------------------------------------------------------------------------------------------------------

    @cached_property
    def shown(self) -> dict[int, list[Request]]:
        """Which requests each scrape shows for the first time: all since the scrape before, but none that a reset took away."""
        scrapes = [minute for minute in range(self.minutes + 1) if minute not in self.lost]
        found: dict[int, list[Request]] = {now: [] for before, now in pairwise(scrapes) if now - before <= 60}
        for each in self.requests:
            place = bisect_left(scrapes, each.at)
            if 0 < place < len(scrapes) and scrapes[place] in found and each.at > self.began(scrapes[place]):
                found[scrapes[place]].append(each)
        return found

    @cached_property
    def increments(self) -> dict[Indicator, Events]:
        """Bad requests and all that the objective counts, minute by minute."""
        availability, latency = {}, {}
        for minute, requests in self.shown.items():
            counted = [each.code for each in requests if each.code not in {"404", "499"}]
            availability[minute] = (sum(code in {"500", "429", "502"} for code in counted), len(counted))
            # Signals come before detections: the objective that minute 0 records is read in minute 1, and the first difference is
            # that of minute 2.
            if minute > 1 and not any(minute - 14 <= cold <= minute for cold in self.cold):
                times = [each.latency for each in requests if each.code == "200"]
                latency[minute] = (sum(time > SLOW for time in times), len(times))
        return {Indicator.AVAILABILITY: availability, Indicator.LATENCY: latency}

    @cached_property
    def hourly(self) -> dict[Indicator, Events]:
        """One sum an hour: the first with the first data, the next no sooner than an hour after it."""
        return {indicator: dict(self._sums(increments)) for indicator, increments in self.increments.items()}

    def _sums(self, increments: Events) -> Iterator[tuple[int, Counts]]:
        last = -math.inf
        for minute in range(self.minutes + 1):
            if minute - last >= 60 and (sums := added(increments, minute, 60)):
                yield minute, sums
                last = minute

    def short(self, indicator: Indicator, window: str, at: int) -> Counts | None:
        return added(self.increments[indicator], at, SHORTS[window])

    def long(self, indicator: Indicator, window: str, at: int) -> Counts | None:
        if window in LONGS:
            return added(self.increments[indicator], at, LONGS[window])
        return added(self.hourly[indicator], at, DAYS[window] * 24 * 60)

    def burns(self, indicator: Indicator, tier: Tier, at: int) -> bool:
        """Whether the condition of an alert holds."""
        long, short, budget = self.long(indicator, tier.window, at), self.short(indicator, tier.window, at), self.budgets[indicator]
        if not long or not long[1] or not alerts(tier, *long, budget):
            return False
        return long[0] == long[1] or (short is not None and short[1] > 0 and short[0] / short[1] > tier.threshold(budget))

    # --- what a scraper sees -----------------------------------------------------------------------------------------------------------

    def series(self) -> Iterator[tuple[str, str]]:
        ids = f'workspace="w",model_id="m",deployment_id="d-{self.name}"'
        labels = f'{ids},model_name="chat",environment="{self.name}",rollout_phase="stable",is_async="false",job="a",instance="i"'
        for code in sorted({each.code for each in self.requests}):
            times = [each.at for each in self.requests if each.code == code]
            yield f'baseten_inference_requests_total{{{labels},status_code="{code}"}}', self._counter(times, begins_at_zero=False)
        histogram = f'{labels},status_code="200"'
        name = "baseten_time_to_first_byte_seconds"
        for bound in (*BOUNDS, math.inf):
            times = [each.at for each in self.requests if each.code == "200" and each.latency <= bound]
            le = "+Inf" if bound == math.inf else f"{bound:g}"
            yield f'{name}_bucket{{{histogram},le="{le}"}}', self._counter(times)
        yield f"{name}_count{{{histogram}}}", self._counter([each.at for each in self.requests if each.code == "200"])
        key = f'platform="baseten",workspace="w",model_id="m",environment="{self.name}"'
        deployment = 'platform="baseten",' + ids
        yield f'serving_environment:environment:info{{{key},model_name="chat"}}', f"1x{self.minutes}"
        yield f'serving:deployment:info{{{deployment},model_name="chat",environment="{self.name}"}}', f"1x{self.minutes}"
        yield f"serving_environment:min_replicas:current{{{key}}}", f"0x{self.minutes}"
        replicas = " ".join("0" if minute in self.cold else "2" for minute in range(self.minutes + 1))
        yield f"serving:active_replicas:max{{{deployment}}}", replicas
        yield f"serving_environment:active_replicas:sum{{{key}}}", replicas

    def _counter(self, times: Sequence[float], begins_at_zero: bool = True) -> str:
        """Samples of a counter that moves at these times. Without ``begins_at_zero`` it is not there before its first request."""
        samples: list[str] = []
        for minute in range(self.minutes + 1):
            value = bisect_right(times, minute) - bisect_right(times, self.began(minute))
            there = minute not in self.lost and (value > 0 or begins_at_zero)
            samples.append(str(value) if there else "stale" if samples and samples[-1] not in {"_", "stale"} else "_")
        return " ".join(samples)


def added(events: Events, at: int, minutes: int) -> Counts | None:
    """Sum of the events of the last minutes; None where there is no sample."""
    found = [events[minute] for minute in range(at - minutes + 1, at + 1) if minute in events]
    return (sum(bad for bad, _ in found), sum(every for _, every in found)) if found else None


def traffic(seed: int, minutes: int, rate: float, failing: float, slow: float) -> list[Request]:
    """A past, and then Poisson arrivals of which some fail, some are slow, and some are the caller's own fault."""
    rng = random.Random(seed)  # noqa: S311 - traffic, not secrets
    requests = [Request(-10.0 - each, rng.choice(("200", "200", "200", "404"))) for each in range(900)]
    requests.reverse()
    now = rng.expovariate(rate)
    while now < minutes:
        kind = rng.random()
        code = rng.choice(("500", "502", "429")) if kind < failing else "404" if kind > 0.97 else "499" if kind > 0.96 else "200"
        requests.append(Request(now, code, rng.choice((95.0, 400.0)) if rng.random() < slow else rng.choice((0.1, 1.0, 60.5, 90.0))))
        now += rng.expovariate(rate)
    return requests


def episodes(minutes: int) -> list[Environment]:
    """Environments that differ in what befalls them."""
    past = [Request(-300.0 + each) for each in range(300)]
    burst = [Request(minutes - 40 + each / 10, "502", 0.1) for each in range(120)]
    return [
        Environment("busy", minutes, traffic(1, minutes, 3, 0.02, 0.05)),
        Environment("failing", minutes, traffic(2, minutes, 2, 0.5, 0.6)),
        Environment("quiet", minutes, traffic(3, minutes, 0.02, 0.05, 0.3)),
        Environment("silent", minutes, past),
        Environment("single", minutes, [*past, Request(minutes - 20.5, "500", 400)]),
        Environment("hopeless", minutes, [*past, *(Request(minutes - each, "500") for each in (50.5, 33.5, 12.5))]),
        Environment("nearly", minutes, [*past, *(Request(minutes - each, "500") for each in (50.5, 12.5))]),
        Environment("burst", minutes, sorted([*traffic(4, minutes, 1, 0, 0), *burst], key=lambda each: each.at)),
        Environment("reset", minutes, traffic(5, minutes, 2, 0.1, 0.2), resets=(minutes - 70.5,)),
        Environment(
            "gaps",
            minutes,
            traffic(6, minutes, 2, 0.1, 0.2),
            lost=frozenset({*range(minutes - 130, minutes - 80), minutes - 20, minutes - 7}),
        ),
        Environment("outage", minutes, traffic(7, minutes, 2, 0.1, 0.2), lost=frozenset(range(minutes - 200, minutes - 120))),
        Environment(
            "cold", minutes, traffic(8, minutes, 1, 0.05, 0.5), cold=frozenset({*range(minutes - 100, minutes - 90), minutes - 30})
        ),
    ]


def rules(pack: Pack) -> tuple[Rule, ...]:
    groups = {group.name: group for group in pack.groups()}
    return tuple(rule for name in GROUPS if name in groups for rule in groups[name].rules)


def expectations(pack: Pack, environments: Sequence[Environment], at: int) -> Iterator[dict[str, Any]]:
    conditions = {rule.alert: rule.expr for rule in pack.rules() if rule.alert}
    for each in environments:
        for indicator in Indicator:
            key = f'environment="{each.name}",sli="{indicator}"'
            for window in ("1h", "6h", "1d", "3d"):
                long = each.long(indicator, window, at)
                where = f'{{{key},window="{window}"}}'
                yield from same(f"serving_environment:sli_requests:sum{where}", long and long[1], at)
                yield from same(f"serving_environment:sli_bad_requests:sum{where}", long and long[0], at)
                yield from same(f"serving_environment:sli_bad_ratio:mean{where}", ratio(long), at)
                yield from same(f"serving_environment:sli_bad_ratio:short{where}", ratio(each.short(indicator, window, at)), at)
                surprise = evidence(*long, each.budgets[indicator]) if long and long[1] else 0
                yield from same(f"serving_environment:sli_evidence:current{where}", surprise or None, at)
            month = ratio(each.long(indicator, "30d", at))
            left = None if month is None else 1 - month / each.budgets[indicator]
            yield from same(f'serving_environment:{indicator}_budget_ratio:left30d{{environment="{each.name}"}}', left, at)
    for indicator in Indicator:
        for tier in TIERS:
            expected = [each.name for each in environments if each.burns(indicator, tier, at)]
            # The name of the model is joined to alerts; there is none here.
            condition = conditions[alert_name(indicator, tier)].rpartition("\n* on")[0]
            samples = [{"labels": f'{{environment="{name}"}}', "value": 1} for name in expected]
            yield {
                "expr": f"group by (environment) ({condition})",
                "eval_time": f"{at}m",
                **({"exp_samples": samples} if samples else {}),
            }


def ratio(counts: Counts | None) -> float | None:
    return counts[0] / counts[1] if counts and counts[1] else None


def same(series: str, value: float | None, at: int) -> Iterator[dict[str, Any]]:
    """Expect a series to have this value to nine digits (evidence, a difference of logarithms, to nine decimals), or not to be there."""
    if value is None:
        yield {"expr": series, "eval_time": f"{at}m"}
    else:
        tolerance = TOLERANCE * (max(abs(value), 1) if "evidence" in series else abs(value))
        expr = f"count(abs({series} - ({value!r})) <= {tolerance!r})"
        yield {"expr": expr, "eval_time": f"{at}m", "exp_samples": [{"labels": "{}", "value": 1}]}


def run(release: PrometheusRelease, folder: Path, pack: Pack, environments: Sequence[Environment], looks: list[dict[str, Any]]) -> str:
    (folder / "rules.yaml").write_text(yaml.safe_dump({"groups": [Group("slo", rules(pack)).mapping()]}))
    series = [{"series": name, "values": values} for each in environments for name, values in each.series()]
    test = {"name": "events", "interval": "1m", "input_series": series, "promql_expr_test": looks}
    (folder / "test.yaml").write_text(yaml.safe_dump({"rule_files": ["rules.yaml"], "evaluation_interval": "1m", "tests": [test]}))
    done = subprocess.run([release.promtool, "test", "rules", "test.yaml"], cwd=folder, capture_output=True, text=True, check=False)
    return "" if done.returncode == 0 else done.stderr + done.stdout


@pytest.fixture(scope="module")
def pack() -> Pack:
    return build(detections=(DETECTION,))


@pytest.fixture(scope="module")
def world(pack: Pack) -> tuple[list[Environment], list[dict[str, Any]]]:
    environments = episodes(END)
    return environments, [look for at in (END - 7, END) for look in expectations(pack, environments, at)]


@pytest.mark.timeout(400)
@pytest.mark.parametrize("release", PROMETHEUS, ids=str)
def test_rules_count_what_happened(
    release: PrometheusRelease, pack: Pack, world: tuple[list[Environment], list[dict[str, Any]]], tmp_path: Path
) -> None:
    environments, looks = world
    assert not run(release, tmp_path, pack, environments, looks)


def test_the_reference_is_not_silent(world: tuple[list[Environment], list[dict[str, Any]]]) -> None:
    """Each alert of the first hours burns for somebody and not for others; what befalls an environment is seen."""
    environments, _ = world
    by_name = {each.name: each for each in environments}
    fast, medium = TIERS[:2]
    burning = {each.name for each in environments if each.burns(Indicator.AVAILABILITY, fast, END)}
    assert {"failing", "hopeless", "burst"} & burning == {"failing", "hopeless"}, "the burst has been over for a while"
    assert not by_name["burst"].burns(Indicator.AVAILABILITY, medium, END), "nobody is paged for what is over"
    hours = by_name["burst"].long(Indicator.AVAILABILITY, medium.window, END)
    assert hours is not None
    assert hours[0] / hours[1] > medium.threshold(0.01), "though it has cost more than the tier allows"
    assert not {"quiet", "silent", "single", "nearly", "busy"} & burning
    assert by_name["single"].long(Indicator.AVAILABILITY, "1h", END) == (1, 1)
    assert by_name["silent"].long(Indicator.AVAILABILITY, "1h", END) == (0, 0)
    lost = by_name["outage"].long(Indicator.AVAILABILITY, "6h", END)
    whole = replace(by_name["outage"], lost=frozenset()).long(Indicator.AVAILABILITY, "6h", END)
    assert lost is not None
    assert whole is not None
    assert lost[1] < whole[1]


def test_objectives_of_single_environments_are_exact(tmp_path: Path) -> None:
    """One minus an objective is what a person would write; 0 switches it off."""
    objectives = {"a": 0.999, "b": 0.9995, "c": 0.9999, "d": 0.95, "e": 0.9}
    budgets = {"a": 0.001, "b": 0.0005, "c": 0.0001, "d": 0.05, "e": 0.1}
    scoped = tuple(ScopedValue({"environment": name}, value) for name, value in {**objectives, "off": 0.0}.items())
    pack = build(Settings(detections={"slo": DetectionChange(scoped={"availability": scoped})}), detections=(DETECTION,))
    environments = [Environment(name, 5, [Request(-1.0)]) for name in (*objectives, "off", "other")]
    looks: list[dict[str, Any]] = [
        {
            "expr": f'serving_environment:sli_budget_ratio:current{{environment="{name}",sli="availability"}} == {budget!r}',
            "eval_time": "5m",
            "exp_samples": [
                {
                    "labels": "serving_environment:sli_budget_ratio:current"
                    f'{{environment="{name}",sli="availability",platform="baseten",workspace="w",model_id="m"}}',
                    "value": budget,
                }
            ],
        }
        for name, budget in {**budgets, "other": 0.01}.items()
    ]
    looks.append({"expr": 'serving_environment:sli_budget_ratio:current{environment="off",sli="availability"}', "eval_time": "5m"})
    assert not run(PROMETHEUS[0], tmp_path, pack, environments, looks)


@pytest.mark.parametrize("budget", [0.1, 0.05, 0.01, 0.001, 0.0001])
def test_chance_alerts_less_than_once_in_25_years(budget: float) -> None:
    """Over all tiers together, each at the traffic that is worst for it."""
    traffic_in_window = [1.7**step / 100 / budget for step in range(22)]
    assert sum(max(false_alarms(tier, each, budget) for each in traffic_in_window) for tier in TIERS) < 1 / 25


@pytest.mark.usefixtures("gullible")
def test_less_evidence_would_alert_more_often_than_is_said() -> None:
    assert false_alarms(TIERS[0], 35, 0.01) > 1


@pytest.fixture
def gullible(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Evidence so small that alerts by chance can be counted in a second."""
    monkeypatch.setattr(chance, "EVIDENCE", 4.0)
    chance._most_successes.cache_clear()
    yield
    chance._most_successes.cache_clear()


@pytest.mark.usefixtures("gullible")
def test_simulated_chance_is_the_computed_one() -> None:
    """Poisson traffic that fails as often as its objective allows; time is counted in windows."""
    tier, budget, requests, windows = TIERS[1], 0.05, 12.0, 25_000
    rng = random.Random(7)  # noqa: S311 - traffic, not secrets
    window: deque[tuple[float, bool]] = deque()
    now, failures, found, alerting = 0.0, 0, 0, False
    while now < windows:
        now += rng.expovariate(requests)
        arrival = (now, rng.random() < budget)
        for leaves in (*[True] * sum(each[0] <= now - 1 for each in window), False):
            failures += -window.popleft()[1] if leaves else arrival[1]
            if not leaves:
                window.append(arrival)
            before, alerting = alerting, bool(window) and alerts(tier, failures, len(window), budget)
            found += alerting and not before
    computed = false_alarms(tier, requests, budget) / YEAR * tier.hours
    assert found > 200
    assert found / windows == pytest.approx(computed, rel=4 / math.sqrt(found))


def test_evidence_bounds_the_probability() -> None:
    """Against the exact binomial distribution."""
    for requests, budget in ((10, 0.01), (50, 0.05), (200, 0.01), (400, 0.1)):
        probabilities = [math.comb(requests, k) * budget**k * (1 - budget) ** (requests - k) for k in range(requests + 1)]
        for failures in range(int(requests * budget) + 1, requests + 1):
            assert math.exp(-evidence(failures, requests, budget)) >= sum(probabilities[failures:]) * (1 - 1e-9)


def test_fewest_requests_are_as_documented() -> None:
    needed = {1: 3, 0.5: 9, 0.2: 33, 0.144: 54, 0.06: 235, 0.03: 1049, 0.02: 3527}
    assert {share: requests_needed(share, 0.01) for share in needed} == needed
    assert evidence(3, 3, 0.01) > EVIDENCE
    assert FEWEST == 3


@pytest.mark.parametrize("tier", TIERS, ids=lambda tier: tier.name)
def test_every_tier_can_be_reached(tier: Tier) -> None:
    """Whatever the objective, an environment that fails everything alerts."""
    for objective in (0.5, 0.8, 0.9, 0.93, 0.95, 0.99, 0.99999):
        budget = 1 - objective
        assert tier.threshold(budget) < 1
        assert alerts(tier, 1000, 1000, budget)


def test_windows_are_as_long_as_they_say() -> None:
    """Thirty days are too long for a test of samples; every range is half a minute short of its window."""
    text = {rule.name: rule.expr for rule in build(detections=()).rules()}["serving_environment:sli_bad_ratio:mean30d"]
    assert text.count("[29d23h59m30s]") == text.count("[") == 2
