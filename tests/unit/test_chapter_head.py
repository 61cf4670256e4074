"""What is said at the head of a chapter follows from the content of its page."""

from pathlib import Path
from types import SimpleNamespace

import pytest
from docutils import nodes
from small_site import render
from sphinx_exercise.nodes import exercise_node, solution_node

from booktools.errors import AuthorError
from booktools.sphinx.chapter_head import (
    CODE_LINE,
    FORMULA,
    MIN_EXERCISE_MINUTES,
    PICTURE,
    QUESTION,
    TRYING,
    WORD,
    _add_picture,
    at_a_glance,
    key_picture,
    minutes_to_read,
    minutes_to_solve,
)


def words(number: int) -> nodes.paragraph:
    return nodes.paragraph("", " ".join(["word"] * number))


def cell(*classes: str) -> nodes.container:
    code = nodes.literal_block("", "a = 1\n\nb = 2")
    shown = nodes.literal_block("", "1\n2\n3", classes=["output"])
    return nodes.container(
        "",
        nodes.container("", code, classes=["cell_input"]),
        nodes.container("", shown, classes=["cell_output"]),
        classes=["cell", *classes],
    )


def question() -> nodes.admonition:
    return nodes.admonition("", words(500), classes=["question"])


def solution(*children: nodes.Node) -> nodes.Element:
    return solution_node("", *children)


def page(*children: nodes.Node) -> nodes.document:
    document = nodes.document(None, None)
    document += nodes.section("", nodes.title("", "Title"), *children)
    return document


@pytest.mark.parametrize(
    ("part", "minutes"),
    [
        (words(300), 300 * WORD),
        (nodes.math_block("", r"\frac{a}{b}"), FORMULA),
        (nodes.paragraph("", "Let ", nodes.math("", "x + y + z")), WORD),
        (nodes.image(), PICTURE),
        (cell(), 2 * CODE_LINE),
        (cell("tag_hide-input"), 0),
        (question(), QUESTION),
        (nodes.section("", exercise_node("", words(99))), 0),
        (nodes.section("", solution(words(99))), 0),
    ],
)
def test_each_kind_of_part_takes_its_time(part: nodes.Element, minutes: float) -> None:
    assert minutes_to_read(part) == pytest.approx(minutes)


def test_an_exercise_takes_as_long_as_its_solution_suggests() -> None:
    assert minutes_to_solve(solution(words(1))) == MIN_EXERCISE_MINUTES
    long = solution(words(3000))
    assert minutes_to_solve(long) == pytest.approx(TRYING * 3000 * WORD)


def test_says_what_a_chapter_takes() -> None:
    exercises = [exercise_node("", words(9)), solution(words(9))]
    chapter = page(words(4500), question(), question(), *exercises)
    assert at_a_glance(chapter, "helps").astext().split("\n\n") == [
        "35 minutes to read",
        "2 questions",
        "1 exercise, 10 minutes",
        "GPU helps",
    ]
    # In the student's edition there is no solution to estimate from.
    student = page(words(4500), exercise_node("", words(9)))
    assert at_a_glance(student, "").astext().split("\n\n") == [
        "30 minutes to read",
        "1 exercise",
        "no GPU needed",
    ]


def test_key_picture_is_that_of_the_cell_or_figure_that_says_so() -> None:
    first, key = nodes.image(uri="first"), nodes.image(uri="key")
    for mark in ("tag_key-picture", "key-picture"):
        box = nodes.container("", key.deepcopy(), classes=[mark])
        picture = key_picture(page(first.deepcopy(), box))
        assert picture is not None
        assert picture["uri"] == "key"
    assert key_picture(page(first)) is None


@pytest.mark.parametrize(
    "text", ["", "Only words.\n", "(label)=\n\nWords.\n", "```\nx = 1\n```\n"]
)
def test_a_page_without_a_title_is_named(tmp_path: Path, text: str) -> None:
    with pytest.raises(AuthorError, match=r"^index\.md: this page has no title; begin"):
        render(tmp_path, text, "booktools.sphinx.chapter_head")


def test_a_key_picture_needs_no_chapter() -> None:
    box = nodes.container("", nodes.image(uri="key"), classes=["key-picture"])
    document = page(nodes.bullet_list("", nodes.list_item()), box)
    app = SimpleNamespace(builder=SimpleNamespace(name="html"))
    before = document.pformat()
    _add_picture(app, document, "index")  # type: ignore[arg-type]
    assert document.pformat() == before
