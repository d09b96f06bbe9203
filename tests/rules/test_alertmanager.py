"""The generated inhibitions and routes in a real Alertmanager of each release: what silences what, and who is told."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
import yaml
from tests.stack.alertmanager import alertmanager, check_config
from tests.tools.toolchain import ALERTMANAGER, AlertmanagerRelease

from serving_rules import overrides
from serving_rules.errors import PackError
from serving_rules.fixtures.notation import minutes
from serving_rules.formats.alertmanager import files
from serving_rules.model import EVERYTHING, Alert, Detection, Inhibition, Severity
from serving_rules.pack import build
from serving_rules.settings import Settings

PACK = build()
ALERTS = [(detection, alert) for detection in PACK.detections for alert in detection.alerts]
SOURCES = {"source": "inventory"}
"""Values of labels that an inhibition of the pack asks for."""

every_release = pytest.mark.parametrize("release", ALERTMANAGER, ids=str)


def labels(detection: Detection, alert: Alert, workspace: str, thing: str) -> dict[str, str]:
    """The labels with which an alert of the pack arrives; ``thing`` tells one object of a workspace from another."""
    identity = {label: f"{label}-{thing}" for label in (*alert.scope.labels, *alert.scope.words, *alert.extra_labels)}
    return {
        **identity,
        **{label: value for label, value in SOURCES.items() if label in alert.extra_labels and thing == "one"},
        "platform": "baseten",
        "workspace": workspace,
        "alertname": alert.name,
        "severity": str(alert.severity),
        "alert_type": str(alert.kind),
        "detection": detection.slug,
        **alert.labels,
    }


@dataclass(frozen=True)
class Pair:
    """Two alerts of one object, and the same target of another object."""

    what: str
    source: Mapping[str, str]
    target: Mapping[str, str]
    elsewhere: Mapping[str, str]


def pairs() -> Iterator[Pair]:
    for number, (inhibition, source, target) in enumerate(_matches()):
        workspace = f"w{number}"
        narrow = set(inhibition.equal) > {"platform", "workspace"}
        yield Pair(
            f"{source[1].name}/{source[1].severity} silences {target[1].name}/{target[1].severity}",
            labels(*source, workspace, "one"),
            labels(*target, workspace, "one"),
            labels(*target, workspace if narrow else f"{workspace}-other", "other" if narrow else "one"),
        )


def _matches() -> Iterator[tuple[Inhibition, tuple[Detection, Alert], tuple[Detection, Alert]]]:
    for inhibition in PACK.inhibitions:
        for source in (each for each in ALERTS if each[1].name == inhibition.source and _fits(inhibition.source_labels, each)):
            spared = {source[0].slug, *inhibition.spares}
            for target in ALERTS:
                meant = target[0].slug not in spared if inhibition.targets == EVERYTHING else target[1].name in inhibition.targets
                if meant and _fits(inhibition.target_labels, target):
                    yield inhibition, source, target
    for source in ALERTS:
        for target in ALERTS:
            order = list(Severity)
            if source[1].name == target[1].name and order.index(source[1].severity) < order.index(target[1].severity):
                yield Inhibition(source[1].name, (target[1].name,), source[1].scope.labels, "the same alert"), source, target


def _fits(wanted: Mapping[str, str], found: tuple[Detection, Alert]) -> bool:
    has = labels(*found, "w", "one")
    return all(has.get(label) == value for label, value in wanted.items() if label not in SOURCES)


PAIRS = list(pairs())


def test_there_are_pairs_to_look_at() -> None:
    assert len(PAIRS) > len(PACK.inhibitions) > 5


@every_release
@pytest.mark.real_time
def test_each_pair_silences_its_object_and_no_other(release: AlertmanagerRelease, tmp_path: Path) -> None:
    configuration = tmp_path / "alertmanager.yaml"
    configuration.write_text(files(PACK)["alertmanager.yaml"])
    with alertmanager(release, configuration, tmp_path / "data") as server:
        server.fire(*(alert for pair in PAIRS for alert in (pair.source, pair.target, pair.elsewhere)))
        known = server.standings()
        wrong = []
        for pair in PAIRS:
            if not known[frozenset(pair.target.items())].inhibited_by:
                wrong.append(f"{pair.what}: it does not")
            if known[frozenset(pair.elsewhere.items())].inhibited_by:
                wrong.append(f"{pair.what}: also for another object")
            if known[frozenset(pair.source.items())].inhibited_by:
                wrong.append(f"{pair.what}: and the other way round")
        assert wrong == []
        server.resolve(*(pair.source for pair in PAIRS))
        known = server.standings()
        assert [pair.what for pair in PAIRS if known[frozenset(pair.target.items())].inhibited_by] == []


@every_release
@pytest.mark.real_time
def test_each_severity_reaches_its_receiver(release: AlertmanagerRelease, tmp_path: Path) -> None:
    configuration = tmp_path / "alertmanager.yaml"
    configuration.write_text(files(PACK)["alertmanager.yaml"])
    wanted = {Severity.CRITICAL: "pager", Severity.WARNING: "tickets", Severity.INFO: "digest"}
    with alertmanager(release, configuration, tmp_path / "data") as server:
        posted = [(alert, labels(detection, alert, f"w{number}", "one")) for number, (detection, alert) in enumerate(ALERTS)]
        server.fire(*(each for _, each in posted))
        assert {alert.severity for alert, _ in posted} == set(Severity)
        for alert, each in posted:
            assert server.standing(each).receivers == [wanted[alert.severity]], alert.name


@every_release
def test_amtool_accepts_the_configuration(release: AlertmanagerRelease, tmp_path: Path) -> None:
    configuration = tmp_path / "alertmanager.yaml"
    configuration.write_text(files(PACK)["alertmanager.yaml"])
    assert f"{len(yaml.safe_load(configuration.read_text())['inhibit_rules'])} inhibit rules" in check_config(release, configuration)


def test_the_part_to_merge_is_the_part_of_the_whole() -> None:
    texts = files(PACK)
    part, whole = (yaml.safe_load(texts[name]) for name in ("inhibit_rules.yaml", "alertmanager.yaml"))
    assert part == {"inhibit_rules": whole["inhibit_rules"]}


def test_labels_that_users_rename_are_renamed() -> None:
    text = files(build(Settings(label_names={"model_id": "model"})))["alertmanager.yaml"]
    assert "- model\n" in text
    assert "model_id" not in text


def test_a_label_that_one_side_lacks_is_refused() -> None:
    """Alertmanager takes two missing labels for equal ones: one object's alert would silence another's."""
    wrong = Inhibition("ServingThrash", ("ServingExporterDown",), ("platform", "workspace", "deployment_id"), "wrong")
    with pytest.raises(PackError, match="deployment_id, which ServingExporterDown does not have"):
        files(replace(PACK, inhibitions=(wrong,)))


@every_release
def test_the_receivers_of_the_overrides_are_what_alertmanager_takes(release: AlertmanagerRelease, tmp_path: Path) -> None:
    text = """
