from __future__ import annotations

import asyncio
import math
from collections.abc import Callable

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from serving_exporter.exposition.decoding import DecodedFeed, FeedDecoder, Observation
from serving_exporter.exposition.joining import Page
from serving_exporter.platforms.contract import Malformed


def decode(body: bytes, workspace: str | None = "w", **options: object) -> DecodedFeed:
    return FeedDecoder(workspace, **({"keep": lambda _: True, "watch": ()} | options)).decode(body)  # type: ignore[arg-type]


def lines(feed: DecodedFeed) -> list[str]:
    return [line for family in feed.families for line in family.lines.decode().split("\n")[:-1]]


@pytest.mark.parametrize(
    ("upstream", "ours"),
    [
        ('x{a="1"} 2', 'x{workspace="w",a="1"} 2'),
        ("x 2", 'x{workspace="w"} 2'),
        ("x{} 2", 'x{workspace="w"} 2'),
        ('x{a="1",} 2', 'x{workspace="w",a="1"} 2'),
        ('x { a = "1" , b="2" }\t2', 'x{workspace="w",a="1",b="2"} 2'),
        ('x{a="1"}2', 'x{workspace="w",a="1"} 2'),
        ('  x{a="1"}  2  ', 'x{workspace="w",a="1"} 2'),
        ('x{a="1"} 2 1700000000000', 'x{workspace="w",a="1"} 2'),
        ('x{a="1"} 2 -5', 'x{workspace="w",a="1"} 2'),
        ('x{a="1"} 2 1700000000.25 # {trace_id="a"} 0.5 1', 'x{workspace="w",a="1"} 2'),
        ('x{a="1"} 2 # {trace_id="} 3"} 0.5', 'x{workspace="w",a="1"} 2'),
        ('x{a="} 1"} 2', 'x{workspace="w",a="} 1"} 2'),
        ('x{a=","} 3', 'x{workspace="w",a=","} 3'),
        ('x{a=",b=",c="=",d=",,"} 3', 'x{workspace="w",a=",b=",c="=",d=",,"} 3'),
        ('x{a="b 1 2"} 3', 'x{workspace="w",a="b 1 2"} 3'),
        (r'x{a="\"},b=\\"} 3', r'x{workspace="w",a="\"},b=\\"} 3'),
        (r'x{a="\n"} 3', r'x{workspace="w",a="\n"} 3'),
        ('x{a=""} 3', 'x{workspace="w",a=""} 3'),
        ('x{workspace="theirs"} 3', 'x{workspace="w",exported_workspace="theirs"} 3'),
        (
            'x{workspace="a",exported_workspace="b"} 3',
            'x{workspace="w",exported_exported_workspace="a",exported_workspace="b"} 3',
        ),
        ("vllm:x 3", 'vllm:x{workspace="w"} 3'),
        *((f"x {number}", f'x{{workspace="w"}} {number}') for number in (
            "+Inf", "-Inf", "Inf", "NaN", "nan", "-1", "+1", "1.", ".5", "1e5", "-1.5E-07", "0.1", "123456789012345678901234567890",
        )),
    ],
)  # fmt: skip
def test_good_lines_pass(upstream: str, ours: str) -> None:
    body = upstream.encode() + b"\n"
    decoder = FeedDecoder("w", keep=lambda _: True, watch=())
    for _ in range(3):  # new, then known
        feed = decoder.decode(body)
        assert lines(feed) == [ours]
        assert feed.dropped == {}
    assert decoder.known_series == 1


