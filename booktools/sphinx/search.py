"""Index the book by section, for its search page.

Sphinx's own index says which pages have a word, not where, and its script loads
each page found to quote from it, which a page opened as a file may not do. Ours is
a script with the text of each section, glossary entry and function, as typed.
"""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from docutils import nodes
from sphinx import addnodes
from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment

from booktools.sphinx.chapter_head import chapter_number

PLACES = (nodes.section, nodes.definition_list_item, addnodes.desc)
NOT_INDEXED = (nodes.raw, nodes.system_message, nodes.Invisible, nodes.image)
# Outputs are not text, and answers are for the reader to find.
CLASSES_NOT_INDEXED = {"cell_output", "answer"}
PLAIN = re.compile(r"[^\\{}^]*")  # TeX that reads like text
PLACES_FOUND = "places"  # in a page's metadata
LABELLED = ("cite", "math")  # references whose numbers are not known yet


def heading_of(place: nodes.Element) -> nodes.Element | None:
    """Return the node with the anchor and the heading of a place that has both."""
    for node in place.children:
        if isinstance(node, nodes.title | nodes.term | addnodes.desc_signature):
            anchored = place if isinstance(place, nodes.section) else node
            return node if anchored["ids"] else None
    return None


def places_on(page: nodes.document) -> list[list[str]]:
    """Return the sections, terms and functions of a page, in order.

    Of each there are the anchor, the heading and the text, without those within it.
    """
    found: list[list[str]] = []
    for place in page.findall(lambda node: isinstance(node, PLACES)):
        if heading := heading_of(place):
            anchored = place if isinstance(place, nodes.section) else heading
            words = " ".join(_texts(place, heading)).split()
            name = heading.get("fullname") or "".join(_texts(heading, heading))
            found.append([anchored["ids"][0], name, " ".join(words)])
    return found


def _texts(node: nodes.Element, heading: nodes.Element) -> Iterator[str]:
    """Return the texts within a node, without those of places within it."""
    for child in node.children:
        if isinstance(child, nodes.Text):
            yield child.astext()
        elif isinstance(child, nodes.math):
            yield child.astext() if PLAIN.fullmatch(child.astext()) else "…"
        elif isinstance(child, nodes.math_block):
            yield " … "
        elif not _is_left_out(child, heading):
            text = "".join(_texts(child, heading))
            yield text if isinstance(child, nodes.Inline) else f" {text} "


def _is_left_out(node: nodes.Element, heading: nodes.Element) -> bool:
    elsewhere = isinstance(node, PLACES) and heading_of(node) is not None
    hidden = isinstance(node, NOT_INDEXED) or CLASSES_NOT_INDEXED & {*node["classes"]}
    label = node.get("refdomain") in LABELLED
    return node is heading or elsewhere or bool(hidden) or label


def _note_places(app: Sphinx, doctree: nodes.document) -> None:
    """Note the places of a page when it is read, so that no build reads all pages."""
    app.env.metadata[app.env.docname][PLACES_FOUND] = places_on(doctree)


def _configure(app: Sphinx) -> None:
    builder: Any = app.builder
    builder.search = False  # ours replaces Sphinx's index


def _title(env: BuildEnvironment, page: str) -> str:
    """Return the title of a page, with its number if it is a chapter."""
    heading = env.titles[page]
    number, title = chapter_number(env, page), "".join(_texts(heading, heading))
    return f"{number}. {title}" if number else title


def _write_search(app: Sphinx) -> Iterator[tuple[str, dict[str, Any], str]]:
    """Write the index, and have Sphinx write the page that searches it."""
    if app.builder.name != "html":
        return
    env = app.env
    index = [
        [
            app.builder.get_target_uri(page),
            _title(env, page),
            env.metadata[page][PLACES_FOUND],
        ]
        for page in sorted(env.found_docs)
    ]
    text = json.dumps(index, ensure_ascii=False, separators=(",", ":"))
    (Path(app.outdir) / "searchindex.js").write_text(
        f"const searchIndex = {text};\n", encoding="utf-8"
    )
    yield "search", {"title": "Search"}, "search.html"


def setup(app: Sphinx) -> None:
    """Connect to Sphinx."""
    app.connect("doctree-read", _note_places)
    app.connect("builder-inited", _configure)
    app.connect("html-collect-pages", _write_search)
