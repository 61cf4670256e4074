"""Show the boxes of task lists: ``- [ ] to do`` and ``- [x] done``.

MyST's own extension for them cannot read a page that is a notebook.
"""

from typing import Any

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.transforms import SphinxTransform

BOXES = {"[ ] ": "☐ ", "[x] ": "☑ ", "[X] ": "☑ "}


class ShowBoxes(SphinxTransform):
    """Writes a box where a list item begins with brackets."""

    default_priority = 100  # type: ignore[assignment]

    def apply(self, **kwargs: Any) -> None:
        """Write them as characters, which all writers can show."""
        for point in self.document.findall(nodes.list_item):
            text = point.next_node(nodes.Text)
            if text is not None and isinstance(text.parent, nodes.paragraph):
                box = BOXES.get(text[:4], text[:4])
                text.parent.replace(text, nodes.Text(box + text[4:]))


def setup(app: Sphinx) -> None:
    """Connect to Sphinx."""
    app.add_transform(ShowBoxes)
