"""Bad configurations: file, key path, what was found, what is allowed, line; all at once; and never a key."""

from __future__ import annotations

import contextlib
import textwrap
from pathlib import Path

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from serving_exporter.config import ConfigError, load

KEY = "abcd1234.cAnArYcAnArYcAnArY"


def problems(tmp_path: Path, text: str | bytes, environ: dict[str, str] | None = None) -> list[str]:
    """The error's lines, each without the path of the file, which every one must begin with."""
    file = tmp_path / "config.yaml"
    file.write_bytes(text if isinstance(text, bytes) else textwrap.dedent(text).encode())
    with pytest.raises(ConfigError) as caught:
        load(file, environ or {})
    assert str(caught.value) == "\n".join(caught.value.problems)
    for line in caught.value.problems:
        assert line.startswith((f"{file}: ", "environment: ")), line
    return [line.removeprefix(f"{file}: ") for line in caught.value.problems]


CASES = {
    "the example of the issue": (
        "workspaces:\n- {name: a, api_key: k}\n- {name: b, api_key: k, sources: {feed: {interval: x}}}",
        (
            "workspaces[1].sources.feed.interval: found 'x', allowed: a duration such as 30s, 5m or 1h30m, or a number of seconds, "
            "at least 10s (line 3)"
        ),
    ),
    "too short": (
        "workspaces: [{api_key: k, sources: {feed: {interval: 9.9}}}]",
        "workspaces[0].sources.feed.interval: found 9.9, allowed",
    ),
    "boolean duration": ("workspaces: [{api_key: k, sources: {feed: {interval: true}}}]", "interval: found true, allowed: a duration"),
    "not a number": ("workspaces: [{api_key: k, sources: {feed: {interval: .nan}}}]", "interval: found nan, allowed: a duration"),
    "infinite": ("workspaces: [{api_key: k, sources: {feed: {max_age: .inf}}}]", "max_age: found inf, allowed: a duration"),
    "age below interval": (
        "workspaces:\n- api_key: k\n  sources:\n    feed:\n      max_age: 20s",
        "workspaces[0].sources.feed.max_age: found 20s, allowed: at least the interval, 30s (line 5)",
    ),
    "unknown key": (
        "listen_adress: :1\nworkspaces: [{api_key: k}]",
        "listen_adress: found a key that is not known (did you mean listen_address?)",
    ),
    "a shard that does not exist": (
        "shard: {index: 2, count: 2}\nworkspaces: [{api_key: k}]",
        "shard.index: found 2, allowed: a number below shard.count, which is 2 (line 1)",
    ),
    "a shard without a number": (
        "shard: {index: exporter}\nworkspaces: [{api_key: k}]",
        "shard.index: found 'exporter', allowed: a whole number, at least 0, or the name of a pod that ends in one",
    ),
    "no shards": ("shard: {count: 0}\nworkspaces: [{api_key: k}]", "shard.count: found 0, allowed: a whole number, at least 1"),
    "more than the platform answers": (
        "workspaces: [{api_key: k, feed_requests_per_minute: 7}]",
        "workspaces[0].feed_requests_per_minute: found 7, allowed: a whole number from 1 to 6",
    ),
    "two allowances for one limit": (
        "workspaces:\n- {name: a, organization: o, api_key: k}\n- {name: b, organization: o, api_key: l, feed_requests_per_minute: 2}",
        "workspaces[1].feed_requests_per_minute: found 2, allowed: 4, as in workspaces[0], which shares its rate limit (line 3)",
    ),
    "unknown source": (
        "workspaces: [{api_key: k, sources: {quues: {}}}]",
        (
            "workspaces[0].sources.quues: found a key that is not known (did you mean queues?), allowed: feed, inventory, queues, "
            "startups, events, prices, chains, billing (line 1)"
        ),
    ),
    "nothing close": ("zzz: 1\nworkspaces: [{api_key: k}]", "zzz: found a key that is not known, allowed: workspaces, listen_address"),
    "duplicate key": (
        "log: {level: info}\nworkspaces: [{api_key: k}]\nlog: {level: debug}",
        "log: found it 2 times (lines 1 and 3), allowed: once",
    ),
    "deep duplicate": (
        "workspaces:\n- api_key: k\n  name: a\n  name: b",
        "workspaces[0].name: found it 2 times (lines 3 and 4), allowed: once",
    ),
    "key that is a list": ("? [a, b]\n: 1\nworkspaces: [{api_key: k}]", "top level: found a list as a key (line 1), allowed: a name"),
    "choice": ("log: {level: loud}\nworkspaces: [{api_key: k}]", "log.level: found 'loud', allowed: debug, error, info, warning (line 1)"),
    "boolean": ("full_state_sets: maybe\nworkspaces: [{api_key: k}]", "full_state_sets: found 'maybe', allowed: true or false (line 1)"),
    "yaml says no": ("log: {format: off}\nworkspaces: [{api_key: k}]", "log.format: found false, allowed: json, logfmt"),
    "list wanted": ("workspaces: {name: a}", "workspaces: found a mapping, allowed: a list (line 1)"),
    "mapping wanted": ("workspaces: [a]", "workspaces[0]: found 'a', allowed: a mapping (line 1)"),
    "mapping wanted deeper": (
        "workspaces: [{api_key: k, sources: [feed]}]",
        "workspaces[0].sources: found a list of 1, allowed: a mapping",
    ),
    "address": ("listen_address: localhost\nworkspaces: [{api_key: k}]", "listen_address: found 'localhost', allowed: HOST:PORT such as"),
    "address port": ("listen_address: ':70000'\nworkspaces: [{api_key: k}]", "listen_address: found ':70000', allowed: HOST:PORT"),
    "bare IPv6": ("listen_address: '::1:9816'\nworkspaces: [{api_key: k}]", "listen_address: found '::1:9816', allowed: HOST:PORT"),
    "url": (
        "workspaces: [{api_key: k, hosts: {api: api.baseten.co}}]",
        "workspaces[0].hosts.api: found 'api.baseten.co', allowed: a URL that begins",
    ),
    "url placeholder": (
        "workspaces: [{api_key: k, hosts: {model: 'https://model.api'}}]",
        "workspaces[0].hosts.model: found 'https://model.api', allowed: a URL that begins with http:// or https:// with {model_id} in it",
    ),
    "wrong placeholder": (
        "workspaces: [{api_key: k, hosts: {model: 'https://{chain_id}'}}]",
        "hosts.model: found 'https://{chain_id}', allowed",
    ),
    "url port": (
        "workspaces: [{api_key: k, hosts: {app: 'http://x:port'}}]",
        "hosts.app: found 'http://x:port', allowed: a URL that begins",
    ),
    "regex": (
        "drop_families: [ok, '/a(/']\nworkspaces: [{api_key: k}]",
        "drop_families[1]: found '/a(/', allowed: a regular expression between slashes that can be read (missing )",
    ),
    "whole number": ("max_series: 1.5\nworkspaces: [{api_key: k}]", "max_series: found 1.5, allowed: a whole number, at least 1 (line 1)"),
    "name": ("workspaces: [{name: '', api_key: k}]", "workspaces[0].name: found '', allowed: a printable text of 1 to 100 characters"),
    "scheme": (
        "workspaces: [{api_key: k, auth_scheme: Basic}]",
        "workspaces[0].auth_scheme: found a text of 5 characters, allowed: Api-Key, Bearer",
    ),
    "same name twice": (
        "workspaces:\n- {name: a, api_key: k}\n- {name: a, api_key: j}",
        "workspaces[1].name: found 'a' again, allowed: a name that workspaces[0] does not have (line 3)",
    ),
    "same default name": ("workspaces: [{api_key: k}, {api_key: k}]", "workspaces[1].name: found 'default' again"),
    "no label for two": (
        "workspace_label: false\nworkspaces: [{name: a, api_key: k}, {name: b, api_key: k}]",
        "workspace_label: found false with 2 workspaces, allowed: true, as their series could not be told apart (line 1)",
    ),
    "no key": (
        "workspaces: [{name: a}, {name: b, api_key: k}]",
        "workspaces[0]: found no API key, allowed: api_key, key_file or keys here",
    ),
    "no key for one": ("workspaces: [{name: a}]", "or one of the variables BASETEN_API_KEY or BASETEN_API_KEY_FILE, BASETEN_FEED_API_KEY"),
    "empty family": ("workspaces: [{keys: {feed: {}}}]", "workspaces[0].keys.feed: found no key, allowed: api_key or key_file (line 1)"),
    "two keys": (
        "workspaces: [{api_key: k, key_file: f}]",
        "workspaces[0].key_file: found both a key and a key file, allowed: one of them",
    ),
    "null key": ("workspaces: [{api_key: 12345678}]", "workspaces[0].api_key: found a number, allowed: an API key as text, or ${VARIABLE}"),
    "variable": (
        "workspaces: [{api_key: '${NOWHERE}'}]",
        (
            "workspaces[0].api_key: found ${NOWHERE}, and the variable NOWHERE is not set, allowed: an API key as text, "
            "or ${VARIABLE} (line 1)"
        ),
    ),
    "variable in a host": (
        "workspaces: [{api_key: k, hosts: {api: 'https://${H}'}}]",
        "hosts.api: found ${H}, and the variable H is not set",
    ),
    "key with a space": (
        f"workspaces: [{{api_key: 'Bearer {KEY}'}}]",
        (
            "workspaces[0].api_key: found a text of 34 characters, allowed: an API key without spaces and control characters "
            "(it holds white space at position 7 of 34) (line 1)"
        ),
    ),
    "syntax": (
        "log: {level: info\nworkspaces: []",
        "found a mistake in the YAML: expected ',' or '}', but got ':' (line 2, column 11), allowed",
    ),
    "tab": ("log:\n\tlevel: info", "cannot start any token (line 2, column 1), allowed: valid YAML"),
    "two documents": ("a: 1\n---\nb: 2", "found a mistake in the YAML: but found another document (line 2, column 1)"),
    "a python object": (
        "log: !!python/object:os.system {}\nworkspaces: [{api_key: k}]",
        "log: found a value with a YAML tag (line 1), allowed: plain mappings",
    ),
    "empty": ("", "found an empty file, allowed: a mapping, or {} to take everything from the environment"),
    "only comments": ("# nothing\n", "found an empty file"),
    "a list": ("- a", "found a list of 1, allowed: a mapping (line 1)"),
    "a text": (KEY, f"found a text of {len(KEY)} characters, allowed: a mapping (line 1)"),
    "null": ("null", "found an empty file, allowed: a mapping"),
    "a tagged text": ("log: {level: !secret x}", "could not determine a constructor for the tag '…' (line 1, column 14)"),
    "a loop": ("a: &x [*x]\nworkspaces: [{api_key: k}]", "found too many values, allowed: at most 50 levels and 100000 values"),
    "aliases that multiply": (
        "a: &a [x, x, x, x, x, x, x, x, x]\n"
        + "".join(f"{n}: &{n} [{', '.join(['*' + p] * 9)}]\n" for p, n in zip("abcdefg", "bcdefgh", strict=True)),
        "found too many values, allowed: at most 50 levels and 100000 values",
    ),
    "not UTF-8": (b"log: {}\n# caf\xe9\n", "found a byte that is not UTF-8 (line 2), allowed: text in UTF-8"),
    "control character": (b"log: \x07", "found a mistake in the YAML: special characters are not allowed"),
    "an odd date": ("log: {level: 2024-99-99}\nworkspaces: [{api_key: k}]", "log.level: found '2024-99-99', allowed: debug"),
    "a date": ("log: {level: 2024-01-01}\nworkspaces: [{api_key: k}]", "log.level: found a value of type date, allowed: debug"),
}