@pytest.mark.parametrize(
    "line",
    [
        b"x", b"x ", b"x y", b"x 1_000", b"x 0x10", b"x 1 2 3", b"x 1 # comment", b"x 1 1e", b"1x 1", b'x{a="1" 1', b'x{a="1"', b'x{a=1} 1',
        b"x{a='1'} 1", b'x{a="1"b="2"} 1', b'x{,} 1', b'x{,a="1"} 1', b'x{a="1",,} 1', b'x{a="1",a="2"} 1', b'x{__name__="y"} 1',
        b'x{a="\\q"} 1', b'x{a="\\"} 1', b'x{a="\xff"} 1', b'x{a-b="1"} 1', b'{"x"} 1', b'x{"a"="1"} 1', b"x 1\x0b", b'x-y{a="1"} 1',
    ],
)  # fmt: skip
def test_bad_lines_are_dropped_counted_and_named_while_the_rest_survives(line: bytes) -> None:
    decoder = FeedDecoder("w", keep=lambda _: True, watch=())
    for _ in range(2):
        feed = decoder.decode(b"good 1\n" + line + b'\nother{a="1"} 2\n')
        assert lines(feed) == ['good{workspace="w"} 1', 'other{workspace="w",a="1"} 2']
        assert feed.dropped == {"invalid": 1}
        assert feed.first_invalid is not None
        assert feed.first_invalid.startswith("line 2")


def test_the_excerpt_of_a_bad_line_names_the_metric_and_nothing_else() -> None:
    feed = decode(b'good 1\nbad_metric{token="s3cret"} oops\n"s3cret"\n')
    assert feed.first_invalid == "line 2, bad_metric"
    assert feed.dropped == {"invalid": 2}


def test_a_known_series_with_a_bad_number_is_dropped() -> None:
    decoder = FeedDecoder(None, keep=lambda _: True, watch=())
    assert lines(decoder.decode(b"x 1\ny 1\n")) == ["x 1", "y 1"]
    feed = decoder.decode(b"x one\ny 2\n")
    assert lines(feed) == ["y 2"]
    assert feed.dropped == {"invalid": 1}


@pytest.mark.parametrize(
    "again",
    [
        b'x{a="1",b="2"} 5',
        b'x{b="2",a="1"} 5',
        b'x{a="1",b="2",c=""} 5',
        b'x{a="1",b="2",} 5',
        b'x{ a="1", b="2"} 5 123',
        b'x{a="1",b="2"} 5 123',
    ],
)
def test_the_same_series_twice_is_a_duplicate_however_it_is_spelled(again: bytes) -> None:
    decoder = FeedDecoder(None, keep=lambda _: True, watch=())
    for body in (b'x{a="1",b="2"} 4\n' + again + b"\n", again + b'\nx{a="1",b="2"} 4\n') * 2:
        feed = decoder.decode(body)
        assert len(lines(feed)) == 1
        assert lines(feed)[0].endswith(" 4" if body.startswith(b'x{a="1",b="2"} 4') else " 5")
        assert feed.dropped == {"duplicate": 1}
    assert decoder.known_series == 1


def test_families_are_contiguous_typed_and_explained() -> None:
    feed = decode(
        b"""# HELP h Seconds \\\\ spent\\nhere.
# TYPE h histogram
h_bucket{le="1"} 1
g 1
h_bucket{le="+Inf"} 2
untyped_one 7
# a comment
h_sum 3.5
# EOF
h_count 2

# TYPE s summary
s{quantile="0.5"} 1
s_sum 3
s_count 2
# TYPE g gauge
# TYPE g counter
# HELP g First help.
# HELP g Second help.
# TYPE odd flavour
odd 1
# UNIT h seconds
""",
        workspace=None,
    )
    assert [(family.name, family.type, family.help, family.samples, family.strict) for family in feed.families] == [
        ("h", "histogram", "Seconds \\ spent\nhere.", 4, True),
        ("g", "gauge", "First help.", 1, True),
        ("untyped_one", "untyped", "", 1, True),
        ("s", "summary", "", 3, True),
        ("odd", "untyped", "", 1, True),
    ]
    assert feed.families[0].lines == b'h_bucket{le="1"} 1\nh_bucket{le="+Inf"} 2\nh_sum 3.5\nh_count 2\n'
    assert feed.samples == 10


def test_openmetrics_input_becomes_text_families() -> None:
    body = b"""# TYPE c counter
# HELP c Things.
c_total{a="1"} 4 # {t="1"} 3
# TYPE i info
i_info{v="1"} 1
# TYPE st stateset
st{st="on"} 1
# TYPE u unknown
u 1
# EOF"""
    feed = decode(body, workspace=None)
    assert [(family.name, family.type, family.help) for family in feed.families] == [
        ("c_total", "counter", "Things."),
        ("i_info", "gauge", ""),
        ("st", "gauge", ""),
        ("u", "untyped", ""),
    ]


