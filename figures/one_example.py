"""One example on its way through a small network, and the gradient on its way back.

One feature, two hidden units, one output. Values stand above the nodes, gradients
below; both are computed here.
"""

import numpy as np
from matplotlib.figure import Figure

from figures.drawing import (
    BLUE,
    GREEN,
    GREY,
    VERMILLION,
    Point,
    add_arrow,
    add_label,
    add_node,
    make_canvas,
    save,
)

X, Y = 3, 1  # the feature and the target
W1, W2 = np.array([2, 1]), np.array([1, -1])
RADIUS = 27
X_AT, UNITS_AT = (62, 150), ((230, 72), (230, 228))
OUTPUT_AT, RESIDUAL_AT, LOSS_AT = (410, 150), (530, 150), (640, 150)
Y_AT = (530, 262)


def draw() -> Figure:
    """Draw the network."""
    figure, ax = make_canvas("Backpropagation with numbers", 318)
    a = np.maximum(X * W1, 0)
    residual = a @ W2 - Y
    back = 2 * residual  # with respect to the residual, and to the output
    back_a = back * W2 * (a > 0)

    def node(at: Point, name: str, value: int, gradient: int) -> None:
        add_node(ax, at, name, radius=RADIUS, solid=name == "$L$")
        add_label(ax, (at[0], at[1] - 42), f"${value}$", size=20, colour=BLUE)
        aside = 18 if at == RESIDUAL_AT else 0  # where an arrow comes from below
        place = (at[0] + aside, at[1] + 44)
        add_label(ax, place, f"${gradient}$", size=20, colour=VERMILLION)

    def edge(start: Point, end: Point, weight: int, gradient: int) -> None:
        add_arrow(ax, start, end, colour=GREEN, gaps=(RADIUS, RADIUS + 1))
        x, y = (start[0] + end[0]) / 2, (start[1] + end[1]) / 2
        side = -1 if y < X_AT[1] else 1
        add_label(ax, (x - 16, y + 25 * side), f"${weight}$", size=20, colour=GREEN)
        place = (x + 18, y + 25 * side)
        add_label(ax, place, f"${gradient}$", size=20, colour=VERMILLION)

    node(X_AT, "$x$", X, W1 @ back_a)
    for number, at in enumerate(UNITS_AT):
        edge(X_AT, at, W1[number], X * back_a[number])
        edge(at, OUTPUT_AT, W2[number], a[number] * back)
        node(at, f"$a_{number + 1}$", a[number], back_a[number])
    node(OUTPUT_AT, r"$\hat{y}$", a @ W2, back)
    node(RESIDUAL_AT, "$r$", residual, back)
    node(LOSS_AT, "$L$", residual**2, 1)
    add_node(ax, Y_AT, "$y$", radius=RADIUS, colour=GREY)
    add_label(ax, (Y_AT[0] + 42, Y_AT[1]), f"${Y}$", size=20, colour=BLUE)
    for start, end in (
        (OUTPUT_AT, RESIDUAL_AT),
        (RESIDUAL_AT, LOSS_AT),
        (Y_AT, RESIDUAL_AT),
    ):
        add_arrow(ax, start, end, gaps=(RADIUS, RADIUS + 1))
    for y, name, colour in (
        (24, "values, forward", BLUE),
        (46, "weights", GREEN),
        (68, "gradients, backward", VERMILLION),
    ):
        add_label(ax, (470, y), name, size=15, colour=colour, align="left")
    return figure


if __name__ == "__main__":
    save(draw(), __file__)
