"""The network of chapters 08 to 12: two layers with a ReLU in between, no biases.

Sepal length and width go in, petal length and width come out; four of the H =
100 hidden units are drawn.
"""

from matplotlib.figure import Figure

from figures.drawing import (
    BLUE,
    GREEN,
    GREY,
    add_arrow,
    add_curve,
    add_dots,
    add_label,
    add_node,
    make_canvas,
)

ENDS = {"length": 140, "width": 250}  # the y of each
HIDDEN = (70, 126, 182, 320)


def draw() -> Figure:
    """Draw the network."""
    figure, ax = make_canvas("A network of two layers", 470)
    x_in, x_sum, x_relu, x_out = 70, 270, 430, 630

    for y in ENDS.values():
        for hidden in HIDDEN:
            for start, end in (
                ((x_in, y), (x_sum, hidden)),
                ((x_relu, hidden), (x_out, y)),
            ):
                add_arrow(ax, start, end, colour=GREEN, gaps=(22, 23), width=1.2)
    for hidden in HIDDEN:
        add_arrow(ax, (x_sum, hidden), (x_relu, hidden), gaps=(20, 21))
        add_node(ax, (x_sum, hidden), r"$\Sigma$", colour=GREY, radius=20)
        add_node(ax, (x_relu, hidden), radius=20)
        add_curve(
            ax,
            [
                (x_relu - 12, hidden + 5),
                (x_relu, hidden + 5),
                (x_relu + 10, hidden - 9),
            ],
        )
    for x in (x_sum, x_relu):
        add_dots(ax, (x, 251))
    for number, (name, y) in enumerate(ENDS.items(), 1):
        add_node(ax, (x_in, y), f"$x_{number}$")
        add_node(ax, (x_out, y), rf"$\hat{{y}}_{number}$", solid=True)
        beside = y - 38 if number == 1 else y + 38
        add_label(ax, (x_in, beside), f"sepal {name}", size=15)
        add_label(ax, (x_out, beside), f"petal {name}", size=15)
    add_label(ax, (346, 28), "$H = 100$", size=18, align="right")
    add_label(ax, (354, 28), "hidden units", align="left")
    add_label(ax, (350, 56), "ReLU", size=15)

    for x, formula, shape, colour in (
        (x_in, "$X$", "$(N, 2)$", BLUE),
        (170, "$W_1$", "$(2, H)$", GREEN),
        (x_sum, "$Z_1 = X W_1$", "$(N, H)$", BLUE),
        (422, r"$A = \mathrm{ReLU}(Z_1)$", "$(N, H)$", BLUE),
        (537, "$W_2$", "$(H, 2)$", GREEN),
        (x_out, r"$\hat{Y} = A W_2$", "$(N, 2)$", BLUE),
    ):
        add_label(ax, (x, 396), formula, size=20)
        add_label(ax, (x, 426), shape, size=18, colour=colour)
    return figure
