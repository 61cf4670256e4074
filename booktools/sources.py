"""The sources of the book: its folders, its chapters, and how to read one.

The book's root is the folder that contains ``_config.yml``.
"""

import copy
import re
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from sphinx_external_toc.parsing import parse_toc_yaml

if TYPE_CHECKING:
    from nbformat import NotebookNode

BUILD = Path("_build")  # this and the following are relative to the root
EXECUTED = BUILD / "executed"  # the executed chapters that the built pages show
LOCK = BUILD / "lock"  # held while building, printing or exporting


def pages(root: Path) -> list[str]:
    """Return the names of the pages that the table of contents lists, in order.

    Raises
    ------
    sphinx_external_toc.parsing.MalformedError
        If ``_toc.yml`` is not a table of contents.
    """
    return list(parse_toc_yaml(root / "_toc.yml"))


def part_of(root: Path, page: str) -> str:
    """Return the title of the part that a page belongs to, or an empty string."""
    for part in parse_toc_yaml(root / "_toc.yml").root.subtrees:
        if page in part.items:
            return part.caption or ""
    return ""


def chapter_files(root: Path) -> list[Path]:
    """Return the chapters that the table of contents lists, in order.

    Raises
    ------
    FileNotFoundError
        If one of them does not exist.
    """
    names = [name for name in pages(root) if name.startswith("chapters/")]
    files = [root / f"{name}.md" for name in names]
    for file in files:
        if not file.is_file():
            raise FileNotFoundError(
                f"_toc.yml lists {file.relative_to(root)}, which does not exist."
            )
    return files


def first_chapter(root: Path) -> Path:
    """Return the chapter that readers begin with: the first that has a number.

    Raises
    ------
    FileNotFoundError
        If a chapter that the table of contents lists does not exist.
    """
    parts = parse_toc_yaml(root / "_toc.yml").root.subtrees
    numbered = {str(page) for part in parts if part.numbered for page in part.items}
    files = chapter_files(root)
    for file in files:
        if file.relative_to(root).with_suffix("").as_posix() in numbered:
            return file
    return files[0]


def package_folder(name: str) -> Path:
    """Return the folder of an installed package, without importing it."""
    spec = find_spec(name)
    if spec is None or spec.origin is None:
        raise ModuleNotFoundError(name)
    return Path(spec.origin).parent


def read_chapter(root: Path, path: Path) -> "NotebookNode":
    """Read a chapter as a notebook, the way MyST-NB does.

    Its metadata record where each cell is; see `cell_place`. Cell ids are
    numbered, whereas MyST-NB would choose them at random.

    Raises
    ------
    ValueError
        If a cell cannot be read; the message names file and line.
    """
    name = path.relative_to(root) if path.is_relative_to(root) else path
    return copy.deepcopy(_parse(path.read_text(encoding="utf-8"), name))


@lru_cache(maxsize=64)  # a build needs each chapter several times
def _parse(text: str, name: Path) -> "NotebookNode":
    from myst_nb.core.read import read_myst_markdown_notebook  # a slow import

    try:
        notebook = read_myst_markdown_notebook(text, add_source_map=True, path=name)
    except Exception as error:  # MyST-NB's errors share no base class
        message = re.sub(r"line (\d+)", rf"{name}:\1", str(error))
        raise ValueError(message) from error
    for number, cell in enumerate(notebook.cells):
        cell["id"] = f"cell-{number}"
    lines = notebook.metadata["source_map"]
    notebook.metadata["places"] = [f"{name}:{line}" for line in lines]
    return notebook


def cell_place(notebook: "NotebookNode", index: int) -> str:
    """Return where a code cell begins, as ``file:line``, with lines counted from 1."""
    return str(notebook.metadata["places"][index])
