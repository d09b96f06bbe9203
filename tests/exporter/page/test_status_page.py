from __future__ import annotations

from html.parser import HTMLParser

import pytest

from serving_exporter.web.status_page import DeploymentStatus, SourceStatus, Status, WorkspaceStatus, render
from serving_exporter.web.wording import age_words, duration_words, number_words, plural

NOW = 1_800_000_000.0
CANARY = "<script>alert('\"&canary')</script>"
VOID = {"meta", "br", "link"}


class Reader(HTMLParser):
    """Checks that tags balance and collects tags, attributes and the cells of every table row."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.rows: list[list[str]] = []
        self.text = ""
        self.feed(page)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)
        if tag == "tr":
            self.rows.append([])
        if tag in ("td", "th"):
            self.rows[-1].append("")

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if "style" in self.open:
            return
        self.text += data
        if "td" in self.open or "th" in self.open:
            self.rows[-1][-1] += data + " "

    def first_cells(self) -> list[str]:
        return [row[0].split()[0] for row in self.rows if len(row) > 1]


def deployment(model: str, status: str = "ACTIVE", **numbers: float) -> DeploymentStatus:
    return DeploymentStatus("default", model, "v1", "production", status, **numbers)  # type: ignore[arg-type]


def test_everything_from_outside_is_escaped() -> None:
    status = Status(
        version=CANARY,
        notice=CANARY,
        workspaces=[
            WorkspaceStatus(CANARY, [SourceStatus(CANARY, "failing", last_error=CANARY, blind_without=CANARY)]),
            WorkspaceStatus("other"),
        ],
        deployments=[DeploymentStatus(CANARY, CANARY, CANARY, CANARY, CANARY, link=f'https://x/"{CANARY}')],
    )
    page = render(status, NOW)
    assert "<script" not in page
    reader = Reader(page)
    assert {tag for tag, _ in reader.tags} == {
        "html", "head", "meta", "title", "style", "body", "header", "h1", "p", "nav", "ul", "li", "a", "main", "h2",
        "div", "table", "thead", "tbody", "tr", "th", "td", "span", "abbr", "footer",
    }  # fmt: skip
    assert reader.text.count(CANARY) == 11
    allowed = {"href", "class", "title", "lang", "charset", "name", "content", "role", "scope", "tabindex", "colspan", "rel", "aria-label"}
    assert {name for _, attributes in reader.tags for name in attributes} <= allowed


@pytest.mark.parametrize("link", ["javascript:alert(1)", "data:text/html,x", "//evil", ""])
def test_links_that_are_no_web_addresses_are_not_links(link: str) -> None:
    page = render(Status("1", deployments=[DeploymentStatus("w", "m", "d", link=link)]), NOW)
    hrefs = [attributes["href"] for tag, attributes in Reader(page).tags if tag == "a"]
    assert hrefs == ["/metrics", "/sd", "/-/healthy", "/-/ready"]


def test_no_scripts_and_nothing_from_elsewhere() -> None:
    page = render(Status("1", [WorkspaceStatus("w", [SourceStatus("feed", "up")])], [deployment("m")]), NOW)
    tags = Reader(page).tags
    assert not {"script", "link", "img", "iframe", "object", "form"} & {tag for tag, _ in tags}
    assert "@import" not in page
    assert "url(" not in page
    assert "http" not in page
    assert ("meta", {"name": "viewport", "content": "width=device-width, initial-scale=1"}) in tags


def test_every_table_scrolls_in_a_box_of_its_own_that_the_keyboard_reaches() -> None:
    page = render(Status("1", [WorkspaceStatus("w", [SourceStatus("feed", "up")])], [deployment("m")]), NOW)
    boxes = [attributes for tag, attributes in Reader(page).tags if attributes.get("class") == "table"]
    assert [box["aria-label"] for box in boxes] == ["Sources of workspace w", "Deployments"]
    assert all(box["role"] == "region" and box["tabindex"] == "0" for box in boxes)
    assert page.count("<table>") == 2
    assert ".table { overflow-x: auto;" in page


def test_sources_worst_first_with_words_ages_and_costs() -> None:
    states = ["off", "up", "not offered", "waiting", "not permitted", "failing"]
    sources = [
        SourceStatus(
            name=state.replace(" ", "_"),
            state=state,  # type: ignore[arg-type]
            interval=90,
            last_success=NOW - 125,
            last_error="" if state in ("up", "off") else "Boom.",
            samples=12_345,
            blind_without="load signals",
        )
        for state in states
    ]
    reader = Reader(render(Status("1", [WorkspaceStatus("w", sources)]), NOW))
    assert reader.first_cells() == ["Source", "failing", "not_permitted", "waiting", "not_offered", "up", "off"]
    up = next(row for row in reader.rows if row[0].startswith("up"))
    assert [cell.strip() for cell in up] == ["up", "up", "2 min 5 s ago", "1 min 30 s", "12\u202f345"]
    assert [row[0].split() for row in reader.rows if len(row) == 1] == [["Boom.", "Blind", "without", "it:", "load", "signals"]] * 4
    assert "2 sources not working" in reader.text


def test_a_source_without_success_says_never_and_one_switched_off_a_dash() -> None:
    page = render(Status("1", [WorkspaceStatus("w", [SourceStatus("feed", "waiting"), SourceStatus("billing", "off")])]), NOW)
    rows = {row[0].strip(): row for row in Reader(page).rows}
    assert rows["feed"][2].strip() == "never"
    assert rows["billing"][2].strip() == "–"
    assert '<abbr title="switched off">–</abbr>' in page


def test_the_workspace_in_trouble_stands_first_and_links_to_its_page() -> None:
    workspaces = [WorkspaceStatus("fine", [SourceStatus("feed", "up")]), WorkspaceStatus("a&b c", [SourceStatus("feed", "failing")])]
    page = render(Status("1", workspaces), NOW)
    assert page.index("Workspace a&amp;b c") < page.index("Workspace fine")
    assert 'href="/metrics?workspace=a%26b%20c"' in page


def test_deployments_worst_first() -> None:
    rows = [
        deployment("asleep", "SCALED_TO_ZERO"),
        deployment("healthy"),
        deployment("waiting", queued=3.0),
        deployment("short", active=1.0, desired=4.0, max=4.0),
        deployment("shorter", active=1.0, desired=9.0, max=1.0),
        deployment("moving", "LOADING_MODEL"),
        deployment("new_word", "TELEPORTING"),
        deployment("broken", "BUILD_FAILED"),
        deployment("ill", "UNHEALTHY"),
        deployment("switched_off", "INACTIVE"),
    ]
    reader = Reader(render(Status("1", deployments=rows), NOW))
    order = ["Model,", "broken", "ill", "moving", "new_word", "shorter", "short", "waiting", "healthy", "asleep", "switched_off"]
    assert reader.first_cells() == order
    status_of = {row[0].split()[0]: row[1].split("  ") for row in reader.rows}
    assert [note.strip() for note in status_of["shorter"]] == ["ACTIVE 8 below desired at its ceiling"]
    assert [note.strip() for note in status_of["short"]] == ["ACTIVE 3 below desired"]
    assert [note.strip() for note in status_of["waiting"]] == ["ACTIVE requests waiting"]
    assert "2 broken deployments of 10" in reader.text


def test_absent_is_a_dash_and_zero_is_zero() -> None:
    page = render(Status("1", deployments=[deployment("m", active=0.0, queued=0.0)]), NOW)
    cells = [cell.strip() for cell in Reader(page).rows[1][2:]]
    assert cells == ["0", "–", "–", "–", "–", "–", "0"]
    assert page.count('<abbr title="not reported">–</abbr>') == 5


def test_a_large_fleet_shows_its_worst_and_counts_the_rest() -> None:
    rows = [deployment(f"model{number}", "FAILED" if number == 5_000 else "ACTIVE") for number in range(10_000)]
    page = render(Status("1", deployments=rows), NOW)
    assert len(page) < 300_000
    reader = Reader(page)
    assert reader.first_cells()[1] == "model5000"
    assert "9\u202f700 more deployments in better shape" in reader.text


def test_an_empty_status_is_a_page() -> None:
    reader = Reader(render(Status("1"), NOW))
    assert "No workspace is configured." in reader.text
    assert "None seen yet." in reader.text


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (None, "–"), (float("inf"), "–"), (0, "0 s"), (0.4, "under 1 s"), (1, "1 s"), (59.6, "1 min"), (60, "1 min"), (200, "3 min 20 s"),
        (725, "12 min"), (3_600, "1 h"), (7_500, "2 h 5 min"), (3_601, "1 h"),
        (86_400, "1 d"), (90_000, "1 d 1 h"), (86_400 * 40 + 7_200, "40 d"),
    ],
)  # fmt: skip
def test_durations_in_words(seconds: float | None, words: str) -> None:
    assert duration_words(seconds) == words


def test_ages_in_words() -> None:
    assert age_words(None, NOW) == "never"
    assert age_words(NOW - 12, NOW) == "12 s ago"
    assert age_words(NOW - 0.2, NOW) == "just now"
    assert age_words(NOW + 3_600, NOW) == "just now"


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (None, "–"), (float("nan"), "–"), (0.0, "0"), (-0.001, "0"), (4.0, "4"), (3.256, "3.26"), (100, "100"),
        (1_234_567.5, "1\u202f234\u202f567.5"),
        (-2, "−2"), (float("inf"), "∞"), (float("-inf"), "−∞"),
    ],
)  # fmt: skip
def test_numbers_in_words(value: float | None, words: str) -> None:
    assert number_words(value) == words


def test_plurals() -> None:
    assert (plural(0, "source"), plural(1, "source"), plural(2, "source")) == ("0 sources", "1 source", "2 sources")
