"""Assignments: that their tests are right, and what students get to see."""

import ast
import re
import warnings
from functools import cache
from pathlib import Path
from typing import Any

import nbformat
import numpy as np
import pytest
from nbformat import NotebookNode
from test_tasks import LABELS, each_task

from booktools import assignments
from booktools.assignments import literal, make_notebook, make_sheet, student_version
from booktools.errors import AuthorError
from helpers import Task
from helpers.tasks import load_tasks

NAME = "04-logistic-regression"
each_label = pytest.mark.parametrize("label", LABELS)


@cache
def notebook_of(label: str, seed: int = 7) -> NotebookNode:
    return make_notebook("Title", list(load_tasks(label).values()), seed)


compiled = cache(compile)


def execute(notebook: NotebookNode, **instead: str) -> list[str]:
    """Run the code of a notebook and return the names of the cells that fail."""
    names: dict[str, Any] = {}
    failed = []
    for cell in notebook.cells:
        if cell.cell_type == "code":
            try:
                with warnings.catch_warnings(action="ignore"):
                    source = instead.get(cell.id, cell.source)
                    exec(compiled(source, cell.id, "exec"), names)
            except Exception:
                failed.append(cell.id)
    return failed


@each_label
def test_the_solutions_pass_and_need_nothing_of_the_book(label: str) -> None:
    notebook = notebook_of(label)
    nbformat.validate(notebook)
    assert execute(notebook) == []
    assert not re.search(
        r"\b(helpers|tasks)\b", "".join(c.source for c in notebook.cells)
    )


@each_label
def test_nothing_is_imported_that_is_not_used(label: str) -> None:
    cells = notebook_of(label).cells
    tree = ast.parse("\n".join(it.source for it in cells if it.cell_type == "code"))
    names = {it.id for it in ast.walk(tree) if isinstance(it, ast.Name)}
    for node in tree.body:
        if isinstance(node, (ast.Import, ast.ImportFrom)):
            for it in node.names:
                assert (it.asname or it.name.partition(".")[0]) in names


@each_label
def test_an_empty_submission_fails_every_test(label: str) -> None:
    tests = [f"test-{name}" for name in load_tasks(label)]
    assert execute(student_version(notebook_of(label))) == tests


@each_task
def test_every_mistake_costs_its_points(task: Task) -> None:
    (label,) = [it for it in LABELS if task in load_tasks(it).values()]
    notebook = notebook_of(label)
    (cell,) = [it for it in notebook.cells if it.id == task.name]
    for mistake in task.mistakes:
        wrong = cell.source.replace(mistake.old, mistake.new)
        assert f"test-{task.name}" in execute(notebook, **{task.name: wrong}), (
            mistake.message
        )


@each_label
def test_what_students_get_holds_no_line_of_a_solution(label: str) -> None:
    notebook = notebook_of(label)
    texts = [make_sheet("Title", list(load_tasks(label).values()))]
    texts += [cell.source for cell in student_version(notebook).cells]
    found = 0
    for cell in notebook.cells:
        for kind, part in re.findall(
            r"### BEGIN (SOLUTION|HIDDEN TESTS)\n(.*?) *### END", cell.source, re.S
        ):
            if kind == "SOLUTION":
                secrets = [it.strip() for it in part.splitlines() if len(it) > 30]
            else:  # some hidden tests repeat the extreme values of those that are seen
                blocks = re.findall(r"arguments = (.*?)\nbefore|result", part, re.S)
                secrets = [it for it in blocks if re.search(r"\.\d{5}", it)]
            found += len(secrets)
            for secret in secrets:
                assert not any(secret in text for text in texts), secret
    assert found > 3


def test_hidden_tests_are_drawn_anew_and_not_those_that_are_seen() -> None:
    (label, *_) = LABELS
    made_anew = notebook_of.__wrapped__
    one, same, other = (str(made_anew(label, seed)) for seed in (7, 7, 8))
    assert one == same != other
    one, other = (str(student_version(notebook_of(label, seed))) for seed in (7, 8))
    assert one == other


def test_values_are_written_as_they_are() -> None:
    torch = pytest.importorskip("torch")
    values = (
        np.array([[1.0, -2.5e-7]]),
        np.array([1, 2], dtype=np.uint8),
        np.array([np.nan, np.inf]),
        torch.tensor([1.0, 2.0], requires_grad=True),
        {"a": [1, (2.0, None, "text")], "b": True},
        np.float64(0.1),
    )
    names = {"np": np, "torch": torch, "inf": np.inf, "nan": np.nan}
    for value in values:
        again = eval(literal(value), names)
        if isinstance(value, (np.ndarray, torch.Tensor)):
            assert again.dtype == value.dtype
            np.testing.assert_array_equal(np.array(again.tolist()), value.tolist())
        else:
            assert again == value
    with pytest.raises(TypeError, match="cannot contain a object"):
        literal(object())


# The command


@pytest.fixture
def folder(fork: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("CHAPTER", "04")
    monkeypatch.delenv("SEED", raising=False)
    return fork / assignments.ASSIGNMENTS / NAME


def test_writes_both_versions_and_a_sheet(
    fork: Path, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert assignments.main(fork) == 0
    assert re.search(r"  6 points: .*\nSEED=\d+ makes", capsys.readouterr().out)
    assert {it.name for it in folder.iterdir()} == {
        "nbgrader_config.py",
        "release",
        "sheet.md",
        "source",
    }
    assert [it.name for it in folder.parent.iterdir()] == [NAME]


def test_what_was_graded_is_not_lost(fork: Path, folder: Path) -> None:
    (folder / "submitted").mkdir(parents=True)
    with pytest.raises(AuthorError, match="has been used for grading: it has submi"):
        assignments.main(fork)
    assert (folder / "submitted").is_dir()


@pytest.mark.parametrize(
    ("name", "value", "complaint"),
    [
        ("CHAPTER", "99", "CHAPTER=99 "),
        ("CHAPTER", "00-primer", "has no functions for readers to write"),
        ("SEED", "0", "SEED=0 is not a whole number above 0"),
        ("SEED", "x", "SEED=x is not"),
    ],
)
def test_what_cannot_be_made_is_said(
    fork: Path,
    folder: Path,
    name: str,
    value: str,
    complaint: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(AuthorError, match=complaint):
        assignments.main(fork)
    assert not folder.exists()
