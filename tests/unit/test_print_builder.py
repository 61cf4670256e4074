"""What turns the pages of the site into those of a book."""

from pathlib import Path

import pytest
from docutils import nodes
from myst_nb.sphinx_ import HideCodeCellNode
from PIL import Image
from sphinx_design.dropdown import dropdown_main, dropdown_title

from booktools.sphinx.math import as_image, typesetter
from booktools.sphinx.print_builder import (
    FAR,
    PLOT_SCALE,
    mark_far_links,
    qualify_names,
    remove_folded_code,
    scale_images,
    take_answers,
)


def cell(hide_mode: str) -> nodes.container:
    """Return a cell as MyST-NB folds it."""
    source = nodes.container("", nb_element="cell_code_source")
    source += nodes.literal_block("", "code")
    output = nodes.container("", nb_element="cell_code_output")
    output += nodes.literal_block("", "output")
    parts: list[nodes.Element] = [source, output]
    if hide_mode == "all":
        parts = [HideCodeCellNode("", *parts)]
    elif hide_mode == "input":
        parts[0] = HideCodeCellNode("", source)
    return nodes.container("", *parts, nb_element="cell_code", hide_mode=hide_mode)


@pytest.mark.parametrize(
    ("hide_mode", "left"),
    [("", "code output"), ("input", "output"), ("all", "output")],
)
def test_folded_code_is_removed_and_its_output_stays(hide_mode: str, left: str) -> None:
    page = nodes.section("", cell(hide_mode))
    remove_folded_code(page)
    assert page.astext().split() == left.split()


def test_a_cell_of_which_nothing_is_left_is_removed() -> None:
    folded = cell("all")
    folded[0].pop()  # it has no output
    page = nodes.section("", folded, nodes.paragraph("", "text"))
    remove_folded_code(page)
    assert [type(part) for part in page] == [nodes.paragraph]


@pytest.mark.parametrize("stated", ["", "650", "650px"])
def test_a_plot_is_smaller_than_on_the_site(stated: str, tmp_path: Path) -> None:
    Image.new("RGB", (650, 390)).save(tmp_path / "plot.webp")
    size = {"width": stated, "height": "390"} if stated else {}
    page = nodes.section("", nodes.image(uri="plot.webp", **size))
    scale_images(page, tmp_path)
    (image,) = page
    assert image["width"] == f"{PLOT_SCALE * 650:.0f}px"
    assert "height" not in image


def question() -> nodes.admonition:
    box = nodes.admonition("", classes=["question"], ids=["question-3"])
    box += nodes.title("", "Question 3")
    for kind in ("wrong", "right"):
        why = nodes.container("", nodes.paragraph("", f"why {kind}"))
        summary = dropdown_title("", "", nodes.Text(f"answer {kind}"))
        box += dropdown_main("", summary, why, classes=["answer", kind])
    return box


def test_a_question_keeps_its_answers_and_links_to_what_explains_them() -> None:
    page = nodes.section("", question())
    (answer,) = take_answers(page)
    assert "answer wrong" in page.astext()
    assert "why" not in page.astext()
    (link,) = page.findall(nodes.reference)
    assert [link["refid"]] == answer["ids"]
    assert answer.astext().split("\n\n") == [
        "Question 3: B",
        "Awhy wrong",
        "Bwhy right",
    ]
    assert next(answer.findall(nodes.reference))["refid"] == "question-3"


def test_names_are_unique_in_the_book() -> None:
    page = nodes.section(ids=["summary"])
    page += nodes.reference(refid="summary")
    page += nodes.reference(refuri="#chapters/02#ex")
    page += nodes.reference(refuri="#chapters/02")
    page += nodes.reference(refuri="https://example.org/#here")
    qualify_names(page, "chapters/01")
    assert page["ids"] == ["chapters/01/summary"]
    assert [it.get("refid", it.get("refuri")) for it in page] == [
        "chapters/01/summary",
        "#chapters/02/ex",
        "#chapters/02",
        "https://example.org/#here",
    ]


@pytest.mark.parametrize(
    ("name", "kind", "around", "far"),
    [
        ("here", "", "", False),
        ("there", "", "", True),
        ("there", "std-term", "", False),
        ("there", "", "bibtex-citation", False),
    ],
)
def test_only_links_to_elsewhere_have_a_page_number(
    name: str, kind: str, around: str, far: bool
) -> None:
    part = nodes.section("", nodes.paragraph(ids=["here"]))
    link = nodes.reference("", "", internal=True, refid=name)
    link += nodes.inline("", "text", classes=[kind])
    part += nodes.paragraph("", "", nodes.inline("", "", link, classes=[around]))
    mark_far_links(part)
    assert (FAR in link["classes"]) == far


def test_a_printed_formula_is_an_image_with_its_tex_as_alternative_text() -> None:
    image = as_image(typesetter().typeset("a < b", display=False).result(), "a < b")
    assert image.startswith('<svg style="vertical-align: ')
    assert image.endswith("</svg>")
    assert "<title>a &lt; b</title>" in image
    assert "<math" not in image
    assert 'height="' not in image.split(">")[0]
    typesetter().close()
    typesetter.cache_clear()
