"""The boundary of a logistic regression, its loss, and the gradient."""

from collections.abc import Sequence

import matplotlib.pyplot as plt
import numpy as np
from IPython.display import HTML
from matplotlib.axes import Axes

from helpers.plots import BLUE, VERMILLION
from interactive.explorable import show_explorable

EDGE = 2.7  # the features are shown from -EDGE to EDGE
LOGITS = 10  # and the logits from -LOGITS to LOGITS
SCALE = 0.4  # how long the weights are drawn, relative to the features
RATE = 1.0  # of a gradient step


def show_boundary(
    X: np.ndarray, y: np.ndarray, point: np.ndarray, names: Sequence[str]
) -> HTML:
    """Let the reader move the boundary between two classes of flowers, or a flower.

    Beside them is the sigmoid, with what each flower adds to the gradient.

    Parameters
    ----------
    X : array, shape (N, 2)
        Petal length and width, standardised.
    y : array, shape (N,)
        The classes, 0 or 1.
    point : array, shape (3,)
        The two weights and the bias to begin with.
    names : sequence of str
        The names of the two classes.

    Raises
    ------
    ValueError
        If X does not have two features, if y has other classes than 0 and 1 or
        another length, or if both weights are zero, so that there is no boundary.
    """
    X, y, point = np.asarray(X), np.asarray(y), np.asarray(point)
    if X.ndim != 2 or X.shape[1] != 2:
        raise ValueError(f"X has shape {X.shape}; it must be (N, 2)")
    if y.shape != X.shape[:1] or not np.isin(y, (0, 1)).all():
        raise ValueError(f"y must have a 0 or a 1 for each of the {len(X)} flowers")
    if point.shape != (3,) or not point[:2].any():
        raise ValueError("point must be two weights, not both zero, and a bias")

    w, b = point[:2], point[2]
    z = X @ w + b
    p = np.exp(-np.logaddexp(0, -z))
    losses = np.logaddexp(0, (1 - 2 * y) * z)
    grad = np.append(X.T @ (p - y), np.sum(p - y)) / len(y)
    wrong = (z > 0) != y

    figure, (plane, curve) = plt.subplots(1, 2, figsize=(7, 3.5))
    _prepare_plane(plane)
    _prepare_curve(curve)
    grid = np.linspace(-EDGE, EDGE, 55)
    surface = w[0] * grid + w[1] * grid[:, None] + b
    levels = [-np.log(9), 0, np.log(9)]
    plane.contour(
        grid,
        grid,
        surface,
        levels=levels,
        colors="k",
        linestyles=["--", "-", "--"],
        linewidths=1,
    )
    foot = -b * w / (w @ w)
    plane.annotate("", foot + SCALE * w, foot, arrowprops={"arrowstyle": "->"})
    plane.annotate("$w$", foot + SCALE * w, xytext=(4, 2), textcoords="offset points")
    for label, colour, marker in ((0, BLUE, "o"), (1, VERMILLION, "s")):
        these = y == label
        style = {"c": colour, "marker": marker, "edgecolor": "white", "linewidth": 0.5}
        plane.scatter(
            *X[these].T, s=12 + 40 * losses[these], label=names[label], **style
        )
        curve.vlines(z[these], y[these], p[these], colors=colour, linewidth=1)
        curve.scatter(z[these], y[these], s=14, **style)
    plane.legend(loc="lower right", fontsize="small", frameon=True)

    stages = [plt.figure(figsize=(3.5, 3.4)) for _ in range(2)]
    _prepare_plane(stages[0].add_subplot())
    _prepare_curve(stages[1].add_subplot())
    return show_explorable(
        "boundary",
        figure,
        {
            "X": X.tolist(),
            "y": y.tolist(),
            "point": point.tolist(),
            "names": list(names),
            "scale": SCALE,
            "rate": RATE,
        },
        alt=f"Left, {len(y)} flowers in petal length and width, the boundary p = 0.5 "
        f"with the arrow w at right angles to it, and the lines p = 0.1 and 0.9; the "
        "larger a flower, the larger its loss. Right, the sigmoid, and on it a line "
        f"from each flower's y to its p, of length |p - y|. The loss is "
        f"{losses.mean():.3f}, with {wrong.sum()} of the flowers on the wrong side, "
        f"and the gradient is {grad[0]:.3f} and {grad[1]:.3f} for the weights and "
        f"{grad[2]:.3f} for the bias.",
        stages=stages,
    )


def _prepare_plane(ax: Axes) -> None:
    ax.set(xlim=(-EDGE, EDGE), ylim=(-EDGE, EDGE), aspect="equal")
    ax.set(xlabel="petal length (standardised)", ylabel="petal width (standardised)")
    ax.locator_params(integer=True)
    ax.grid(visible=False)


def _prepare_curve(ax: Axes) -> None:
    z = np.linspace(-LOGITS, LOGITS, 201)
    ax.plot(z, 1 / (1 + np.exp(-z)), color="0.5", linewidth=1)
    ax.set(xlim=(-LOGITS, LOGITS), ylim=(-0.08, 1.08))
    ax.set(xlabel="logit $z$", ylabel="probability $p$")
