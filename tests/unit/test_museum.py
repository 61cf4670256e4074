"""Every exhibit's assertion fails on the bug and passes on the fix."""

import re
from collections.abc import Callable
from functools import cache
from typing import Any

import pytest
from book import ROOT, execute_chapter, read_chapter

from booktools.sphinx.wrong_lines import KEY

PAGES = [
    ROOT / "chapters" / name for name in ("24-museum-of-bugs.md", "25-museum-models.md")
]
CELLS = {
    page.stem: [cell for cell in read_chapter(page).cells if cell.cell_type == "code"]
    for page in PAGES
}
KINDS = ("broken", "fixed", "check")

each_page = pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)


def names_of(kind: str, chapter: str) -> list[str]:
    """Return the names of the exhibits that a page defines, in its order."""
    opening = f"def {kind}_"
    return [
        line.removeprefix(opening).partition("(")[0]
        for cell in CELLS[chapter]
        for line in cell.source.splitlines()
        if line.startswith(opening)
    ]


EXHIBITS = [
    (chapter, name) for chapter in CELLS for name in names_of("broken", chapter)
]
Functions = dict[str, Callable[..., Any]]
run_once = cache(execute_chapter)


def is_red(cell: Any) -> bool:
    return "raises-exception" in cell.metadata.get("tags", [])


@each_page
def test_each_exhibit_has_a_bug_a_fix_and_a_check(page) -> None:
    exhibits = names_of("broken", page.stem)
    assert len(exhibits) == len(set(exhibits)) >= 6
    for kind in KINDS:
        assert sorted(names_of(kind, page.stem)) == sorted(exhibits), kind
    named = [cell for cell in CELLS[page.stem] if KEY in cell.metadata]
    assert len(named) == page.read_text().count("### Exhibit ")


def test_the_exhibits_have_one_running_number() -> None:
    text = "".join(page.read_text() for page in PAGES)
    numbers = re.findall(r"^### Exhibit (\d+):", text, re.M)
    assert numbers == [str(number + 1) for number in range(len(numbers))]


@each_page
def test_each_exhibit_is_shown_going_red(page) -> None:
    shown = "\n".join(cell.source for cell in CELLS[page.stem] if is_red(cell))
    text = page.read_text()
    in_rooms = text[: text.index("\n## Exercises")]
    for name in names_of("broken", page.stem):
        if f"def broken_{name}(" in in_rooms:
            assert f"\ncheck_{name}(broken_{name}())" in shown, name


@pytest.mark.parametrize(("chapter", "name"), EXHIBITS)
def test_the_check_fails_on_the_bug_and_passes_on_the_fix(chapter, name) -> None:
    museum: Functions = run_once(chapter)
    check = museum[f"check_{name}"]
    broken = museum[f"broken_{name}"]()
    with pytest.raises(AssertionError, match=r"\w"):  # it says what is wrong
        check(broken)
    check(museum[f"fixed_{name}"]())
