"""Functions that the reader writes, and what is wrong with them, in a sentence.

What is known about each task stands with the chapters, in ``chapters/tasks``.
"""

import inspect
import sys
import textwrap
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from importlib import import_module
from typing import Any

import numpy as np

from helpers.judge import NOT_WRITTEN, Examples, Function, judge

__all__ = ["Fact", "Mistake", "Task", "check", "show_progress"]

WIDTH = 75  # of what is printed


@dataclass(frozen=True)
class Fact:
    """Something that is true of the function asked for.

    Attributes
    ----------
    claim : str
        It in words, without a full stop: "sigmoid(0) is one half".
    holds : callable
        Takes a function, and returns whether this is true of it.
    """

    claim: str
    holds: Callable[[Function], bool]


@dataclass(frozen=True)
class Mistake:
    """A mistake that readers make, planted in the book's version by `mutate`.

    Attributes
    ----------
    old, new : str
        The piece of source to replace, which occurs once, and the mistake.
    message : str
        One or two sentences that name the mistake.
    """

    old: str
    new: str
    message: str


def call(function: Function, *arguments: Any) -> Any:
    """Return what a function returns."""
    return function(*arguments)


@dataclass(frozen=True)
class Task:
    """A function that the reader writes, and what is known about it.

    Attributes
    ----------
    solution : callable
        The book's version, with the name, the parameters and the docstring that
        the chapter shows.
    examples : callable
        Takes a generator and returns several tuples of arguments. The sizes in
        them all differ, so that a shape tells what it is.
    points : int
        What it counts in an assignment.
    facts : tuple of Fact
        What is true of the function, tested on the reader's.
    mistakes : tuple of Mistake
        Each is recognised by its results on the examples.
    parts : tuple of str
        The names of the results, if there are several.
    given : tuple of callable
        Functions of the same module that the solution calls and that are not
        tasks; an assignment contains them.
    observe : callable
        Takes a function and arguments, and returns what is compared: by default
        the result. Where the function changes an object, this returns the object.
    tolerance : float
        The largest difference, relative to the largest value of a result.
    """

    solution: Function
    examples: Callable[[np.random.Generator], Examples]
    points: int = 2
    facts: tuple[Fact, ...] = ()
    mistakes: tuple[Mistake, ...] = ()
    parts: tuple[str, ...] = ()
    given: tuple[Function, ...] = ()
    observe: Function = call
    tolerance: float = 1e-6

    @property
    def name(self) -> str:
        """The name of the function."""
        return self.solution.__name__

    @property
    def parameters(self) -> list[str]:
        """The names of its parameters."""
        return list(inspect.signature(self.solution).parameters)


_passed: set[tuple[str, str]] = set()  # chapter and task, in this session


def check(function: Any, chapter: str) -> Any:
    """Say what is wrong with a function of the reader's, or that nothing is.

    Parameters
    ----------
    function : callable
        What the reader has written; nothing that it is or does raises an error.
    chapter : str
        The label of the chapter, such as ``"logistic-regression"``.

    Returns
    -------
    callable
        The function if it is right, else the book's version, so that the rest of
        the notebook runs.

    Raises
    ------
    ValueError
        If the chapter has no tasks.
    """
    tasks = load_tasks(chapter)
    notebook = sys._getframe(1).f_globals
    # Whatever it is, it is known by what the notebook calls it.
    names = [name for name in tasks if notebook.get(name) is function]
    name = names[0] if names else getattr(function, "__name__", None)
    if name not in tasks:
        _say(f"This chapter asks for {_listed(tasks)}; this is none of them.")
        return function
    task = tasks[name]
    if function is task.solution:  # from an earlier check
        _say(f"{name} is the book's version. Run the cell with yours, then this one.")
        return function
    fault, printed = judge(task, function)
    if printed:
        print(f"{name} printed:\n{printed}")
    if not fault:
        _passed.add((chapter, name))
        _say(f"{name} is right. The notebook goes on with your version.")
        return function
    _passed.discard((chapter, name))
    if fault == NOT_WRITTEN:
        _say(f"{name} is not written yet.")
    else:
        _say(f"{name} is not right yet. {fault}")
    _say("The notebook goes on with the book's version.")
    return task.solution


def show_progress(chapter: str) -> None:
    """Print which checks of a chapter have passed since the notebook was started.

    Parameters
    ----------
    chapter : str
        The label of the chapter.

    Raises
    ------
    ValueError
        If the chapter has no tasks.
    """
    tasks = load_tasks(chapter)
    missing = [name for name in tasks if (chapter, name) not in _passed]
    text = f"Checks passed: {len(tasks) - len(missing)} of {len(tasks)}."
    _say(f"{text} Still open: {_listed(missing)}." if missing else text)


def load_tasks(chapter: str) -> dict[str, Task]:
    """Return the tasks of a chapter, in its order, by the names of the functions."""
    name = f"tasks.{chapter.replace('-', '_')}"
    try:
        tasks: tuple[Task, ...] = import_module(name).TASKS
    except ModuleNotFoundError as error:
        if error.name not in (name, "tasks"):
            raise
        raise ValueError(f"{chapter!r} is not a chapter with tasks") from None
    return {task.name: task for task in tasks}


def _listed(names: Iterable[str]) -> str:
    *most, last = names
    return f"{', '.join(most)} and {last}" if most else last


def _say(text: str) -> None:
    """Print a text in lines that fit; what is indented stays as it is."""
    for line in text.splitlines():
        print(line[:WIDTH] if line[:1] == " " else textwrap.fill(line, WIDTH))