receivers:
  pager:
    webhook_configs: [{url: "http://127.0.0.1:9/pager", send_resolved: true}]
  digest:
    slack_configs: [{api_url: "http://127.0.0.1:9/slack", channel: "#ml", title: '{{ .CommonLabels.alertname }}: "a"'}]
"""
    path = tmp_path / "alertmanager.yaml"
    path.write_text(files(build(overrides.parse(text)))["alertmanager.yaml"])
    assert "3 receivers" in check_config(release, path)
    receivers = yaml.safe_load(path.read_text())["receivers"]
    assert [receiver["name"] for receiver in receivers] == ["pager", "tickets", "digest"]
    assert receivers[0]["webhook_configs"] == [{"url": "http://127.0.0.1:9/pager", "send_resolved": True}]
    assert receivers[1] == {"name": "tickets"}
    assert receivers[2]["slack_configs"][0]["title"] == '{{ .CommonLabels.alertname }}: "a"'


BUDGETS = re.compile(r"Serving\w+Burn\w+")
SHORT_WINDOW = 5
"""Minutes after an incident for which the short window of a budget that pages still holds it."""


def test_a_page_outlasts_the_pages_that_it_silences() -> None:
    """Else the end of an incident would be announced by another page about it."""
    found = 0
    for inhibition, source, target in _matches():
        # What silences everything says that nothing can be seen, or that all breaks at once; it tells of no incident of one model.
        if inhibition.targets == EVERYTHING:
            continue
        if source[1].severity == target[1].severity == Severity.CRITICAL:
            found += 1
            source_is, target_is = (bool(BUDGETS.fullmatch(each[1].name)) for each in (source, target))
            after = SHORT_WINDOW if target_is and not source_is else 0
            assert minutes(source[1].keep_firing_for) >= minutes(target[1].keep_firing_for) + after, f"{source[1].name}, {target[1].name}"
    assert found >= 30
