"""The rules of naming, held by every metric of the catalogue; what the catalogue says of labels and values, held against the platform's
contract, the simulated feed and a page of the exporter.
"""

from __future__ import annotations

import asyncio
import json
import re
import typing
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import aiohttp
import pytest
from baseten.client import managementapi as sdk

from serving_exporter import catalogue
from serving_exporter.catalogue import ALL, CATALOGUE, NATIVE, Metric, MetricType, NativeMetric, Presence, Scope, family_of
from serving_exporter.clock import Clock
from serving_exporter.config import SOURCES, Config, load
from serving_exporter.exposition.decoding import FeedDecoder
from serving_exporter.exposition.joining import FamilyShelf, Page, SelfMetrics
from serving_exporter.platforms.contract import SourceError
from serving_exporter.service import Service
from serving_simulator.clock import SimClock
from serving_simulator.emulator import Emulator
from serving_simulator.fleet import load as load_fleet
from serving_simulator.world import World

EPOCH = 1_790_000_000.0
DEMO = load_fleet("demo")
NOT_SIMULATED = {
    "baseten_ongoing_websocket_connections": "no model of the demo speaks WebSocket; docs/simulator.md lists the family as missing",
    "baseten_llm_spec_decode_num_accepted_tokens_total": "the simulated engine does not speculate",
    "baseten_llm_spec_decode_num_draft_tokens_total": "the simulated engine does not speculate",
}
UNSET = {"baseten_deployment_max_scale_down_ratio", "baseten_chainlet_max_scale_down_ratio"}
"""Settings that no deployment of the demo has."""

UNCONFIRMED = {"baseten_replicas_desired"}
"""Names that a third party has seen and the platform does not document: not to be relied on, and not to be taken by us either."""

UNITS = ("seconds", "bytes", "ratio", "cores", "dollars", "tokens", "replicas", "per_hour", "per_second")

every_metric = pytest.mark.parametrize("metric", CATALOGUE.values(), ids=lambda metric: metric.name)
every_family = pytest.mark.parametrize("metric", ALL.values(), ids=lambda metric: metric.name)


@every_metric
def test_names_follow_the_rules(metric: Metric) -> None:
    prefix = "baseten_" if metric.is_platform else "serving_exporter_"
    assert re.fullmatch(r"[a-z][a-z0-9_]*", metric.name)
    assert metric.name.startswith(prefix)
    assert metric.name.endswith("_total") == (metric.type is MetricType.COUNTER)
    if metric.type is MetricType.GAUGE:
        assert not metric.name.endswith(("_count", "_sum", "_bucket", "_created"))
    assert not re.search(r"milli|mib|percent|minutes|hours\b", metric.name)
    if metric.buckets:
        assert list(metric.buckets) == sorted(set(metric.buckets))
        assert metric.type is MetricType.HISTOGRAM
        assert metric.name.endswith("_seconds")


@every_family
def test_labels_follow_the_rules(metric: Metric) -> None:
    assert len(set(metric.labels)) == len(metric.labels)
    for label in metric.labels:
        assert re.fullmatch(r"[a-z][a-z0-9_]*", label)
        assert label not in {"le", "quantile", "type"}
        assert not label.startswith("__")
    if metric.scope is Scope.DEPLOYMENT:
        assert metric.labels[:2] == ("model_id", "deployment_id")
    if metric.scope is Scope.DEPLOYMENT and metric.name in CATALOGUE and not metric.name.endswith("_info"):
        assert set(metric.labels[2:]) <= {"status", "outcome", "phase"}, "numbers carry ids; words are in the info metric"


@every_family
def test_help_is_a_sentence_and_names_no_other_file(metric: Metric) -> None:
    assert metric.help[0].isupper()
    assert metric.help.endswith(".")
    assert "\n" not in metric.help


def test_no_name_is_one_of_the_platform() -> None:
    native = {name for metric in NATIVE.values() for name in (metric.name, *metric.sample_names)} | UNCONFIRMED
    ours = {name for metric in CATALOGUE.values() for name in (metric.name, *metric.sample_names)}
    assert not native & ours


def test_every_metric_can_be_imported_and_is_in_one_of_the_two_lists() -> None:
    named = {name: value for name, value in vars(catalogue).items() if isinstance(value, Metric)}
    assert {metric.name for metric in named.values()} == CATALOGUE.keys()
    assert len(named) == len(CATALOGUE) == len({metric.name for metric in CATALOGUE.values()})
    assert named.keys() <= set(catalogue.__all__)
    assert ALL.keys() == CATALOGUE.keys() | NATIVE.keys()
    assert len(ALL) == len(CATALOGUE) + len(NATIVE)


