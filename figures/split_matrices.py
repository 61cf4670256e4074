"""A hidden layer split between two workers, each with half of the units.

The first matrix is cut by columns and the second by rows; the results of the
workers are added up. A half that a worker does not have is left empty.
"""

from matplotlib.axes import Axes
from matplotlib.colors import to_rgba
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from figures.drawing import (
    BLUE,
    GREEN,
    GREY,
    TINT,
    Point,
    add_arrow,
    add_box,
    add_label,
    make_canvas,
)

ROWS = (110, 230)  # the y of each worker
MATRICES = {  # middle, width, height, how it is cut, colour
    "$X$": (150, 56, 76, None, BLUE),
    "$W_1$": (246, 72, 56, "columns", GREEN),
    "$A$": (388, 72, 76, "columns", BLUE),
    "$W_2$": (482, 44, 72, "rows", GREEN),
}


def add_matrix(
    ax: Axes, centre: Point, size: Point, cut: str | None, colour: str, own: int
) -> None:
    """Draw a matrix, whole or in two halves of which one is filled."""
    width, height = size
    left, top = centre[0] - width / 2, centre[1] - height / 2
    across = width / 2 if cut == "columns" else 0
    down = height / 2 if cut == "rows" else 0
    halves = (1 - own, own) if cut else (own,)  # its own lies on top
    for half in halves:
        first = half if cut else 0
        edge = colour if half == own else GREY
        ax.add_patch(
            Rectangle(
                (left + first * across, top + first * down),
                width - across,
                height - down,
                facecolor=to_rgba(colour, 3 * TINT) if half == own else "none",
                edgecolor=edge,
                linewidth=1.5 if half == own else 0.6,
            )
        )


def draw() -> Figure:
    """Draw the two workers."""
    figure, ax = make_canvas("A hidden layer divided between two workers", 300)
    for worker, y in enumerate(ROWS):
        add_label(ax, (14, y), f"worker {worker}", size=15, align="left")
        for x, width, height, cut, colour in MATRICES.values():
            add_matrix(ax, (x, y), (width, height), cut, colour, worker)
        add_arrow(ax, (282, y), (352, y), gaps=(5, 5))
        add_label(ax, (317, y - 16), "ReLU", size=14)
        for x in (194, 442):
            add_label(ax, (x, y), r"$\cdot$", size=24)
        add_arrow(ax, (504, y), (560, 170), gaps=(5, 2))
    add_box(ax, (600, 170), 80, 60, "add up")
    add_arrow(ax, (640, 170), (668, 170), gaps=(0, 0))
    add_label(ax, (684, 170), "$Z_2$", size=20)
    for formula, (x, *_) in MATRICES.items():
        add_label(ax, (x, 36), formula, size=20)
    return figure
