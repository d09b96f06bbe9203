"""Good configurations: defaults, the environment alone, both together, and what the values become."""

from __future__ import annotations

import textwrap
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from serving_exporter.config import KEY_FAMILIES, SOURCES, Address, Config, ConfigError, Selector, load, schema
from serving_exporter.config.documentation import markdown
from serving_exporter.secrets import Secret

ROOT = Path(__file__).resolve().parents[3]
EXAMPLE = ROOT / "deploy" / "serving-exporter.example.yaml"
EXAMPLE_KEYS = {
    f"BASETEN_{name}_KEY": f"{name.lower()}.secret" for name in ("RESEARCH_METRICS", "RESEARCH_MANAGEMENT", "RESEARCH_INVOKE")
} | {"BASETEN_PRODUCTION_API_KEY": "production.secret"}


def written(tmp_path: Path, text: str) -> Path:
    file = tmp_path / "config.yaml"
    file.write_text(textwrap.dedent(text))
    return file


def test_one_variable_is_a_complete_configuration() -> None:
    config = load(None, {"BASETEN_API_KEY": "abcd.efgh", "HOME": "/home/someone"})
    (workspace,) = config.workspaces
    assert workspace.name == "default"
    assert workspace.hosts.app == "https://app.baseten.co"
    assert workspace.hosts.model == "https://model-{model_id}.api.baseten.co"
    assert workspace.auth_scheme == "Bearer"
    assert config.listen_address == Address("0.0.0.0", 9816)
    assert (config.log.level, config.log.format) == ("info", "logfmt")
    assert config.state_file == Path("/home/someone/.local/state/serving-exporter/state.json")
    assert config.workspace_label
    assert not config.full_state_sets
    sources = workspace.key_sources()
    assert set(sources) == set(KEY_FAMILIES)
    assert len({id(source) for source in sources.values()}) == 1, "one key, one object"


def test_cadences_and_ages_by_default() -> None:
    sources = load(None, {"BASETEN_API_KEY": "k"}).workspaces[0].sources
    assert {name: source.interval for name, source in sources.named().items()} == {
        "feed": 30,
        "inventory": 30,
        "queues": 30,
        "startups": 60,
        "events": 60,
        "prices": 21600,
        "chains": 60,
        "billing": 3600,
    }
    assert [name for name, source in sources.named().items() if not source.enabled] == ["billing"]
    assert (sources.feed.oldest, sources.prices.oldest, sources.billing.oldest) == (300, 64800, 10800)
    assert tuple(sources.named()) == SOURCES


def test_everything_that_the_environment_can_say(tmp_path: Path) -> None:
    key_file = tmp_path / "key"
    key_file.write_text("file.key\n")
    config = load(
        None,
        {
            "BASETEN_API_KEY_FILE": str(key_file),
            "BASETEN_FEED_API_KEY": "feed.key",
            "BASETEN_MANAGEMENT_API_KEY": "management.key",
            "BASETEN_INFERENCE_API_KEY_FILE": str(key_file),
            "BASETEN_APP_URL": "http://127.0.0.1:1/",
            "BASETEN_API_URL": "http://127.0.0.1:2",
            "BASETEN_MODEL_URL": "http://127.0.0.1:3/model-{model_id}",
            "SERVING_EXPORTER_LISTEN_ADDRESS": "[::1]:0",
            "SERVING_EXPORTER_LOG_LEVEL": "debug",
            "SERVING_EXPORTER_LOG_FORMAT": "json",
            "SERVING_EXPORTER_STATE_FILE": "/var/lib/x.json",
            "SERVING_EXPORTER_WORKSPACE": "mine",
        },
    )
    (workspace,) = config.workspaces
    assert workspace.name == "mine"
    assert workspace.hosts.app == "http://127.0.0.1:1", "without the slash, so that paths can follow"
    assert workspace.hosts.model == "http://127.0.0.1:3/model-{model_id}"
    assert workspace.key_file == key_file
    assert workspace.keys.feed is not None
    assert workspace.keys.feed.api_key == Secret("feed.key")
    assert {family: source.origin for family, source in workspace.key_sources().items()} == {
        "feed": "api_key",
        "management": "api_key",
        "inference": f"key file {key_file}",
    }
    assert config.listen_address == Address("::1", 0)
    assert str(config.listen_address) == "[::1]:0"
    assert (config.log.level, config.log.format) == ("debug", "json")
    assert config.state_file == Path("/var/lib/x.json")


