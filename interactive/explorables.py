"""Explorables, the interactive figures of the chapters: data for their scripts.

The scripts in ``interactive/static/`` run on the book's pages. Where there are
no scripts - in print, in an exported notebook - a static figure shows the same
content. Each function returns HTML; make the call the last expression of a cell.
"""

import base64
import io
import json
import re
from collections.abc import Callable, Mapping, Sequence
from html import escape
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
from IPython.display import HTML, Markdown, display
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from PIL import Image

from helpers.data import Digits
from helpers.plots import BLUE, VERMILLION, to_webp

__all__ = [
    "show_backward_pass",
    "show_drawing",
    "show_explorable",
    "show_learning_rate",
]

DPI = 200  # for high-resolution screens


def show_explorable(
    name: str,
    figure: Figure,
    data: Mapping[str, Any],
    alt: str,
    stages: Sequence[Figure] = (),
) -> HTML:
    """Show a figure that becomes an explorable on the book's pages.

    The script ``interactive/static/NAME.js`` gets the data and, as ``axes``, the
    position and limits of the axes of each stage, so that it can draw on them.
    The figures are closed.

    Parameters
    ----------
    name : str
        Name of the script.
    figure : Figure
        What is shown where no script runs.
    data : mapping
        What the script needs: anything JSON can represent, so no ``nan`` and no
        infinity.
    alt : str
        What the figure shows, for readers who cannot see it.
    stages : sequence of Figure, optional
        Axes for the script to draw on, one in each figure. They are placed side
        by side, or below each other on a phone.

    Returns
    -------
    HTML
        The figure, its data and the stages.

    Raises
    ------
    ValueError
        If the data contain a number that JSON cannot represent.
    TypeError
        If they contain a type that JSON does not have, such as an array.
    """
    given = dict(data)
    pictures = [f'<img alt="{escape(alt)}" {_img_attributes(figure)}>']
    # Hide the box rather than the image: Jupyter shows every image.
    pictures += [
        f'<span hidden><img alt="" {_img_attributes(stage)}></span>' for stage in stages
    ]
    if stages:
        given["axes"] = [_describe_axes(stage.axes[0]) for stage in stages]
    text = json.dumps(given, allow_nan=False, separators=(",", ":"))
    # A "</script>" in the data would end the element.
    text = text.replace("</", r"<\/")
    return HTML(
        f'<div class="explorable" data-explorable="{escape(name)}">'
        + "".join(pictures)
        + f'<script type="application/json">{text}</script></div>'
    )


def _img_attributes(figure: Figure) -> str:
    """Return the attributes of an image that shows a figure, and close it."""
    file = io.BytesIO()
    figure.savefig(file, format="png", dpi=DPI)
    plt.close(figure)
    content = base64.b64encode(to_webp(Image.open(file))).decode()
    width = round(100 * figure.get_figwidth())
    return (
        f'style="max-width:100%;width:{width}px" src="data:image/webp;base64,{content}"'
    )


def _describe_axes(ax: Axes) -> dict[str, Any]:
    """Return the position of axes, as fractions from the top left, and their limits."""
    place = ax.get_position()
    box = (place.x0, 1 - place.y1, place.x1, 1 - place.y0)
    return {
        "box": [round(float(edge), 5) for edge in box],
        "x": [float(end) for end in ax.get_xlim()],
        "y": [float(end) for end in ax.get_ylim()],
        "logarithmic": ax.get_yscale() == "log",
    }


UPDATES = 100  # in each descent
MINI_BATCH = 16
SHARES = (0.125, 0.6, 1.02)  # learning rates in the figure, relative to the limit


def show_learning_rate(
    x: np.ndarray,
    y: np.ndarray,
    start: np.ndarray,
    draw_surface: Callable[[Axes], None],
    *,
    momentum: bool = False,
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
    momentum : bool, default False
        Whether there is a slider for momentum as well.

    Returns
    -------
    HTML
        The explorable.

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

    figure, (surface, curve) = plt.subplots(1, 2, figsize=(7, 3.4))
    prepare(surface, curve)
    for share in SHARES:
        theta, path = np.ravel(start), [np.ravel(start)]
        for _ in range(UPDATES):
            theta = theta - share * limit * hessian @ (theta - bottom)
            path.append(theta)
        residuals = np.array(path) @ columns.T - y  # (UPDATES + 1, N)
        name = f"η = {share * limit:.3f}"
        surface.plot(*np.transpose(path), ".-", markersize=4)
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
            | {"value": 0.1},
            "momenta": {"min": 0, "max": 0.95 if momentum else 0}
            | {"step": 0.05, "value": 0},
        },
        alt="Three paths on the contour lines of the loss, and their losses over "
        f"{UPDATES} updates: a small learning rate creeps along the valley, a "
        "medium one reaches the minimum, and one just above the limit oscillates "
        "across the valley with growing amplitude.",
        stages=stages,
    )


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


