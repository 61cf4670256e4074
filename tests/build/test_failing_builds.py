"""What fails the build: each test breaks one thing in a small book."""

import re
import shutil

import pytest
from small_book import CHAPTER, SmallBook


def broken(book: SmallBook) -> None:
    """Let a cell fail."""
    book.replace('print(f"', 'raise ArithmeticError("too small")\nprint(f"')


@pytest.mark.parametrize(
    ("code", "complaint"),
    [
        ("import os; os._exit(3)", "Kernel died"),
        ("import time; time.sleep(60)", "timed out"),
        ("1 / 1;", "raised nothing"),
    ],
)
def test_a_cell_that_does_not_end_as_it_should_is_named(
    book: SmallBook, code: str, complaint: str
) -> None:
    config = book.root / "_config.yml"
    config.write_text(re.sub(r"timeout: 900", "timeout: 5", config.read_text()))
    line = len(book.chapter.read_text().splitlines()) + 2
    tags = ":tags: [raises-exception]\n\n"
    book.append(f"\n```{{code-cell}} ipython3\n{tags}{code}\n```\n")
    said = book.must_fail()
    assert f"chapters/01-small.md:{line} Cell 3" in said
    assert complaint in said
    assert "The last good site is still in" in said


def test_a_failing_cell_fails_the_build_and_leaves_the_last_site(
    book: SmallBook,
) -> None:
    page = book.page()
    broken(book)
    line = book.chapter.read_text().splitlines().index("```{code-cell} ipython3", 15)
    for _ in range(2):  # the second time must not be greener than the first
        said = book.must_fail()
        assert f"chapters/01-small.md:{line + 1} Cell 1" in said
        assert "ArithmeticError" in said
        assert "too small" in said
        assert "The last good site is still in" in said
    assert book.page() == page
    assert not (book.root / "_build" / "next").exists()


def test_one_chapter_that_fails_or_cannot_be_read_does_not_stop_the_others(
    book: SmallBook,
) -> None:
    book.add_chapter("02-other", CHAPTER.replace("    alt: A line", "    alt: [A line"))
    book.add_chapter("03-good", CHAPTER.replace(":.6f", ":.5f"))
    broken(book)
    said = book.must_fail(JOBS="1")
    assert "chapters/01-small.md FAILED" in said
    assert "FAILED chapters/02-other.md:27: this is not YAML" in said
    assert "chapters/03-good.md executed in" in said
    assert "Traceback" not in said.partition("ArithmeticError")[0]
    assert "chapters/03-good.md executed in" not in book.must_fail()  # it was kept


WRONG = {
    "cross-reference target not found: 'nowhere'": (
        "# A small chapter",
        "# A small chapter\n\nSee [](#nowhere).",
    ),
    "this image has no alt text": ("    alt: A line that rises.\n", "    width: 9px\n"),
    r"Missing close brace in the formula \frac{1}{": (
        "# A small chapter",
        "# A small chapter\n\nIt is $\\frac{1}{$ here.",
    ),
    "Cell 1\nIt wrote to stderr:\ncareful": (
        'print(f"',
        'import sys; print("careful", file=sys.stderr)\nprint(f"',
    ),
}


@pytest.mark.parametrize("complaint", WRONG)
def test_what_is_wrong_on_a_page_fails_the_build_again_and_again(
    book: SmallBook, complaint: str
) -> None:
    page = book.page()
    book.replace(*WRONG[complaint])
    for _ in range(2):
        said = book.must_fail()
        assert complaint in said
        assert "01-small.md" in said
    assert book.page() == page


@pytest.mark.parametrize(
    ("name", "value", "complaint"),
    [
        ("BOOK_DEVICE", "gpu", "DEVICE=gpu is not a device"),
        ("MNIST_DIR", "/nowhere", "/nowhere holds neither"),
        ("JOBS", "0", "JOBS=0 is not a number of chapters"),
        ("OMP_NUM_THREADS", "many", "OMP_NUM_THREADS=many is not a number of threads"),
        ("BOOK_RUN", "soon", "BOOK_RUN=soon is not one of quick, full, long"),
        ("BOOK_EDITION", "teacher", "EDITION=teacher is not an edition"),
    ],
)
def test_what_is_not_there_stops_before_any_chapter(
    book: SmallBook, name: str, value: str, complaint: str
) -> None:
    shutil.rmtree(book.root / "_build" / "cache")
    said = book.must_fail(**{name: value})
    assert complaint in said
    assert "executed in" not in said
    assert "Traceback" not in said
