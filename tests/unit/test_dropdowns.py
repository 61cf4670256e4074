"""What is marked to be folded opens without a script."""

from pathlib import Path

import pytest
from bs4 import BeautifulSoup
from docutils import nodes
from docutils.utils import new_document
from myst_nb.sphinx_ import HideCodeCellNode
from small_site import render, warnings_of

from booktools.sphinx.dropdowns import set_code_prompts

PAGE = """# Page

:::{note}
:class: dropdown
A secret.
:::

(far)=
:::{admonition} A *title* of $x$ with a [link](https://example.org)
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
    app = render(folder, PAGE, "sphinx_design", "booktools.sphinx.dropdowns")
    assert not warnings_of(app)
    html = Path(app.outdir, "index.html").read_text(encoding="utf-8")
    return BeautifulSoup(html, "html.parser")


def test_each_is_a_closed_box_with_a_title_that_opens_it(page: BeautifulSoup) -> None:
    boxes = page.find_all("details")
    titles = [box.find("summary").get_text().strip() for box in boxes]
    assert titles == ["Note", r"A title of \(x\) with a link", "Click to show"]
    for box, text in zip(
        boxes, ("A secret.", "Another, with", "A third."), strict=True
    ):
        assert not box.has_attr("open")
        assert text in box.get_text()
        assert "dropdown" in box["class"]
        assert not box.summary.find("a")
    assert boxes[1].summary.em


def test_a_link_to_a_box_still_finds_it(page: BeautifulSoup) -> None:
    assert page.find(id="far")


SHOW, HIDE = "Show the code", "Hide the code"


def folded_code(code: str, *outputs: nodes.Node, words: str = SHOW) -> HideCodeCellNode:
    """Return a cell whose code is folded, and the words for it."""
    folded = HideCodeCellNode(
        "", nodes.literal_block(code, code), prompt_show=words, prompt_hide=HIDE
    )
    document = new_document("page")
    cell = nodes.container("", folded, *outputs)
    document += cell
    set_code_prompts(document, SHOW, HIDE)
    return folded


def test_the_line_that_opens_code_says_what_it_is() -> None:
    imports = folded_code("import numpy as np\n\nx = 1")
    assert imports["prompt_show"] == "Show the imports"
    assert imports["prompt_hide"] == "Hide the imports"
    plot = folded_code("plt.plot(x)", nodes.container("", nodes.image(uri="x.png")))
    assert plot["prompt_show"] == "Show the code of the plot"
    assert folded_code("x = 1")["prompt_show"] == SHOW
    assert folded_code("import x", words="The fix")["prompt_show"] == "The fix"
