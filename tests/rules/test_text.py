"""The YAML writer: what it writes is read back as it was."""

from __future__ import annotations

import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from serving_rules import fixtures
from serving_rules.formats import FORMATS
from serving_rules.formats.text import dump
from serving_rules.pack import build

hostile = st.text("ab:#-'\" \n|>{}[],&*!%@`?~\\\t\x85\u2028\x00\ud7ffé0.e+", max_size=12)
scalars = st.one_of(
    st.text(),
    hostile,
    st.sampled_from(["true", "No", "y", "null", "~", "1e3", "0x1f", "1:30", "2024-01-01", "<<", "=", ".inf", "", "- a", "a:", "a #b"]),
    st.integers(),
    st.floats(allow_nan=False),
    st.booleans(),
    st.none(),
)
documents = st.recursive(
    scalars, lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(hostile, inner, max_size=4)), max_leaves=12
)


@given(documents)
@settings(max_examples=200, deadline=None)
def test_what_is_written_is_read_back(document: object) -> None:
    assert yaml.safe_load(dump(document)) == document


def test_expressions_stand_as_blocks_and_texts_unquoted_where_they_can() -> None:
    rule = {"expr": "a\n> 1", "for": "5m", "labels": {"severity": "info"}, "annotations": {"summary": "It's: bad.", "x": "'"}}
    assert (
        dump({"groups": [{"name": "g", "rules": [rule, {"number": 1.5, "none": [], "empty": {}}]}]}, header="")
        == """\
groups:
- name: g
  rules:
  - expr: |-
      a
      > 1
    for: 5m
    labels:
      severity: info
    annotations:
      summary: 'It''s: bad.'
      x: ''''
  - number: 1.5
    none: []
    empty: {}
"""
    )


def test_every_file_of_the_pack_can_be_read() -> None:
    pack = build()
    for text in (*(text for write in FORMATS.values() for text in write(pack).values()), *fixtures.files(pack).values()):
        if text.startswith("#"):
            document = yaml.load(text, getattr(yaml, "CSafeLoader", yaml.SafeLoader))
            assert dump(document, header="").splitlines() == [line for line in text.splitlines() if not line.startswith("#")]
