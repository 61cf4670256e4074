"""Make assignments for nbgrader from the tasks of the chapters.

``_build/assignments/NAME`` is a course of nbgrader's with one assignment: the
instructor's version in ``source``, the students' in ``release``, and a sheet of
what is asked. The notebook needs neither the helpers nor the book. Its tests
compare with results that are written down in it: those that students see, and
others, hidden, for data that are drawn anew each time.
"""

import ast
import inspect
import os
import re
import secrets
from collections.abc import Callable
from io import StringIO
from pathlib import Path
from pprint import pformat
from typing import Any

import nbformat
import numpy as np
from filelock import FileLock
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from booktools.build import replacing
from booktools.errors import AuthorError
from booktools.sources import BUILD, LOCK, read_chapter
from booktools.sphinx.notebooks import METADATA
from booktools.sphinx.tasks import task_label
from booktools.toc import CHAPTERS, find_chapters
from helpers.checks import mutate
from helpers.judge import NUMERIC, SEED, Examples, run
from helpers.tasks import Task, call, load_tasks

ASSIGNMENTS = BUILD / "assignments"
GRADED = ("gradebook.db", "submitted", "autograded", "feedback")  # not to be lost
SOLUTION = "    ### BEGIN SOLUTION\n{}\n    ### END SOLUTION"
STUB = "    # YOUR CODE HERE\n    raise NotImplementedError()"  # nbgrader's
HIDDEN = "### BEGIN HIDDEN TESTS\n{}\n### END HIDDEN TESTS"
MARKED = re.compile(r"^ *### BEGIN (SOLUTION|HIDDEN TESTS)\n.*?### END \1", re.M | re.S)
IMPORTS = """\
from copy import deepcopy
import numpy as np
from numpy import inf, nan"""  # of the tests
MAX_DRAWS = 100  # of data for hidden tests
NUMBERS = "(int, float, np.generic, np.ndarray)"
CONFIG = """\
c = get_config()
c.CourseDirectory.course_id = "{name}"
c.ExecutePreprocessor.timeout = 30  # seconds for each cell
c.ExecutePreprocessor.interrupt_on_timeout = True
"""
RULES = """\
Write each function where its cell says so, and keep its name and parameters.
The cell below shows one of the tests; others use different data.
Later functions call earlier ones.
Before you submit, restart the kernel and run all cells."""


def main(root: Path) -> int:
    """Write the assignments that were asked for; return the exit status."""
    asked = os.environ.get("CHAPTER", "")
    labels = {
        name: label
        for name in find_chapters(root, asked)
        if (label := task_label(read_chapter(root, root / CHAPTERS / f"{name}.md")))
    }
    if not labels:
        raise AuthorError(f"CHAPTER={asked} has no functions for readers to write.")
    seed = requested_seed()
    with FileLock(root / LOCK):
        for name, label in labels.items():
            folder = root / ASSIGNMENTS / name
            with replacing(folder) as new:
                refuse_to_replace(folder)
                write_assignment(new, name, title_of(root, name), label, seed)
            total = sum(task.points for task in load_tasks(label).values())
            print(f"{total:3} points: {folder}")
    print(f"SEED={seed} makes the same hidden tests again; keep it to yourself.")
    return 0


def requested_seed() -> int:
    """Return the seed of the hidden tests: ``SEED``, or a new one.

    Raise AuthorError if it is no whole number, or the seed of the visible tests.
    """
    text = os.environ.get("SEED") or str(secrets.randbelow(2**32 - 1) + 1)
    if not text.isdecimal() or int(text) == SEED:
        raise AuthorError(f"SEED={text} is not a whole number above 0.")
    return int(text)


def refuse_to_replace(folder: Path) -> None:
    """Raise AuthorError if nbgrader has put anything into a folder."""
    if found := [name for name in GRADED if (folder / name).exists()]:
        raise AuthorError(
            f"{folder} has been used for grading: it has {', '.join(found)}. "
            "Move it elsewhere first."
        )


def title_of(root: Path, name: str) -> str:
    """Return the title of a chapter."""
    text = (root / CHAPTERS / f"{name}.md").read_text(encoding="utf-8")
    return re.findall(r"^# (.*)", text, re.M)[0]


