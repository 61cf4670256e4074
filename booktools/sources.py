"""What the book is made of: its folders, its chapters, and how one is read.

Every function takes the book's root, the folder that holds ``_config.yml``.
"""

import copy
import re
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from sphinx_external_toc.parsing import parse_toc_yaml

if TYPE_CHECKING:
    from nbformat import NotebookNode

BUILD = Path("_build")  # this and what follows lies below the root
EXECUTED = BUILD / "executed"  # the chapters as the built pages show them
LOCK = BUILD / "lock"  # held by whatever builds, prints or exports


def pages(root: Path) -> list[str]:
    """Return the names of the pages that the table of contents lists, in order.

    Raises
    ------
    sphinx_external_toc.parsing.MalformedError
        If ``_toc.yml`` is not a table of contents.
    """
    return list(parse_toc_yaml(root / "_toc.yml"))


def chapter_files(root: Path) -> list[Path]:
    """Return the chapters that the table of contents lists, in order.

    Raises
    ------
    FileNotFoundError
        If one of them is not there.
    """
    names = [name for name in pages(root) if name.startswith("chapters/")]
    files = [root / f"{name}.md" for name in names]
    for file in files:
        if not file.is_file():
            raise FileNotFoundError(
                f"_toc.yml lists {file.relative_to(root)}, which does not exist."
            )
    return files


def read_chapter(root: Path, path: Path) -> "NotebookNode":
    """Read a chapter as a notebook, the way MyST-NB does.

    Its metadata say where each cell stands; see `cell_place`. Cells are
    numbered, where MyST-NB would draw names at random.

    Raises
    ------
    ValueError
        If a cell cannot be read; it is named by file and line.
    """
    name = path.relative_to(root) if path.is_relative_to(root) else path
    return copy.deepcopy(_parse(path.read_text(encoding="utf-8"), name))


@lru_cache(maxsize=64)  # a build needs each chapter several times
def _parse(text: str, name: Path) -> "NotebookNode":
    from myst_nb.core.read import read_myst_markdown_notebook  # it imports much

    try:
        notebook = read_myst_markdown_notebook(text, add_source_map=True, path=name)
    except Exception as error:  # MyST-NB's own have no common kind
        said = re.sub(r"line (\d+)", rf"{name}:\1", str(error))
        raise ValueError(said) from error
    for number, cell in enumerate(notebook.cells):
        cell["id"] = f"cell-{number}"
    lines = notebook.metadata["source_map"]
    notebook.metadata["places"] = [f"{name}:{line}" for line in lines]
    return notebook


def cell_place(notebook: "NotebookNode", index: int) -> str:
    """Return file and line (from 1) on which a code cell opens, as ``file:line``."""
    return str(notebook.metadata["places"][index])
