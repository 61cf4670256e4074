"""What the search finds on a page: its words, without what is not text."""

from docutils import nodes
from docutils.utils import new_document

from booktools.sphinx.search import places_on


def test_formulas_that_do_not_read_like_text_outputs_and_answers_are_left_out() -> None:
    words = nodes.paragraph(
        "",
        "",
        nodes.Text("With "),
        nodes.math("", "x = 1"),
        nodes.Text(" and "),
        nodes.math("", r"\frac{1}{N} X^\top"),
        nodes.Text(" one asks."),
    )
    output = nodes.container("", nodes.Text("0.5"), classes=["cell_output"])
    answer = nodes.container("", nodes.Text("secret"), classes=["answer", "right"])
    title = nodes.title("", "", nodes.Text("Of "), nodes.math("", r"\frac{1}{N}"))
    section = nodes.section("", title, ids=["a-title"])
    section += [words, output, answer]
    page = new_document("page")
    page += section
    assert places_on(page) == [["a-title", "Of …", "With x = 1 and … one asks."]]
