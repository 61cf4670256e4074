"""Say on every page how it was made, and on one page all of it.

Device, data, versions and commit are the same for everyone who builds one
commit in one place, so they are written into the pages. Seconds, megabytes
and measured tables are not, and would make each build differ from the last.
They live in one file, ``_static/measurements.js``, which `make book` writes
beside the pages; ``_static/measured.js`` fills them in where a page has a
mark for them.
"""

import json
from functools import cache
from html import escape
from pathlib import Path
from typing import Any

from docutils import nodes
from execution import Surroundings, chapter_files, prepare_execution
from light_pages import put_right
from repository import commit
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

MEASUREMENTS = "measurements.js"
DECLARATION = "const MEASUREMENTS = "
REPORT = "reference/build-report"
NAMED = ("numpy", "torch", "scikit-learn", "matplotlib", "seaborn", "pandas", "scipy")
RUNS = {
    "quick": "quick, for a look: BOOK_RUN=quick",
    "full": "full",
    "long": "long: BOOK_RUN=long",
}
TOOLS = ("jupyter-book", "Sphinx", "myst-nb", "jupyter-cache", "nbclient", "ipykernel")


def write_measurements(folder: Path, values: dict[str, str]) -> None:
    """Write what differs from build to build beside the finished pages.

    Parameters
    ----------
    folder : Path
        Where the site is.
    values : dict of str to str
        HTML by the ``data-measured`` attribute of the mark that it fills.
    """
    values = {key: put_right(html) for key, html in values.items()}
    text = f"{DECLARATION}{json.dumps(values, indent=0, sort_keys=True)};\n"
    (folder / "_static" / MEASUREMENTS).write_text(text, encoding="utf-8")


def read_measurements(folder: Path) -> dict[str, str]:
    """Read what `write_measurements` wrote into a site."""
    text = (folder / "_static" / MEASUREMENTS).read_text(encoding="utf-8")
    return json.loads(text.removeprefix(DECLARATION).rstrip(";\n"))


@cache
def surroundings() -> Surroundings:
    """Look once for all pages."""
    return prepare_execution()


def _table(rows: str) -> nodes.raw:
    """Return a table that scrolls by itself where it is too wide."""
    table = f"<table class='table'>{rows}</table>"
    box = f"<div class='pst-scrollable-table-container'>{table}</div>"
    return nodes.raw("", box, format="html")


class BuildFacts(SphinxDirective):
    """A table of what the book was built with."""

    def run(self) -> list[nodes.Node]:
        """Make the table."""
        here = surroundings()
        rows = {
            "Commit": commit() or "not known (no git repository)",
            "Device": here.device,
            "Machine": f"{here.machine}, {here.threads} thread(s) a chapter",
            "Run": RUNS[here.run],
            "Digits": here.digits,
            "SHA-256 of the digits": here.digits_sha256,
            "Python": here.python,
            **{name: here.versions[name] for name in (*NAMED, *TOOLS)},
            "Fingerprint of all this": here.fingerprint,
        }
        body = "".join(
            f"<tr><th scope='row'>{escape(name)}</th>"
            f"<td class='fact'>{escape(value)}</td></tr>"
            for name, value in rows.items()
        )
        return [_table(body)]


class BuildChapters(SphinxDirective):
    """A table of the chapters, with marks for what was measured."""

    def run(self) -> list[nodes.Node]:
        """Make the table."""
        heads = ("chapter", "seconds", "megabytes", "outputs")
        head = "".join(f"<th scope='col'>{name}</th>" for name in heads)
        body = "".join(
            f"<tr><th scope='row'><a href='../chapters/{stem}.html'>{stem}</a></th>"
            + "".join(
                f"<td data-measured='{what}/{stem}'></td>"
                for what in ("seconds", "megabytes", "origin")
            )
            + "</tr>"
            for stem in (path.stem for path in chapter_files())
        )
        return [_table(f"<tr>{head}</tr>{body}")]


def _footer(page: str, here: Surroundings, report: str) -> str:
    """Return the line under a page."""
    data = f"{escape(here.digits)} ({here.digits_sha256[:12]})"
    facts = [f"Executed on {escape(here.device)} with {data}"]
    if page.startswith("chapters/"):
        stem = escape(Path(page).name)
        facts.append(
            f"<span data-measured='run/{stem}'>times are in the build report</span>"
        )
    shown = ("numpy", "torch", "scikit-learn")
    versions = {"Python": here.python} | {name: here.versions[name] for name in shown}
    facts.append(", ".join(f"{name} {version}" for name, version in versions.items()))
    if name := commit():
        facts.append(f"commit {escape(name)}")
    line = " · ".join(facts)
    link = f" · <a href='{report}'>how this book was built</a>" if report else ""
    return f"<p class='build-facts'>{line}{link}</p>"


def _add_footer(
    app: Sphinx, page: str, template: str, context: dict[str, Any], doctree: Any
) -> None:
    there = REPORT in app.env.found_docs
    report = context["pathto"](REPORT) if there else ""
    context["theme_extra_footer"] = _footer(page, surroundings(), report)


def setup(app: Sphinx) -> dict[str, bool]:
    """Add the directives, the footer and the file that fills in the marks."""
    app.add_directive("build-facts", BuildFacts)
    app.add_directive("build-chapters", BuildChapters)
    app.add_js_file(MEASUREMENTS)
    app.connect("html-page-context", _add_footer)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