@pytest.mark.parametrize(
    ("environ", "said"),
    [
        ({}, "environment: found no API key, allowed: one in any of the variables BASETEN_API_KEY or BASETEN_API_KEY_FILE, "),
        ({"BASETEN_API_KEY": ""}, "environment: found no API key"),
        (
            {"BASETEN_API_KEY_FILE": "/nowhere/key"},
            "environment: BASETEN_API_KEY_FILE: found key file /nowhere/key: No such file or directory",
        ),
        ({"BASETEN_API_KEY": "a", "BASETEN_API_KEY_FILE": "b"}, "environment: BASETEN_API_KEY_FILE: found both a key and a key file"),
        ({"BASETEN_API_KEY": "a", "BASETEN_APP_URL": "nonsense"}, "environment: BASETEN_APP_URL: found 'nonsense', allowed: a URL"),
        ({"BASETEN_API_KEY": "a", "SERVING_EXPORTER_LISTEN_ADDRESS": "9816"}, "environment: SERVING_EXPORTER_LISTEN_ADDRESS: found '9816'"),
        (
            {"BASETEN_API_KEY": "a", "SERVING_EXPORTER_LOG_LEVEL": "LOUD"},
            "environment: SERVING_EXPORTER_LOG_LEVEL: found 'LOUD', allowed: debug",
        ),
        ({"BASETEN_API_KEY": "a b"}, "environment: BASETEN_API_KEY: found a text of 3 characters, allowed: an API key without spaces"),
    ],
)
def test_what_the_environment_lacks_or_gets_wrong(environ: dict[str, str], said: str) -> None:
    with pytest.raises(ConfigError) as caught:
        load(None, environ)
    assert len(caught.value.problems) == 1
    assert str(caught.value).startswith(said)


def test_one_narrow_key_is_enough() -> None:
    workspace = load(None, {"BASETEN_FEED_API_KEY": "feed.key"}).workspaces[0]
    assert list(workspace.key_sources()) == ["feed"]


@pytest.mark.parametrize(
    ("environ", "expected"),
    [
        ({"STATE_DIRECTORY": "/var/lib/a:/var/lib/b", "HOME": "/root"}, "/var/lib/a/state.json"),
        ({"XDG_STATE_HOME": "/xdg", "HOME": "/root"}, "/xdg/serving-exporter/state.json"),
        ({"XDG_STATE_HOME": "relative", "HOME": "/root"}, "/root/.local/state/serving-exporter/state.json"),
        ({"SERVING_EXPORTER_STATE_FILE": "/a.json", "HOME": "/root"}, "/a.json"),
        ({"SERVING_EXPORTER_STATE_FILE": "", "HOME": "/root"}, None),
        ({}, None),
    ],
)
def test_where_the_state_goes(environ: dict[str, str], expected: str | None) -> None:
    found = load(None, {"BASETEN_API_KEY": "k", **environ}).state_file
    assert found == (None if expected is None else Path(expected))


def test_a_file_can_switch_the_state_file_off(tmp_path: Path) -> None:
    file = written(tmp_path, "state_file: null\nworkspaces: [{api_key: k}]")
    assert load(file, {"HOME": "/root"}).state_file is None


def test_process_settings_of_the_environment_overrule_the_file_and_workspace_settings_do_not(tmp_path: Path) -> None:
    file = written(
        tmp_path, "listen_address: ':1'\nlog: {format: json}\nworkspaces: [{name: filed, hosts: {app: 'http://file'}, api_key: from.file}]"
    )
    config = load(
        file,
        {
            "SERVING_EXPORTER_LISTEN_ADDRESS": ":2",
            "SERVING_EXPORTER_LOG_LEVEL": "error",
            "SERVING_EXPORTER_WORKSPACE": "environ",
            "BASETEN_APP_URL": "http://environ",
            "BASETEN_API_URL": "http://environ",
            "BASETEN_API_KEY": "from.environ",
            "BASETEN_API_KEY_FILE": "/nowhere",
            "BASETEN_FEED_API_KEY": "feed.environ",
        },
    )
    (workspace,) = config.workspaces
    assert config.listen_address == Address("0.0.0.0", 2)
    assert (config.log.level, config.log.format) == ("error", "json")
    assert workspace.name == "filed"
    assert (workspace.hosts.app, workspace.hosts.api) == ("http://file", "http://environ")
    assert workspace.api_key == Secret("from.file")
    assert workspace.key_file is None
    assert workspace.keys.feed is not None
    assert workspace.keys.feed.api_key == Secret("feed.environ")


def test_a_file_without_workspaces_takes_the_one_of_the_environment(tmp_path: Path) -> None:
    for text in ("{}", "max_series: 5", "workspaces:", "workspaces: []"):
        config = load(written(tmp_path, text), {"BASETEN_API_KEY": "k"})
        assert [workspace.name for workspace in config.workspaces] == ["default"]


