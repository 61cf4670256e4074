"""Let the reader choose the line of a cell that is wrong, before the page says why.

A cell names a part of that line, or of several, each of which is right to choose:

    ```{code-cell} ipython3
    :wrong-line: test_loader = DataLoader(train_set
    ```

Where a statement goes over several lines, all of them count. ``missing`` says that
no line is wrong, and one is missing. What follows the last cell of the section that
is meant to fail says why, and is folded on the page. There a script turns the lines
into buttons; in print and in a notebook nothing is changed.
"""

import ast
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from docutils import nodes
from sphinx.application import Sphinx

from booktools.errors import AuthorError

KEY = "wrong-line"  # in a cell's metadata
MISSING = "missing"
RAISES = "tag_raises-exception"
CLASS, SCRIPT = "spot-the-line", "spot-the-line.js"
SUMMARY = "What is wrong, and the fix"


def exhibits_on(doctree: nodes.document) -> Iterator[Any]:
    """Yield the cells of a page whose wrong line is named."""
    for cell in doctree.findall(nodes.container):
        if KEY in cell.get("cell_metadata", {}):
            yield cell


def find_lines(code: str, named: Any) -> list[int]:
    """Return the lines that are wrong, counted from 1; none if one is missing.

    Parameters
    ----------
    code : str
        What the cell computes.
    named : str or list of str
        A part of each wrong line, or "missing".

    Raises
    ------
    ValueError
        If a part is not in exactly one line.
    """
    parts = [named] if isinstance(named, str) else named
    if parts == [MISSING]:
        return []
    found: set[int] = set()
    for part in parts:
        lines = [n for n, line in enumerate(code.splitlines(), 1) if part in line]
        if len(lines) != 1:
            count = len(lines) or "none"
            raise ValueError(f"“{part}” is in {count} of the cell's lines, not in one")
        found |= set(_statement_at(code, lines[0]))
    return sorted(found)


def _statement_at(code: str, line: int) -> range:
    """Return the lines of a statement; of one with a body, those above the body."""
    around = [
        it
        for it in ast.walk(ast.parse(code))
        if isinstance(it, ast.stmt) and it.lineno <= line <= (it.end_lineno or line)
    ]
    alone = range(line, line + 1)  # a comment, or a decorator
    if not around:
        return alone
    innermost: Any = max(around, key=lambda it: it.lineno)
    body = getattr(innermost, "body", None)
    end = body[0].lineno if body else innermost.end_lineno + 1
    whole = range(innermost.lineno, end)
    return whole if line in whole else alone


def _mark(app: Sphinx, doctree: nodes.document, page: str) -> None:
    """Mark the lines of each exhibit, and fold what gives them away."""
    for cell in exhibits_on(doctree) if app.builder.name != "print" else ():
        code: Any = cell.next_node(nodes.literal_block)
        try:
            lines = find_lines(code.astext(), cell["cell_metadata"][KEY])
            cause = _cause_of(cell)
        except (ValueError, SyntaxError) as error:
            file = Path(app.env.doc2path(page))
            above = file.read_text(encoding="utf-8").splitlines()[: cell.line]
            line = max(n for n, text in enumerate(above, 1) if KEY in text)
            place = file.relative_to(app.srcdir).as_posix()
            raise AuthorError(f"{KEY}: {error}.", place, line) from error
        marks = [f"wrong-{line}" for line in lines] or [f"wrong-{MISSING}"]
        cell["classes"] += [CLASS, *marks]
        opening = f'<details class="cause"><summary>{SUMMARY}</summary>'
        around = [
            nodes.raw("", text, format="html") for text in (opening, "</details>")
        ]
        section = cell.parent
        section.insert(section.index(cause[0]), around[0])
        section.insert(section.index(cause[-1]) + 1, around[1])


def _cause_of(cell: Any) -> list[nodes.Node]:
    """Return what follows the last cell after this one that is meant to fail."""
    after = cell.parent.children[cell.parent.index(cell) + 1 :]
    after = [it for it in after if not isinstance(it, nodes.section)]
    raising = [i for i, it in enumerate(after) if RAISES in it.get("classes", [])]
    cause = after[raising[-1] + 1 :] if raising else []
    if not cause:
        raise ValueError(
            "no cell below it, in the same section, has the tag raises-exception and "
            "is followed by text that says what is wrong"
        )
    return cause


def _add_script(
    app: Sphinx, page: str, template: str, context: dict[str, Any], doctree: Any
) -> None:
    if doctree is not None and any(exhibits_on(doctree)):
        app.add_js_file(SCRIPT, loading_method="defer", priority=400)


def setup(app: Sphinx) -> None:
    """Connect to Sphinx, after the notebook has been written from the page."""
    app.connect("doctree-resolved", _mark, priority=1000)
    app.connect("html-page-context", _add_script, priority=400)  # before theme.py
