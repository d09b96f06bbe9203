"""A headless Chromium that tells what a page did: its console, its requests, and whether it fits the screen."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self
from urllib.parse import urlsplit

from playwright.sync_api import Browser, sync_playwright
from tests.tools.toolchain import chromium

__all__ = ["DESKTOP", "PHONE", "SCREENS", "Seen", "Window", "launched"]

PHONE = (390, 844)
DESKTOP = (1280, 900)
SCREENS = Path(__file__).resolve().parents[2] / "build" / "screens"
"""Where screenshots are for people to look at."""

_QUIET = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


@dataclass
class Seen:
    """What a page did while it was open. ``errors`` are of the console, of scripts and of failed requests."""

    errors: list[str] = field(default_factory=list)
    foreign: list[str] = field(default_factory=list)
    """Requests to any other server."""
    title: str = ""
    headings: int = 0
    overflow: int = 0
    """Pixels by which the page is wider than the screen."""
    smallest: float = 0
    """Size of the smallest running text, in pixels."""


_MEASURE = """() => ({
    title: document.title,
    headings: document.querySelectorAll('h1').length,
    overflow: document.documentElement.scrollWidth - document.documentElement.clientWidth,
    smallest: Math.min(...[...document.querySelectorAll('p, li, td')].filter(e => e.offsetParent && e.textContent.trim())
        .map(e => parseFloat(getComputedStyle(e).fontSize)), 99),
})"""


@contextmanager
def launched() -> Iterator[Browser]:
    """Run a browser; it has ended on exit."""
    program, environment = chromium()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=[*_QUIET], env={**environment}, chromium_sandbox=False)
        try:
            yield browser
        finally:
            browser.close()


class Window:
    """A window of one size, as a context manager; what it has once loaded it need not load again."""

    def __init__(self, browser: Browser, size: tuple[int, int], *, dark: bool = False) -> None:
        self._name = f"{'phone' if size == PHONE else 'desktop'}{'-dark' if dark else ''}"
        self._context = browser.new_context(
            viewport={"width": size[0], "height": size[1]}, device_scale_factor=1, color_scheme="dark" if dark else "light"
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._context.close()

    def look(self, url: str, *, screen: str = "") -> Seen:
        """Open a page, and write down what it did; with ``screen`` also as a picture of that name."""
        seen = Seen()
        home = urlsplit(url).netloc
        page = self._context.new_page()
        page.on("console", lambda message: seen.errors.append(message.text) if message.type in ("error", "warning") else None)
        page.on("pageerror", lambda error: seen.errors.append(str(error)))
        page.on("requestfailed", lambda request: seen.errors.append(f"{request.url}: {request.failure}"))
        page.on("response", lambda answer: seen.errors.append(f"{answer.url}: {answer.status}") if answer.status >= 400 else None)
        page.on("request", lambda request: seen.foreign.append(request.url) if _foreign(request.url, home) else None)
        page.goto(url, wait_until="load")
        measured = page.evaluate(_MEASURE)
        seen.title, seen.headings = measured["title"], measured["headings"]
        seen.overflow, seen.smallest = measured["overflow"], measured["smallest"]
        if screen:
            SCREENS.mkdir(parents=True, exist_ok=True)
            page.screenshot(path=SCREENS / f"{screen}-{self._name}.png")
        page.close()
        return seen


def _foreign(url: str, home: str) -> bool:
    parts = urlsplit(url)
    return parts.scheme not in ("data", "blob") and parts.netloc != home
