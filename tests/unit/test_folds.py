"""What is marked to be folded opens without a script."""

from pathlib import Path

import pytest
from bs4 import BeautifulSoup
from small_site import render, warnings_of

PAGE = """# Page

:::{note}
:class: dropdown
A secret.
:::

(far)=
:::{admonition} A *title* with a [link](https://example.org)
:class: dropdown
Another, with $x$.
:::

:::{toggle}
A third.
:::
"""


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> BeautifulSoup:
    folder = tmp_path_factory.mktemp("folds")
    app = render(folder, PAGE, "sphinx_design", "booktools.sphinx.folds")
    assert not warnings_of(app)
    html = Path(app.outdir, "index.html").read_text(encoding="utf-8")
    return BeautifulSoup(html, "html.parser")


def test_each_is_a_closed_box_with_a_title_that_opens_it(page: BeautifulSoup) -> None:
    boxes = page.find_all("details")
    titles = [box.find("summary").get_text().strip() for box in boxes]
    assert titles == ["Note", "A title with a link", "Click to show"]
    for box, text in zip(
        boxes, ("A secret.", "Another, with", "A third."), strict=True
    ):
        assert not box.has_attr("open")
        assert text in box.get_text()
        assert "dropdown" in box["class"]
        assert not box.summary.find("a")


def test_a_link_to_a_box_still_finds_it(page: BeautifulSoup) -> None:
    assert page.find(id="far")
