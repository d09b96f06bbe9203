"""The documents as a site, and the pages that programs serve, in a real browser: they fit, say nothing to the console, ask nobody else."""

from __future__ import annotations

import functools
import json
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from playwright.sync_api import Browser
from tests.stack.programs import Program, command, fetch

from .browser import DESKTOP, PHONE, SCREENS, Seen, Window, launched

pytestmark = [pytest.mark.xdist_group("site"), pytest.mark.timeout(300)]

REPOSITORY = Path(__file__).resolve().parents[2]
PICTURED = ("docs/index", "docs/getting-started", "docs/alerts", "docs/metrics", "docs/troubleshooting", "rules/runbooks/ServingThrash")
SIZES = pytest.mark.parametrize("size", [PHONE, DESKTOP], ids=["phone", "desktop"])


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with launched() as running:
        yield running


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build the site: a link that leads nowhere, and a page that no table of contents has, are errors."""
    folder = tmp_path_factory.mktemp("site")
    arguments = [
        "-q",
        "-W",
        "--keep-going",
        "-c",
        str(REPOSITORY / "docs"),
        "-d",
        str(folder / "work"),
        str(REPOSITORY),
        str(folder / "html"),
    ]
    result = subprocess.run([sys.executable, "-m", "sphinx", *arguments], capture_output=True, text=True, timeout=200, check=False)
    assert result.returncode == 0, result.stderr
    return folder / "html"


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture(scope="module")
def served(site: Path) -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(_Quiet, directory=str(site))) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def good(seen: Seen) -> None:
    assert seen.errors == []
    assert seen.foreign == []
    assert seen.overflow <= 0, f"{seen.title}: {seen.overflow} px wider than the screen"
    assert seen.smallest >= 12, f"{seen.title}: text of {seen.smallest} px"
    assert seen.title
    assert seen.headings == 1


def test_the_site_has_every_page(site: Path) -> None:
    pages = [*(REPOSITORY / "docs").rglob("*.md"), *(REPOSITORY / "rules" / "runbooks").glob("*.md"), REPOSITORY / "README.md"]
    missing = [page for page in pages if not (site / page.relative_to(REPOSITORY)).with_suffix(".html").is_file()]
    assert missing == []


def test_every_page_fits_a_phone_and_keeps_to_itself(browser: Browser, site: Path, served: str) -> None:
    names = sorted(path.relative_to(site).with_suffix("").as_posix() for path in site.rglob("*.html"))
    pages = [name for name in names if name not in ("search", "genindex")]  # Sphinx' own
    assert len(pages) > 60
    with Window(browser, PHONE) as window:
        for name in pages:
            good(window.look(f"{served}/{name}.html", screen=f"site-{name.replace('/', '-')}" if name in PICTURED else ""))


@pytest.mark.parametrize("name", PICTURED)
def test_pages_fit_a_desktop(browser: Browser, served: str, name: str) -> None:
    with Window(browser, DESKTOP) as window:
        good(window.look(f"{served}/{name}.html", screen=f"site-{name.replace('/', '-')}"))


@pytest.fixture(scope="module")
def demo() -> Iterator[dict[str, str]]:
    """Addresses of a running exporter, its emulator, and an inbox with something in it."""
    notification = {
        "receiver": "pager",
        "status": "firing",
        "groupLabels": {"model_id": "v1q1i61v", "severity": "critical"},
        "alerts": [
            {
                "status": "firing",
                "labels": {"alertname": "ServingCapacityExhausted", "severity": "critical", "model_name": "translate"},
                "annotations": {
                    "summary": "Every slot of every allowed replica is taken.",
                    "description": "translate is at its ceiling of 3 replicas, 974 requests in flight for 12 slots. Set max_replica to 8.",
                    "runbook_url": "https://git.example.com/runbooks/ServingCapacityExhausted.md",
                    "dashboard_url": "http://localhost:3000/d/serving-autoscaling?var-workspace=demo&var-model_id=v1q1i61v",
                },
            }
        ],
    }
    with (
        Program(command("serving-exporter"), "demo", "--speed", "60", "--no-prometheus") as program,
        Program(command("serving-simulator"), "inbox", "--port", "0") as inbox,
    ):
        program.address(r"(ready: every source)")
        addresses = {
            "status": program.address(r"exporter\s+(http://[^/\s]+)/metrics") + "/",
            "emulator": program.address(r"emulator\s+(http://[^/\s]+/_emulator/)"),
            "inbox": inbox.address(r"arrive at (http://\S+)/webhook") + "/",
        }
        fetch(f"{addresses['inbox']}webhook", json.dumps(notification).encode())
        yield addresses


@SIZES
@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("name", ["status", "emulator", "inbox"])
def test_what_programs_serve_fits_and_keeps_to_itself(
    browser: Browser, demo: dict[str, str], name: str, size: tuple[int, int], dark: bool
) -> None:
    with Window(browser, size, dark=dark) as window:
        good(window.look(demo[name], screen=name))
    assert list(SCREENS.glob(f"{name}-*.png"))


# --- that it would notice --------------------------------------------------------------------------------------------------------------

BAD: dict[str, tuple[str, Callable[[Seen], object]]] = {
    "console": ("<script>console.error('oh')</script>", lambda seen: "oh" in seen.errors),
    "exception": ("<script>throw new Error('ah')</script>", lambda seen: any("ah" in each for each in seen.errors)),
    "elsewhere": ('<img src="http://127.0.0.2:9/x.png">', lambda seen: seen.foreign == ["http://127.0.0.2:9/x.png"]),
    "missing": ('<img src="/absent.png">', lambda seen: any("404" in each for each in seen.errors)),
    "wide": ('<div style="width:2000px">x</div>', lambda seen: seen.overflow > 1500),
    "tiny": ('<p style="font-size:7px">x</p>', lambda seen: seen.smallest == 7),
}


@pytest.mark.parametrize("name", BAD)
def test_a_bad_page_is_noticed(browser: Browser, tmp_path: Path, name: str) -> None:
    html, noticed = BAD[name]
    head = '<meta name="viewport" content="width=device-width"><title>t</title><link rel="icon" href="data:,">'
    page = f"<!DOCTYPE html><html><head>{head}</head><body><h1>t</h1>{html}</body></html>"
    (tmp_path / "bad.html").write_text(page)
    with ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(_Quiet, directory=str(tmp_path))) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        with Window(browser, PHONE) as window:
            seen = window.look(f"http://127.0.0.1:{server.server_port}/bad.html")
        server.shutdown()
    assert noticed(seen), seen
    with pytest.raises(AssertionError):
        good(seen)
