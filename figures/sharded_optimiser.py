"""Four workers with sharded gradients and a sharded optimiser state.

Each has all the weights; the summed gradients and the optimiser's state are
divided, a quarter for each.
"""

from matplotlib.colors import to_rgba
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from figures.drawing import (
    BLUE,
    GREEN,
    GREY,
    TINT,
    VERMILLION,
    add_arrow,
    add_label,
    make_canvas,
)

N_WORKERS = 4
WORKERS = (200, 330, 460, 590)  # the middle of each
BARS = {  # the top of each, its colour, and whether every worker has all of it
    "weights": (60, BLUE, True),
    "gradients": (150, VERMILLION, False),
    "optimiser": (240, GREEN, False),
}
QUARTER, HEIGHT = 26, 34


def draw() -> Figure:
    """Draw the workers."""
    figure, ax = make_canvas("What each of four workers keeps", 330)
    for name, (top, colour, whole) in BARS.items():
        add_label(ax, (110, top + HEIGHT / 2), name, size=15, align="right")
        for worker, x in enumerate(WORKERS):
            left = x - N_WORKERS * QUARTER / 2
            for shard in range(N_WORKERS):
                kept = whole or shard == worker
                ax.add_patch(
                    Rectangle(
                        (left + shard * QUARTER, top),
                        QUARTER,
                        HEIGHT,
                        facecolor=to_rgba(colour, 4 * TINT) if kept else "none",
                        edgecolor=colour if kept else GREY,
                        linewidth=1.5 if kept else 0.6,
                    )
                )
    for worker, x in enumerate(WORKERS):
        add_label(ax, (x, 28), f"worker {worker}", size=15)
        own = x + (worker + 0.5 - N_WORKERS / 2) * QUARTER
        add_arrow(ax, (own, 184), (own, 240), gaps=(3, 3))
    caption = "each updates its own quarter and sends it to all"
    add_label(ax, (395, 306), caption, size=15)
    return figure