def test_several_workspaces_ignore_the_workspace_variables(tmp_path: Path) -> None:
    file = written(tmp_path, "workspaces: [{name: a, api_key: a}, {name: b, api_key: b}]")
    config = load(file, {"BASETEN_API_KEY": "c", "BASETEN_APP_URL": "http://environ", "SERVING_EXPORTER_WORKSPACE": "c"})
    assert [workspace.name for workspace in config.workspaces] == ["a", "b"]
    assert {workspace.hosts.app for workspace in config.workspaces} == {"https://app.baseten.co"}


def test_variables_are_expanded_in_keys_hosts_and_proxy_and_nowhere_else(tmp_path: Path) -> None:
    file = written(
        tmp_path,
        """\
        proxy_url: http://user:${PASSWORD}@proxy:3128
        workspaces:
        - name: ${NAME}
          api_key: ${PREFIX}.${SECRET}
          hosts: {model: "${SCHEME}://model-{model_id}.example"}
        """,
    )
    config = load(file, {"PASSWORD": "hunter2", "NAME": "x", "PREFIX": "abcd", "SECRET": "efgh", "SCHEME": "http"})
    (workspace,) = config.workspaces
    assert workspace.name == "${NAME}"
    assert workspace.api_key == Secret("abcd.efgh")
    assert workspace.hosts.model == "http://model-{model_id}.example"
    assert config.proxy_url is not None
    assert config.proxy_url.reveal() == "http://user:hunter2@proxy:3128"
    assert "hunter2" not in repr(config)
    assert "efgh" not in repr(config)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("30s", 30), ("5m", 300), ("1h30m", 5400), ("1d", 86400), ("90", 90), ("45.5", 45.5), ("'2m 0s'", None), ("15000ms", 15)],
)
def test_durations(tmp_path: Path, text: str, seconds: float | None) -> None:
    file = written(tmp_path, f"workspaces: [{{api_key: k, sources: {{feed: {{interval: {text}}}}}}}]")
    if seconds is None:
        with pytest.raises(ConfigError):
            load(file, {})
    else:
        feed = load(file, {}).workspaces[0].sources.feed
        assert feed.interval == seconds
        assert feed.oldest == max(300, 3 * seconds)


def test_a_source_keeps_the_defaults_that_the_file_does_not_touch(tmp_path: Path) -> None:
    file = written(tmp_path, "workspaces: [{api_key: k, sources: {prices: {max_age: 1d}, billing: {enabled: true}, feed: }}]")
    sources = load(file, {}).workspaces[0].sources
    assert (sources.prices.interval, sources.prices.oldest) == (21600, 86400)
    assert (sources.billing.enabled, sources.billing.interval) == (True, 3600)
    assert sources.feed.interval == 30


def test_anchors_and_merges(tmp_path: Path) -> None:
    file = written(
        tmp_path,
        """\
        workspaces:
        - &base {name: a, api_key: k, sources: {feed: {interval: 45s}}}
        - {<<: *base, name: b}
        """,
    )
    one, two = load(file, {}).workspaces
    assert (one.name, two.name) == ("a", "b")
    assert two.sources.feed.interval == 45
    assert one.sources == two.sources


def test_selectors() -> None:
    assert Selector("llama").matches("llama")
    assert not Selector("llama").matches("llama-2")
    assert Selector("/llama-.*/").matches("llama-2")
    assert not Selector("/llama/").matches("my-llama-2"), "anchored at both ends"
    assert Selector("/").matches("/")


def test_filters_and_dropped_families(tmp_path: Path) -> None:
    config = load(
        written(
            tmp_path,
            """\
            drop_families: [baseten_pod_readiness, /.*_size_bytes/]
            workspaces:
            - api_key: k
              include: {models: [/prod-.*/, m123], environments: [production, ""]}
              exclude: {models: [prod-old]}
            """.replace(', ""', ""),
        ),
        {},
    )
    (workspace,) = config.workspaces
    assert workspace.wants_model("m1", "prod-a")
    assert workspace.wants_model("m123", "anything"), "by id"
    assert not workspace.wants_model("m2", "prod-old")
    assert not workspace.wants_model("m3", "test")
    assert workspace.wants_environment("production")
    assert not workspace.wants_environment("staging")
    assert not config.keeps_family("baseten_pod_readiness")
    assert not config.keeps_family("baseten_request_size_bytes")
    assert config.keeps_family("baseten_replicas_active")
    everything = load(None, {"BASETEN_API_KEY": "k"}).workspaces[0]
    assert everything.wants_model("m", "n")
    assert everything.wants_environment("")


