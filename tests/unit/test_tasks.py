"""Tasks: what readers are told, and whether chapters ask for what is known."""

import copy
import pkgutil
import re
import sys
from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import cache
from inspect import getsource
from io import StringIO
from pathlib import Path
from threading import Thread
from time import sleep
from typing import Any

import numpy as np
import pytest
import tasks
import torch
from book import chapter_files, read_chapter

from helpers import Fact, Mistake, Task, check, judge, mutate, show_progress
from helpers.judge import NOT_WRITTEN, SEED, Examples, Run, run
from helpers.tasks import WIDTH, load_tasks

LABELS = [it.name.replace("_", "-") for it in pkgutil.iter_modules(tasks.__path__)]
TASKS = {
    f"{label}: {name}": task
    for label in LABELS
    for name, task in load_tasks(label).items()
}
MISTAKES = [
    pytest.param(task, mistake, id=f"{name}: {mistake.new}")
    for name, task in TASKS.items()
    for mistake in task.mistakes
]

CHANGES_NOTHING = "It changes nothing"  # of what works in place

each_task = pytest.mark.parametrize("task", TASKS.values(), ids=TASKS)


@pytest.fixture(scope="module", autouse=True)
def what_is_known_is_run_once() -> Iterator[None]:
    """Remember the mutants, and what they and the book's versions did."""
    known: dict[tuple[Task, Any], Run] = {}

    def run_once(task: Task, function: Any, examples: Examples, printed: Any) -> Run:
        if type(printed) is not StringIO:  # a reader's function, whose output counts
            return run(task, function, examples, printed)
        if (task, function) not in known:
            known[task, function] = run(task, function, examples, printed)
        return known[task, function]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(judge, "mutate", cache(mutate))
        patch.setattr(judge, "run", run_once)
        yield


def fault(task: Task, function: Any) -> str:
    return judge.judge(task, function)[0]


def spoil(task: Task, change: Callable[[Any], Any]) -> Callable[..., Any]:
    """Return the book's version with something done to each of its results."""

    def spoilt(*arguments: Any) -> Any:
        result = task.solution(*arguments)
        return tuple(map(change, result)) if task.parts else change(result)

    return spoilt


class FarFromAnyError(BaseException):
    pass


class MuteError(Exception):
    def __str__(self) -> str:
        raise RuntimeError


NOTED = ValueError("told\n  apart")
NOTED.add_note("a note")
ENDLESS: list[Any] = []
ENDLESS.append(ENDLESS)


def raising(error: BaseException) -> Callable[..., Any]:
    def function(*arguments: Any) -> None:
        raise error

    return function


def for_ever(*arguments: Any) -> None:
    while True:
        with suppress(Exception):
            print("again")


def for_ever_whatever_happens(*arguments: Any) -> None:
    while True:
        try:
            sleep(10)
        except:  # noqa: E722
            print("again")


# Every task of every chapter


@each_task
def test_the_books_version_is_right_and_leaves_its_arguments_alone(task: Task) -> None:
    assert judge.judge(task, task.solution) == ("", "")
    examples = task.examples(np.random.default_rng(SEED))
    done = run(task, task.solution, examples, StringIO())
    assert len(examples) >= 2
    assert not done.error
    assert not done.changed
    assert len({tuple(result) for result in done.results}) == 1
    if task.parts:
        assert all(len(result) == len(task.parts) for result in done.results)


@pytest.mark.parametrize(("task", "mistake"), MISTAKES)
def test_each_mistake_is_called_by_its_name(task: Task, mistake: Mistake) -> None:
    mutant = mutate(task.solution, mistake.old, mistake.new)
    told = fault(task, mutant).removeprefix(mistake.message)
    assert not told or re.match(r"It raises .*\nA usual cause: ", told, re.S)
    assert not told or told.endswith(mistake.message)
    assert re.fullmatch(r".{10,160}\.", mistake.message)


@each_task
def test_each_task_knows_mistakes_and_facts_and_says_different_things(
    task: Task,
) -> None:
    messages = [mistake.message for mistake in task.mistakes]
    assert len(set(messages)) == len(messages) >= 3
    assert task.facts
    assert not any(fact.claim.endswith(".") for fact in task.facts)
    assert task.points > 0