def test_the_contract_of_the_design_is_complete(shared: Path) -> None:
    """Every metric that the design names in its tables is in the catalogue, and no unit is missing."""
    design = (shared / "design.md").read_text().partition("## 5.")[2].partition("## 6.")[0]
    named: set[str] = set()
    for row in re.findall(r"^\| (`baseten_.*?) \|", design, re.MULTILINE):
        names = re.findall(r"`([a-z_]+)`", row)
        full = [name for name in names if name.startswith("baseten_") and not name.endswith("_")]
        named.update(full)
        for short in [name for name in names if name.startswith("_")]:
            stem = "baseten_environment" if "environment" in full[0] else "baseten_deployment"
            named.add(stem + short)
    named.update(name for name in re.findall(r"`(serving_exporter_[a-z_]+)[`{]", design))
    missing = {name for name in named if name not in CATALOGUE}
    assert len(named) > 35
    assert not missing


def test_every_field_of_the_settings_that_the_api_has_is_exported(shared: Path) -> None:
    specification = json.loads((shared / "reference" / "baseten-management-openapi.json").read_text())
    schemas = [schema for name, schema in specification["components"]["schemas"].items() if name.startswith("AutoscalingSettings")]
    fields = set(max((schema["properties"] for schema in schemas), key=len))
    text = " ".join(metric.help for metric in CATALOGUE.values())
    assert fields >= {"min_replica", "max_replica", "scale_down_delay"}
    assert not {field for field in fields if field not in text}


# --- samples and label values -------------------------------------------------------------------------------------------------------------


def test_a_sample_name_leads_to_its_family() -> None:
    assert family_of("baseten_time_to_first_byte_seconds_bucket") is NATIVE["baseten_time_to_first_byte_seconds"]
    assert family_of("baseten_replica_startup_seconds_count") is catalogue.STARTUP_SECONDS
    assert family_of("baseten_concurrent_requests") is NATIVE["baseten_concurrent_requests"]
    assert family_of("baseten_deployment_status") is catalogue.DEPLOYMENT_STATUS
    for no_sample in ("baseten_time_to_first_byte_seconds", "baseten_replicas_active_sum", "baseten_replicas", "up", ""):
        assert family_of(no_sample) is None
    names = [sample for metric in ALL.values() for sample in metric.sample_names]
    assert len(names) == len(set(names))


def test_the_labels_of_samples_are_those_on_the_page() -> None:
    latency = NATIVE["baseten_time_to_first_byte_seconds"]
    key = ("workspace", "model_id", "deployment_id")
    assert latency.sample_labels(latency.name + "_sum") == (*key, *latency.extra_labels)
    assert latency.sample_labels(latency.name + "_bucket") == (*key, *latency.extra_labels, "le")
    assert catalogue.DEPLOYMENT_STATUS.sample_labels(catalogue.DEPLOYMENT_STATUS.name) == (*key, "status")
    assert catalogue.SOURCE_UP.sample_labels(catalogue.SOURCE_UP.name) == ("workspace", "source")
    assert catalogue.PAGE_BYTES.sample_labels(catalogue.PAGE_BYTES.name) == ()


def test_a_label_with_an_enumeration_has_one_wherever_it_is() -> None:
    enumerated = {label for metric in ALL.values() for label in metric.values}
    assert enumerated >= {
        "status",
        "outcome",
        "phase",
        "source",
        "reason",
        "rollout_phase",
        "condition",
        "is_async",
        "backpressure",
        "kind",
    }
    for metric in ALL.values():
        assert metric.values.keys() == enumerated & set(metric.labels), metric.name
        for words in metric.values.values():
            assert len(set(words)) == len(words) > 1


def test_enumerations_of_the_platform_are_those_of_its_own_client() -> None:
    assert set(catalogue.DEPLOYMENT_STATUSES) == literals(sdk.Deployment, "status") == literals(sdk.Chainlet, "status")
    assert set(catalogue.PROMOTION_STATUSES) == literals(sdk.InProgressPromotion, "status")
    assert {*catalogue.BACKPRESSURE_POLICIES} - {""} == literals(sdk.RequestBackpressureSettings, "policy")
    assert set(catalogue.STARTUP_OUTCOMES) == literals(sdk.StartupAttempt, "outcome")
    assert {phase.upper() for phase in catalogue.STARTUP_PHASES} == literals(sdk.StartupPhaseSummary, "phase")
    usage = {name for name in sdk.UsageSummary.model_fields if name.endswith("_usage")}
    assert {f"{kind}_usage" for kind in catalogue.USAGE_KINDS} == usage