def test_key_files_are_relative_to_the_configuration(tmp_path: Path) -> None:
    (tmp_path / "keys").mkdir()
    (tmp_path / "keys" / "feed").write_text("feed.key\n")
    workspace = load(written(tmp_path, "workspaces: [{keys: {feed: {key_file: keys/feed}}}]"), {}).workspaces[0]
    assert workspace.key_sources()["feed"].origin == f"key file {tmp_path}/keys/feed"


def test_equal_files_give_equal_configurations_so_that_a_reload_can_tell_what_changed(tmp_path: Path) -> None:
    text = "workspaces: [{name: a, api_key: k}, {name: b, api_key: j, sources: {feed: {interval: 1m}}}]"
    before, after = (load(written(tmp_path, each), {}) for each in (text, text.replace("1m", "2m")))
    assert before == load(written(tmp_path, text), {})
    assert before.workspaces[0] == after.workspaces[0]
    assert before.workspaces[1] != after.workspaces[1]


def test_a_byte_order_mark_is_no_mistake(tmp_path: Path) -> None:
    file = tmp_path / "config.yaml"
    file.write_bytes(b"\xef\xbb\xbfworkspaces: [{api_key: k}]\r\n")
    assert len(load(file, {}).workspaces) == 1


def test_the_example_is_a_good_configuration() -> None:
    config = load(EXAMPLE, EXAMPLE_KEYS)
    assert [workspace.name for workspace in config.workspaces] == ["production", "research"]
    assert config.workspaces[0].sources.billing.enabled


def test_the_schema_accepts_the_example_and_refuses_mistakes() -> None:
    made = schema()
    jsonschema.Draft202012Validator.check_schema(made)
    validator = jsonschema.Draft202012Validator(made)
    example: dict[str, Any] = yaml.safe_load(EXAMPLE.read_text())
    assert not list(validator.iter_errors(example))
    for wrong in (
        {"unknown": 1},
        {"listen_address": 9816},
        {"log": {"level": "loud"}},
        {"workspaces": [{"sources": {"feed": {"interval": "x"}}}]},
    ):
        assert list(validator.iter_errors(example | wrong)), wrong
    assert made["$defs"]["Config"]["properties"]["listen_address"]["default"] == str(Config().listen_address)


def test_the_configuration_page_is_what_the_schema_says() -> None:
    page = (ROOT / "docs" / "configuration.md").read_text()
    assert page == markdown(), "run: make docs"
    for name in (*SOURCES, *Config.__struct_fields__, "BASETEN_FEED_API_KEY_FILE"):
        assert f"`{name}`" in page


FIVE = """
workspaces:
  - {name: a, organization: first, api_key: k1}
  - {name: b, organization: second, api_key: k2}
  - {name: c, organization: first, api_key: k3}
  - {name: d, api_key: k4}
  - {name: e, api_key: k4}
"""


@pytest.mark.parametrize(
    ("index", "count", "names"),
    [("0", "1", "abcde"), ("serving-exporter-0", "2", "acde"), ("serving-exporter-1", "2", "b"), ("2", "3", "de"), ("3", "4", "")],
)
def test_exporters_with_one_file_divide_its_organizations(tmp_path: Path, index: str, count: str, names: str) -> None:
    """Workspaces of one organization, or with one key, share a rate limit and stay together."""
    environ = {"SERVING_EXPORTER_SHARD_INDEX": index, "SERVING_EXPORTER_SHARD_COUNT": count}
    config = load(written(tmp_path, FIVE), environ)
    assert "".join(workspace.name for workspace in config.workspaces) == names


def test_an_organization_that_is_appended_moves_no_other(tmp_path: Path) -> None:
    def shards(text: str) -> dict[str, int]:
        path = written(tmp_path, text)
        loaded = [load(path, {"SERVING_EXPORTER_SHARD_INDEX": str(index), "SERVING_EXPORTER_SHARD_COUNT": "2"}) for index in range(2)]
        return {workspace.name: index for index, config in enumerate(loaded) for workspace in config.workspaces}

    before, after = shards(FIVE), shards(f"{FIVE}  - {{name: f, organization: sixth, api_key: k6}}\n")
    assert after == {**before, "f": 1}


def test_a_file_can_say_its_shard_and_the_environment_overrules_it(tmp_path: Path) -> None:
    path = written(tmp_path, f"shard: {{index: 1, count: 2}}\n{FIVE}")
    assert [workspace.name for workspace in load(path, {}).workspaces] == ["b"]
    assert [workspace.name for workspace in load(path, {"SERVING_EXPORTER_SHARD_INDEX": "x-0"}).workspaces] == ["a", "c", "d", "e"]
