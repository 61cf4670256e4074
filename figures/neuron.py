"""One neuron, which is binary logistic regression.

The weighted inputs and the bias add up to z; the sigmoid of z is the
probability of class 1.
"""

import numpy as np
from matplotlib.figure import Figure

from figures.drawing import (
    GREEN,
    GREY,
    add_arrow,
    add_box,
    add_curve,
    add_dots,
    add_label,
    add_node,
    make_canvas,
)

MIDDLE = 165
INPUTS = {"1": 62, "2": 130, "D": 268}  # the y of each


def draw() -> Figure:
    """Draw the neuron."""
    figure, ax = make_canvas("One neuron: binary logistic regression", 392)
    total, sigmoid, output = (315, MIDDLE), (468, MIDDLE), (620, MIDDLE)

    for name, y in INPUTS.items():
        add_node(ax, (70, y), f"$x_{name}$")
        add_arrow(ax, (70, y), total, colour=GREEN, gaps=(22, 31))
    add_dots(ax, (70, 199))
    for name, y in {"1": 68, "2": 124, "D": 250}.items():
        add_label(ax, (168, y), f"$w_{name}$", size=21, colour=GREEN)

    add_arrow(ax, (315, 62), total, colour=GREEN, gaps=(22, 31))
    add_node(ax, (315, 62), "$1$", colour=GREY)
    add_label(ax, (334, 109), "$b$", size=21, colour=GREEN)

    add_node(ax, total, r"$\Sigma$", radius=30, colour=GREY)
    add_arrow(ax, total, sigmoid, gaps=(31, 38))
    add_label(ax, (388, MIDDLE - 16), "$z$", size=21)
    add_box(ax, sigmoid, 74, 74)
    steps = np.linspace(-1, 1, 41)
    curve = [(468 + 28 * s, MIDDLE + 24 - 48 / (1 + np.exp(-6 * s))) for s in steps]
    add_curve(ax, curve)
    add_label(ax, (490, MIDDLE + 20), r"$\sigma$", size=20)
    add_arrow(ax, sigmoid, output, gaps=(38, 27))
    add_node(ax, output, "$p$", radius=26, solid=True)

    for x, name, formula in (
        (70, "features", "$x_1, \\dots, x_D$"),
        (290, "weighted sum", r"$z = x\,w + b$"),
        (455, "sigmoid", r"$\sigma(z) = 1 / (1 + e^{-z})$"),
        (620, "probability", r"$p = P\,(y = 1 \mid x)$"),
    ):
        add_label(ax, (x, 330), name, size=15, colour=GREY)
        add_label(ax, (x, 358), formula, size=19)
    return figure
