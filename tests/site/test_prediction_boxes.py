"""Predictions: what is hidden until one is made, and the outcomes."""

import re
from html import unescape
from types import SimpleNamespace
from typing import Any

import pytest
from book import each_chapter, executed, read
from bs4 import Tag
from docutils import nodes
from docutils.utils import new_document
from myst_nb.sphinx_ import HideCodeCellNode

from booktools.sphinx.predictions import hide_answers


def page(
    outcome: str = "", call: str = "Outcome(x)", *, hidden: bool = True, **kind: Any
) -> nodes.document:
    """Return a page with a prediction, a cell, an assertion and two paragraphs."""
    document = new_document("page")
    section = nodes.section("", nodes.title("", "A page"), ids=["a-page"])
    document += section
    box = nodes.admonition(classes=["prediction"], ids=["prediction-1"], **kind)
    box += [nodes.title("", "Predict"), nodes.paragraph("", "What?")]
    if "choices" in kind:
        items = [nodes.list_item("", nodes.paragraph("", it)) for it in kind["choices"]]
        box += nodes.bullet_list("", *items)
    code = nodes.container(
        "", nodes.literal_block("", "2 + 2"), nb_element="cell_code_source"
    )
    result: Any = nodes.container(
        "", nodes.literal_block("", "4"), nb_element="cell_code_output"
    )
    if hidden:
        result = HideCodeCellNode("", result, prompt_show="Show", prompt_hide="Hide")
    cell = nodes.container("", code, result, nb_element="cell_code", classes=["cell"])
    section += [box, cell]
    if outcome:
        data = f'<data class="outcome" value="{outcome}">{outcome}</data>'
        raw = nodes.container(
            "", nodes.raw("", data, format="html"), nb_element="cell_code_output"
        )
        ending = nodes.container(
            "", nodes.literal_block("", call), nb_element="cell_code_source"
        )
        section += nodes.container(
            "", ending, raw, nb_element="cell_code", classes=["tag_hide-cell"]
        )
    section += [nodes.paragraph("", "It is four."), nodes.paragraph("", "More.")]
    return document


def arranged(document: nodes.document, builder: str = "html") -> nodes.document:
    app: Any = SimpleNamespace(builder=SimpleNamespace(name=builder, format="html"))
    hide_answers(app, document, "page")
    return document


def test_the_output_and_what_is_said_of_it_are_folded_together() -> None:
    document = arranged(page("4", unit=""))
    (fold,) = document.findall(HideCodeCellNode)
    assert fold["prediction"] == "prediction-1"
    assert [part.astext() for part in fold.children] == ["4", "It is four."]
    assert "Outcome" not in document.astext()
    assert 'data-kind="number" data-outcome="4"' in document.astext()


def test_a_cell_that_says_more_than_the_outcome_stays_without_it() -> None:
    said = arranged(page("4", "x = 4\nOutcome(x)", unit="")).astext()
    assert "x = 4\nOutcome(x)" in said
    assert '<data class="outcome"' not in said


def test_a_paragraph_that_leads_on_stays() -> None:
    document = page()
    next(it for it in document.findall(nodes.Text) if it == "It is four.").parent[0] = (
        nodes.Text("Now compute it:")
    )
    (fold,) = arranged(document).findall(HideCodeCellNode)
    assert fold.astext() == "4"


@pytest.mark.parametrize("builder", ["print", "revealjs"])
def test_paper_and_slides_hide_nothing(builder: str) -> None:
    document = arranged(page("4", unit=""), builder)
    assert not list(document.findall(HideCodeCellNode))
    said = document.astext()
    assert "4" in said
    assert "Outcome" not in said
    assert "form" not in said


@pytest.mark.parametrize(
    ("complaint", "document"),
    [
        ("is tagged hide-output", page(hidden=False)),
        ("ends in Outcome", page(choices=["four", "five"])),
        ("ends in Outcome", page(unit="")),
        ("the outcome, 4, is none of the choices", page("4", choices=["four", "five"])),
        ("the outcome, four, is not a number", page("four", unit="")),
        ("neither choices nor a :number:", page("4")),
    ],
)
def test_what_does_not_fit_a_prediction_is_named(
    complaint: str, document: nodes.document, caplog: pytest.LogCaptureFixture
) -> None:
    arranged(document)
    assert complaint in caplog.text


@each_chapter
def test_what_answers_a_prediction_is_hidden_before_the_next_heading(
    chapter: str,
) -> None:
    article = read(f"chapters/{chapter}.html").article
    boxes = article.select(".prediction")
    assert boxes
    for box in boxes:
        followed = []
        for sibling in box.find_next_siblings():
            if sibling.name == "section" or "prediction" in sibling.get("class", ""):
                break
            followed += sibling.select("details[data-prediction]")
        assert followed, box.get_text()
        assert {it["data-prediction"] for it in followed} == {box["id"]}
        assert not any(it.has_attr("open") for it in followed)
        assert all(it.select_one(".cell_output") for it in followed)
        assert box.select_one("form button").get_text() == "Show what happens"


@each_chapter
def test_what_is_right_is_what_a_cell_has_computed(chapter: str) -> None:
    forms = read(f"chapters/{chapter}.html").select(".prediction form")
    asked = [form for form in forms if form["data-kind"] != "text"]
    computed = [
        unescape(found[1])
        for cell in executed(chapter).cells
        for output in cell.get("outputs", [])
        if (found := OUTCOME.search(output.get("data", {}).get("text/html", "")))
    ]
    assert [form["data-outcome"] for form in asked] == computed
    for form in asked:
        if form["data-kind"] == "number":
            float(str(form["data-outcome"]))
        else:
            assert form["data-outcome"] in choices(form)


OUTCOME = re.compile(r'<data class="outcome" value="(.*?)">')


def choices(form: Tag) -> list[str]:
    said = [label.get_text().strip() for label in form.select("fieldset label")]
    assert said == [str(radio["value"]) for radio in form.select("[type=radio]")]
    return said
