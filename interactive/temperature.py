"""Logits divided by a temperature, and what becomes of the probabilities."""

from collections.abc import Callable, Mapping
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
from IPython.display import HTML
from matplotlib.axes import Axes
from numpy.typing import ArrayLike, NDArray
from scipy.special import softmax

from interactive.explorable import show_explorable

Floats = NDArray[np.float64]

SMALLEST, LARGEST = 0.5, 4.0  # temperatures
STEPS = 8  # of the slider from one temperature to its double
DIGITS = 6  # of the numbers on the page


def show_temperature(
    models: Mapping[str, tuple[Floats, Floats, float]],
    y_val: NDArray[np.int_],
    y_test: NDArray[np.int_],
    loss_at: Callable[[float, Floats, NDArray[np.int_]], float],
    reliability: Callable[[Floats, NDArray[np.int_]], tuple[Floats, Floats]],
    draw_reliability: Callable[[Axes, Floats, NDArray[np.int_], str], None],
) -> HTML:
    """Let the reader choose the temperature by which logits are divided.

    Parameters
    ----------
    models : mapping of str to (array, array, float)
        For each classifier, by name: its logits for the validation images,
        (N_val, C), and for the test images, (N_test, C), and its best temperature.
    y_val, y_test : array of int, shapes (N_val,) and (N_test,)
        The classes.
    loss_at : function
        Takes a temperature, logits and classes, and returns the mean loss.
    reliability : function
        Takes probabilities and classes, and returns for each group of images the
        mean probability and the share that is correct.
    draw_reliability : function
        Takes axes, probabilities, classes and a label, and draws the same.

    Raises
    ------
    ValueError
        If there is no classifier, if logits and classes differ in number, or if
        a best temperature is not among those on the slider.
    """
    if not models:
        raise ValueError("there is no classifier to show")
    for name, (Z_val, Z_test, best) in models.items():
        given, needed = (len(Z_val), len(Z_test)), (len(y_val), len(y_test))
        if given != needed:
            raise ValueError(
                f"{name} has logits for {given} images, but there are {needed} classes"
            )
        if not SMALLEST < best < LARGEST:
            raise ValueError(
                f"the best temperature of {name}, {best:.3g}, is not between "
                f"{SMALLEST} and {LARGEST}"
            )

    best_ones = [best for *_, best in models.values()]
    octaves = np.log2(LARGEST / SMALLEST)
    grid = np.geomspace(SMALLEST, LARGEST, round(octaves) * STEPS + 1)
    temperatures = np.unique([*grid, *best_ones])
    shown: list[dict[str, Any]] = []
    for name, (Z_val, Z_test, best) in models.items():
        losses = [
            [loss_at(T, Z, y) for T in temperatures]
            for Z, y in ((Z_val, y_val), (Z_test, y_test))
        ]
        probabilities = (softmax(Z_test / T, axis=1) for T in temperatures)
        claimed, found = np.swapaxes(
            [reliability(p, y_test) for p in probabilities], 0, 1
        )  # each (temperatures, groups)
        shown.append(
            {
                "name": name,
                "best": int(np.searchsorted(temperatures, best)),
                "losses": _round(losses),
                "groups": [_round(1 - claimed), _round(1 - found)],
                "correct": int(np.sum(Z_test.argmax(axis=1) == y_test)),
            }
        )
    n_groups = claimed.shape[1]
    sizes = [len(part) for part in np.array_split(y_test, n_groups)]
    every_loss = np.concatenate([model["losses"] for model in shown], axis=None)
    ends = 0.85 * every_loss.min(), 1.2 * every_loss.max()

    def prepare_groups(ax: Axes) -> None:
        edge = 1 / sizes[-1]
        ax.plot([edge, 1], [edge, 1], "k--", lw=1)
        ax.set(xlim=(0.75 * edge, 1.3), ylim=(0.75 * edge, 1.3))
        ax.set(xscale="log", yscale="log")
        ax.set(xlabel="mistakes claimed", ylabel="mistakes found")
        style: dict[str, Any] = {
            "transform": ax.transAxes,
            "style": "italic",
            "size": "small",
        }
        ax.text(0.04, 0.96, "too confident", va="top", **style)
        ax.text(0.96, 0.04, "too modest", ha="right", **style)

    def prepare_losses(ax: Axes) -> None:
        ax.set(xlim=(grid[0], grid[-1]), ylim=ends, xscale="log", yscale="log")
        inside = [tick for tick in (0.1, 0.2, 0.5, 1, 2) if ends[0] < tick < ends[1]]
        ax.set_xticks([0.5, 1, 2, 4], ["0.5", "1", "2", "4"])
        ax.set_yticks(inside, [f"{tick:g}" for tick in inside])
        ax.minorticks_off()
        ax.set(xlabel="temperature $T$", ylabel="mean loss")

    figure, (left, right) = plt.subplots(1, 2, figsize=(7, 3.4))
    one = int(np.abs(np.log(temperatures)).argmin())
    _, Z, best = next(iter(models.values()))
    for T, label in ((1, "$T = 1$"), (best, f"$T = {best:.2f}$")):
        draw_reliability(left, softmax(Z / T, axis=1), y_test, label)
    prepare_groups(left)
    left.legend(loc="upper left", bbox_to_anchor=(0, 0.92))
    for model in shown:
        (line,) = right.plot(temperatures, model["losses"][0], label=model["name"])
        at = temperatures[model["best"]], model["losses"][0][model["best"]]
        right.plot(*at, "o", color=line.get_color())
        right.annotate(
            f"$T = {at[0]:.2f}$",
            at,
            (0, -6),
            textcoords="offset points",
            ha="center",
            va="top",
            size="small",
            color=line.get_color(),
            bbox={"facecolor": "white", "edgecolor": "none", "pad": 1},
        )
    prepare_losses(right)
    right.set_ylabel("mean loss, validation")
    right.legend(loc="upper center")
    stages = [plt.figure(figsize=(3.5, 3.4)) for _ in range(2)]
    prepare_groups(stages[0].add_subplot())
    prepare_losses(stages[1].add_subplot())

    claimed, found = np.array(shown[0]["groups"])
    errors = np.abs(claimed - found).mean(axis=1)
    bottoms = ", ".join(
        f"{model['name']} {temperatures[model['best']]:.2f}" for model in shown
    )
    return show_explorable(
        "temperature",
        figure,
        {
            "temperatures": _round(temperatures),
            "start": one,
            "sizes": sizes,
            "models": shown,
        },
        alt=f"On the left mistakes claimed and found in {n_groups} groups of test "
        f"images for {shown[0]['name']}, before and after its logits are divided "
        f"by T = {best:.2f}: the calibration error is {errors[one]:.3f} before and "
        f"{errors[shown[0]['best']]:.3f} after. On the right the loss of the "
        "validation images over T, a valley for each classifier, with its bottom "
        f"at T: {bottoms}.",
        stages=stages,
    )


def _round(numbers: ArrayLike) -> Any:
    """Return numbers as lists, rounded to what the page needs."""
    return np.vectorize(lambda number: float(f"{number:.{DIGITS}g}"))(numbers).tolist()
