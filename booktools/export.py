"""Export the chapters as notebooks, for Colab, Binder and a separate branch.

The site is built first; the notebooks are those that its pages offer for
download. They are copied to ``_build/notebooks``, without outputs unless
``OUTPUTS=1``, with everything that Binder needs to run them, so this folder is
the complete branch that the launch buttons open. It replaces the last one only
if the export succeeded.
"""

import shutil
from pathlib import Path
from urllib.parse import quote

import nbformat
from filelock import FileLock
from nbformat import NotebookNode

from booktools import build
from booktools.build import replacing
from booktools.edition import SITES, STUDENT, edition
from booktools.environment import flag
from booktools.sources import BUILD, LOCK
from booktools.sphinx.book import Book, load_book
from booktools.sphinx.buttons import launch_addresses
from booktools.sphinx.notebooks import is_title, own_package
from booktools.sphinx.tasks import TASKS
from helpers.obfuscation import obfuscate

NOTEBOOKS = BUILD / "notebooks"
# What Binder installs: the packages, and the book's own code.
FOR_BINDER = (
    "binder",
    "booktools",
    "constraints.txt",
    "helpers",
    "interactive",
    "pyproject.toml",
    "LICENSE",
)
STUDENT_NOTE = "\nThey have the exercises but not the solutions."
README = """\
# Notebooks of a book

These notebooks were generated from {commit} of the book{where}.{edition}
Edit the chapters there: each export overwrites the notebooks.

{list}
"""


def main(root: Path) -> int:
    """Build the site, export its notebooks, and return the exit status."""
    outputs = flag("OUTPUTS")
    if status := build.main(root):
        return status
    book = load_book(root)
    folder = root / NOTEBOOKS
    # One at a time, as for builds.
    with FileLock(root / LOCK), replacing(folder) as new:
        export(book, root / BUILD / SITES[edition()], new, outputs=outputs)
    print(f"The notebooks are in {folder}")
    if "@" not in own_package(book):
        print(
            "The book's address on the web is not known, so they cannot install its "
            "helpers. Set BOOK_REPOSITORY, or add a remote: git remote add origin …"
        )
    elif book.is_changed:
        print("They install the helpers of the last commit, without later changes.")
    return 0


def export(book: Book, site: Path, folder: Path, *, outputs: bool) -> None:
    """Write the notebooks of a site, with or without outputs, into a new folder."""
    titles = {}
    for page in book.chapters:
        notebook = nbformat.read(site / f"{page}.ipynb", as_version=4)
        titles[page] = title_of(notebook)
        if not outputs:
            clear_outputs(notebook)
        target = folder / f"{page}.ipynb"
        target.parent.mkdir(parents=True, exist_ok=True)
        nbformat.write(notebook, target)
    for name in FOR_BINDER:
        source = book.root / name
        if source.is_dir():
            ignored = shutil.ignore_patterns("__pycache__")
            shutil.copytree(source, folder / name, ignore=ignored)
        else:
            shutil.copy(source, folder / name)
    (folder / TASKS).mkdir()
    for path in (book.root / TASKS).glob("*.py"):
        text = path.read_text(encoding="utf-8")
        obfuscated = edition() == STUDENT and path.stem != "__init__"
        (folder / TASKS / path.name).write_text(obfuscate(text) if obfuscated else text)
    write_readme(book, folder / "README.md", titles)


def title_of(notebook: NotebookNode) -> str:
    """Return the title of a notebook: its first heading."""
    text = next(cell for cell in notebook.cells if is_title(cell))
    return text.source.partition("\n")[0].removeprefix("# ")


def clear_outputs(notebook: NotebookNode) -> None:
    """Remove the outputs of a notebook's cells."""
    for cell in notebook.cells:
        if cell.cell_type == "code":
            cell.outputs, cell.execution_count = [], None


def write_readme(book: Book, path: Path, titles: dict[str, str]) -> None:
    """Write a README that links to the notebooks, given their titles by page."""
    lines = []
    for page, title in titles.items():
        launches = launch_addresses(book.repository, page)
        links = [f"[{name}]({where})" for name, where in launches.items()]
        on = f": run it on {' or '.join(links)}" if links else ""
        lines.append(f"- [{title}]({quote(page)}.ipynb){on}")
    text = README.format(
        commit=f"commit {book.commit}" if book.commit else "a copy",
        edition=STUDENT_NOTE if edition() == STUDENT else "",
        where=f", {book.repository}" if book.repository else "",
        list="\n".join(lines),
    )
    path.write_text(text, encoding="utf-8")
