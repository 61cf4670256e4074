"""No heading of a table is empty, and no output is wider than it need be."""

import pytest
from book import PAGES, read

MAX_LINES = 40  # of a traceback


@pytest.mark.parametrize("name", PAGES)
def test_tables_and_tracebacks(name: str) -> None:
    page = read(name)
    for table in page.find_all("table"):
        headings = table.find_all("th")
        assert all(it.get_text(strip=True) or it.find("svg") for it in headings), table
        if "dataframe" in table.get("class", []):
            assert len(table.thead.find_all("tr")) == 1
    for traceback in page.select(".traceback"):
        assert len(traceback.get_text().splitlines()) <= MAX_LINES
