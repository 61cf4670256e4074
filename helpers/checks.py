"""Checks that chapters run on their own derivations."""

import inspect
import textwrap
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

__all__ = ["check_gradient", "mutate"]

STEP = 1e-6  # by which a parameter is moved


def check_gradient(
    loss: Callable[[NDArray[np.float64]], float],
    point: ArrayLike,
    gradient: ArrayLike,
) -> float:
    """Compare a gradient with central differences of the loss.

    Each parameter in turn is moved up and down by a step of 1e-6; the difference
    of the two losses, divided by twice the step, approximates the derivative.
    Its error is about the square of the step (curvature) plus 1e-16 divided by the
    step (rounding), which is smallest near this one.

    Parameters
    ----------
    loss : callable
        Takes an array of the same shape as ``point`` and returns the loss.
    point : array
        The parameters at which to compare, of any shape.
    gradient : array, same shape
        The gradient that the derivation gives at ``point``.

    Returns
    -------
    float
        Relative error: the length of the difference of the two gradients,
        divided by the sum of their lengths; 0 if both are zero. In float64
        with a smooth loss, below 1e-7 the derivation is right, above 1e-2
        it is wrong, and in between it deserves a closer look (perhaps a ReLU's
        kink is near, or a small term is missing).

    Raises
    ------
    ValueError
        If ``gradient`` and ``point`` differ in shape, if either contains a
        value that is not finite, or if a parameter is too large to be moved.

    References
    ----------
    The gradient-check protocol of Stanford's course CS231n.
    """
    at = np.array(point, dtype=np.float64)
    claimed = np.asarray(gradient, dtype=np.float64)
    if claimed.shape != at.shape:
        raise ValueError(
            f"the gradient has shape {claimed.shape}, the parameters have "
            f"shape {at.shape}; they must agree"
        )
    if not (np.isfinite(at).all() and np.isfinite(claimed).all()):
        raise ValueError("parameters and gradient must be finite")
    measured = np.empty_like(at)
    for index in np.ndindex(at.shape):
        value = at[index]
        if value + STEP == value - STEP:
            raise ValueError(f"a step of {STEP} cannot move a parameter of {value}")
        at[index] = value + STEP
        above = loss(at)
        at[index] = value - STEP
        below = loss(at)
        at[index] = value
        measured[index] = (above - below) / (2 * STEP)
    scale = np.linalg.norm(claimed) + np.linalg.norm(measured)
    if scale == 0:
        return 0.0
    return float(np.linalg.norm(claimed - measured) / scale)


def mutate(function: Callable[..., Any], old: str, new: str) -> Callable[..., Any]:
    """Return a copy of a function with a piece of its source replaced.

    This introduces mistakes on purpose, to see which check finds them
    (*mutation testing*). The function itself is not changed.

    Parameters
    ----------
    function : callable
        Defined by ``def``, in a file or in a notebook cell.
    old, new : str
        The piece of source to replace, and what to put there. ``old`` must
        occur exactly once.

    Returns
    -------
    callable
        The mutant. It uses the same global names as the original.

    Raises
    ------
    ValueError
        If ``old`` does not occur exactly once.
    """
    source = textwrap.dedent(inspect.getsource(function))
    if source.count(old) != 1:
        raise ValueError(
            f"{old!r} occurs {source.count(old)} times in "
            f"{function.__name__}; it must occur once"
        )
    names = dict(function.__globals__)
    exec(source.replace(old, new), names)
    return names[function.__name__]
