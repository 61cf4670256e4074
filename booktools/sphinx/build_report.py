"""Report how the book was built: briefly on every page, in full on one.

The seconds and megabytes that each chapter took are recorded by the build.
"""

import math
from html import escape
from importlib.metadata import version
from typing import Any
from urllib.parse import quote

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

from booktools.build import read_records
from booktools.sphinx.book import Book

REPORT = "reference/build-report"
SHOWN = ("numpy", "torch", "scikit-learn", "matplotlib", "seaborn", "pandas", "scipy")
RUNS = {
    "quick": "quick, for a first look: BOOK_RUN=quick",
    "full": "full",
    "long": "long: BOOK_RUN=long",
}
TOOLS = ("jupyter-book", "Sphinx", "myst-nb", "jupyter-cache", "nbclient", "ipykernel")
UNKNOWN = {"seconds": math.nan, "megabytes": math.nan}


def _table(rows: str) -> nodes.raw:
    """Return a table that scrolls on its own if it is too wide."""
    table = f"<table class='table'>{rows}</table>"
    box = f"<div class='pst-scrollable-table-container'>{table}</div>"
    return nodes.raw("", box, format="html")


class BuildFacts(SphinxDirective):
    """A table of what the book was built with, and from."""

    def run(self) -> list[nodes.Node]:
        """Make the table."""
        book: Book = self.config.book
        here = book.environment
        rows = {
            "Commit": book.commit or "not known (no git repository)",
            "Device": here.device,
            "Machine": f"{here.machine}, {here.threads} thread(s) per chapter",
            "Run": RUNS[here.run],
            "Digits": here.digits,
            "Python": here.python,
            **{name: version(name) for name in (*SHOWN, *TOOLS)},
            "Fingerprint of all this": here.fingerprint,
        }
        body = "".join(
            f"<tr><th scope='row'>{escape(name)}</th>"
            f"<td class='fact'>{escape(value)}</td></tr>"
            for name, value in rows.items()
        )
        return [_table(body)]


class BuildChapters(SphinxDirective):
    """A table of the chapters, with the time and memory each took to execute."""

    def run(self) -> list[nodes.Node]:
        """Make the table, and have it made again in every build."""
        self.env.note_reread()
        heads = ("chapter", "seconds", "megabytes")
        head = "".join(f"<th scope='col'>{name}</th>" for name in heads)
        records = read_records(self.config.book.root)
        body = ""
        for page in self.config.book.chapters:
            name = page.removeprefix("chapters/")
            took = records.get(name, UNKNOWN)
            address = f"../{quote(page)}.html"
            body += (
                f"<tr><th scope='row'><a href='{address}'>{escape(name)}</a></th>"
                f"<td>{took['seconds']:.1f}</td><td>{took['megabytes']:.0f}</td></tr>"
            )
        return [_table(f"<tr>{head}</tr>{body}")]


def _footer(book: Book, report: str) -> str:
    """Return the line at the bottom of a page."""
    here = book.environment
    facts = [f"Executed on {escape(here.device)} with {escape(here.digits)}"]
    shown = ("numpy", "torch", "scikit-learn")
    versions = {"Python": here.python} | {name: here.versions[name] for name in shown}
    facts.append(", ".join(f"{name} {version}" for name, version in versions.items()))
    if book.commit:
        facts.append(f"commit {escape(book.commit)}")
    line = " · ".join(facts)
    link = f" · <a href='{report}'>how this book was built</a>" if report else ""
    return f"<p class='build-facts'>{line}{link}</p>"


def _add_footer(
    app: Sphinx, page: str, template: str, context: dict[str, Any], doctree: Any
) -> None:
    there = REPORT in app.env.found_docs
    report = context["pathto"](REPORT) if there else ""
    context["build_facts"] = _footer(app.config.book, report)


def setup(app: Sphinx) -> None:
    """Add the directives and the footer."""
    app.add_directive("build-facts", BuildFacts)
    app.add_directive("build-chapters", BuildChapters)
    app.connect("html-page-context", _add_footer)
