"""The code of a chapter, run up to a cell that others name by its text."""

import pytest
from nbformat.v4 import new_code_cell, new_notebook

from booktools import run_chapter


@pytest.mark.parametrize(("until", "found"), [("rate", 2), ("momentum", 0)])
def test_a_text_that_names_no_one_cell_is_an_error(
    monkeypatch, tmp_path, until, found
) -> None:
    cells = [new_code_cell("rate = 1"), new_code_cell("rate = 2")]
    page = new_notebook(cells=cells)
    monkeypatch.setattr(run_chapter, "read_chapter", lambda root, path: page)
    with pytest.raises(ValueError, match=rf"^{found} cells of 01-a\.md contain "):
        run_chapter.execute_chapter(tmp_path, "01-a", until)


def test_the_cell_that_is_named_is_returned_and_not_run(monkeypatch, tmp_path) -> None:
    cells = [new_code_cell("rate = 1"), new_code_cell("steps = 2")]
    page = new_notebook(cells=cells)
    monkeypatch.setattr(run_chapter, "read_chapter", lambda root, path: page)
    names = run_chapter.execute_chapter(tmp_path, "01-a", "steps")
    assert names["next_cell"] == "steps = 2"
    assert "steps" not in names