@pytest.mark.parametrize("case", CASES)
def test_each_mistake_says_where_what_and_what_is_allowed(tmp_path: Path, case: str) -> None:
    text, expected = CASES[case]
    found = problems(tmp_path, text)
    assert len(found) == 1, found
    assert expected in found[0]
    assert ", allowed: " in found[0]
    assert "cAnArY" not in found[0]


def test_all_mistakes_are_reported_together(tmp_path: Path) -> None:
    found = problems(
        tmp_path,
        """\
        listen_adress: x
        log: {level: loud}
        workspaces:
        - name: a
          sources: {feed: {interval: 1}}
        - name: a
          api_key: k
          hosts: {app: ftp://x}
        """,
    )
    assert len(found) == 6
    assert sorted(line.partition(":")[0] for line in found) == [
        "listen_adress",
        "log.level",
        "workspaces[0]",
        "workspaces[0].sources.feed.interval",
        "workspaces[1].hosts.app",
        "workspaces[1].name",
    ]


def test_files_that_cannot_be_read(tmp_path: Path) -> None:
    for path, said in ((tmp_path / "none.yaml", "no such file"), (tmp_path, "a directory")):
        with pytest.raises(ConfigError) as caught:
            load(path, {})
        assert str(caught.value) == f"{path}: found {said}, allowed: a YAML file that can be read"
    huge = tmp_path / "huge.yaml"
    huge.write_bytes(b"#" * (4 * 1024 * 1024 + 1))
    with pytest.raises(ConfigError, match="found more than 4194304 bytes"):
        load(huge, {})


