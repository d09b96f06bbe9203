"""The Helm chart: what it makes is what Kubernetes accepts, carries the tested rules and dashboards, and refuses what makes no sense."""

from __future__ import annotations

import base64
import gzip
import json
from pathlib import Path
from typing import Any

import jsonschema
import kubernetes_validate
import pytest
import yaml
from tests.stack.programs import run
from tests.tools.toolchain import PROMETHEUS, helm

from serving_exporter import __version__
from serving_exporter.config import load
from serving_exporter.scrape_config import scrape_config

from .manifests import CHART, PLAIN, REPOSITORY, plain, render

KUBERNETES = ("1.27", "1.31", "1.35")
CRDS = {"ServiceMonitor", "PrometheusRule"}
KEY = {"apiKey": {"existingSecret": "baseten"}}
EVERYTHING = {
    **KEY,
    "serviceMonitor": {"enabled": True, "labels": {"release": "kps"}},
    "prometheusRule": {"enabled": True, "labels": {"release": "kps"}},
    "dashboards": {"enabled": True},
}
SHARDS = {
    "shards": 2,
    "keySecrets": ["acme", "umbrella"],
    "config": {
        "workspaces": [
            {"name": "a", "organization": "acme", "key_file": "/etc/serving-exporter/keys/acme/api-key"},
            {"name": "b", "organization": "umbrella", "key_file": "/etc/serving-exporter/keys/umbrella/api-key"},
        ]
    },
}
needs_helm = pytest.mark.skipif(helm() is None, reason="helm could not be built here: no Go, or no modules")


def objects(values: dict[str, Any]) -> dict[str, dict[str, Any]]:
    made, error = render(values)
    assert not error, error
    return {f"{each['kind']}/{each['metadata']['name']}": each for each in made}


def accepted(each: dict[str, Any]) -> None:
    """Fail when a release of Kubernetes would refuse an object, unknown keys included."""
    if each["kind"] not in CRDS:
        for version in KUBERNETES:
            kubernetes_validate.validate(each, version, strict=True)


def test_the_committed_manifests_are_what_kubernetes_accepts() -> None:
    made = list(yaml.safe_load_all(PLAIN.read_text()))
    assert [each["kind"] for each in made] == ["ServiceAccount", "NetworkPolicy", "PodDisruptionBudget", "Service", "StatefulSet"]
    for each in made:
        accepted(each)


def test_the_values_are_described_and_their_description_holds() -> None:
    values = yaml.safe_load((CHART / "values.yaml").read_text())
    schema = json.loads((CHART / "values.schema.json").read_text())
    jsonschema.Draft7Validator.check_schema(schema)
    jsonschema.validate(values, schema)
    undescribed = schema["properties"].keys() - values.keys() - {"global"}
    assert undescribed == set()
    assert values.keys() <= schema["properties"].keys()
    assert all(each.get("description") for each in schema["properties"].values())


def test_there_is_one_version() -> None:
    chart = yaml.safe_load((CHART / "Chart.yaml").read_text())
    assert (chart["version"], chart["appVersion"]) == (__version__, __version__)


@needs_helm
def test_the_committed_manifests_are_those_of_the_chart() -> None:
    assert PLAIN.read_text() == plain(), "run: make manifests"


@needs_helm
def test_lint_has_nothing_to_say() -> None:
    result = run(str(helm()), "lint", "--strict", str(CHART), "--set", "apiKey.existingSecret=x")
    assert result.returncode == 0, result.stdout + result.stderr
    assert "[WARNING]" not in result.stdout


