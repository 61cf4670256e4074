"""Every exhibit's assertion fails on the bug and passes on the fix."""

from collections.abc import Callable
from typing import Any

import pytest
from book import ROOT, read_chapter, run_page

PAGE = ROOT / "chapters" / "24-museum-of-bugs.md"
CELLS = [cell for cell in read_chapter(PAGE).cells if cell.cell_type == "code"]
KINDS = ("broken", "fixed", "check")


def names_of(kind: str) -> list[str]:
    """Return the names of the exhibits that the page defines, in its order."""
    opening = f"def {kind}_"
    return [
        line.removeprefix(opening).partition("(")[0]
        for cell in CELLS
        for line in cell.source.splitlines()
        if line.startswith(opening)
    ]


EXHIBITS = names_of("broken")
Functions = dict[str, Callable[..., Any]]


def is_red(cell: Any) -> bool:
    return "raises-exception" in cell.metadata.get("tags", [])


@pytest.fixture(scope="module")
def museum() -> Functions:
    return run_page(PAGE.stem)


def test_each_exhibit_has_a_bug_a_fix_and_a_check() -> None:
    assert len(EXHIBITS) == len(set(EXHIBITS)) >= 12
    for kind in KINDS:
        assert sorted(names_of(kind)) == sorted(EXHIBITS), kind


def test_each_exhibit_is_shown_going_red() -> None:
    shown = "\n".join(cell.source for cell in CELLS if is_red(cell))
    page = PAGE.read_text()
    in_rooms = page[: page.index("\n## Exercises")]
    for name in EXHIBITS:
        if f"def broken_{name}(" in in_rooms:
            assert f"\ncheck_{name}(broken_{name}())" in shown, name


@pytest.mark.parametrize("name", EXHIBITS)
def test_the_check_fails_on_the_bug_and_passes_on_the_fix(museum, name) -> None:
    check = museum[f"check_{name}"]
    broken = museum[f"broken_{name}"]()
    with pytest.raises(AssertionError, match=r"\w"):  # it says what is wrong
        check(broken)
    check(museum[f"fixed_{name}"]())
