"""Write code with an element only for the tokens that have a colour.

Pygments marks every name and bracket, which doubles the number of elements on a
page, and with it the time that a phone takes to lay it out. Cells without code, such
as Jupyter leaves at the end of a chapter, are left out.
"""

from collections.abc import Iterator
from typing import Any

from docutils import nodes
from ipython_pygments_lexers import IPython3Lexer
from pygments.lexers.python import PythonLexer
from pygments.token import Name, Operator, Punctuation, Text, Whitespace, _TokenType
from sphinx.application import Sphinx

# Of these only operators would have a colour, and they are quieter without.
PLAIN = {Name, Name.Namespace, Operator, Punctuation, Whitespace}


class _PlainNames(PythonLexer):
    """A lexer for which names and operators are plain text."""

    def get_tokens_unprocessed(
        self, text: str, stack: tuple[str, ...] = ("root",)
    ) -> Iterator[tuple[int, _TokenType, str]]:
        """Yield position, kind and text of each token."""
        for place, kind, part in super().get_tokens_unprocessed(text, stack):
            yield place, Text if kind in PLAIN else kind, part


class Python(_PlainNames):
    """Python, in blocks that are not executed."""


class IPython(_PlainNames, IPython3Lexer):
    """Python with IPython's magics, in cells."""


def _remove_empty_cells(app: Sphinx, doctree: nodes.document) -> None:
    """Remove the cells of a page that consist of an empty input."""
    for cell in list(doctree.findall(nodes.container)):
        parts: list[Any] = [part.get("nb_element") for part in cell.children]
        if parts == ["cell_code_source"] and not cell.astext().strip():
            cell.parent.remove(cell)


def setup(app: Sphinx) -> None:
    """Use these lexers for Python, and remove empty cells."""
    app.add_lexer("python", Python)
    app.add_lexer("ipython3", IPython)
    app.connect("doctree-read", _remove_empty_cells, priority=100)
