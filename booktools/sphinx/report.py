"""Say on every page how it was made, and on one page all of it.

What a chapter took, in seconds and megabytes, stands in the cache beside its
outputs.
"""

import math
from functools import cache
from html import escape
from typing import Any

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

from booktools.environment import (
    Surroundings,
    chapter_files,
    open_cache,
    prepare_execution,
    read_chapter,
)
from booktools.git import commit

REPORT = "reference/build-report"
NAMED = ("numpy", "torch", "scikit-learn", "matplotlib", "seaborn", "pandas", "scipy")
RUNS = {
    "quick": "quick, for a look: BOOK_QUICK=1",
    "full": "full",
    "long": "long: BOOK_LONG=1",
}
TOOLS = ("jupyter-book", "Sphinx", "myst-nb", "jupyter-cache", "nbclient", "ipykernel")


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
            "Run": RUNS[here.extent],
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
    """A table of the chapters, with what each took when it was executed."""

    def run(self) -> list[nodes.Node]:
        """Make the table; it is made again in every build."""
        self.env.note_reread()
        heads = ("chapter", "seconds", "megabytes")
        head = "".join(f"<th scope='col'>{name}</th>" for name in heads)
        cache = open_cache(surroundings().fingerprint)
        body = ""
        for path in chapter_files():
            name = path.stem
            took = cache.match_cache_notebook(read_chapter(path)).data
            body += (
                f"<tr><th scope='row'><a href='../chapters/{name}.html'>{name}</a></th>"
                f"<td>{took['execution_seconds']:.1f}</td>"
                f"<td>{took.get('megabytes', math.nan):.0f}</td></tr>"
            )
        return [_table(f"<tr>{head}</tr>{body}")]


def _footer(here: Surroundings, report: str) -> str:
    """Return the line under a page."""
    data = f"{escape(here.digits)} ({here.digits_sha256[:12]})"
    facts = [f"Executed on {escape(here.device)} with {data}"]
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
    context["theme_extra_footer"] = _footer(surroundings(), report)


def setup(app: Sphinx) -> dict[str, bool]:
    """Add the directives and the footer."""
    app.add_directive("build-facts", BuildFacts)
    app.add_directive("build-chapters", BuildChapters)
    app.connect("html-page-context", _add_footer)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
