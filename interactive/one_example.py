"""One example on its way through a small network, and the gradient on its way back."""

from collections.abc import Mapping, Sequence

import matplotlib.pyplot as plt
from IPython.display import HTML
from matplotlib.colors import to_rgba
from matplotlib.figure import Figure
from matplotlib.patches import Circle, FancyBboxPatch

from helpers.plots import BLUE, GREEN, VERMILLION
from interactive.explorable import show_explorable

LARGEST = 3  # the reader may choose -3, -2, ..., 3
NUDGE = 0.001  # by which a number is moved, to try its gradient out
SIZE = 700, 312  # pixels of the figure; y points down
RADIUS = 25
GREY = "#555555"
NODES = {
    "x": (48, 150),
    "z1": (200, 68),
    "a1": (278, 68),
    "z2": (200, 232),
    "a2": (278, 232),
    "output": (444, 150),
    "r": (554, 150),
    "L": (652, 150),
    "y": (554, 262),
}
SYMBOLS = {
    **{name: f"${name}$" for name in ("x", "r", "L", "y")},
    **{f"{letter}{i}": f"${letter}_{i}$" for letter in "za" for i in (1, 2)},
    "output": r"$\hat{y}$",
}
EDGES = {  # with where the number on it stands
    ("x", "z1"): ("w1", (98, 84)),
    ("x", "z2"): ("w2", (98, 216)),
    ("a1", "output"): ("v1", (392, 84)),
    ("a2", "output"): ("v2", (392, 216)),
    ("output", "r"): None,
    ("r", "L"): None,
    ("y", "r"): None,
}


def show_one_example(
    *, x: int, y: int, weights_in: Sequence[int], weights_out: Sequence[int]
) -> HTML:
    """Let the reader take one example through a network, and its gradient back.

    The network has one feature, two hidden units with ReLU, one output and no
    biases; the loss is the squared residual. On the book's pages each of the six
    numbers can be changed.

    Parameters
    ----------
    x, y : int
        The feature and the target.
    weights_in, weights_out : sequence of two int
        The weights before and behind the hidden units.

    Raises
    ------
    ValueError
        If there are not two weights before and two behind the units, or if a
        number is not a whole one from -3 to 3.
    """
    for place, weights in (("before", weights_in), ("behind", weights_out)):
        if len(weights) != 2:
            raise ValueError(f"{len(weights)} weights {place} two units: {weights}")
    (w1, w2), (v1, v2) = weights_in, weights_out
    given = {"x": x, "w1": w1, "w2": w2, "v1": v1, "v2": v2, "y": y}
    for name, number in given.items():
        if number != int(number) or abs(number) > LARGEST:
            raise ValueError(
                f"{name} = {number} is not a whole number from {-LARGEST} to {LARGEST}"
            )
    n, grad = _take_pass(**{name: int(number) for name, number in given.items()})
    return show_explorable(
        "one-example",
        _draw(n, grad),
        {
            "numbers": {name: n[name] for name in given},
            "range": {"min": -LARGEST, "max": LARGEST},
            "nudge": NUDGE,
        },
        alt=(
            f"A small network, read from left to right. The feature x = {n['x']} goes "
            f"by the weights {n['w1']} and {n['w2']} to two hidden units, which hold "
            f"{n['z1']} and {n['z2']} before ReLU, and {n['a1']} and {n['a2']} after "
            f"it. By the weights {n['v1']} and {n['v2']} these go to the output, "
            f"{n['output']}. Minus the target {n['y']} that is the residual, {n['r']}, "
            f"and its square is the loss, {n['L']}. Below each node stands the "
            f"gradient of the loss, from right to left 1, {grad['r']}, "
            f"{grad['output']}, then {grad['a1']} and {grad['a2']} after ReLU, "
            f"{grad['z1']} and {grad['z2']} before it, and {grad['x']} at the feature; "
            f"at the weights {grad['v1']} and {grad['v2']}, then {grad['w1']} and "
            f"{grad['w2']}."
        ),
    )


