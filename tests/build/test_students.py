"""A student works through a notebook: first every function wrong, and then right."""

from inspect import getsource
from pathlib import Path

import pytest
from book import chapter_files, read_chapter
from nbclient import NotebookClient
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell

from booktools.sphinx.tasks import task_label
from helpers import Task
from helpers.tasks import load_tasks

pytestmark = pytest.mark.slow

LABELS = {path: task_label(read_chapter(path)) for path in chapter_files()}
WITH_TASKS = [path for path, label in LABELS.items() if label]
THREE = [WITH_TASKS[i] for i in (0, 4, 9)]  # unit tests try the functions of all


def attempts(task: Task) -> list[str]:
    """Return each mistake, and the right function, as a student types them."""
    source = getsource(task.solution)
    wrong = [source.replace(it.old, it.new) for it in task.mistakes]
    return [*wrong, source]


def work_through(path: Path, folder: Path) -> NotebookNode:
    """Return the executed notebook of a student who tries until it is right."""
    notebook = read_chapter(path)
    tasks = iter(load_tasks(LABELS[path]).values())
    cells = []
    for cell, following in zip(
        notebook.cells, [*notebook.cells[1:], None], strict=True
    ):
        if "try-it" not in cell.metadata.get("tags", []):
            cells.append(cell)
            continue
        for text in attempts(next(tasks)):
            cells += [
                new_code_cell(text),
                new_code_cell(following.source, metadata={"tags": ["attempt"]}),
            ]
    notebook.cells = cells
    resources = {"metadata": {"path": str(folder)}}
    NotebookClient(notebook, resources=resources, timeout=120).execute()
    return notebook


@pytest.mark.parametrize("path", THREE, ids=lambda path: path.stem)
def test_every_attempt_gets_its_answer_and_the_chapter_runs_on(
    path: Path, tmp_path: Path
) -> None:
    tasks = load_tasks(LABELS[path]).values()
    expected = []
    for task in tasks:
        expected += [it.message for it in task.mistakes]
        expected.append(f"{task.name} is right.")
    notebook = work_through(path, tmp_path)
    said = [
        " ".join("".join(output.text for output in cell.outputs).split())
        for cell in notebook.cells
        if "attempt" in cell.metadata.get("tags", [])
    ]
    assert len(said) == len(expected)
    for words, answer in zip(expected, said, strict=True):
        assert " ".join(words.split()) in answer
    (progress,) = notebook.cells[-1].outputs
    assert progress.text == f"Checks passed: {len(tasks)} of {len(tasks)}.\n"