def literals(model: typing.Any, field: str) -> set[str]:
    """Return the words that a field of the platform's client knows."""
    parts = [model.model_fields[field].annotation]
    for part in parts:
        parts += [each for each in typing.get_args(part) if not isinstance(each, str)]
    return {word for part in parts if typing.get_origin(part) is typing.Literal for word in typing.get_args(part)}


def test_enumerations_of_the_exporter_are_those_of_its_code() -> None:
    assert catalogue.SOURCE_NAMES == SOURCES
    outcomes = {SourceError.outcome, *(error.outcome for error in SourceError.__subclasses__())}
    assert set(catalogue.POLL_OUTCOMES) == outcomes | {"success"}
    assert {metric.source for metric in CATALOGUE.values()} <= {*catalogue.SOURCE_NAMES, "derived", "self"}
    assert {metric.source for metric in NATIVE.values()} == {"feed"}


def test_every_reason_for_which_something_is_left_out_is_in_the_catalogue() -> None:
    decoder = FeedDecoder(None, keep=lambda name: name != "unwanted", watch=())
    decoded = decoder.decode(b"kept 1\nkept 2\nunwanted 1\nbaseten_deployment_status 1\n%%%\n")
    shelf = FamilyShelf()
    shelf.put(("workspace", "feed"), decoded.families)
    page = Page.of(shelf, SelfMetrics(), max_series=0)
    assert decoded.dropped.keys() | page.dropped.keys() == set(catalogue.DROP_REASONS)


# --- native families ----------------------------------------------------------------------------------------------------------------------


def test_native_families_are_those_of_the_reference(shared: Path) -> None:
    text = (shared / "reference" / "baseten-api.md").read_text()
    section = text.partition("## b. ")[2].partition("### b.3")[0]
    groups: dict[str, set[str]] = {}
    for group, own in re.findall(r"^\| \*\*(D\w?)\*\* \(.*?\) \| (.*) \|$", section, re.MULTILINE):
        groups[group] = set(re.findall(r"`(\w+)`", own)) | groups.get("D", set())
    rows = re.findall(r"^\| \d+ \| `(\w+)` \| (\w+) \| (\w+) \| .*? \| .* \| (.*) \|$", section, re.MULTILINE)
    presence = {
        "always": Presence.ALWAYS,
        "**feature flag** per organization": Presence.POD_HEALTH,
        "GPU instances": Presence.GPU,
        "deployments used asynchronously": Presence.ASYNC,
        "async": Presence.ASYNC,
        "async with webhooks": Presence.WEBHOOKS,
        "WebSocket models": Presence.WEBSOCKET,
        "BIS-LLM deployments": Presence.BIS_LLM,
        "BIS-LLM": Presence.BIS_LLM,
        "BIS-LLM with speculative decoding": Presence.SPECULATION,
    }
    assert len(rows) == 30
    expected = {name: (kind, groups[group], group == "DP", presence[condition]) for name, kind, group, condition in rows}
    assert {metric.name: (metric.type.value, set(metric.labels), metric.per_pod, metric.presence) for metric in NATIVE.values()} == expected


def test_label_values_of_native_families_are_those_of_the_reference(shared: Path) -> None:
    text = (shared / "reference" / "baseten-api.md").read_text()
    table = text.partition("Label values:")[2].partition("### b.2")[0]
    documented = {
        label: set(re.findall(r"`(\w+)`", values)) for label, values in re.findall(r"^\| `(\w+)` \| (.*) \|$", table, re.MULTILINE)
    }
    assert {label for metric in NATIVE.values() for label in metric.labels} == documented.keys()
    for metric in NATIVE.values():
        for label, words in metric.values.items():
            assert set(words) - {""} == documented[label]


@pytest.fixture
def world() -> World:
    return World(DEMO, seed=1, start=EPOCH)


