"""The tests of chapters must go red where outputs are not what was built."""

import base64
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import nbformat
import pytest
from book import ROOT
from nbformat import NotebookNode
from small_book import CHAPTER, SmallBook, restored_process

from booktools.pytest_chapters import _fault

EXTRA = "\n```{code-cell} ipython3\nprint(1)\n```\n"
VARIES = EXTRA.replace("1", "object(), plt.__file__")
EMPTY = "\n```{code-cell} ipython3\n\n```\n"  # as Jupyter leaves it
NUMBER = "hex(1065353216)"


@pytest.fixture(scope="module")
def report(built_book: SmallBook) -> str:
    """Return what pytest says of three chapters: good, spoiled, without a reference."""
    book = built_book.restore()
    book.append(VARIES + EMPTY)
    book.add_chapter("02-spoiled", CHAPTER + EXTRA + EXTRA + EXTRA.replace("1", NUMBER))
    book.add_chapter("03-new", CHAPTER.replace("# A small", "# A new"))
    book.must_build()
    change_outputs(book.executed.with_name("02-spoiled.ipynb"))
    book.executed.with_name("03-new.ipynb").unlink()
    options = ("-q", "-p", "no:cacheprovider", "--color=no", "-rA")
    workers = ("--numprocesses", "2", "--dist", "loadfile")  # as in the Makefile
    with restored_process({"PYTHONPATH": str(ROOT), "BOOK_FRESH_KERNELS": "1"}):
        done = subprocess.run(
            [sys.executable, "-m", "pytest", *options, *workers, "chapters"],
            cwd=book.root,
            capture_output=True,
            text=True,
            check=False,
        )
    assert done.returncode == 1, done.stderr
    return done.stdout


def change_outputs(reference: Path) -> None:
    """Change five outputs of a chapter, each in a way of its own."""
    notebook = nbformat.read(reference, as_version=4)
    cells = [cell for cell in notebook.cells if cell.cell_type == "code"]
    cells[0].outputs = [nbformat.v4.new_output("stream", text="more\n")]
    cells[1].outputs[0].text = cells[1].outputs[0].text.replace("1", "7", 1)
    data = cells[2].outputs[0].data
    pixels = base64.b64decode(data["image/png"])
    data["image/png"] = base64.b64encode(pixels[:-1] + b"\x00").decode()
    cells[3].outputs = []
    cells[5].outputs[0].text = hex(1065353217)
    nbformat.write(notebook, reference)


def outcomes(report: str, chapter: str) -> dict[str, list[str]]:
    """Return the names of a chapter's tests by what became of them."""
    line = rf"^(PASSED|FAILED|ERROR) chapters/{chapter}\.md::([\w ]+)"
    told = re.findall(line, report, re.M)
    return {
        kind: sorted(name.strip() for found, name in told if found == kind)
        for kind in ("PASSED", "FAILED", "ERROR")
    }


def test_an_unbroken_chapter_passes(report: str) -> None:
    cells = [f"Cell {number}" for number in range(4)]  # none for an empty one
    assert outcomes(report, "01-small") == {
        "PASSED": [*cells, "reference"],
        "FAILED": [],
        "ERROR": [],
    }


def test_every_kind_of_output_that_differs_goes_red(report: str) -> None:
    assert outcomes(report, "02-spoiled") == {
        "PASSED": ["Cell 4", "reference"],
        "FAILED": [f"Cell {number}" for number in (0, 1, 2, 3, 5)],
        "ERROR": [],
    }
    line = CHAPTER.partition("\nprint(")[0].count("\n") + 1
    assert f"chapters/02-spoiled.md:{line} Cell 1" in report


def test_without_a_reference_the_first_test_of_a_chapter_says_what_to_do(
    report: str,
) -> None:
    assert outcomes(report, "03-new") == {  # its cells run: there is nothing to compare
        "PASSED": [f"Cell {number}" for number in range(3)],
        "FAILED": ["reference"],
        "ERROR": [],
    }
    assert "make book has not built this chapter" in report


# Whether a reference belongs to the chapter


@pytest.fixture
def notebook() -> NotebookNode:
    cell = nbformat.v4.new_code_cell("1", execution_count=1, metadata={"tags": ["a"]})
    return nbformat.v4.new_notebook(cells=[cell], metadata={"fingerprint": "f"})


def test_a_reference_belongs_to_its_chapter(notebook: NotebookNode) -> None:
    other = nbformat.from_dict(notebook)
    other.cells.insert(0, nbformat.v4.new_markdown_cell("Words do not matter."))
    assert _fault(other, notebook, "f") == ""


@pytest.mark.parametrize(
    ("spoil", "fault"),
    [
        (lambda it: it.metadata.update(fingerprint="g"), "with different helpers"),
        (lambda it: it.metadata.pop("fingerprint"), "with different helpers"),
        (lambda it: it.cells[0].update(source="2"), "the code was changed"),
        (lambda it: it.cells[0].metadata.update(tags=[]), "the code was changed"),
        (lambda it: it.cells.append(it.cells[0]), "the code was changed"),
        (lambda it: it.cells[0].update(execution_count=None), "was not executed"),
    ],
)
def test_a_reference_that_does_not_belong_to_its_chapter_is_refused(
    notebook: NotebookNode, spoil: Callable[[NotebookNode], object], fault: str
) -> None:
    reference = nbformat.reads(nbformat.writes(notebook), as_version=4)
    spoil(reference)
    assert fault in _fault(notebook, reference, "f")