def write_assignment(
    folder: Path, name: str, title: str, chapter: str, seed: int
) -> None:
    """Write a course with one assignment into a new folder.

    ``name`` is what it is called in files, ``title`` on paper; ``chapter`` is the
    chapter's label, and ``seed`` that of the data of the hidden tests.
    """
    tasks = list(load_tasks(chapter).values())
    source = make_notebook(title, tasks, seed)
    for version, notebook in (("source", source), ("release", student_version(source))):
        path = folder / version / name / f"{name}.ipynb"
        path.parent.mkdir(parents=True)
        nbformat.write(notebook, path)
    (folder / "nbgrader_config.py").write_text(CONFIG.format(name=name))
    (folder / "sheet.md").write_text(make_sheet(title, tasks), encoding="utf-8")


def make_notebook(title: str, tasks: list[Task], seed: int) -> NotebookNode:
    """Return the instructor's version, with solutions and hidden tests."""
    given = [function for task in tasks for function in given_functions(task)]
    code = "\n\n\n".join(dict.fromkeys(inspect.getsource(it).strip() for it in given))
    cells = [text_cell(f"# {title}\n\n{RULES}", "rules")]
    for task in tasks:
        cells += [
            text_cell(
                f"## `{task.name}`\n\n{points_text(task)}.", f"about-{task.name}"
            ),
            answer_cell(task),
            tests_cell(task, seed),
        ]
    written = (cell.source for cell in cells if cell.cell_type == "code")
    needed = "\n".join([code, *written])
    imports = "\n".join(imports_of(inspect.getmodule(tasks[0].solution), needed))
    start = new_code_cell(f"{imports}\n\n\n{code}".strip(), id="start")
    start.metadata = nbgrader("start", locked=True)
    cells.insert(1, start)
    return new_notebook(cells=cells, metadata=METADATA)


def given_functions(task: Task) -> list[Callable[..., Any]]:
    """Return the functions that an assignment gives for a task."""
    return [*task.given, *([] if task.observe is call else [task.observe])]


def imports_of(module: Any, code: str) -> list[str]:
    """Return the imports of a module that some code needs, on a line each."""
    used = {it.id for it in ast.walk(ast.parse(code)) if isinstance(it, ast.Name)}
    lines = []
    for node in ast.parse(f"{IMPORTS}\n{inspect.getsource(module)}").body:
        if isinstance(node, (ast.Import, ast.ImportFrom)):
            names = {it.asname or it.name.partition(".")[0] for it in node.names}
            line = ast.unparse(node)
            if names & used and not line.startswith("from helpers"):
                lines.append(line)
    return list(dict.fromkeys(lines))


def text_cell(text: str, name: str) -> NotebookNode:
    """Return a cell with text that students cannot change."""
    return new_markdown_cell(text, id=name, metadata=nbgrader(name, locked=True))


def answer_cell(task: Task) -> NotebookNode:
    """Return the cell with the solution, which students see empty."""
    head, body = head_and_body(task)
    source = f"{head}\n{SOLUTION.format(body)}"
    return new_code_cell(
        source, id=task.name, metadata=nbgrader(task.name, solution=True)
    )


def head_and_body(task: Task) -> tuple[str, str]:
    """Split the source of the book's version behind its docstring."""
    source = inspect.getsource(task.solution).rstrip()
    docstring = ast.parse(source).body[0].body[0]  # type: ignore[attr-defined]
    lines = source.splitlines()
    end = docstring.end_lineno
    return "\n".join(lines[:end]), "\n".join(lines[end:])


def tests_cell(task: Task, seed: int) -> NotebookNode:
    """Return the cell with the tests, visible and hidden."""
    name = f"test-{task.name}"
    visible = tests_code(task, task.examples(np.random.default_rng(SEED))[:1])
    hidden = tests_code(task, distinguishing_examples(task, seed))
    return new_code_cell(
        f"{visible}\n{HIDDEN.format(hidden)}",
        id=name,
        metadata=nbgrader(name, locked=True, points=task.points),
    )


def distinguishing_examples(task: Task, seed: int) -> Examples:
    """Draw examples until they tell every known mistake from the right function.

    Raise ValueError if a hundred draws do not.
    """
    rng = np.random.default_rng(seed)
    mutants = [mutate(task.solution, it.old, it.new) for it in task.mistakes]
    for _ in range(MAX_DRAWS):
        examples = task.examples(rng)
        right = run(task, task.solution, examples, StringIO())
        runs = (run(task, mutant, examples, StringIO()) for mutant in mutants)
        if not any(it.resembles(right, task.tolerance) for it in runs):
            return examples
    raise ValueError(f"no data tell the mistakes in {task.name}")


