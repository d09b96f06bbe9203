"""The pages of this repository as a site: ``make site`` builds build/site.

The source folder is the repository itself, so that the pages are the files that people read in it, and a link that works there works here.
"""

from pathlib import Path

_RUNBOOKS = Path(__file__).resolve().parents[1] / "rules" / "runbooks"

project = "serving-exporter"
copyright = "the authors of serving-exporter"  # noqa: A001 - Sphinx' name
html_title = "serving-exporter"

extensions = ["myst_parser"]
include_patterns = ["README.md", "CHANGELOG.md", "docs/**.md", "rules/runbooks/*.md", "grafana/README.md"]
root_doc = "docs/index"
myst_heading_anchors = 4
suppress_warnings = [
    "myst.header",  # generated pages begin at the level that suits their place
    "misc.highlighting_failure",  # the highlighter of PromQL knows no names with a colon
]

html_theme = "furo"
html_copy_source = False
html_show_sphinx = False
html_favicon = "icon.svg"
html_theme_options = {
    "top_of_page_buttons": [],
    # The theme's smallest texts are smaller than a phone shows well.
    "light_css_variables": {f"font-size--small--{step}": "0.8rem" for step in (2, 3, 4)},
}

_CONTENTS = {
    root_doc: {
        "Start": ["getting-started", "installing", "permissions", "configuration"],
        "Use": [f"how-to/{page}" for page in ("incident", "notifications", "thresholds", "workspaces", "dry-run", "score")]
        + ["troubleshooting"],
        "Grow": ["scale", "consumers"],
        "Look up": ["detection-quality", "alerts", "signals", "metrics", "dashboards", "rules", "behaviour", "simulator"],
        "Around it": ["/README", "/grafana/README", "/rules/runbooks/README", "/CHANGELOG"],
    },
    "rules/runbooks/README": {"": sorted(page.stem for page in _RUNBOOKS.glob("Serving*.md"))},
}


def _add_contents(_app, docname, source):  # type: ignore[no-untyped-def]
    """Give two pages the tables of contents that the sidebar is made of; in the repository they are pages like any other."""
    for caption, pages in _CONTENTS.get(docname, {}).items():
        source[0] += "\n".join(["", "", "```{toctree}", ":hidden:", *([f":caption: {caption}"] if caption else []), *pages, "```", ""])


def setup(app):  # type: ignore[no-untyped-def]  # noqa: D103 - Sphinx' hook
    app.connect("source-read", _add_contents)
