"""`make bench` uses what the chapters define, and these change."""

import inspect
import re

import pytest
from book import ROOT, read_chapter

from benchmarks import training

SOURCE = inspect.getsource(training)
CALLS = re.findall(r'execute_chapter\(\s*ROOT, "([^"]+)", "([^"]+)"', SOURCE)


def code_of(chapter: str) -> list[str]:
    cells = read_chapter(ROOT / "chapters" / f"{chapter}.md").cells
    return [cell.source for cell in cells if cell.cell_type == "code"]


@pytest.mark.parametrize(("chapter", "until"), CALLS)
def test_the_cell_before_which_a_page_stops_is_there_once(chapter, until) -> None:
    assert sum(until in source for source in code_of(chapter)) == 1


def test_each_name_that_is_taken_from_a_page_is_defined_in_a_chapter() -> None:
    assert len(CALLS) == 3
    used = set(re.findall(r'(?:page|names)\["(\w+)"\]', SOURCE)) - {"next_cell"}
    code = "\n".join("\n".join(code_of(chapter)) for chapter, _ in CALLS)
    assigned = re.findall(r"^([\w, ]+) = ", code, re.M)
    defined = {*re.findall(r"\w+", " ".join(assigned))}
    defined |= {*re.findall(r"^(?:def|class) (\w+)", code, re.M)}
    assert len(used) > 10
    assert used <= defined, used - defined
