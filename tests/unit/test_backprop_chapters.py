"""Chapters 08 to 14: right in single precision; mutants break every line.

The pages themselves assert that all versions give equal curves, and that every
mutant in NumPy is caught. The gradients, and the mistakes that readers make, are
tested with the tasks of these chapters.
"""

import ast
import inspect
import re
import textwrap
from typing import Any

import pytest
import torch
from book import execute_changed_chapter, execute_chapter
from torch.utils._python_dispatch import TorchDispatchMode

import helpers
from helpers import (
    CURVE_TOLERANCE,
    max_relative_difference,
    mutate,
)

NUMPY, TENSORS, AUTOGRAD, NN, OPTIM = (
    "08-backprop-numpy",
    "09-backprop-tensors",
    "10-backprop-autograd",
    "11-backprop-nn",
    "12-backprop-optim",
)


@pytest.fixture
def single_precision(monkeypatch: pytest.MonkeyPatch) -> None:
    """Compute as on a device that has no double precision, such as mps."""
    monkeypatch.setattr(helpers, "float_dtype", lambda device: torch.float32)


# Single precision


@pytest.mark.usefixtures("single_precision")
@pytest.mark.parametrize("stem", [TENSORS, AUTOGRAD, NN, OPTIM])
def test_assertions_of_the_pages_hold_in_single_precision(stem) -> None:
    assert execute_chapter(stem)["dtype"] == torch.float32


# No mutant survives


def changed_lines(function: Any, changes: list[tuple[str, str]]) -> set[int]:
    """Number the lines of a function that a list of changes touches."""
    source = textwrap.dedent(inspect.getsource(function))
    return {source[: source.index(old)].count("\n") + 1 for old, _ in changes}


def statements(function: Any) -> set[int]:
    """Number the lines of a function that hold a statement, below its docstring."""
    source = textwrap.dedent(inspect.getsource(function))
    (definition,) = ast.parse(source).body
    assert isinstance(definition, ast.FunctionDef)
    return {statement.lineno for statement in definition.body[1:]}


def test_mutants_break_every_line_of_the_backward_pass() -> None:
    def without_comparisons(source: str) -> str:  # of many depths and seeds
        return "" if re.search("medians|at_best", source) else source

    page = execute_changed_chapter(NUMPY, without_comparisons, until="def looks_fine")
    broken = changed_lines(page["backward"], list(page["mutants"].values()))
    assert broken == statements(page["backward"])


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("(Y_hat_val, Y_val)", "(Y_hat_val, Y)"),
        ("forward(X_val, W1, W2)", "forward(X, W1, W2)"),
    ],
)
def test_a_validation_on_other_data_is_caught_by_the_curve(old, new) -> None:
    page = execute_chapter(AUTOGRAD)

    def difference(train: Any) -> float:
        start = [page[name] for name in ("W1_start", "W2_start")]
        weights = [page["to_tensor"](W).requires_grad_() for W in start]
        _, validation = train(*weights, n_steps=50)
        return max_relative_difference(validation, page["reference"].validation[:51])

    assert difference(page["train"]) <= CURVE_TOLERANCE["float64"]
    assert not difference(mutate(page["train"], old, new)) <= 1e-2


# Chapter 14


class NoDoublePrecision(TorchDispatchMode):
    """Refuse every result in double precision, as mps does.

    What NumPy hands over is converted on the CPU, before it is moved.
    """

    def __torch_dispatch__(
        self, func: Any, types: Any, args: Any = (), kwargs: Any = None
    ) -> Any:
        result = func(*args, **(kwargs or {}))
        double = getattr(result, "dtype", None) == torch.float64
        if double and func is not torch.ops.aten.lift_fresh.default:
            raise TypeError(f"{func} gave double precision, which mps does not have")
        return result


def test_training_in_pytorch_needs_no_double_precision_on_mps() -> None:
    def as_on_mps(source: str) -> str:
        source = source.replace('device.type == "mps"', "True")
        return source.replace("0.001, 0.01, 0.1, 1.0]", "0.1]")  # the best rate

    with NoDoublePrecision():
        page = execute_changed_chapter("14-mlp-pytorch", as_on_mps, until="changes = {")
    assert page["X_double"].dtype == torch.float32