def test_a_file_without_permission(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "config.yaml"

    def refuse(*_: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "open", refuse)  # the tests may run as root, whom no file refuses
    with pytest.raises(ConfigError) as caught:
        load(path, {})
    assert str(caught.value) == f"{path}: found a file that cannot be read (Permission denied), allowed: a YAML file that can be read"


def test_key_files_are_looked_for_beside_the_configuration(tmp_path: Path) -> None:
    found = problems(tmp_path, "workspaces: [{key_file: sub/key}]")
    assert found == [
        (
            f"workspaces[0].key_file: found key file {tmp_path}/sub/key: No such file or directory, "
            "allowed: the path of a file that holds an API key (line 1)"
        )
    ]


MISPLACED = {
    "unknown key": "workspaces: [{{name: a, api_keys: {key}}}]",
    "as the file": "{key}",
    "as a key": "{key}: 1",
    "as a nested key": "workspaces: [{{keys: {{{key}: x}}}}]",
    "as a list": "- {key}",
    "as workspaces": "workspaces: {key}",
    "as a workspace": "workspaces: [{key}]",
    "as keys": "workspaces: [{{keys: {key}}}]",
    "as a family": "workspaces: [{{keys: {{feed: {key}}}}}]",
    "as a key file": "workspaces: [{{key_file: {key}}}]",
    "as an interval": "workspaces: [{{api_key: k, sources: {{feed: {{interval: {key}}}}}}}]",
    "as a level": "log: {{level: {key}}}",
    "as an address": "listen_address: {key}",
    "as a host": "workspaces: [{{api_key: k, hosts: {{api: {key}}}}}]",
    "inside a host": "workspaces: [{{api_key: k, hosts: {{api: 'https://{key}@host/'}}}}]",
    "as a scheme": "workspaces: [{{api_key: k, auth_scheme: Bearer {key}}}]",
    "in a list of keys": "workspaces: [{{api_key: [{key}]}}]",
    "in a mapping": "workspaces: [{{api_key: {{value: {key}}}}}]",
    "as a variable": "workspaces: [{{api_key: '${{{key}}}'}}]",
    "half a variable": "workspaces: [{{api_key: '{key}${{NOWHERE}}'}}]",
    "with a space": "workspaces: [{{api_key: '{key} '}}]",
    "as an alias": "workspaces: [{{api_key: *{key}}}]",
    "as a tag": "workspaces: [{{api_key: !{key} x}}]",
    "broken syntax": "workspaces: [{{api_key: {key}",
    "broken quotes": "workspaces: [{{api_key: '{key}}}]",
    "broken colon": "api_key: {key}: x",
    "twice": "{key}: 1\n{key}: 2",
    "as a regex": "drop_families: ['/{key}(/']",
    "as a proxy": "proxy_url: {key}",
    "in a proxy": "proxy_url: 'ftp://user:{key}@host'",
    "as a bool": "workspace_label: {key}",
    "as a number": "max_series: {key}",
}


@pytest.mark.parametrize("case", MISPLACED)
@pytest.mark.parametrize("key", [KEY, "cAnArY0123456789cAnArY0123456789"])
def test_a_key_at_the_wrong_place_is_never_quoted(tmp_path: Path, case: str, key: str) -> None:
    found = problems(tmp_path, MISPLACED[case].format(key=key))
    assert "cAnArY" not in "\n".join(found)


def test_a_valid_key_is_not_quoted_by_the_error_of_another_value(tmp_path: Path) -> None:
    """The same key twice, once where it belongs: whatever the heuristics say, the known key is blotted out."""
    plain = "plainword"
    found = problems(tmp_path, f"workspaces: [{{name: a, api_key: {plain}, hosts: {{api: {plain}}}}}]")
    assert found == [
        (
            "workspaces[0].hosts.api: found '[secret]', allowed: a URL that begins with http:// or https://, "
            "without user name and query (line 1)"
        )
    ]


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.binary(max_size=60) | st.text(max_size=60).map(lambda text: text.encode("utf-8", "surrogatepass")))
def test_no_content_raises_anything_but_a_config_error(tmp_path: Path, content: bytes) -> None:
    problems(tmp_path, content or b" ")


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["name", "api_key", "sources", "feed", "hosts", "keys", "x"]), inner)
    ),
    max_leaves=8,
)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.dictionaries(st.sampled_from(["workspaces", "log", "state_file", "listen_address", "max_series", "proxy_url"]), json_values))
def test_no_value_raises_anything_but_a_config_error(tmp_path: Path, value: dict[str, object]) -> None:
    file = tmp_path / "config.yaml"
    file.write_text(yaml.safe_dump(value, allow_unicode=True), encoding="utf-8")
    with contextlib.suppress(ConfigError):
        load(file, {"BASETEN_API_KEY": "k"})
