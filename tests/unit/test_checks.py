"""What chapters check with: gradients, differences of curves, mutants."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from helpers import check_gradient, max_relative_difference, mutate

points = arrays(
    np.float64,
    array_shapes(max_dims=3, max_side=4),
    elements=st.floats(-3, 3),
)


@given(points)
def test_accepts_the_gradient_of_a_quartic(point) -> None:
    def loss(x: np.ndarray) -> float:
        return float(np.sum(x**4 + x))

    assert check_gradient(loss, point, 4 * point**3 + 1) < 1e-7


@given(points, st.sampled_from([-1.0, 0.5, 2.0]))
def test_rejects_a_wrong_factor(point, factor) -> None:
    def loss(x: np.ndarray) -> float:
        return float(np.sum(np.exp(x)))

    assert check_gradient(loss, point, factor * np.exp(point)) > 1e-2


def test_rejects_one_wrong_entry_of_many() -> None:
    point = np.linspace(1, 2, 20)
    gradient = 2 * point
    gradient[7] += 0.5
    assert check_gradient(lambda x: float(x @ x), point, gradient) > 1e-2


def test_error_is_one_for_opposite_directions() -> None:
    point = np.array([1.0, 2.0])
    error = check_gradient(lambda x: float(x @ x), point, -2 * point)
    assert error == pytest.approx(1.0)


def test_error_is_zero_where_both_gradients_vanish() -> None:
    assert check_gradient(lambda x: 5.0, [1.0, 2.0], [0.0, 0.0]) == 0.0


def test_leaves_the_point_alone() -> None:
    point = np.array([1.0, 2.0])
    check_gradient(lambda x: float(x @ x), point, 2 * point)
    assert (point == [1.0, 2.0]).all()


def test_moves_integers_too() -> None:
    assert check_gradient(lambda x: float(x @ x), [1, 2], [2, 4]) < 1e-7


def test_says_which_shapes_disagree() -> None:
    with pytest.raises(ValueError, match=r"\(2, 1\).*\(2,\)"):
        check_gradient(lambda x: 0.0, [1.0, 2.0], [[1.0], [2.0]])


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_refuses_what_is_not_finite(bad) -> None:
    with pytest.raises(ValueError, match="finite"):
        check_gradient(lambda x: 0.0, [1.0, bad], [1.0, 1.0])
    with pytest.raises(ValueError, match="finite"):
        check_gradient(lambda x: 0.0, [1.0, 1.0], [bad, 1.0])


def test_refuses_a_point_that_a_step_does_not_move() -> None:
    with pytest.raises(ValueError, match="cannot move a parameter of 1e"):
        check_gradient(lambda x: float(x @ x), [1.0, 1e17], [2.0, 2e17])


def test_largest_difference_is_relative() -> None:
    assert max_relative_difference([2.0, 30.0], [2.0, 20.0]) == pytest.approx(0.5)
    with pytest.raises(ValueError, match=r"shapes \(2,\) and \(3,\)"):
        max_relative_difference([1.0, 2.0], [1.0, 2.0, 3.0])
    with pytest.raises(ValueError, match="positive"):
        max_relative_difference([1.0], [0.0])


def test_mutate_leaves_the_original_alone() -> None:
    mutant = mutate(max_relative_difference, "np.abs(", "np.negative(")
    assert max_relative_difference([1.0], [2.0]) == 0.5
    assert mutant([1.0], [2.0]) == 0.5  # 1 - 2, turned around


@pytest.mark.parametrize("old", ["no such text", "np.asarray"])
def test_mutate_needs_a_piece_that_occurs_once(old) -> None:
    with pytest.raises(ValueError, match="must occur once"):
        mutate(max_relative_difference, old, "")
