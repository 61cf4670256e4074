"""The tests of chapters must go red where outputs are not what was built."""

import base64
import subprocess
import sys
from collections.abc import Callable

import nbformat
import pytest
from book import ROOT
from nbformat import NotebookNode
from small_book import CHAPTER, SmallBook, restored_process

from booktools.pytest_chapters import _fault

EXTRA = "\n```{code-cell} ipython3\nprint(1)\n```\n"
VARIES = EXTRA.replace("1", "object(), plt.__file__")


def run_tests(book: SmallBook, *options: str) -> tuple[int, str]:
    """Run the cells of the chapters in a new process of pytest."""
    fixed = ("-m", "pytest", "-q", "-p", "no:cacheprovider", "--color=no", "chapters")
    with restored_process({"PYTHONPATH": str(ROOT), "BOOK_FRESH_KERNELS": "1"}):
        done = subprocess.run(
            [sys.executable, *fixed, *options],
            cwd=book.root,
            capture_output=True,
            text=True,
            check=False,
        )
    return done.returncode, done.stdout + done.stderr


def test_an_unbroken_book_passes_with_the_cells_of_a_chapter_in_one_process(
    book: SmallBook,
) -> None:
    book.add_chapter("02-other", CHAPTER.replace("# A small", "# Another"))
    book.append("\n```{code-cell} ipython3\n\n```\n")  # as Jupyter leaves it
    book.append(VARIES)
    book.must_build()
    status, said = run_tests(book, "--numprocesses", "2", "--dist", "loadfile")
    assert status == 0, said
    assert "9 passed" in said  # of each chapter the reference, and all cells


def test_every_kind_of_output_that_differs_goes_red(book: SmallBook) -> None:
    book.append(EXTRA + EXTRA + EXTRA.replace("1", "hex(1065353216)"))
    book.must_build()
    notebook = nbformat.read(book.executed, as_version=4)
    cells = [cell for cell in notebook.cells if cell.cell_type == "code"]
    cells[0].outputs = [nbformat.v4.new_output("stream", text="more\n")]
    cells[1].outputs[0].text = cells[1].outputs[0].text.replace("1", "7", 1)
    data = cells[2].outputs[0].data
    pixels = base64.b64decode(data["image/png"])
    data["image/png"] = base64.b64encode(pixels[:-1] + b"\x00").decode()
    cells[3].outputs = []
    cells[5].outputs[0].text = hex(1065353217)
    nbformat.write(notebook, book.executed)
    status, said = run_tests(book)
    assert status == 1
    failed = [line for line in said.splitlines() if line.startswith("FAILED")]
    assert len(failed) == 5, said
    for number, line in zip((0, 1, 2, 3, 5), failed, strict=True):
        assert f"chapters/01-small.md::Cell {number}" in line
    before = book.chapter.read_text().partition("\nprint(")[0]
    assert f"chapters/01-small.md:{before.count(chr(10)) + 1} Cell 1" in said


def test_without_a_reference_the_first_test_of_a_chapter_says_what_to_do(
    book: SmallBook,
) -> None:
    book.executed.unlink()
    status, said = run_tests(book)
    assert status == 1
    assert "make book has not built this chapter" in said
    assert "1 failed, 3 passed" in said  # they run, and there is nothing to compare


# Whether a reference belongs to the chapter


@pytest.fixture
def notebook() -> NotebookNode:
    cell = nbformat.v4.new_code_cell("1", execution_count=1, metadata={"tags": ["a"]})
    return nbformat.v4.new_notebook(cells=[cell], metadata={"fingerprint": "f"})


def test_a_reference_belongs_to_its_chapter(notebook: NotebookNode) -> None:
    other = nbformat.from_dict(notebook)
    other.cells.insert(0, nbformat.v4.new_markdown_cell("Words do not matter."))
    assert _fault(other, notebook, "f") == ""


def test_an_empty_cell_cannot_be_executed(notebook: NotebookNode) -> None:
    notebook.cells.append(nbformat.v4.new_code_cell(""))
    assert _fault(notebook, notebook, "f") == ""


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
