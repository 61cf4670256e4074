"""Tables have one row of headings, none of them empty, and text aligned left."""

from collections.abc import Iterator

import numpy as np
import pandas as pd
import pytest
from bs4 import BeautifulSoup, Tag
from IPython.core.interactiveshell import InteractiveShell

from helpers import use_book_style

ROWS = {
    "plain": {"loss": 0.5, "change": "+0.000 ± 0.000", "caught by": "", "note": "ok"},
    "momentum": {"loss": 2, "change": "-0.048 ± 0.003", "caught by": "3", "note": "-"},
}


@pytest.fixture(scope="module")
def shell(tmp_path_factory: pytest.TempPathFactory) -> Iterator[InteractiveShell]:
    folder = tmp_path_factory.mktemp("ipython")
    shell = InteractiveShell.instance(ipython_dir=str(folder))
    use_book_style()
    yield shell
    InteractiveShell.clear_instance()


def shown(shell: InteractiveShell, table: pd.DataFrame) -> Tag:
    html = shell.display_formatter.format(table)[0]["text/html"]
    found = BeautifulSoup(html, "html.parser").table
    assert found
    return found


@pytest.mark.parametrize("name", [None, "η"])
def test_one_row_of_headings_and_none_empty(shell, name) -> None:
    table = shown(shell, pd.DataFrame(ROWS).T.rename_axis(name))
    (row,) = table.thead.find_all("tr")
    corner, *others = row.find_all(["td", "th"])
    assert [cell.text for cell in others] == [*ROWS["plain"]]
    assert (corner.name, corner.text) == (("th", name) if name else ("td", ""))
    assert all(heading.text.strip() for heading in table.find_all("th"))


def test_columns_of_text_are_known(shell) -> None:
    classes = shown(shell, pd.DataFrame(ROWS).T)["class"]
    assert [name for name in classes if name.startswith("text")] == ["text-5"]


def test_tables_with_two_levels_and_with_nothing_to_count(shell) -> None:
    table = pd.DataFrame(ROWS).T[["note", "loss"]]
    two = pd.concat({"first": table, "second": table})
    found = shown(shell, two)
    assert "text-3" in found["class"]
    assert all(heading.text.strip() for heading in found.find_all("th"))
    assert "text" not in " ".join(
        shown(shell, pd.DataFrame({"loss": [np.nan, 1.0]}))["class"]
    )
