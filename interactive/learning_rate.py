"""The learning rate of gradient descent for a straight line."""

from collections.abc import Callable, Mapping

import matplotlib.pyplot as plt
import numpy as np
from IPython.display import HTML
from matplotlib.axes import Axes

from interactive.explorable import show_explorable

UPDATES = 100  # in each descent
MINI_BATCH = 16
SHARES = (0.125, 0.6, 1.02)  # learning rates in the figure, relative to the limit
RATE, BETA = 0.1, 0.9  # a small learning rate, and much momentum


def show_learning_rate(
    x: np.ndarray,
    y: np.ndarray,
    start: np.ndarray,
    draw_surface: Callable[[Axes], None],
    *,
    momentum: Callable[[float, float, int], np.ndarray] | None = None,
) -> HTML:
    """Let the reader vary the learning rate of gradient descent for a straight line.

    Parameters
    ----------
    x : array, shape (N, 1)
        The feature of the training data.
    y : array, shape (N, 1) or (N,)
        The targets.
    start : array, shape (2,)
        Initial intercept and slope.
    draw_surface : function
        Draws the mean squared error over intercept and slope on given axes.
    momentum : function, optional
        ``momentum(learning_rate, beta, n)`` returns the path, shape (n + 1, 2), of n
        steps. With it there is a slider for β too, and the figure shows plain descent,
        the best settings, and a small learning rate with a larger β.

    Raises
    ------
    ValueError
        If x and y differ in length.
    """
    x, y = x.ravel(), y.ravel()
    if len(x) != len(y):
        raise ValueError(f"x has {len(x)} examples and y has {len(y)}; they must agree")
    columns = np.stack([np.ones_like(x), x], axis=1)  # (N, 2)
    hessian = 2 / len(x) * columns.T @ columns
    eigenvalues = np.linalg.eigvalsh(hessian)
    bottom = np.linalg.solve(columns.T @ columns, columns.T @ y)
    limit = 2 / eigenvalues[-1]

    def prepare(surface: Axes, curve: Axes) -> None:
        draw_surface(surface)
        surface.set(xlim=surface.get_xlim(), ylim=surface.get_ylim())
        curve.set(xlim=(0, UPDATES), ylim=(4e-3, 40), yscale="log")
        curve.set(xlabel="update", ylabel="training loss")

    def descend(rate: float) -> np.ndarray:
        theta, path = np.ravel(start), [np.ravel(start)]
        for _ in range(UPDATES):
            theta = theta - rate * hessian @ (theta - bottom)
            path.append(theta)
        return np.array(path)

    if momentum:
        roots = np.sqrt(eigenvalues)
        rate, beta = 4 / roots.sum() ** 2, (np.ptp(roots) / roots.sum()) ** 2
        settings = [(RATE, 0), (rate, beta), (RATE, BETA)]
        paths = {
            f"η = {round(eta, 3):g}, β = {round(beta, 3):g}": momentum(
                eta, beta, UPDATES
            )
            for eta, beta in settings
        }
        alt = _describe(paths, bottom)
    else:
        paths = {f"η = {share * limit:.3f}": descend(share * limit) for share in SHARES}
        alt = (
            "Three paths on the contour lines of the loss, and their losses over "
            f"{UPDATES} updates: a small learning rate creeps along the valley, a "
            "medium one reaches the minimum, and one just above the limit oscillates "
            "across the valley with growing amplitude."
        )
    figure, (surface, curve) = plt.subplots(1, 2, figsize=(7, 3.4))
    prepare(surface, curve)
    for name, path in paths.items():
        residuals = path @ columns.T - y  # (UPDATES + 1, N)
        surface.plot(*path.T, ".-", markersize=4)
        curve.plot((residuals**2).mean(axis=1), label=name)
    curve.legend()
    stages = [plt.figure(figsize=(3.5, 3.4)) for _ in range(2)]
    prepare(*(stage.add_subplot() for stage in stages))

    rng = np.random.default_rng(0)
    orders = [rng.permutation(len(x)).tolist() for _ in range(UPDATES)]
    sizes = {"all: batch": len(x), f"{MINI_BATCH}: mini-batch": MINI_BATCH}
    sizes |= {"1: stochastic": 1}
    return show_explorable(
        "learning-rate",
        figure,
        {
            "x": x.tolist(),
            "y": y.tolist(),
            "start": np.ravel(start).tolist(),
            "bottom": bottom.tolist(),
            "eigenvalues": eigenvalues.tolist(),
            "updates": UPDATES,
            # Enough epochs for the mini-batches.
            "orders": orders[: -(-UPDATES * MINI_BATCH // len(x))],
            "batches": [{"name": name, "size": size} for name, size in sizes.items()],
            "rates": {"min": 0.005, "max": 1.7 if momentum else 1.0, "step": 0.005}
            | {"value": RATE},
            "momenta": {"min": 0, "max": 0.95 if momentum else 0}
            | {"step": 0.05, "value": 0},
        },
        alt=alt,
        stages=stages,
    )


def _describe(paths: Mapping[str, np.ndarray], bottom: np.ndarray) -> str:
    """Say how far descent, momentum at its best and much momentum get."""
    half = UPDATES // 2
    told = []
    for name, path in paths.items():
        away = np.linalg.norm(path - bottom, axis=1)  # (UPDATES + 1,)
        told.append(f"with {name} it is {away[half]:.1g}")
    return (
        "Three paths on the contour lines of the loss, and their losses over "
        f"{UPDATES} updates: of plain descent, of momentum with the best settings, and "
        "of a small learning rate with much momentum. The distance from the minimum is "
        f"{away[0]:.1f} at first; after {half} updates {', '.join(told)}."
    )
