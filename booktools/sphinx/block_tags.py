"""Write the tags of text blocks on a page, as MyST-NB does for cells.

A text block can begin with ``+++ {"tags": ["slide"]}``, whose tags MyST-NB
drops. Here each tag becomes a class (``tag_slide``) of the block's content,
which readers do not see and `make slides` uses.
"""

from bisect import bisect_right
from pathlib import Path

from docutils import nodes
from sphinx.application import Sphinx

from booktools.sources import read_chapter

NEW_SLIDE = {"slide", "subslide"}  # for a block's first element; the rest continue
CONTINUED = "continued"


def _mark_blocks(app: Sphinx, doctree: nodes.document) -> None:
    root = Path(app.srcdir)
    path = Path(app.env.doc2path(app.env.docname))
    if path.parent != root / "chapters":
        return
    notebook = read_chapter(root, path)
    starts = notebook.metadata["source_map"]
    started = set()
    for node in doctree.findall(nodes.Element):
        if not isinstance(node.parent, nodes.section) or not node.line:
            continue
        number = bisect_right(starts, node.line - 1) - 1
        cell = notebook.cells[max(number, 0)]
        if cell.cell_type != "markdown" or isinstance(node, nodes.section):
            continue
        tags = set(cell.metadata.get("tags", []))
        if number in started and tags & NEW_SLIDE:
            tags = tags - NEW_SLIDE | {CONTINUED}
        started.add(number)
        node["classes"] += sorted(f"tag_{tag}" for tag in tags)


def setup(app: Sphinx) -> None:
    """Connect to Sphinx."""
    app.connect("doctree-read", _mark_blocks)
