"""A softmax layer: D inputs, C weighted sums, C probabilities.

Every input reaches every sum; softmax turns the sums of one example into
probabilities that add up to 1. Below, the same for a batch of N examples.
"""

from matplotlib.figure import Figure

from figures.drawing import (
    BLUE,
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

INPUTS = {"1": 50, "2": 112, "D": 224}  # the y of each
OUTPUTS = {"0": 66, "1": 132, "C{-}1": 264}  # classes count from 0
BIAS = 290


def draw() -> Figure:
    """Draw the layer."""
    figure, ax = make_canvas("A softmax layer", 430)

    for y in OUTPUTS.values():
        for x in INPUTS.values():
            add_arrow(ax, (70, x), (290, y), colour=GREEN, gaps=(22, 27), width=1.2)
        add_arrow(
            ax,
            (70, BIAS),
            (290, y),
            colour=GREEN,
            gaps=(22, 27),
            width=1.2,
            dashed=True,
        )
    for name, y in INPUTS.items():
        add_node(ax, (70, y), f"$x_{name}$")
    add_dots(ax, (70, 168))
    add_node(ax, (70, BIAS), "$1$", colour=GREY)

    add_box(ax, (416, 165), 96, 256, "softmax")
    for name, y in OUTPUTS.items():
        add_arrow(ax, (290, y), (368, y), gaps=(26, 1))
        add_arrow(ax, (464, y), (542, y), gaps=(0, 27))
        add_node(ax, (290, y), f"$z_{{{name}}}$", radius=26)
        add_node(ax, (542, y), f"$p_{{{name}}}$", radius=26, solid=True)
    add_dots(ax, (290, 198))
    add_dots(ax, (542, 198))

    add_curve(
        ax, [(578, 44), (586, 44), (586, 286), (578, 286)], colour=GREY, width=1.2
    )
    add_label(ax, (180, 38), "$W$", size=21, colour=GREEN)
    add_label(ax, (180, 298), "$b$", size=21, colour=GREEN)
    add_label(ax, (598, 154), "add up", size=15, align="left")
    add_label(ax, (598, 176), "to 1", size=15, align="left")

    for x, formula, shape, colour in (
        (70, "$X$", "$(N, D)$", BLUE),
        (178, r"$W,\ \ b$", r"$(D, C),\ (C{,})$", GREEN),
        (305, "$Z = XW + b$", "$(N, C)$", BLUE),
        (542, r"$P\,= \mathrm{softmax}(Z)$", "$(N, C)$", BLUE),
    ):
        add_label(ax, (x, 360), formula, size=20)
        add_label(ax, (x, 390), shape, size=18, colour=colour)
    return figure