def test_a_sample_with_the_bare_name_of_a_histogram_has_no_place() -> None:
    assert decode(b"# TYPE h histogram\nh 1\nok 1\n").dropped == {"invalid": 1}


def test_a_changed_type_moves_series_to_their_new_family() -> None:
    decoder = FeedDecoder(None, keep=lambda _: True, watch=())
    assert [family.name for family in decoder.decode(b'h_bucket{le="+Inf"} 1\n').families] == ["h_bucket"]
    assert [family.name for family in decoder.decode(b'# TYPE h histogram\nh_bucket{le="+Inf"} 1\n').families] == ["h"]


def test_crlf_and_leading_blanks() -> None:
    feed = decode(b' \t# TYPE x counter\r\n\r\n  x{a="1"} 1\r\n\ty 2\r\n', workspace=None)
    assert [(family.name, family.type) for family in feed.families] == [("x", "counter"), ("y", "untyped")]
    assert lines(feed) == ['x{a="1"} 1', "y 2"]


def test_unwanted_families_and_names_of_our_own_are_left_out() -> None:
    body = b"keep_me 1\ndrop_me 1\nbaseten_deployment_max_replicas 1\nserving_exporter_source_up 1\nbaseten_replica_startups 1\n"
    feed = decode(body, keep=lambda name: name != "drop_me")
    assert [family.name for family in feed.families] == ["keep_me"]
    assert feed.dropped == {"dropped_family": 1, "collision": 3}


def test_watched_names_are_observed_even_when_not_kept() -> None:
    decoder = FeedDecoder("w", keep=lambda name: name != "load", watch={"load", "other"})
    body = b'load{a="x\\"\\n\\\\",workspace="up"} 2.5\nload NaN\nother 1 99\nthird 3\n'
    for _ in range(2):
        feed = decoder.decode(body)
        assert feed.observed == [
            Observation("load", {"a": 'x"\n\\', "workspace": "up"}, 2.5),
            Observation("other", {}, 1.0),
        ]


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"", "empty"),
        (b" \n\n", "empty"),
        (b"<!DOCTYPE html>\n<html>\n", "HTML"),
        (b'x{a="1"} 1\nx{a="2"', "cut off"),
        (b"x 1\ny 12", "cut off"),
        (b'{"detail": "not found"}\n', "no line"),
        (b"# TYPE x gauge\nx one\n", "no line"),
        (b"# only a remark\n", "no line"),
    ],
)
def test_what_is_no_whole_page_is_malformed(body: bytes, reason: str) -> None:
    with pytest.raises(Malformed, match=reason):
        decode(body)


def test_a_page_of_no_series_is_a_page() -> None:
    assert decode(b"# HELP x Nothing is deployed.\n# TYPE x gauge\n").families == ()
    assert decode(b"# EOF\n").families == ()


def test_a_malformed_page_leaves_the_decoder_usable() -> None:
    decoder = FeedDecoder(None, keep=lambda _: True, watch=())
    decoder.decode(b"x 1\n")
    with pytest.raises(Malformed):
        decoder.decode(b"x\n")
    assert lines(decoder.decode(b"x 2\n")) == ["x 2"]