@each_task
@pytest.mark.parametrize(
    ("function", "told"),
    [
        (lambda *_: None, f"returns None|None; |{CHANGES_NOTHING}"),
        (lambda *_: "text", f"returns a str|{CHANGES_NOTHING}"),
        (lambda: 0, "other parameters"),
        (raising(NOTED), "raises ValueError: told apart, in the line"),
        (raising(SystemExit()), "raises SystemExit"),
        (raising(FarFromAnyError()), "raises .*FarFromAnyError"),
        (raising(MuteError()), "raises .*MuteError"),
        (lambda *_: (yield), "yield|returns 1 value; "),
        (dict, "This is a class"),
        (5, "This is a value of type int"),
        (None, "This is a value of type NoneType"),
    ],
)
def test_whatever_is_handed_in_is_answered(
    task: Task, function: Any, told: str
) -> None:
    assert re.search(told, fault(task, function))


@pytest.mark.parametrize("function", [for_ever, for_ever_whatever_happens])
def test_what_never_ends_is_stopped(
    function: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(judge, "TIME_LIMIT", 0.2)
    before = sys.gettrace()
    for task in list(TASKS.values())[:3]:
        assert "more than 0.2 seconds" in fault(task, function)
        assert sys.gettrace() is before
        assert sys.exc_info() == (None, None, None)


@each_task
@pytest.mark.parametrize(
    "change",
    [
        lambda part: np.nan * part,
        lambda part: -part,
        lambda part: 3 * part,
        lambda part: part + 1,
        lambda part: part[..., None],
    ],
    ids=["nan", "sign", "factor", "offset", "axis"],
)
def test_no_wrong_result_passes(task: Task, change: Callable[[Any], Any]) -> None:
    assert fault(task, spoil(task, change))


# What is said in general, on tasks that are asked nowhere


def scale(X, factor):
    """Return X (N, D), each row divided by its sum, times a factor (N, 1)."""
    return factor * X / X.sum(axis=1, keepdims=True)


def mean_of(y):
    """Return the mean of y (N,)."""
    return y.sum() / len(y)


def split(y):
    """Return the mean and the spread of y (N,)."""
    return y.mean(), y.std()


def squares(rng: np.random.Generator) -> list[tuple[Any, ...]]:
    return [(rng.uniform(1, 2, (n, n)), rng.normal(size=(n, 1))) for n in (3, 4)]


def rows(rng: np.random.Generator) -> list[tuple[Any, ...]]:
    return [(rng.normal(size=n),) for n in (6, 9)]


def column(y):
    """Return the squares of y as a column (N, 1)."""
    return (y**2)[:, None]


def vector(y):
    """Return the squares of y (N,)."""
    return y**2


def columns_and_rows(rng: np.random.Generator) -> list[tuple[Any, ...]]:
    return [(rng.normal(size=shape),) for shape in ((6, 1), (9,))]


SCALE, MEAN = Task(scale, squares), Task(mean_of, rows)
SPLIT = Task(split, rows, parts=("mean", "spread"))
COLUMN, VECTOR = Task(column, rows), Task(vector, rows)


def in_place(X, factor):
    X /= X.sum(axis=1, keepdims=True)
    return factor * X


def broken(X, factor):
    total = X.sum(axis=1)
    return X @ total[:-1]


@pytest.mark.parametrize(
    ("task", "function", "told"),
    [
        (SCALE, in_place, "It changes X in place. Work on a copy."),
        (SCALE, lambda *both: scale(*both).T, "It is transposed."),
        (SCALE, lambda *both: -scale(*both), "It has the opposite sign."),
        (SCALE, lambda *both: scale(*both) / 2, "It is 0.5 times what is right."),
        (
            SCALE,
            lambda *both: scale(*both).tolist(),
            "a list or tuple where an array is due.",
        ),
        (SCALE, lambda *_: 1.0, "one number where an array of shape (3, 3) is due"),
        (SCALE, lambda *both: scale(*both)[:2], "Its shape is (2, 3) where (3, 3) is"),
        (SCALE, lambda *both: scale(*both).astype(str), "returns an array of <U"),
        (SCALE, broken, "in the line\n    return X @ total[:-1]"),
        (SCALE, torch.no_grad()(broken), "in the line\n    return X @ total[:-1]"),
        (MEAN, lambda y: y.sum(), "It is len(y) times too large. Is a mean due"),
        (MEAN, lambda y: y.mean() / len(y), "It is len(y) times too small."),
        (
            Task(mean_of, columns_and_rows),
            lambda y: y.sum(),
            "It is len(y) times too large.",
        ),
        (COLUMN, vector, "Keep the axis"),
        (COLUMN, lambda y: column(y).T, "It is transposed."),
        (VECTOR, column, "one axis too many"),
        (
            VECTOR,
            lambda y: y * column(y),
            "An array of shape (6,) met one of shape (6, 1).",
        ),
        (MEAN, lambda y: ENDLESS, "raises RecursionError"),
        (MEAN, lambda y: y[:1], "(1,) where one number is due. Return its only entry"),
        (MEAN, lambda y: [], "It returns 0 values; one is due."),
        (MEAN, lambda y: y, "Its shape is (6,) where one number is due."),
        (MEAN, lambda y: np.median(y), "is right."),
        (SPLIT, lambda y: (y.mean(), -y.std()), "Look at spread. It has the opposite"),
        (SPLIT, lambda y: y.mean(), "a number; 2 are due: mean, spread."),
        (SPLIT, lambda y: ([1, 2], 1), "Look at mean. It returns a list or tuple"),
        (SPLIT, lambda y: {"a": 1, "b": 2}, "Return one tuple: mean, spread."),
        (SPLIT, lambda y: (1, 2, 3), "3 values; 2 are due: mean, spread."),
        (SPLIT, lambda y: (y.mean(), None), "Look at spread. It returns None."),
    ],
)
def test_says_in_general_what_is_wrong(task: Task, function: Any, told: str) -> None:
    assert told in fault(task, function)


def test_parameters_are_those_that_a_chapter_may_use() -> None:
    def power(x, y, exponent=2):
        return (x + y) ** exponent

    def examples(rng: np.random.Generator) -> list[tuple[Any, ...]]:
        return [(rng.normal(size=n), rng.normal(size=n), 3) for n in (4, 6)]

    task = Task(power, examples)
    asked = "It has other parameters; asked for is def power(x, y, exponent=2)."
    assert fault(task, lambda x, y, exponent: power(x, y, exponent)) == asked
    assert fault(task, lambda y, x, exponent=2: power(x, y, exponent)) == asked
    assert fault(task, lambda a, b, exponent=2: power(a, b, exponent)) == asked
    assert fault(task, lambda x, y, exponent=2, more=1: power(x, y, exponent)) == ""
    assert fault(task, lambda *all_: power(*all_)) == ""
    assert fault(MEAN, lambda numbers: np.mean(numbers)) == ""


def test_an_error_that_a_mistake_raises_too_is_shown_with_its_line() -> None:
    mistake = Mistake("factor * X", "factor @ X", "This is a matrix product.")
    task = Task(scale, squares, mistakes=(mistake,))

    def other(X, factor):
        return X.sum(axis=1, keepdims=True) @ X

    assert re.fullmatch(
        r"It raises ValueError: matmul: .*, in the line\n"
        r"    return X\.sum\(axis=1, keepdims=True\) @ X\n"
        r"A usual cause: This is a matrix product\.",
        fault(task, other),
        re.S,
    )


def test_what_is_set_for_the_whole_notebook_stays_as_it_is() -> None:
    def settles(y):
        np.seterr(all="raise")
        torch.set_grad_enabled(False)
        sys.stdout.close()
        return y.mean()

    before = np.geterr()
    assert fault(MEAN, settles) == ""
    assert np.geterr() == before
    assert torch.is_grad_enabled()
    with np.errstate(all="raise"):
        assert fault(MEAN, lambda y: y.mean() + 0 * np.exp(-1e9)) == ""


def test_what_differs_only_in_a_fact_is_wrong() -> None:
    fact = Fact("it is one half", lambda function: function(np.ones(2)) == 0.5)
    task = Task(mean_of, rows, facts=(fact,))
    assert fault(task, mean_of) == "This should hold: it is one half."
    assert re.fullmatch(
        r"This should hold: it is one half\. It gives .* is right\.",
        fault(task, lambda y: np.median(y)),
    )


def test_compares_what_a_task_says_is_to_be_compared() -> None:
    def double(y):
        y *= 2

    def observed(function, y):
        own = y.copy()
        function(own)
        return own

    task = Task(double, rows, observe=observed)
    assert fault(task, double) == ""
    assert "It is 0.5 times" in fault(task, lambda y: None)


# What a notebook shows


def test_an_empty_function_is_not_yet_written(
    capsys: pytest.CaptureFixture[str],
) -> None:
    def sigmoid(z):
        """Return something."""
        ...

    def empty(z):
        pass

    def returned(z):
        return ...

    task = load_tasks("logistic-regression")["sigmoid"]
    for function in (sigmoid, empty, returned):
        assert fault(task, function) == NOT_WRITTEN
    assert check(sigmoid, "logistic-regression") is task.solution
    assert capsys.readouterr().out == (
        "sigmoid is not written yet.\nThe notebook goes on with the book's version.\n"
    )


def test_a_notebook_goes_on_with_what_is_right(
    capsys: pytest.CaptureFixture[str],
) -> None:
    def sigmoid(z):
        print("here " * 250_000)
        return 1 / (1 + np.exp(-z))

    label = "logistic-regression"
    show_progress(label)
    assert check(sigmoid, label) is sigmoid
    shown = capsys.readouterr().out
    assert len(shown) < 700
    assert "sigmoid is right. The notebook goes on with your version." in shown
    show_progress(label)
    assert capsys.readouterr().out == (
        "Checks passed: 1 of 3. Still open: cross_entropy and loss_and_gradient.\n"
    )
    for name in ("cross_entropy", "loss_and_gradient"):
        book = load_tasks(label)[name].solution
        assert check(book, label) is book
        assert f"{name} is the book's version." in capsys.readouterr().out
        check(mutate(book, "return", "return "), label)
    show_progress(label)
    assert "Checks passed: 3 of 3." in capsys.readouterr().out


@each_task
def test_lines_fit_the_page(
    task: Task, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (label,) = [it for it in LABELS if task in load_tasks(it).values()]
    mutant = mutate(task.solution, task.mistakes[0].old, task.mistakes[0].new)
    assert check(mutant, label) is task.solution
    for mistake in task.mistakes[1:]:  # that the judge finds them is tested above
        told = mistake.message
        monkeypatch.setattr("helpers.tasks.judge", lambda *_, told=told: (told, ""))
        assert check(mutant, label) is task.solution
    assert max(map(len, capsys.readouterr().out.splitlines())) <= WIDTH


def test_a_function_is_known_by_what_the_notebook_calls_it(
    capsys: pytest.CaptureFixture[str],
) -> None:
    label = "logistic-regression"
    book = load_tasks(label)["sigmoid"].solution
    for value in ("lambda z: 1 / (1 + np.exp(-z))", "7", "np.exp"):
        names = {"check": check, "np": np}
        exec(f"sigmoid = {value}\nsigmoid = check(sigmoid, {label!r})", names)
        assert (names["sigmoid"] is book) == (not value.startswith("lambda"))
        assert capsys.readouterr().out.startswith("sigmoid is ")

    class Rude:
        def __getattr__(self, name):
            raise KeyError(name)

    names = {"check": check, "sigmoid": Rude()}
    exec(f"sigmoid = check(sigmoid, {label!r})", names)
    assert names["sigmoid"] is book
    assert "This is a value of type Rude;" in capsys.readouterr().out
    assert check(7, label) == 7
    assert "asks for sigmoid, cross_entropy and" in capsys.readouterr().out


def test_an_interrupt_is_not_caught() -> None:
    with pytest.raises(KeyboardInterrupt):
        fault(MEAN, lambda y: raising(KeyboardInterrupt())())


def test_a_chapter_without_tasks_is_named() -> None:
    with pytest.raises(ValueError, match="'no-such-chapter' is not a chapter with"):
        check(copy.copy, "no-such-chapter")


def test_works_outside_the_main_thread() -> None:
    told: list[str] = []
    thread = Thread(target=lambda: told.append(fault(MEAN, lambda y: -mean_of(y))))
    thread.start()
    thread.join()
    assert told == ["It has the opposite sign."]


# What chapters ask


def tagged(path: Path, tag: str) -> list[int]:
    cells = read_chapter(path).cells
    return [n for n, it in enumerate(cells) if tag in it.metadata.get("tags", [])]


WITH_TASKS = [path for path in chapter_files() if tagged(path, "try-it")]


@pytest.mark.parametrize("path", WITH_TASKS, ids=lambda path: path.stem)
def test_a_chapter_asks_for_the_tasks_of_its_module(path: Path) -> None:
    cells = read_chapter(path).cells
    label = re.search(r"^\((.*)\)=\n# ", path.read_text(encoding="utf-8"), re.M)[1]
    known = load_tasks(label)
    places = tagged(path, "try-it")
    assert len(places) == len(known)
    for place, task in zip(places, known.values(), strict=True):
        head, end = cells[place].source.rsplit("\n", 1)
        assert end == "    ..."
        source = getsource(task.solution)
        assert source.startswith(f"{head}\n")
        assert source.removeprefix(head).strip()
        assert source.count("\n") <= 32
        assert max(map(len, source.splitlines())) <= 70
        after = re.sub(r"\s", "", cells[place + 1].source).replace(",)", ")")
        assert after == f'{task.name}=check({task.name},"{label}")'
        assert cells[place + 1].metadata.tags == ["check-it"]
    assert cells[-1].source == f'show_progress("{label}")'
    assert len(tagged(path, "check-it")) == len(known) + 1


def test_each_module_belongs_to_a_chapter() -> None:
    texts = [path.read_text(encoding="utf-8") for path in WITH_TASKS]
    found = [re.search(r"^\((.*)\)=\n# ", text, re.M)[1] for text in texts]
    assert sorted(found) == sorted(LABELS)