def nbgrader(
    name: str, *, locked: bool = False, solution: bool = False, points: int = 0
) -> dict[str, Any]:
    """Return the metadata by which nbgrader knows a cell."""
    known: dict[str, Any] = {
        "grade": points > 0,
        "grade_id": name,
        "locked": locked,
        "schema_version": 3,
        "solution": solution,
        "task": False,
    }
    return {"nbgrader": known | ({"points": points} if points else {})}


def tests_code(task: Task, examples: Examples) -> str:
    """Return code that compares a function with the book's results."""
    expected = run(task, task.solution, examples, StringIO())
    return "\n".join(
        line
        for arguments, result in zip(examples, expected.results, strict=True)
        for line in _lines_of_test(task, arguments, result)
    )


def _lines_of_test(
    task: Task, arguments: tuple[Any, ...], result: dict[str, Any]
) -> list[str]:
    """Return the lines that test one example."""
    given = ",\n".join([*map(literal, arguments), ""])
    name = task.name
    called = f"{name}(" if task.observe is call else f"{task.observe.__name__}({name}, "
    lines = [f"arguments = (\n{given})", f"result = {called}*deepcopy(arguments))"]
    if task.observe is call and "torch." not in given:
        lines[1:] = [
            "before = deepcopy(arguments)",
            f"result = {name}(*arguments)",
            "np.testing.assert_equal(arguments, before)",
        ]
    if list(result) != [""]:
        count = len({place.partition("]")[0] for place in result})
        lines.append(f"assert len(result) == {count}")
    for place, leaf in result.items():
        got, due = f"result{place}", literal(leaf.value)
        if leaf.kind in NUMERIC:
            kinds = "np.ndarray" if leaf.kind == "an array" else NUMBERS
            lines.append(f"assert isinstance({got}, {kinds})")
        else:
            got += ".detach().numpy()"
        limit = task.tolerance * np.abs(leaf.value).max(initial=0)
        lines.append(f"assert np.shape({got}) == {leaf.value.shape}")
        close = f"{got}, {due}, rtol=0, atol={limit:.0e}"
        lines.append(f"np.testing.assert_allclose({close})")
    return lines


def literal(value: Any) -> str:
    """Return Python code for an argument or a result.

    Raise TypeError if it is neither a number, a text, an array, a tensor nor made of
    these.
    """
    if value is None or isinstance(value, (bool, int, float, str)):
        return repr(value)
    if isinstance(value, np.generic):
        return repr(value.item())
    if isinstance(value, np.ndarray):
        if not value.ndim:
            return repr(value.item())
        text = pformat(value.tolist(), width=70, compact=True)
        is_usual = np.array(value.tolist()).dtype == value.dtype
        kind = "" if is_usual else f", dtype=np.{value.dtype}"
        return f"np.array({text}{kind})"
    if type(value).__name__ == "Tensor":
        text = pformat(value.tolist(), width=70, compact=True)
        grad = ", requires_grad=True" if value.requires_grad else ""
        return f"torch.tensor({text}, dtype={value.dtype}{grad})"
    if isinstance(value, dict):
        parts = (f"{key!r}: {literal(part)}" for key, part in value.items())
        return "{" + ", ".join(parts) + "}"
    if isinstance(value, (list, tuple)):
        text = "".join(f"{literal(part)}, " for part in value)
        return f"[{text}]" if isinstance(value, list) else f"({text})"
    raise TypeError(f"an assignment cannot contain a {type(value).__name__}")


def student_version(source: NotebookNode) -> NotebookNode:
    """Return the students' version: without solutions and hidden tests."""
    notebook = nbformat.from_dict(source)
    for cell in notebook.cells:
        cell.source = MARKED.sub(
            lambda found: STUB if found[1] == "SOLUTION" else "", cell.source
        ).rstrip()
    return notebook


def points_text(task: Task) -> str:
    """Return what a task counts, in words."""
    return f"{task.points} point{'s' * (task.points > 1)}"


def make_sheet(title: str, tasks: list[Task]) -> str:
    """Return what is asked, as Markdown."""
    total = sum(task.points for task in tasks)
    parts = [f"# {title}", f"{total} points in all.\n{RULES}"]
    for task in tasks:
        head, _ = head_and_body(task)
        parts += [f"## {task.name}, {points_text(task)}", f"```python\n{head}\n```"]
    return "\n\n".join(parts) + "\n"
