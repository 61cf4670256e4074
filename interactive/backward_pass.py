"""One forward and one backward pass through a network of two layers."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
from IPython.display import HTML, Markdown
from matplotlib.figure import Figure

from helpers.plots import BLUE, VERMILLION
from interactive.explorable import show_explorable

# The graph of the two-layer network: each array's symbol, its shape, its
# position (column, row), and the arrays it is computed from.
GRAPH: dict[str, tuple[str, str, tuple[int, int], tuple[str, ...]]] = {
    "X": ("$X$", "ND", (1, 0), ()),
    "W1": ("$W_1$", "DH", (0, 1), ()),
    "Z1": ("$Z_1$", "NH", (1, 1), ("X", "W1")),
    "A": ("$A$", "NH", (1, 2), ("Z1",)),
    "W2": ("$W_2$", "HK", (0, 3), ()),
    "Y_hat": (r"$\hat{Y}$", "NK", (1, 3), ("A", "W2")),
    "Y": ("$Y$", "NK", (0, 4), ()),
    "R": ("$R$", "NK", (1, 4), ("Y_hat", "Y")),
    "L": ("$L$", "", (1, 5), ("R",)),
}
GRADIENT = "grad_"
NAME = re.compile(r"[A-Za-z_]\w*")


def show_steps(
    steps: Sequence[tuple[str, str, str]], arrays: Mapping[str, Any]
) -> Markdown:
    """Show the steps of one forward and one backward pass as a table.

    Some numbers of each array are shown, starting at the first example and the first
    hidden unit that is active for it.

    Parameters
    ----------
    steps, arrays
        As for `show_backward_pass`.

    Returns
    -------
    Markdown
        The table, one row per step.

    Raises
    ------
    KeyError
        If an array is missing, or is not in the graph.
    """
    unit, corners = _corners(steps, arrays)
    return Markdown(_table_of_steps(steps, arrays, corners, unit))


def show_backward_pass(
    steps: Sequence[tuple[str, str, str]], arrays: Mapping[str, Any]
) -> HTML:
    """Let the reader step through one forward and one backward pass.

    Call it in the cell after that of `show_steps`: on the book's pages the explorable
    shows one row of that table at a time.

    Parameters
    ----------
    steps : sequence of (str, str, str)
        For each step, in order: the name of the array it computes (a gradient's
        begins with ``grad_``), the line of NumPy that computes it, and the
        derivative it needs, as TeX.
    arrays : mapping of str to array or float
        The inputs and results of the steps, by name: X of shape (N, D), W1
        (D, H), Z1 and A (N, H), W2 (H, K), Y_hat, Y and R (N, K), and L, a
        number; a gradient has the shape of its array.

    Raises
    ------
    KeyError
        If an array is missing, or is not in the graph.
    """
    _, corners = _corners(steps, arrays)
    firsts = {name: f"{corner[0, 0]:.3g}" for name, corner in corners.items()}
    figure, stage = _draw_graph(), _draw_graph()
    for name, text in firsts.items():
        node = name.removeprefix(GRADIENT)
        colour = BLUE if name == node else VERMILLION
        x, y = _number_position(name)
        figure.axes[0].text(x, y, text, color=colour, va="center", size=9)
    return show_explorable(
        "backpropagation",
        figure,
        {
            "steps": [name for name, _, _ in steps],
            "nodes": {name: place for name, (_, _, place, _) in GRAPH.items()},
            "numbers": {
                name: [text, *_number_position(name)] for name, text in firsts.items()
            },
        },
        alt="The computational graph of the network, from X down to the loss L. "
        "Beside each array is one of its numbers, and below that one of its "
        "gradient: " + ", ".join(f"{name} {text}" for name, text in firsts.items()),
        stages=[stage],
    )


def _corners(
    steps: Sequence[tuple[str, str, str]], arrays: Mapping[str, Any]
) -> tuple[int, dict[str, np.ndarray]]:
    """Return the hidden unit to begin with, and some numbers of each array."""
    unit = int(np.argmax(arrays["A"][0] > 0))
    names = dict.fromkeys([*GRAPH, *(name for name, _, _ in steps)])
    return unit, {
        name: _corner(arrays[name], GRAPH[name.removeprefix(GRADIENT)][1], unit)
        for name in names
    }


def _table_of_steps(
    steps: Sequence[tuple[str, str, str]],
    arrays: Mapping[str, Any],
    corners: Mapping[str, np.ndarray],
    unit: int,
) -> str:
    """Return the table as Markdown, one row per step."""
    rows = [
        "| step | NumPy | derivative | shapes "
        f"| numbers, from hidden unit {unit + 1} on |",
        "| --- | --- | --- | --- | --- |",
    ]
    for number, (name, line, derivative) in enumerate(steps, 1):
        way = "backward" if name.startswith(GRADIENT) else "forward"
        used = dict.fromkeys(part for part in NAME.findall(line) if part in corners)
        shapes = [*(np.shape(arrays[part]) for part in used), np.shape(arrays[name])]
        *before, after = (str(shape) for shape in shapes)
        corner = "; ".join(
            ", ".join(f"{number:.3g}" for number in row) for row in corners[name]
        )
        rows.append(
            f"| {number}, {way} | `{name} = {line}` | ${derivative}$ "
            f"| {' and '.join(before)} → {after} | {corner} |"
        )
    return "\n".join(rows)


def _corner(array: Any, axes: str, unit: int) -> np.ndarray:
    """Return two rows and two columns of an array; a number as shape (1, 1)."""
    first = [unit if axis == "H" else 0 for axis in axes]
    some = np.asarray(array)[tuple(slice(i, i + 2) for i in first)]
    return np.atleast_2d(some)


def _number_position(name: str) -> tuple[float, float]:
    """Return where a number is written, on the axes of the graph."""
    _, _, (column, row), _ = GRAPH[name.removeprefix(GRADIENT)]
    return column + 0.2, row + (0.42 if name.startswith(GRADIENT) else 0.14)


def _draw_graph() -> Figure:
    """Draw symbols, shapes and arrows, with room for numbers."""
    figure = plt.figure(figsize=(3.5, 4.8))
    ax = figure.add_subplot()
    ax.set(xlim=(-0.35, 1.95), ylim=(5.4, -0.4))
    ax.set_axis_off()
    for symbol, axes, (x, y), inputs in GRAPH.values():
        ax.text(x, y, symbol, ha="center", va="center", size=14)
        if axes:
            shape = f"$({', '.join(axes)})$"
            ax.text(x + 0.2, y - 0.15, shape, va="center", size=9)
        for name in inputs:
            _, _, start, _ = GRAPH[name]
            arrow = {"arrowstyle": "->", "shrinkA": 15, "shrinkB": 15}
            ax.annotate("", (x, y), start, arrowprops=arrow)
    return figure