@pytest.mark.parametrize(
    "body",
    [
        b'# TYPE h histogram\nh_bucket{le="1"} 3\nh_bucket{le="+Inf"} 2\nh_sum 1\nh_count 2\n',
        b'# TYPE h histogram\nh_bucket{le="+Inf"} 2\nh_bucket{le="1"} 1\nh_sum 1\nh_count 2\n',
        b'# TYPE h histogram\nh_bucket{le="1"} 2\nh_sum 1\nh_count 2\n',
        b'# TYPE h histogram\nh_bucket{le="Inf"} 2\nh_sum 1\nh_count 2\n',
        b'# TYPE h histogram\nh_bucket{le="+Inf"} 2\nh_sum 1\nh_count 3\n',
        b'# TYPE h histogram\nh_bucket{le="+Inf"} 2\nh_count 2\n',
        b'# TYPE h histogram\nh_bucket{le="+Inf"} 2.5\nh_sum 1\nh_count 2.5\n',
        b'# TYPE h histogram\nh_bucket 2\nh_sum 1\nh_count 2\n',
        b'# TYPE h histogram\nh_bucket{le="+Inf"} 2\nh_sum -1\nh_count 2\n',
        b'# TYPE h histogram\nh_bucket{le="+Inf"} 1\nh_bucket{a="1",le="+Inf"} 1\nh_sum 1\nh_count 1\n',
        b'# TYPE s summary\ns{quantile="2"} 1\n',
        b'# TYPE s summary\ns 1\n',
        b'# TYPE s summary\ns_count -1\n',
        b"# TYPE c_total counter\nc_total -1\n",
        b"# TYPE c_total counter\nc_total NaN\n",
        b"# TYPE c counter\nc 1\n",
        b"# TYPE x_total counter\nx_total 1\n# TYPE x gauge\nx 1\n",
        b"# TYPE x_total counter\nx_total 1\n# TYPE x_created gauge\nx_created 1\n",
        b'# TYPE x histogram\nx_bucket{le="+Inf"} 1\nx_sum 1\nx_count 1\n# TYPE x_total counter\nx_total 1\n',
        b"# TYPE _total counter\n_total 1\n",
    ],
)  # fmt: skip
def test_what_openmetrics_forbids_is_called_unknown_and_loses_nothing(
    body: bytes,
    page_of: Callable[..., Page],
    text_samples: Callable[[bytes], object],
    openmetrics_samples: Callable[[bytes], object],
) -> None:
    page = page_of(decode(body, workspace=None).families)
    assert text_samples(page.text()) == text_samples(body)
    assert openmetrics_samples(page.openmetrics()) == text_samples(body)
    assert b" unknown\n" in page.openmetrics()


def test_what_openmetrics_allows_keeps_its_type(page_of: Callable[..., Page], openmetrics_samples: Callable[[bytes], object]) -> None:
    body = (
        b'# TYPE h histogram\nh_bucket{a="1",le="1"} 1\nh_bucket{a="1",le="+Inf"} 2\nh_sum{a="1"} 1\nh_count{a="1"} 2\n'
        b'# HELP c_total Say "hi".\n# TYPE c_total counter\nc_total 3\n'
        b'# TYPE s summary\ns{quantile="0.5"} NaN\ns_sum 1\ns_count 1\n'
    )
    page = page_of(decode(body, workspace=None).families)
    openmetrics_samples(page.openmetrics())
    assert b"# TYPE h histogram\n" in page.openmetrics()
    assert b'# HELP c Say \\"hi\\".\n# TYPE c counter\nc_total 3\n' in page.openmetrics()
    assert b"# TYPE s summary\n" in page.openmetrics()
    assert b" unknown\n" not in page.openmetrics()


async def test_slices_let_the_loop_turn_and_give_the_same_page() -> None:
    body = b"# TYPE x gauge\n" + b"".join(b'x{number="%d",padding="%b"} 1\n' % (number, b"p" * 150) for number in range(20_000))
    decoder, other = (FeedDecoder("w", keep=lambda _: True, watch=()) for _ in range(2))
    turns = 0

    async def count() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    counter = asyncio.create_task(count())
    sliced = await decoder.decode_sliced(body)
    counter.cancel()
    assert sliced == other.decode(body)
    assert sliced.samples == 20_000
    assert turns > len(body) // (128 * 1024)


def test_memory_follows_what_is_there_not_what_ever_was() -> None:
    decoder = FeedDecoder("w", keep=lambda _: True, watch=())

    def page(number: int) -> bytes:
        return b"always 1\n" + b"".join(b'x{deployment="%d"} 1\n' % series for series in range(number * 1_000, number * 1_000 + 1_000))

    for number in range(101):
        assert decoder.decode(page(number)).samples == 1_001
        assert decoder.known_series == len(decoder._spellings) <= 9_000
    assert len(decoder._starts) == 1
    for _ in range(10):
        decoder.decode(b"always 1\n")
    assert decoder.known_series == len(decoder._spellings) == 1