@needs_helm
@pytest.mark.parametrize(
    "values",
    [
        KEY,
        EVERYTHING,
        SHARDS,
        {"apiKey": {"value": "abc.def"}, "persistence": {"enabled": False}},
        {**KEY, "image": {"digest": f"sha256:{'0' * 64}"}, "imagePullSecrets": [{"name": "registry"}], "priorityClassName": "high"},
        {
            **KEY,
            "nodeSelector": {"disk": "ssd"},
            "tolerations": [{"key": "gpu", "operator": "Exists"}],
            "podAnnotations": {"a": "b"},
            "podLabels": {"team": "ml"},
            "extraEnv": [{"name": "SERVING_EXPORTER_LOG_FORMAT", "value": "json"}],
            "affinity": {"nodeAffinity": {}},
            "topologySpreadConstraints": [
                {"maxSkew": 1, "topologyKey": "zone", "whenUnsatisfiable": "ScheduleAnyway", "labelSelector": {"matchLabels": {"a": "b"}}}
            ],
            "persistence": {"storageClass": "fast"},
            "service": {"annotations": {"prometheus.io/scrape": "true"}, "port": 9999},
            "networkPolicy": {"from": [{"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "monitoring"}}}]},
            "serviceAccount": {"create": False, "name": "other"},
            "fullnameOverride": "exporter",
        },
    ],
    ids=["least", "everything", "shards", "key in values", "image", "scheduling"],
)
def test_kubernetes_accepts_every_object(values: dict[str, Any]) -> None:
    made = objects(values)
    for each in made.values():
        accepted(each)
        assert each["metadata"]["namespace"] == "monitoring"
    text = json.dumps([each for each in made.values() if each["kind"] != "Secret"])
    assert "abc.def" not in text


@needs_helm
def test_the_pod_is_confined_and_its_key_is_a_file() -> None:
    (pod,) = [each["spec"]["template"]["spec"] for each in objects(KEY).values() if each["kind"] == "StatefulSet"]
    (container,) = pod["containers"]
    assert pod["securityContext"]["runAsNonRoot"]
    assert not pod["automountServiceAccountToken"]
    assert container["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }
    assert {"name": "BASETEN_API_KEY_FILE", "value": "/etc/serving-exporter/key/api-key"} in container["env"]
    assert not [each for each in container["env"] if each["name"] == "BASETEN_API_KEY"]
    mounts = {each["name"]: each["mountPath"] for each in container["volumeMounts"]}
    claimed = {"state"}
    assert {each["name"] for each in pod["volumes"]} | claimed == mounts.keys()


@needs_helm
def test_the_scrape_keeps_the_platforms_labels_as_the_tested_configuration_does() -> None:
    monitor = objects(EVERYTHING)["ServiceMonitor/serving-exporter"]
    tested = yaml.safe_load(scrape_config())["scrape_configs"][0]
    (endpoint,) = monitor["spec"]["endpoints"]
    assert endpoint["honorLabels"] is tested["honor_labels"]
    service = objects(EVERYTHING)["Service/serving-exporter"]
    assert monitor["spec"]["selector"]["matchLabels"].items() <= service["metadata"]["labels"].items()
    assert endpoint["port"] in {port["name"] for port in service["spec"]["ports"]}
    assert monitor["metadata"]["labels"]["release"] == "kps"


@needs_helm
def test_rules_and_dashboards_are_the_committed_ones(tmp_path: Path) -> None:
    made = objects(EVERYTHING)
    rules = [each for each in made.values() if each["kind"] == "PrometheusRule"]
    committed = [yaml.safe_load(path.read_text()) for path in sorted((REPOSITORY / "rules" / "prometheus-operator").glob("*.yaml"))]
    assert [each["spec"] for each in rules] == [each["spec"] for each in committed]
    for each in rules:
        path = tmp_path / f"{each['metadata']['name']}.yaml"
        path.write_text(yaml.safe_dump(each["spec"]))
        result = run(PROMETHEUS[-1].promtool, "check", "rules", "--lint-fatal", str(path))
        assert result.returncode == 0, result.stderr
    boards = {
        name: json.loads(text)
        for each in made.values()
        if each["kind"] == "ConfigMap" and "grafana_dashboard" in each["metadata"]["labels"]
        for name, text in each["data"].items()
    }
    assert boards == {path.name: json.loads(path.read_text()) for path in (REPOSITORY / "grafana" / "dashboards").glob("*.json")}


@needs_helm
def test_a_release_with_everything_fits_into_the_secret_that_helm_keeps_it_in() -> None:
    """Chart and manifests, compressed and encoded twice, must stay below the 1 MiB of a Secret."""
    manifest = json.dumps(list(objects(EVERYTHING).values()))
    chart = {str(path): base64.b64encode(path.read_bytes()).decode() for path in CHART.rglob("*") if path.is_file()}
    linked = {
        str(path): base64.b64encode(path.read_bytes()).decode()
        for name in ("rules", "dashboards")
        for path in (CHART / "files" / name).iterdir()
    }
    release = base64.b64encode(gzip.compress(json.dumps([manifest, chart, linked]).encode()))
    assert len(base64.b64encode(release)) < 900_000


@needs_helm
def test_each_pod_takes_its_share_of_the_configuration(tmp_path: Path) -> None:
    made = objects(SHARDS)
    workload = made["StatefulSet/serving-exporter"]
    assert workload["spec"]["replicas"] == 2
    environment = workload["spec"]["template"]["spec"]["containers"][0]["env"]
    assert {"name": "SERVING_EXPORTER_SHARD_INDEX", "valueFrom": {"fieldRef": {"fieldPath": "metadata.name"}}} in environment
    count = next(each["value"] for each in environment if each["name"] == "SERVING_EXPORTER_SHARD_COUNT")
    text = made["ConfigMap/serving-exporter"]["data"]["serving-exporter.yaml"]
    for secret in SHARDS["keySecrets"]:
        (tmp_path / secret).mkdir()
        (tmp_path / secret / "api-key").write_text(f"{secret}.key")
    path = tmp_path / "serving-exporter.yaml"
    path.write_text(text.replace("/etc/serving-exporter/keys", str(tmp_path)))
    names = {
        index: [
            each.name
            for each in load(
                path, {"SERVING_EXPORTER_SHARD_INDEX": f"serving-exporter-{index}", "SERVING_EXPORTER_SHARD_COUNT": count}
            ).workspaces
        ]
        for index in range(2)
    }
    assert names == {0: ["a"], 1: ["b"]}


@needs_helm
@pytest.mark.parametrize(
    ("values", "complaint"),
    [
        ({}, "no key: set apiKey.existingSecret"),
        ({**KEY, "replicas": 2}, "replicas"),
        ({**KEY, "shards": 2}, "config"),
        ({**KEY, "shards": 0}, "shards"),
        ({**KEY, "serviceMonitor": {"enabled": "yes"}}, "enabled"),
        ({**KEY, "serviceMonitor": {"interval": "thirty"}}, "interval"),
        ({**KEY, "image": {"digest": "latest"}}, "digest"),
        ({"apiKey": {"secret": "x"}}, "secret"),
    ],
)
def test_values_that_make_no_sense_are_refused(values: dict[str, Any], complaint: str) -> None:
    made, error = render(values)
    assert not made
    assert complaint in error
