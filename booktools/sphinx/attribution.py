"""Put title and authors on the pages, and credit the original of a fork.

Both come from ``_config.yml``. The role ``{book}`` writes them into
the text: ``{book}`title```, ``{book}`author```.
"""

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.config import Config
from sphinx.util.docutils import SphinxRole

LICENCE = "https://creativecommons.org/licenses/by/4.0/"
ORIGINAL = {"title": "", "author": "", "address": ""}


def adapted_from(config: Config) -> list[tuple[str, str]]:
    """Return the credit that a fork owes the original; empty in the original.

    It is a list of pieces of text, each with the address it links to, or "".
    """
    original = ORIGINAL | config.original
    if (original["title"], original["author"]) in (
        ("", ""),
        (config.html_title, config.author),
    ):
        return []
    return [
        ("This book is adapted from ", ""),
        (f"“{original['title']}”", original["address"]),
        (f" by {original['author']}, which may be shared and changed under ", ""),
        ("CC BY 4.0", LICENCE),
        (". It has been changed.", ""),
    ]


class BookRole(SphinxRole):
    """A fact about the book from `_config.yml`."""

    def run(self) -> tuple[list[nodes.Node], list[nodes.system_message]]:
        """Return the fact as text, or a warning if there is no such fact."""
        facts = {"title": self.config.html_title, "author": self.config.author}
        if self.text not in facts:
            message = f"{{book}} knows {' and '.join(facts)}, but not {self.text!r}."
            return [], [self.inliner.reporter.warning(message, line=self.lineno)]
        return [nodes.Text(facts[self.text])], []


def _add_credit(app: Sphinx, doctree: nodes.document) -> None:
    """Credit the original of a fork at the end of the first page."""
    pieces = adapted_from(app.config)
    if not pieces or app.env.docname != app.config.root_doc:
        return
    credit = nodes.paragraph(classes=["adapted-from"])
    for text, address in pieces:
        link = nodes.reference("", text, refuri=address)
        credit += link if address else nodes.Text(text)
    page = next(doctree.findall(nodes.section), doctree)
    page += [nodes.transition(), credit]


def setup(app: Sphinx) -> None:
    """Connect to Sphinx."""
    app.add_config_value("original", {}, "env")
    app.add_role("book", BookRole())
    app.connect("doctree-read", _add_credit, priority=100)