def show_backward_pass(
    steps: Sequence[tuple[str, str, str]], arrays: Mapping[str, Any]
) -> HTML:
    """Let the reader step through one forward and one backward pass.

    This also displays a table of all steps; on the book's pages the explorable
    shows one row of it at a time. Some numbers of each array are shown, starting
    at the first example and the first hidden unit that is active for it.

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

    Returns
    -------
    HTML
        The explorable.

    Raises
    ------
    KeyError
        If an array is missing, or is not in the graph.
    """
    unit = int(np.argmax(arrays["A"][0] > 0))
    names = [name for name, _, _ in steps]
    corners = {
        name: _corner(arrays[name], GRAPH[name.removeprefix(GRADIENT)][1], unit)
        for name in dict.fromkeys([*GRAPH, *names])
    }
    display(Markdown(_table_of_steps(steps, arrays, corners, unit)))
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
            "steps": names,
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


FIRST_SHOWN = 3  # index of the image shown until something is drawn


def show_drawing(
    parameters: Sequence[np.ndarray],
    digits: Digits,
    images: np.ndarray,
    labels: np.ndarray,
    *,
    box: float,
    centre: tuple[float, float],
    pen: float,
) -> HTML:
    """Let the reader draw a digit, and have the network of chapter 14 read it.

    Parameters
    ----------
    parameters : sequence of four arrays of float16
        Weights (H, D) and biases (H,) of the hidden layer, weights (C, H) and
        biases (C,) of the output layer, as PyTorch stores them.
    digits : Digits
        The data the network was trained on, for the size and range of an image.
    images : array of uint8, shape (n, D)
        Images to choose from, with grey values as in the digits.
    labels : array of int, shape (n,)
        The digit that each of them shows.
    box : float
        Longer side of the ink's bounding box, in pixels.
    centre : tuple of float
        Centre of mass of the ink, in pixels from the top and from the left.
    pen : float
        Width of a stroke, in pixels.

    Returns
    -------
    HTML
        The explorable.

    Raises
    ------
    ValueError
        If the parameters are not four finite float16 arrays whose shapes match
        each other and the images; or if the pen does not fit into the box, or
        the box into an image.
    """
    shape = digits.height, digits.width
    W1, b1, W2, b2 = (array.astype(float) for array in parameters)
    H, C, D = len(b1), len(b2), digits.height * digits.width
    shapes = [array.shape for array in parameters]
    if shapes != [(H, D), (H,), (C, H), (C,)]:
        raise ValueError(
            f"parameters of shapes {shapes} are not two layers that take {D} pixels"
        )
    if any(array.dtype != np.float16 for array in parameters):
        raise ValueError("the parameters must be rounded to float16 first")
    if not all(np.isfinite(array).all() for array in parameters):
        raise ValueError("a parameter is too large for float16, or not a number")
    if images.shape != (len(labels), D):
        raise ValueError(
            f"{len(labels)} images of {D} pixels cannot have the shape {images.shape}"
        )
    if not 0 < pen < box <= min(shape):
        raise ValueError(
            f"a pen of {pen} in a box of {box} in a frame of {shape}: each must be "
            "smaller than the next"
        )

    A = np.maximum(images / digits.pixel_max @ W1.T + b1, 0)  # (n, H)
    Z = A @ W2.T + b2
    P = np.exp(Z - Z.max(axis=1, keepdims=True))  # (n, C)
    P /= P.sum(axis=1, keepdims=True)
    activations, probabilities = A[FIRST_SHOWN], P[FIRST_SHOWN]
    firing, likely = (activations > 0).sum(), probabilities.argmax()

    columns = min(10, H)
    cells = np.full(-(-H // columns) * columns, np.nan)
    cells[:H] = activations
    figure, (seen, hidden, bars) = plt.subplots(
        1, 3, figsize=(7, 2.3), width_ratios=(1, 1.5, 1.5)
    )
    for ax, values, name in (
        (seen, images[FIRST_SHOWN].reshape(shape), "image"),
        (hidden, cells.reshape(-1, columns), f"{H} hidden units"),
    ):
        ax.imshow(values, vmin=0)
        ax.set(xlabel=name, xticks=[], yticks=[])
        ax.grid(visible=False)
        ax.spines[:].set_visible(True)
    bars.bar(range(C), probabilities)
    bars.set(xlabel="digit", ylabel="probability", xticks=range(C), ylim=(0, 1))

    together = np.concatenate([array.ravel() for array in parameters])

    def pack(array: np.ndarray, kind: str) -> str:
        return base64.b64encode(array.astype(kind).tobytes()).decode()

    return show_explorable(
        "draw-digit",
        figure,
        {
            "shape": shape,
            "box": box,
            "centre": centre,
            "pen": pen,
            "layers": [[H, D], [C, H]],
            "parameters": pack(together, "<f2"),
            "brightest": float(A.max()),
            "blackest": digits.pixel_max,
            "images": pack(images, "u1"),
            "labels": [int(label) for label in labels],
            "shown": FIRST_SHOWN,
        },
        alt=f"An image of the digit {labels[FIRST_SHOWN]}; the {H} hidden units, of "
        f"which {firing} fire; and the probabilities of the {C} digits, the "
        f"largest being that of {likely}, {probabilities[likely]:.3f}.",
    )