def _take_pass(
    x: int, w1: int, w2: int, v1: int, v2: int, y: int
) -> tuple[dict[str, int], dict[str, int]]:
    """Return all values by name, and the gradients of the loss."""
    z1, z2 = w1 * x, w2 * x
    a1, a2 = max(z1, 0), max(z2, 0)
    output = v1 * a1 + v2 * a2
    r = output - y
    n = {"x": x, "w1": w1, "w2": w2, "v1": v1, "v2": v2, "y": y}
    n |= {"z1": z1, "z2": z2, "a1": a1, "a2": a2, "output": output, "r": r, "L": r**2}
    grad = {"L": 1, "r": 2 * r, "output": 2 * r, "v1": 2 * r * a1, "v2": 2 * r * a2}
    grad |= {"a1": 2 * r * v1, "a2": 2 * r * v2}
    grad |= {"z1": grad["a1"] * (z1 > 0), "z2": grad["a2"] * (z2 > 0)}
    grad |= {"w1": grad["z1"] * x, "w2": grad["z2"] * x}
    grad["x"] = grad["z1"] * w1 + grad["z2"] * w2
    return n, grad


def _draw(n: Mapping[str, int], grad: Mapping[str, int]) -> Figure:
    """Draw the network with its values, and below them the gradients."""
    width, height = SIZE
    figure = plt.figure(figsize=(width / 100, height / 100), layout="none")
    ax = figure.add_axes((0, 0, 1, 1), xlim=(0, width), ylim=(height, 0))
    ax.set_axis_off()

    def write(
        x: float, y: float, content: int | str, colour: str, size: int = 12
    ) -> None:
        text = f"${content}$" if isinstance(content, int) else content
        ax.text(x, y, text, color=colour, size=size, ha="center", va="center")

    for (start, end), weight in EDGES.items():
        gap = 0.72 * (RADIUS + 1)  # in points
        arrow = {"arrowstyle": "-|>", "shrinkA": gap, "shrinkB": gap, "linewidth": 1.2}
        arrow["color"] = GREEN if weight else GREY
        ax.annotate("", NODES[end], NODES[start], arrowprops=arrow)
        if weight:
            name, (x, y) = weight
            write(x - 14, y, n[name], GREEN)
            write(x + 20, y, grad[name], VERMILLION)
    for i in (1, 2):
        (left, y), (right, _) = NODES[f"z{i}"], NODES[f"a{i}"]
        middle = (left + right) / 2
        on = n[f"a{i}"] > 0
        outline = FancyBboxPatch(
            (left, y),
            right - left,
            0,
            boxstyle=f"round,pad={RADIUS}",
            facecolor=to_rgba(BLUE, 0.12) if on else "white",
            edgecolor=BLUE if on else GREY,
            linestyle="-" if on else "--",
            linewidth=1.2,
        )
        ax.add_patch(outline)
        ax.plot((middle - 9, middle, middle + 9), (y + 5, y + 5, y - 6), color=GREY)
        if not on:
            write(middle, y - RADIUS - 14, "off", GREY, 11)
    for name, (x, y) in NODES.items():
        if name[0] not in "za":
            colour = GREY if name == "y" else BLUE
            fill = to_rgba(colour, 0.12)
            ax.add_patch(Circle((x, y), RADIUS, fc=fill, ec=colour, linewidth=1.2))
        write(x, y, SYMBOLS[name], "black", 14)
        if name == "y":
            write(x + RADIUS + 14, y, n[name], BLUE)
            continue
        write(x, y - RADIUS - 14, n[name], BLUE)
        aside = 16 if name == "r" else 0  # an arrow comes from below
        write(x + aside, y + RADIUS + 14, grad[name], VERMILLION)
    names = {
        "values, forward": BLUE,
        "weights": GREEN,
        "gradients, backward": VERMILLION,
    }
    for row, (name, colour) in enumerate(names.items()):
        ax.text(480, 26 + 20 * row, name, color=colour, size=10, va="center")
    return figure
