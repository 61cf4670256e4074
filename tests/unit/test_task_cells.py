"""Cells with functions for readers to write: what a page makes of them."""

from types import SimpleNamespace

import pytest
from docutils import nodes
from docutils.utils import new_document
from myst_nb.sphinx_ import HideCodeCellNode

from booktools.sphinx.tasks import (
    TASKS,
    TITLE,
    find_solution,
    show_tasks,
    solutions_of,
)
from tests.book import ROOT

EMPTY = 'def sigmoid(z):\n    """Return something."""\n    ...'
ANSWER = "return np.exp(-np.logaddexp(0, -z))"


def cell(source: str, tag: str) -> nodes.container:
    code = nodes.literal_block(source, source)
    box = nodes.container("", code, nb_element="cell_code_source")
    return nodes.container(
        "", box, nb_element="cell_code", classes=["cell", f"tag_{tag}"]
    )


def page(builder: str, edition: str) -> nodes.document:
    """Return a page with one function, as a builder shows it."""
    document = new_document("")
    check = 'sigmoid = check(\n    sigmoid, "logistic-regression"\n)'
    document += [cell(EMPTY, "try-it"), cell(check, "check-it")]
    app = SimpleNamespace(
        builder=SimpleNamespace(name=builder),
        config=SimpleNamespace(edition=edition),
        srcdir=ROOT,
    )
    show_tasks(app, document, "page")
    assert "check" not in document.astext()
    return document


def test_the_site_folds_the_answer_in_a_box_below_the_function() -> None:
    document = page("html", "instructor")
    (box,) = document.findall(nodes.admonition)
    assert box[0].astext() == TITLE
    assert box[1].astext() == EMPTY
    (fold,) = box[2].children
    assert isinstance(fold, HideCodeCellNode)
    assert ANSWER in fold.astext()
    assert ANSWER not in box[1].astext()


def test_paper_has_the_answer_in_place_of_the_empty_function() -> None:
    document = page("print", "instructor")
    (shown,) = document.children
    assert ANSWER in shown.astext()
    assert "..." not in shown.astext()
    assert not list(document.findall(nodes.admonition))


@pytest.mark.parametrize("builder", ["html", "print"])
def test_students_get_the_empty_function_alone(builder: str) -> None:
    document = page(builder, "student")
    assert EMPTY in document.astext()
    assert ANSWER not in document.astext()


def test_a_function_that_nothing_checks_is_named(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    said: list[str] = []
    logger = SimpleNamespace(warning=lambda text, location: said.append(text))
    monkeypatch.setattr("booktools.sphinx.tasks.logger", logger)
    for check in ("", 'tanh = check(tanh, "logistic-regression")'):
        document = new_document("")
        document += [cell(EMPTY, "try-it"), cell(check, "check-it")]
        assert list(solutions_of(ROOT, document)) == []
    assert said == ["no check-it cell checks this function"] * 2


def test_tasks_that_are_no_python_are_named_with_file_and_line(tmp_path) -> None:
    file = tmp_path / TASKS / "some_chapter.py"
    file.parent.mkdir(parents=True)
    file.write_text("def sigmoid(z):\n    return (z\n")
    with pytest.raises(SyntaxError, match=r"some_chapter\.py, line 2"):
        find_solution(tmp_path, "some-chapter", "sigmoid")
