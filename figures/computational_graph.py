"""The network and its loss as a graph: values go down, gradients come back up.

Boxes are operations, arrows carry arrays. Solid arrows are the forward pass,
dashed ones the backward pass; a gradient has the shape of its array.
"""

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from figures.drawing import (
    BLUE,
    GREEN,
    GREY,
    VERMILLION,
    add_arrow,
    add_box,
    add_label,
    add_node,
    make_canvas,
)

CENTRE = 370
TOP, SPACE = 142, 110  # the first operation, and the distance to the next
BOX = (136, 40)
HALF = 9  # half the distance between an arrow and its reverse

# Each operation, its output, that array's shape, and the gradient that comes back.
STEPS = (
    (
        "matmul",
        "$Z_1$",
        "$(N, H)$",
        r"$\partial L/\partial Z_1 = \partial L/\partial A \odot \mathbb{1}[Z_1 > 0]$",
    ),
    ("ReLU", "$A$", "$(N, H)$", r"$\partial L/\partial A = G\,W_2^{\!\top}$"),
    (
        "matmul",
        r"$\hat{Y}$",
        "$(N, K)$",
        r"$G = \partial L/\partial\hat{Y} = \partial L/\partial R$",
    ),
    (
        "subtract",
        r"$R = \hat{Y} - Y$",
        "$(N, K)$",
        r"$\partial L/\partial R = 2R\,/\,(N K)$",
    ),
    ("square, mean", "", r"$(\,)$", r"$\partial L/\partial L = 1$"),
)
# Other inputs of operations: step, name, shape and gradient.
SIDES = (
    (
        0,
        "$W_1$",
        "$(D, H)$",
        r"$\partial L/\partial W_1 = X^{\!\!\top}\partial L/\partial Z_1$",
    ),
    (2, "$W_2$", "$(H, K)$", r"$\partial L/\partial W_2 = A^{\!\!\top} G$"),
    (3, "$Y$", "$(N, K)$", ""),
)


def add_step(ax: Axes, y: float, name: str, array: str, shape: str, back: str) -> None:
    """Draw an operation, and the arrows between it and the next."""
    below, above = y + BOX[1] / 2, y + SPACE - BOX[1] / 2
    middle = (below + above) / 2
    add_box(ax, (CENTRE, y), *BOX, name)
    down = ((CENTRE - HALF, below), (CENTRE - HALF, above))
    up = ((CENTRE + HALF, above), (CENTRE + HALF, below))
    add_arrow(ax, *down, colour=BLUE, gaps=(0, 1))
    add_arrow(ax, *up, colour=VERMILLION, dashed=True, gaps=(0, 1))
    left, right = CENTRE - HALF - 12, CENTRE + HALF + 12
    add_label(ax, (left - 72, middle), array, size=21, align="right")
    add_label(ax, (left, middle), shape, size=18, colour=BLUE, align="right")
    add_label(ax, (right, middle), back, size=20, colour=VERMILLION, align="left")


def add_side(ax: Axes, y: float, name: str, shape: str, back: str) -> None:
    """Draw an input that enters an operation from the left, and its gradient."""
    start, end = 80, CENTRE - BOX[0] / 2
    colour = GREEN if back else BLUE
    add_node(ax, (56, y), name, radius=24, colour=colour)
    shift = HALF if back else 0
    add_arrow(ax, (start, y - shift), (end, y - shift), colour=BLUE, gaps=(0, 1))
    middle = (start + end) / 2
    add_label(ax, (middle, y - shift - 16), shape, size=18, colour=BLUE)
    if back:
        add_arrow(
            ax,
            (end, y + shift),
            (start, y + shift),
            colour=VERMILLION,
            dashed=True,
            gaps=(0, 1),
        )
        add_label(
            ax, (start, y + shift + 19), back, size=20, colour=VERMILLION, align="left"
        )


def draw() -> Figure:
    """Draw the graph."""
    bottom = TOP + len(STEPS) * SPACE
    figure, ax = make_canvas(
        "The network and its loss as a computational graph", bottom + 56
    )

    add_node(ax, (CENTRE, 44), "$X$", radius=24)
    add_arrow(ax, (CENTRE, 68), (CENTRE, TOP - 20), colour=BLUE, gaps=(0, 1))
    add_label(ax, (CENTRE - 21, 94), "$(N, D)$", size=18, colour=BLUE, align="right")
    for number, step in enumerate(STEPS):
        add_step(ax, TOP + number * SPACE, *step)
    for number, *side in SIDES:
        add_side(ax, TOP + number * SPACE, *side)
    add_node(ax, (CENTRE, bottom + 4), "$L$", radius=24, solid=True)

    for y, name, colour in (
        (34, "forward: values", BLUE),
        (60, "backward: gradients", VERMILLION),
    ):
        ends = ((450, y), (492, y)) if colour == BLUE else ((492, y), (450, y))
        add_arrow(ax, *ends, colour=colour, dashed=colour == VERMILLION)
        add_label(ax, (504, y), name, size=15, colour=colour, align="left")
    add_label(ax, (504, 84), "(same shapes)", size=15, colour=GREY, align="left")
    return figure
