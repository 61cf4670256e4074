"""Show the boxes of task lists: ``- [ ] to do`` and ``- [x] done``.

MyST's own extension for them cannot read a page that is a notebook.
"""

from docutils import nodes
from sphinx.application import Sphinx

BOXES = {"[ ] ": "☐ ", "[x] ": "☑ ", "[X] ": "☑ "}


def _show_boxes(app: Sphinx, doctree: nodes.document) -> None:
    """Write boxes as characters, which all writers can show."""
    for point in doctree.findall(nodes.list_item):
        text = point.next_node(nodes.Text)
        if text is not None and isinstance(text.parent, nodes.paragraph):
            box = BOXES.get(text[:4], text[:4])
            text.parent.replace(text, nodes.Text(box + text[4:]))


def setup(app: Sphinx) -> None:
    """Connect to Sphinx."""
    app.connect("doctree-read", _show_boxes, priority=100)
