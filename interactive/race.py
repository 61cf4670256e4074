"""Four rules of descent, from one start, through a straight and a bending valley."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
from IPython.display import HTML
from matplotlib.axes import Axes
from numpy.typing import ArrayLike

from helpers.plots import BLUE, GREEN, PURPLE, VERMILLION
from interactive.explorable import show_explorable

Function = Callable[..., Any]

STEEPNESS = 5  # of the walls of the valley that bends
BEND_START = (-1.5, 2.2)
STEPS = 200
FAR = 1e6  # a path that gets there has diverged, and ends
BETA, BETA_2 = 0.9, 0.999
# For each rule its learning rate in the chapter, its colour and its marker.
RULES = {
    "descent": (0.1, BLUE, "o"),
    "momentum": (0.1, VERMILLION, "s"),
    "RMSProp": (0.02, GREEN, "^"),
    "Adam": (0.1, PURPLE, "D"),
}
SQUARES = (((-1, 3), (-1, 3)), ((-2, 2), (-1, 3)))  # what is shown of each valley
LABELS = (("intercept $b$", "slope $w$"), ("$\\theta_1$", "$\\theta_2$"))


def bend(theta: np.ndarray) -> np.ndarray:
    """Return the loss (...) in the valley that bends, at points (..., 2)."""
    first, second = np.moveaxis(theta, -1, 0)
    return (1 - first) ** 2 + STEEPNESS * (second - first**2) ** 2


def walk(
    rule: str,
    gradient: Function,
    start: ArrayLike,
    rate: float,
    beta: float,
    steps: Mapping[str, Function],
) -> np.ndarray:
    """Return the path (n + 1, 2) of a rule; it ends early where it diverges.

    The rule's step is the chapter's; ``steps`` has those of all but descent.
    """
    theta = np.array(start, dtype=float)
    v, m, s = np.zeros((3, 2))
    path = [theta]
    for t in range(1, STEPS + 1):
        g = gradient(theta)
        if rule == "descent":
            theta = theta - rate * g
        elif rule == "momentum":
            theta, v = steps[rule](theta, v, g, rate, beta)
        elif rule == "RMSProp":
            theta, s = steps[rule](theta, s, g, rate, beta)
        else:
            theta, m, s = steps[rule](theta, m, s, t, g, rate, (beta, BETA_2))
        path.append(theta)
        if np.abs(theta).max() > FAR:
            break
    return np.array(path)


def show_race(
    H: np.ndarray,
    bottom: np.ndarray,
    start: np.ndarray,
    bend_gradient: Function,
    steps: Mapping[str, Function],
) -> HTML:
    """Let descent, momentum, RMSProp and Adam race from a start that can be dragged.

    There are two valleys: the loss with Hessian H and minimum ``bottom``, and
    (1 - θ₁)² + 5 (θ₂ - θ₁²)², which bends.

    Parameters
    ----------
    H : array, shape (2, 2)
        The Hessian of the straight valley, symmetric, with positive eigenvalues.
    bottom : array, shape (2,)
        Its minimum.
    start : array, shape (2,)
        Where all begin in it.
    bend_gradient : function
        Returns the gradient (2,) of the valley that bends at a point (2,).
    steps : mapping of str to function
        ``momentum_step``, ``rmsprop_step`` and ``adam_step`` of the chapter, under
        the names momentum, RMSProp and Adam.

    Raises
    ------
    ValueError
        If H is not symmetric with positive eigenvalues, if the start or the
        minimum is not in the picture, if ``bend_gradient`` is not the gradient, or
        if a step is missing.
    """
    H, bottom, start = (np.asarray(given, dtype=float) for given in (H, bottom, start))
    if H.shape != (2, 2) or not np.allclose(H, H.T) or np.linalg.eigvalsh(H)[0] <= 0:
        raise ValueError("H must be 2 x 2, symmetric, with positive eigenvalues")
    low, high = np.transpose(SQUARES[0])
    for name, point in {"start": start, "bottom": bottom}.items():
        if point.shape != (2,) or (point < low).any() or (point > high).any():
            raise ValueError(
                f"{name} is {point}, and must be a point from {low} to {high}"
            )
    expected = _slopes(bend, np.array(BEND_START))
    if not np.allclose(bend_gradient(np.array(BEND_START)), expected, rtol=1e-5):
        raise ValueError(
            "bend_gradient is not the gradient of (1 - θ₁)² + 5 (θ₂ - θ₁²)²: "
            f"at {BEND_START} that is {expected.round(3)}"
        )
    if missing := RULES.keys() - {"descent"} - steps.keys():
        raise ValueError(f"steps has no {', '.join(sorted(missing))}")

    def straight(theta: np.ndarray) -> np.ndarray:
        return np.sum((theta - bottom) @ H * (theta - bottom), axis=-1) / 2

    losses = (straight, bend)
    gradients = (lambda theta: H @ (theta - bottom), bend_gradient)
    lowest = (bottom, np.ones(2))
    starts = (start, np.array(BEND_START))

    figure, axes = plt.subplots(2, 2, figsize=(7, 5.6), height_ratios=(3, 2))
    ends = []
    for valley in range(2):
        _draw_valley(axes[0, valley], losses[valley], lowest[valley], valley)
        _prepare_curve(axes[1, valley])
        for name, (rate, colour, marker) in RULES.items():
            path = walk(name, gradients[valley], starts[valley], rate, BETA, steps)
            style = {"color": colour, "marker": marker, "markevery": [-1]}
            axes[0, valley].plot(*path.T, ".", color=colour, markersize=2.5)
            axes[0, valley].plot(*path.T, linewidth=1, **style)
            loss = losses[valley](path)
            axes[1, valley].plot(loss, label=f"{name}, η = {rate}", **style)
            ends.append("diverged" if len(path) <= STEPS else f"{loss[-1]:.0e}")
    axes[1, 1].set(ylabel="")
    axes[1, 1].legend(fontsize="x-small", loc="lower left")

    stages = []
    for valley in range(2):
        stages.append(plt.figure(figsize=(3.5, 3.4)))
        _draw_valley(stages[-1].add_subplot(), losses[valley], lowest[valley], valley)
    stages.append(plt.figure(figsize=(3.5, 3.4)))
    _prepare_curve(stages[-1].add_subplot())
    return show_explorable(
        "race",
        figure,
        {
            "hessian": H.tolist(),
            "bottom": bottom.tolist(),
            "steepness": STEEPNESS,
            "starts": [point.tolist() for point in starts],
            "rules": [[name, rate] for name, (rate, *_) in RULES.items()],
            "beta": BETA,
            "beta2": BETA_2,
            "steps": STEPS,
            "far": FAR,
        },
        alt=_describe(ends),
        stages=stages,
    )


def _slopes(loss: Function, theta: np.ndarray, h: float = 1e-5) -> np.ndarray:
    """Return central differences (2,)."""
    ways = h * np.eye(2)
    return (loss(theta + ways) - loss(theta - ways)) / (2 * h)


def _draw_valley(ax: Axes, loss: Function, lowest: np.ndarray, valley: int) -> None:
    x, y = (np.linspace(*ends, 161) for ends in SQUARES[valley])
    surface = loss(np.stack(np.meshgrid(x, y), axis=-1))
    ax.contour(
        x, y, surface, levels=np.geomspace(0.03, 60, 12), colors="0.65", linewidths=0.8
    )
    ax.plot(*lowest, "k+", markersize=9, markeredgewidth=1.5)
    ax.grid(visible=False)
    ax.set(xlim=SQUARES[valley][0], ylim=SQUARES[valley][1], aspect="equal")
    ax.set(xlabel=LABELS[valley][0], ylabel=LABELS[valley][1])
    ax.locator_params(integer=True, nbins=4)


def _prepare_curve(ax: Axes) -> None:
    ax.set(xlim=(0, STEPS), ylim=(1e-8, 1e3), yscale="log", xlabel="step")
    ax.set(ylabel="loss above the minimum")


def _describe(ends: Sequence[str]) -> str:
    rules = [f"{name} with η = {rate}" for name, (rate, *_) in RULES.items()]
    said = [
        ", ".join(f"{name} {end}" for name, end in zip(RULES, part, strict=True))
        for part in (ends[: len(RULES)], ends[len(RULES) :])
    ]
    return (
        f"Four paths from one start over {STEPS} steps, {', '.join(rules)}, on the "
        "contour lines of two valleys, and below each valley the loss above the "
        f"minimum. At the end it is, in the straight valley: {said[0]}. In the valley "
        f"that bends, with the same learning rates: {said[1]}."
    )