# --- any page ----------------------------------------------------------------------------------------------------------------------------

names = st.sampled_from(["x", "x_total", "x_bucket", "x_sum", "x_count", "x_created", "y", "y_total", "z:q", "x_info", "x_count_total"])
types = st.sampled_from(["counter", "gauge", "histogram", "summary", "untyped", "info", "stateset", "gaugehistogram"])
label_names = st.sampled_from(["a", "le", "quantile", "workspace", "environment", "exported_workspace"])
values = st.sampled_from(["0", "1", "2", "1.5", "-1", "NaN", "+Inf", "-Inf", "1e3", "7"])
label_values = st.one_of(
    st.sampled_from(["", "1", "0.5", "+Inf", "inf", "NaN", 'q"} 1', "a\\", "\n", "é", " ", "} 2 3", '",a="']),
    st.text(st.characters(codec="utf-8"), max_size=6),
)
samples = st.tuples(names, st.dictionaries(label_names, label_values, max_size=3), values)
metadata = st.tuples(st.sampled_from(["TYPE", "HELP"]), names, types)


def _escaped(value: str) -> str:
    return value.replace("\\", r"\\").replace("\n", r"\n").replace('"', r"\"")


@settings(max_examples=500, deadline=None)
@given(content=st.lists(st.one_of(samples, metadata), min_size=1, max_size=14))
@example(content=[("TYPE", "x", "histogram"), ("x_bucket", {"le": "+Inf"}, "1"), ("x_count", {}, "1"), ("TYPE", "x_count", "gauge")])
@example(content=[("x", {"a": ",", "le": "=", "quantile": ",b="}, "1")])
@example(content=[("TYPE", "x", "counter"), ("x", {}, "1"), ("x_total", {}, "1")])
def test_any_page_passes_through_unchanged(
    content: list[tuple[str, dict[str, str] | str, str]],
    page_of: Callable[..., Page],
    text_samples: Callable[[bytes], object],
    openmetrics_samples: Callable[[bytes], object],
) -> None:
    body, expected = "", {}
    histograms = {name for kind, name, kind_type in content if kind == "TYPE" and kind_type == "histogram"}
    first_type = {}
    for kind, name, family_type in content:
        if kind == "TYPE" and family_type not in ("untyped", "gaugehistogram"):
            first_type.setdefault(name, family_type)
    histograms = {name for name, family_type in first_type.items() if family_type == "histogram"}
    for first, second, third in content:
        if isinstance(second, str):
            body += f"# {first} {second} {third}\n"
            continue
        labels = ",".join(f'{label}="{_escaped(value)}"' for label, value in second.items())
        body += f"{first}{{{labels}}} {third}\n"
        series = first, frozenset((label, value) for label, value in second.items() if value)
        belongs_elsewhere = any(first == parent + suffix for parent in histograms for suffix in ("_bucket", "_sum", "_count"))
        if first not in histograms or belongs_elsewhere or _in_summary(first, first_type):
            expected.setdefault(series, "NaN" if third == "NaN" else float(third))
    decoder = FeedDecoder(None, keep=lambda _: True, watch=())
    try:
        feed = decoder.decode(body.encode())
    except Malformed:
        assert not expected
        return
    assert decoder.decode(body.encode()) == feed
    assert [family.name for family in feed.families] == list(dict.fromkeys(family.name for family in feed.families))
    page = page_of(feed.families)
    collided = page.dropped.get("collision", 0)
    assert page.samples + collided == len(expected)
    if not collided:
        assert text_samples(page.text()) == expected
    assert openmetrics_samples(page.openmetrics()) == text_samples(page.text())
    assert all(not math.isnan(value) for _, _, value in feed.observed)


def _in_summary(name: str, types_of: dict[str, str]) -> bool:
    return any(family_type == "summary" and name in (f"{parent}_sum", f"{parent}_count") for parent, family_type in types_of.items())
