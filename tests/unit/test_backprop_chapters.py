"""Chapters 08 to 12: right for all shapes and in single precision; no mutant survives.

The pages themselves assert that all versions give equal curves, and that every
mutant in NumPy is caught.
"""

import ast
import inspect
import re
import textwrap
from functools import cache
from typing import Any

import numpy as np
import pytest
import torch
from book import execute_changed_chapter, execute_chapter
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from torch.utils._python_dispatch import TorchDispatchMode

import helpers
from helpers import (
    CURVE_TOLERANCE,
    check_gradient,
    init_weights,
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


page_of = cache(execute_chapter)


@cache
def numpy_page() -> dict[str, Any]:
    """Run chapter 08 up to its mutants, without comparing many depths and seeds."""

    def without_comparisons(source: str) -> str:
        return "" if re.search("medians|at_best", source) else source

    return execute_changed_chapter(NUMPY, without_comparisons, until="def looks_fine")


@pytest.fixture
def single_precision(monkeypatch: pytest.MonkeyPatch) -> None:
    """Compute as on a device that has no double precision, such as mps."""
    monkeypatch.setattr(helpers, "float_dtype", lambda device: torch.float32)


# Single precision


@pytest.mark.usefixtures("single_precision")
@pytest.mark.parametrize("stem", [TENSORS, AUTOGRAD, NN, OPTIM])
def test_assertions_of_the_pages_hold_in_single_precision(stem) -> None:
    assert execute_chapter(stem)["dtype"] == torch.float32


# Right gradients

sizes = st.integers(1, 6)


@settings(deadline=None)
@given(n=sizes, d=sizes, h=sizes, k=sizes, seed=st.integers(0, 2**32 - 1))
def test_backward_in_numpy_is_right_for_every_shape(n, d, h, k, seed) -> None:
    page = numpy_page()
    forward, backward = page["forward"], page["backward"]
    rng = np.random.default_rng(seed)
    X, Y = rng.normal(size=(n, d)), rng.normal(size=(n, k))
    W1, W2 = init_weights(d, h, k, seed)
    assume(abs(X @ W1).min() > 1e-4)  # a kink of ReLU has no slope
    grad_W1, grad_W2 = backward(X, Y, W2, *forward(X, W1, W2))

    def loss(W1: np.ndarray, W2: np.ndarray) -> float:
        return float(np.mean((forward(X, W1, W2)[-1] - Y) ** 2))

    scale = max(abs(grad_W1).max(), abs(grad_W2).max())
    assume(scale > 1e-3)  # otherwise rounding is all there is to compare
    for error, gradient in (
        (check_gradient(lambda W: loss(W, W2), W1, grad_W1), grad_W1),
        (check_gradient(lambda W: loss(W1, W), W2, grad_W2), grad_W2),
    ):
        assert error < 1e-6 or np.linalg.norm(gradient) < 1e-6 * scale


@settings(deadline=None)
@given(n=sizes, d=sizes, h=sizes, k=sizes, seed=st.integers(0, 2**32 - 1))
def test_backward_in_tensors_is_that_of_autograd(n, d, h, k, seed) -> None:
    forward, backward = page_of(TENSORS)["forward"], page_of(TENSORS)["backward"]
    generator = torch.Generator().manual_seed(seed)

    def normal(*shape: int) -> torch.Tensor:
        return torch.randn(*shape, dtype=torch.float64, generator=generator)

    X, Y, W1, W2 = normal(n, d), normal(n, k), normal(d, h), normal(h, k)
    found = backward(X, Y, W2, *forward(X, W1, W2))
    weights = W1.requires_grad_(), W2.requires_grad_()
    loss = ((torch.relu(X @ W1) @ W2 - Y) ** 2).mean()
    for ours, theirs in zip(found, torch.autograd.grad(loss, weights), strict=True):
        torch.testing.assert_close(ours, theirs, rtol=1e-10, atol=1e-12)


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
    backward, mutants = numpy_page()["backward"], numpy_page()["mutants"]
    assert changed_lines(backward, list(mutants.values())) == statements(backward)


def test_every_mutant_in_tensors_is_caught() -> None:
    worst_error, backward = (
        page_of(TENSORS)["worst_error"],
        page_of(TENSORS)["backward"],
    )
    assert worst_error(backward) < 1e-12
    for name, (old, new) in numpy_page()["mutants"].items():
        for numpy, ours in (("Y.size", "Y.numel()"), ("Y[::-1]", "Y.flip(0)")):
            old, new = old.replace(numpy, ours), new.replace(numpy, ours)
        try:
            error = worst_error(mutate(backward, old, new))
        except RuntimeError:  # the shapes do not fit
            continue
        assert error > 1e-2, f"{name} survives"


@pytest.mark.parametrize(
    ("place", "old", "new"),
    [
        ("step", "weight.grad = None", "pass"),
        ("step", "weight -= learning_rate", "weight += learning_rate"),
        ("step", "learning_rate * weight.grad", "weight.grad"),
        ("train", "(Y_hat_val, Y_val)", "(Y_hat_val, Y)"),
        ("train", "forward(X_val, W1, W2)", "forward(X, W1, W2)"),
    ],
)
def test_every_mutant_of_the_training_loop_is_caught_by_the_curves(
    place, old, new
) -> None:
    page = page_of(AUTOGRAD)
    right = {name: page[name] for name in ("train", "step")}
    reference = page["reference"]

    def difference(train: Any, step: Any) -> float:
        start = [page[name] for name in ("W1_start", "W2_start")]
        weights = [page["to_tensor"](W).requires_grad_() for W in start]
        training, validation = train(*weights, n_steps=50, step=step)
        with np.errstate(all="ignore"):
            return max(
                max_relative_difference(training, reference.training[:51]),
                max_relative_difference(validation, reference.validation[:51]),
            )

    assert difference(**right) <= CURVE_TOLERANCE["float64"]
    wrong = right | {place: mutate(right[place], old, new)}
    assert not difference(**wrong) <= 1e-2


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
