"""An assignment is taken through nbgrader, with submissions of several kinds."""

import copy
import json
import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import nbformat
import pytest
from nbformat import NotebookNode

from booktools.assignments import write_assignment

pytestmark = pytest.mark.slow

NAME = "04-logistic-regression"
POINTS = """
import json
from nbgrader.api import Gradebook
with Gradebook("sqlite:///gradebook.db") as book:
    found = {it.student.id: it.score for it in book.assignment_submissions(NAME)}
print(json.dumps(found))
"""
STUB = "raise NotImplementedError()"
SLOW = {"cross_entropy": "while True: pass", "loss_and_gradient": "return 1 / 0"}
DEADLY = {"sigmoid": "import os; os._exit(1)"}


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the programs of an environment with nbgrader and NumPy alone."""
    folder = tmp_path_factory.mktemp("nbgrader")
    subprocess.run([sys.executable, "-m", "venv", folder], check=True)
    programs = folder / "bin"
    pip = [programs / "pip", "install", "--quiet", "nbgrader", "numpy"]
    subprocess.run(pip, check=True)
    return programs


def read(path: Path) -> NotebookNode:
    return nbformat.read(path / f"{NAME}.ipynb", as_version=4)


def submit(
    course: Path, student: str, change: Callable[[str, str], str] = lambda _, it: it
) -> None:
    """Hand in the released notebook, with the functions changed."""
    notebook = copy.deepcopy(read(course / "release" / NAME))
    for cell in notebook.cells:
        if cell.metadata.nbgrader.solution:
            cell.source = change(cell.metadata.nbgrader.grade_id, cell.source)
    folder = course / "submitted" / student / NAME
    folder.mkdir(parents=True)
    nbformat.write(notebook, folder / f"{NAME}.ipynb")


def test_points_are_those_that_each_submission_deserves(
    environment: Path, tmp_path: Path
) -> None:
    course = tmp_path / "course"
    write_assignment(course, NAME, "Title", "logistic-regression", seed=7)
    settings = course / "nbgrader_config.py"
    settings.write_text(settings.read_text().replace("= 30", "= 10"))
    path = f"{environment}{os.pathsep}{os.environ['PATH']}"
    variables = os.environ | {"PATH": path, "HOME": str(tmp_path)}

    def run(*command: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            command, cwd=course, env=variables, capture_output=True, text=True
        )

    ours = read(course / "release" / NAME)
    made = run("nbgrader", "generate_assignment", NAME, "--force")
    assert made.returncode == 0, made.stderr
    theirs = read(course / "release" / NAME)
    assert [it.source for it in ours.cells] == [it.source for it in theirs.cells]

    solutions = {
        cell.id: re.sub(r" *###.*\n?", "", cell.source)
        for cell in read(course / "source" / NAME).cells
    }
    submit(course, "perfect", lambda name, _: solutions[name])
    submit(course, "empty")
    submit(
        course, "wrong", lambda name, _: solutions[name].replace("np.mean", "np.sum")
    )
    submit(
        course,
        "endless",
        lambda name, text: (
            text.replace(STUB, SLOW.get(name, "")) if name in SLOW else solutions[name]
        ),
    )
    submit(
        course, "deadly", lambda name, text: text.replace(STUB, DEADLY.get(name, STUB))
    )
    graded = run("nbgrader", "autograde", NAME)
    assert re.findall(r"for student '(.*)'", graded.stderr) == ["deadly"]
    told = run("nbgrader", "generate_feedback", NAME)
    assert told.returncode == 0, told.stderr
    points = run("python", "-c", f"NAME = {NAME!r}{POINTS}")
    found = {"perfect": 6, "empty": 0, "wrong": 1, "endless": 1, "deadly": 0}
    assert json.loads(points.stdout) == found
    assert {it.parent.parent.name for it in course.glob("feedback/*/*/*.html")} == {
        *found
    } - {"deadly"}
