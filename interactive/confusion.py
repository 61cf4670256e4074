"""A confusion matrix, with the images behind each of its counts."""

import base64
import io
from collections.abc import Mapping

import matplotlib.pyplot as plt
import numpy as np
from IPython.display import HTML
from matplotlib.patches import Rectangle
from numpy.typing import NDArray
from PIL import Image

from helpers.data import Digits
from interactive.explorable import show_explorable

SHOWN = 6  # images of a cell
COLUMNS = 32  # of images, in the picture that holds them all
LEVELS = 7  # of ink, besides none
SHADES = 5  # of the counts, in the figure
LARGE = 28  # pixels; smaller images are enlarged to about that, unblurred

Cell = tuple[int, int]  # the digit of an image, and the digit it was read as


def show_confusion(
    probabilities: Mapping[str, NDArray[np.float64]],
    digits: Digits,
    images: NDArray[np.uint8],
    labels: NDArray[np.int_],
) -> HTML:
    """Let the reader open the cells of a confusion matrix.

    Parameters
    ----------
    probabilities : mapping of str to array, shape (N, C)
        What each classifier said of the images, by its name.
    digits : Digits
        The data that the images come from, for their size and range.
    images : array of uint8, shape (N, D)
        The images, with grey values as in the digits.
    labels : array of int, shape (N,)
        The digit that each of them shows.

    Raises
    ------
    ValueError
        If there is no classifier; if images, labels and probabilities differ in
        number; or if a classifier has made no mistake to show.
    """
    C, shape = digits.n_classes, (digits.height, digits.width)
    if not probabilities:
        raise ValueError("there is no classifier to show")
    for name, P in probabilities.items():
        if P.shape != (len(labels), C) or len(images) != len(labels):
            raise ValueError(
                f"{name}: probabilities of shape {P.shape} for {len(images)} images "
                f"and {len(labels)} labels of {C} classes; they must agree"
            )
    said = {name: P.argmax(axis=1) for name, P in probabilities.items()}
    counts = {name: np.zeros((C, C), int) for name in said}
    shown: dict[str, dict[Cell, list[int]]] = {}
    for name, P in probabilities.items():
        np.add.at(counts[name], (labels, said[name]), 1)
        if np.trace(counts[name]) == len(labels):
            raise ValueError(f"{name} has made no mistake")
        shown[name] = _choose(labels, said[name], P.max(axis=1), C)
    cells = [cell for by_cell in shown.values() for cell in by_cell.values()]
    chosen = np.unique(np.concatenate(cells))
    place = {index: k for k, index in enumerate(chosen.tolist())}

    first, P = next(iter(probabilities.items()))
    mistakes = counts[first] * (1 - np.eye(C, dtype=int))
    i, j = (int(axis) for axis in np.unravel_index(mistakes.argmax(), (C, C)))
    surest = shown[first][i, j]
    pixels = images / digits.pixel_max  # (N, D)

    figure = plt.figure(figsize=(7, 3.3))
    ((left, right),) = figure.subfigures(1, 2, squeeze=False, width_ratios=(1.15, 1))
    ax = left.add_subplot()
    few = plt.get_cmap("Blues", 2 * SHADES)  # many would weigh more
    ax.imshow(mistakes, cmap=few, vmax=2 * mistakes.max())
    ax.set(xticks=range(C), yticks=range(C), xlabel="read as", ylabel="digit")
    ax.grid(visible=False)
    for (row, column), count in np.ndenumerate(counts[first]):
        if count:
            ax.text(column, row, count, ha="center", va="center", size=7)
    ax.add_patch(Rectangle((j - 0.5, i - 0.5), 1, 1, fill=False, lw=2))
    right.supxlabel(f"{i} read as {j}, with what probability", size="medium")
    axes = right.subplots(2, 3).ravel()
    for ax in axes:
        ax.set_axis_off()
    for ax, index in zip(axes, surest, strict=False):
        ax.imshow(_round(pixels[index]).reshape(shape), vmin=0)
        ax.set_title(f"{P[index].max():.3f}", size="medium")

    models = [
        {
            "name": name,
            "counts": counts[name].ravel().tolist(),
            # Of the images in each cell, how many another classifier reads alike.
            "alike": [
                np.bincount(
                    (labels * C + said[name])[said[name] == said[other]],
                    minlength=C * C,
                ).tolist()
                for other in said
            ],
            "shown": {
                row * C + column: [
                    [place[index], round(float(probabilities[name][index].max()), 5)]
                    for index in indices
                ]
                for (row, column), indices in shown[name].items()
            },
        }
        for name in said
    ]
    scale = max(1, LARGE // min(shape))
    return show_explorable(
        "confusion",
        figure,
        {
            "classes": C,
            "size": [scale * side for side in shape],
            "columns": COLUMNS,
            "pictures": len(chosen),
            "sprite": _pack(pixels[chosen].reshape(-1, *shape), scale),
            "start": i * C + j,
            "models": models,
        },
        alt=f"The confusion matrix of {first}, with a count in each cell. The largest "
        f"off the diagonal is {mistakes.max()}, of the digit {i} read as {j}. Beside "
        f"it {len(surest)} of these images, with the probabilities of that reading: "
        + ", ".join(f"{P[index].max():.3f}" for index in surest),
    )


def _choose(
    labels: NDArray[np.int_],
    said: NDArray[np.int_],
    sure: NDArray[np.float64],
    n_classes: int,
) -> dict[Cell, list[int]]:
    """Return some images of each cell: the surest mistakes, the least sure others."""
    chosen = {}
    for i, j in np.ndindex(n_classes, n_classes):
        there = np.flatnonzero((labels == i) & (said == j))
        order = np.argsort(sure[there] if i == j else -sure[there], kind="stable")
        if len(there):
            chosen[i, j] = there[order[:SHOWN]].tolist()
    return chosen


def _round(pixels: NDArray[np.float64]) -> NDArray[np.float64]:
    """Round pixels from 0 to 1 to a few levels, which compress well."""
    rounded: NDArray[np.float64] = np.round(pixels * LEVELS) / LEVELS
    return rounded


def _pack(images: NDArray[np.float64], scale: int) -> str:
    """Return images with pixels from 0 to 1 as one, whose opacity is the ink."""
    count, height, width = images.shape
    rows = -(-count // COLUMNS)
    padded = np.zeros((rows * COLUMNS, height, width))
    padded[:count] = images
    rows_apart = padded.reshape(rows, COLUMNS, height, width).swapaxes(1, 2)
    sheet = rows_apart.reshape(rows * height, COLUMNS * width)
    ink = (255 * _round(sheet)).astype(np.uint8)
    ink = ink.repeat(scale, axis=0).repeat(scale, axis=1)
    black = np.zeros((*ink.shape, 3), np.uint8)
    file = io.BytesIO()
    Image.fromarray(np.dstack([black, ink])).save(
        file, format="webp", lossless=True, method=2, quality=50
    )
    return base64.b64encode(file.getvalue()).decode()
