"""Write the tags of blocks of text on a page, as MyST-NB writes those of cells.

A block of text begins with ``+++ {"tags": ["slide"]}``, and MyST-NB drops what
stands there. Here each tag becomes a class, ``tag_slide``, of what the block
holds, which readers do not see, and from which `make slides` knows what to do.
"""

from bisect import bisect_right
from pathlib import Path

from docutils import nodes
from sphinx.application import Sphinx

from booktools.sources import read_chapter

BEGIN = {"slide", "subslide"}  # something new: the rest of the block goes on with it
GO_ON = "continued"


def _mark_blocks(app: Sphinx, doctree: nodes.document) -> None:
    root = Path(app.srcdir)
    path = Path(app.env.doc2path(app.env.docname))
    if path.parent != root / "chapters":
        return
    notebook = read_chapter(root, path)
    starts = notebook.metadata["source_map"]
    begun = set()
    for node in doctree.findall(nodes.Element):
        if not isinstance(node.parent, nodes.section) or not node.line:
            continue
        number = bisect_right(starts, node.line - 1) - 1
        cell = notebook.cells[max(number, 0)]
        if cell.cell_type != "markdown" or isinstance(node, nodes.section):
            continue
        tags = set(cell.metadata.get("tags", []))
        if number in begun and tags & BEGIN:
            tags = tags - BEGIN | {GO_ON}
        begun.add(number)
        node["classes"] += sorted(f"tag_{tag}" for tag in tags)


def setup(app: Sphinx) -> dict[str, bool]:
    """Connect to Sphinx."""
    app.connect("doctree-read", _mark_blocks)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
