"""The sources of the book: its folders and files, and how to read a chapter.

The book's root is the folder that contains ``_config.yml``.
"""

import copy
import os
import re
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from booktools.errors import AuthorError
from booktools.yaml_files import parse_yaml, read_text

if TYPE_CHECKING:
    from nbformat import NotebookNode

BUILD = Path("_build")  # this and the following are relative to the root
EXECUTED = BUILD / "executed"  # the executed chapters that the built pages show
LOCK = BUILD / "lock"  # held while building, printing or exporting
EXCLUDED_FOLDERS = {str(BUILD), "tests"}  # and what begins with a dot
HEADER = re.compile(r"---[ \t]*\n(.*?)^(?:---|\.\.\.)[ \t]*$", re.M | re.S)
# The options of a cell, between lines of dashes or each after a colon.
OPTIONS = re.compile(
    r"^```+\{code-cell\}[^\n]*\n(?:---[ \t]*\n(.*?)^---|((?::[^\n]*\n)+))", re.M | re.S
)
VISIBLE_FIELDS = {"description", "gpu"}  # fields of a header that readers see
REQUIRED_HEADER = {
    ("jupytext", "text_representation", "extension"): ".md",
    ("jupytext", "text_representation", "format_name"): "myst",
    ("kernelspec", "display_name"): "Python 3",
    ("kernelspec", "name"): "python3",
}


def book_files(root: Path) -> list[Path]:
    """Return the files that the book may be made of, relative to its root.

    Left out are the tests, what is built or installed, virtual environments, names
    that begin with a dot, and what is not a file, such as a dangling link.
    Links to folders are followed, each folder once.
    """
    found: list[Path] = []
    seen: set[Path] = set()
    for folder, folders, files in os.walk(root, followlinks=True):
        here = Path(folder)
        if here.resolve() in seen or "pyvenv.cfg" in files:
            folders.clear()
            continue
        seen.add(here.resolve())
        folders[:] = sorted(
            name
            for name in folders
            if not name.startswith((".", "__"))
            and not name.endswith(".egg-info")
            and str((here / name).relative_to(root)) not in EXCLUDED_FOLDERS
        )
        paths = (here / name for name in sorted(files) if not name.startswith("."))
        found += [it.relative_to(root) for it in paths if os.path.isfile(it)]  # noqa: PTH113
    return found


def is_readable(path: str | Path) -> bool:
    """Return whether a text that an author has written names a file we may read.

    `Path.is_file` raises an error if the text is too long for a name, or leads into a
    folder that we may not open.
    """
    return os.path.isfile(path) and os.access(path, os.R_OK)  # noqa: PTH113


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
    AuthorError
        If it cannot be read.
    """
    name = path.relative_to(root) if path.is_relative_to(root) else path
    return copy.deepcopy(_parse(read_text(path, name), name))


@lru_cache(maxsize=64)  # a build needs each chapter several times
def _parse(text: str, name: Path) -> "NotebookNode":
    from myst_nb.core.read import read_myst_markdown_notebook  # slow imports
    from nbformat import ValidationError

    if not text.strip():
        raise AuthorError("this file is empty.", name)
    if header := HEADER.match(text):
        parse_yaml(header[1], name, 2)
    try:
        notebook = read_myst_markdown_notebook(text, add_source_map=True, path=name)
    except ValidationError as error:
        message = f"{error.message}; tags are a list, as in :tags: [hide-input]"
        tags = re.search(r"^:?tags:[ \t]*[^\s\[]", text, re.M)
        line = text.count("\n", 0, tags.start()) + 1 if tags else 0
        raise AuthorError(message, name, line) from error
    except Exception as error:  # MyST-NB's errors share no base class
        _check_options(text, name)
        found = re.search(r"at line (\d+)", str(error))
        message = str(error) or type(error).__name__
        raise AuthorError(message, name, int(found[1]) if found else 0) from error
    for number, cell in enumerate(notebook.cells):
        cell["id"] = f"cell-{number}"
    lines = notebook.metadata["source_map"]
    notebook.metadata["places"] = [f"{name}:{line}" for line in lines]
    return notebook


def _check_options(text: str, name: Path) -> None:
    """Raise AuthorError at the first line of a cell's options that is not YAML."""
    for cell in OPTIONS.finditer(text):
        between, colons = cell.groups()
        options = colons.replace("\n:", "\n").removeprefix(":") if colons else between
        line = text.count("\n", 0, cell.start(2 if colons else 1)) + 1
        if options.strip():
            parse_yaml(options, name, line)


def check_header(root: Path, path: Path) -> None:
    """Check that what readers see of a header is text, and that Jupyter opens it.

    Raises
    ------
    AuthorError
        If a field that readers see is not a text, or if the chapter has code and its
        header lacks what Jupyter needs to open and save it as a notebook.
    """
    name = path.relative_to(root)
    text = read_text(path, name)
    has_code = "{code-cell}" in text
    header = HEADER.match(text)
    if header is None:
        if not has_code:
            return
        message = "this chapter has no header; copy another chapter's, from --- to ---."
        raise AuthorError(message, name, 1)
    file = parse_yaml(header[1], name, 2)
    for key in sorted(VISIBLE_FIELDS & file.data.keys()):
        if not isinstance(file.data[key], str):
            raise file.error(f"write a text after “{key}:”, or delete this line.", key)
    if not has_code:
        return
    for place, value in REQUIRED_HEADER.items():
        found: Any = file.data
        for key in place:
            found = found.get(key, {}) if isinstance(found, dict) else {}
        if not found or (place[-1] != "display_name" and found != value):
            raise file.error(
                f"the header needs “{place[-1]}: {value}” below “{place[-2]}”; "
                "without it cells, at least those that Jupyter adds, never run. Copy "
                "the header of another chapter.",
                *place,
            )


def code_cells(root: Path, path: Path) -> list[str]:
    """Return where the code cells of a page are."""
    if "{code-cell}" not in read_text(path, path.relative_to(root)):
        return []  # most pages; parsing one takes a while
    notebook = read_chapter(root, path)
    return [
        cell_place(notebook, number)
        for number, cell in enumerate(notebook.cells)
        if cell.cell_type == "code"
    ]


def cell_place(notebook: "NotebookNode", index: int) -> str:
    """Return where a code cell begins, as ``file:line``, with lines counted from 1."""
    return str(notebook.metadata["places"][index])