def test_the_simulated_feed_has_the_native_families_and_no_others(world: World) -> None:
    families = {family.name: family for family in world.feed_page().families}
    assert families.keys() == NATIVE.keys() - NOT_SIMULATED.keys()
    assert NOT_SIMULATED.keys() < NATIVE.keys()
    for name, family in families.items():
        metric = NATIVE[name]
        assert family.type == metric.type.value
        hidden = {DEMO.switches.pod_label} if metric.per_pod else set()
        assert {name + suffix for suffix, _, _ in family.samples} == set(metric.sample_names)
        for suffix, labels, _ in family.samples:
            # The page that the simulator writes has no workspace; environment and rollout_phase may be absent elsewhere, here they are not.
            assert {label for label, _ in labels} - hidden == set(metric.sample_labels(name + suffix)) - {"workspace"}, name
            assert hidden <= {label for label, _ in labels}


# --- a page of the exporter ---------------------------------------------------------------------------------------------------------------

_SAMPLE = re.compile(r"(\w+)(?:\{(.*)\})? \S+")
_LABEL = re.compile(r'(\w+)="((?:[^"\\]|\\.)*)"')


def samples(page: str) -> Iterator[tuple[str, dict[str, str]]]:
    """Yield name and labels of each sample of this project or of the feed."""
    for line in page.splitlines():
        match = None if line.startswith("#") else _SAMPLE.fullmatch(line)
        if match is not None and match[1].startswith(("baseten_", "serving_exporter_")):
            yield match[1], dict(_LABEL.findall(match[2] or ""))


async def pages(world: World, config_path: Path) -> list[str]:
    """Return pages of the demo fleet over twenty minutes, in which there is a promotion and each source is read."""
    speed, origin = 60.0, asyncio.get_running_loop().time()

    def configuration(url: str) -> Config:
        config_path.write_text("workspaces: [{sources: {billing: {enabled: true}}}]")
        hosts = {"BASETEN_APP_URL": url, "BASETEN_API_URL": url, "BASETEN_MODEL_URL": url + "/model-{model_id}"}
        own = {"SERVING_EXPORTER_LISTEN_ADDRESS": "127.0.0.1:0", "SERVING_EXPORTER_STATE_FILE": ""}
        return load(config_path, {"BASETEN_API_KEY": DEMO.keys[0].key, **hosts, **own})

    collected = []
    clock = SimClock(speed=speed, epoch=EPOCH, origin=origin)
    async with Emulator(DEMO, clock=clock, world=world) as emulator, aiohttp.ClientSession() as http:
        config = await asyncio.to_thread(configuration, emulator.url)
        service = Service(config, lambda: config, clock=Clock(speed=speed, epoch=EPOCH, origin=origin))
        listening: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        task = asyncio.create_task(service.run(on_listening=listening.set_result))
        await asyncio.wait({task, listening}, return_when=asyncio.FIRST_COMPLETED)
        if task.done():
            await task
        url = listening.result()
        try:
            await service.wait_ready()
            for _ in range(4):
                await clock.sleep(300)
                async with http.get(url + "/metrics") as answer:
                    collected.append(await answer.text())
        finally:
            service.stop()
            await task
    return collected


async def test_what_the_exporter_shows_of_the_demo_is_in_the_catalogue(world: World, tmp_path: Path) -> None:
    hidden = {DEMO.switches.pod_label}
    seen: dict[tuple[str, str], set[str]] = defaultdict(set)
    families: set[str] = set()
    for page in await pages(world, tmp_path / "serving-exporter.yaml"):
        for sample, labels in samples(page):
            metric = family_of(sample)
            assert metric is not None, sample
            families.add(metric.name)
            per_pod = isinstance(metric, NativeMetric) and metric.per_pod
            assert labels.keys() - (hidden if per_pod else set()) == set(metric.sample_labels(sample)), sample
            for label in metric.values:
                seen[metric.name, label].add(labels[label])
    assert ALL.keys() - families == NOT_SIMULATED.keys() | UNSET

    strange = {where: words - set(ALL[where[0]].values[where[1]]) for where, words in seen.items()}
    assert not {where: words for where, words in strange.items() if words}
    whole = [(catalogue.SOURCE_UP, "source"), (catalogue.SOURCE_POLLS_TOTAL, "outcome"), (catalogue.SERIES_DROPPED_TOTAL, "reason")]
    whole += [(catalogue.STARTUPS_TOTAL, "outcome"), (catalogue.STARTUP_SECONDS, "phase")]
    for metric, label in whole:
        assert seen[metric.name, label] == set(metric.values[label])
    assert len(seen[catalogue.DEPLOYMENT_STATUS.name, "status"]) >= 4
