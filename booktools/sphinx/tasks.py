"""Show the functions that readers write, and fold the book's versions below them.

A cell tagged ``try-it`` holds an empty function, and the next one, tagged
``check-it``, calls `check` on it. Notebooks have both as they are. The site shows
the empty function in a box with the book's version folded; on paper the book's
version is in its place. The student's edition has the empty function alone.
"""

import ast
import re
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple

from docutils import nodes
from myst_nb.sphinx_ import HideCodeCellNode
from nbformat import NotebookNode
from sphinx.application import Sphinx
from sphinx.util.logging import getLogger

from booktools.edition import STUDENT

logger = getLogger(__name__)

TASKS = "chapters/tasks"  # what `check` knows, the answers among it
# The classes that MyST-NB makes of the tags.
TRY, CHECK = "tag_try-it", "tag_check-it"
TITLE = "Try it yourself"
PROMPT = "Show the book’s version", "Hide the book’s version"  # noqa: RUF001
CALL = re.compile(r"\bcheck\(\s*(\w+),\s*[\"']([\w-]+)[\"']")


def task_label(notebook: NotebookNode) -> str:
    """Return the label of a chapter if it asks for functions, or an empty text."""
    tagged = (it for it in notebook.cells if "check-it" in it.metadata.get("tags", []))
    found = (CALL.search(cell.source) for cell in tagged)
    return next((call[2] for call in found if call), "")


class Solution(NamedTuple):
    """The book's version of a function: its source, and the file it stands in."""

    source: str
    file: Path


def find_solution(root: Path, chapter: str, name: str) -> Solution | None:
    """Return the book's version of a function that a chapter asks for, if there is one.

    It is read, not imported: the tasks of some chapters import PyTorch.
    """
    file = root / TASKS / f"{chapter.replace('-', '_')}.py"
    text = file.read_text(encoding="utf-8") if file.is_file() else ""
    for node in ast.parse(text, file).body:
        if isinstance(node, ast.FunctionDef) and node.name == name:
            lines = text.splitlines()[node.lineno - 1 : node.end_lineno]
            return Solution("\n".join(lines), file)
    return None


def solutions_of(root: Path, doctree: nodes.document) -> Iterator[tuple[Any, Solution]]:
    """Yield the cells with empty functions, each with the book's version."""
    cells = [
        it for it in doctree.findall(nodes.container) if {TRY, CHECK} & _classes(it)
    ]
    for cell, following in pairwise([*cells, nodes.container()]):
        if TRY not in _classes(cell):
            continue
        call = CALL.search(following.astext())
        if call and (solution := find_solution(root, call[2], call[1])):
            yield cell, solution
        else:
            message = "no check-it cell checks this function"
            logger.warning(message, location=cell)


def _classes(node: nodes.Element) -> set[str]:
    return set(node["classes"])


def source_cell(cell: nodes.container, source: str) -> nodes.container:
    """Return a cell like another one, with other source."""
    copy = cell.deepcopy()
    copy["classes"] = [it for it in copy["classes"] if it != TRY]
    code: Any = copy.next_node(nodes.literal_block)
    code.rawsource = source
    code.children = []
    code += nodes.Text(source)
    return copy


def put_into_box(cell: Any, solution: nodes.container | None) -> None:
    """Put an empty function into a box, with the book's version folded."""
    box = nodes.admonition(classes=["try-it"])
    box += nodes.title("", TITLE)
    cell.parent.replace(cell, box)
    box += cell
    if solution is not None:
        show, hide = PROMPT
        fold = HideCodeCellNode(
            "", *solution.children, prompt_show=show, prompt_hide=hide
        )
        fold["classes"].append("above-input")
        solution.children = []
        solution += fold
        box += solution


def show_tasks(app: Sphinx, doctree: nodes.document, page: str) -> None:
    """Arrange the functions of a page as its edition and medium want them."""
    is_student = app.config.edition == STUDENT
    for cell, (source, _) in list(solutions_of(Path(app.srcdir), doctree)):
        solution = None if is_student else source_cell(cell, source)
        if app.builder.name != "print":
            put_into_box(cell, solution)
        elif solution is not None:
            cell.parent.replace(cell, solution)
    for cell in list(doctree.findall(nodes.container)):
        if CHECK in _classes(cell):
            cell.parent.remove(cell)


def _note_modules(app: Sphinx, doctree: nodes.document) -> None:
    """Let Sphinx read a page again when what is known about its tasks changes."""
    for _, solution in solutions_of(Path(app.srcdir), doctree):
        app.env.note_dependency(str(solution.file))


def setup(app: Sphinx) -> None:
    """Connect to Sphinx, after the notebook has been written from the page."""
    app.connect("doctree-read", _note_modules)
    app.connect("doctree-resolved", show_tasks, priority=1001)
