"""What the drawings share: a card, nodes, boxes, arrows and labels.

Lengths are CSS pixels at the 700 pixels that a drawing is wide on a page, and
y points down, as in SVG. The card is opaque, so that a drawing looks the same
on light and dark pages.
"""

from pathlib import Path

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Circle, FancyArrowPatch, FancyBboxPatch

from helpers.plots import BLACK, BLUE, GREEN, VERMILLION

CARD = "#ffffff"
GREY = "#5c6670"
TINTS = {BLUE: "#e6f1f8", GREEN: "#e2f4ee", VERMILLION: "#fdeee3", GREY: "#f1f3f5"}

# Green and vermillion are bright enough for lines, too bright for small text:
# these darker shades have a contrast of at least 4.5 with the card and tints.
TEXT_SHADES = {GREEN: "#00755a", VERMILLION: "#b34700"}

WIDTH = 700
POINTS_PER_PIXEL = 0.75

Point = tuple[float, float]


def make_card(title: str, height: float) -> tuple[Figure, Axes]:
    """Make a figure with an empty card of the given height, and its axes."""
    inches = POINTS_PER_PIXEL / 72
    size = (WIDTH * inches, height * inches)
    figure = Figure(size, label=title)
    ax = figure.add_axes((0, 0, 1, 1), xlim=(0, WIDTH), ylim=(height, 0))
    ax.set_axis_off()
    ax.add_patch(
        FancyBboxPatch(
            (0, 0),
            WIDTH,
            height,
            boxstyle="round,pad=0,rounding_size=14",
            facecolor=CARD,
            edgecolor="none",
            zorder=0,
        )
    )
    return figure, ax


def add_label(
    ax: Axes,
    position: Point,
    text: str,
    *,
    size: float = 16,
    colour: str = BLACK,
    align: str = "center",
) -> None:
    """Write a line of text, with mathematics between dollar signs.

    The position is the middle of a capital letter, so that neighbours share a
    baseline whatever hats and subscripts they carry.
    """
    x, y = position
    ax.text(
        x,
        y + 0.36 * size,
        text,
        fontsize=size * POINTS_PER_PIXEL,
        fontfamily="DejaVu Sans",  # comes with Matplotlib, as cm does
        math_fontfamily="cm",
        color=TEXT_SHADES.get(colour, colour),
        horizontalalignment=align,
        verticalalignment="baseline",
    )


def add_node(
    ax: Axes,
    centre: Point,
    text: str = "",
    *,
    radius: float = 22,
    colour: str = BLUE,
    solid: bool = False,
) -> None:
    """Draw a circle with text in it, filled with its colour if solid."""
    fill = colour if solid else TINTS[colour]
    ax.add_patch(
        Circle(centre, radius, facecolor=fill, edgecolor=colour, linewidth=1.5)
    )
    if text:
        add_label(ax, centre, text, size=21, colour=CARD if solid else BLACK)


def add_dots(ax: Axes, centre: Point) -> None:
    """Draw three dots, one above the other, for what is left out."""
    x, y = centre
    for step in (-9, 0, 9):
        ax.add_patch(Circle((x, y + step), 2.2, facecolor=GREY, edgecolor="none"))


def add_box(
    ax: Axes,
    centre: Point,
    width: float,
    height: float,
    text: str = "",
) -> None:
    """Draw a box with rounded corners and text in it."""
    x, y = centre
    ax.add_patch(
        FancyBboxPatch(
            (x - width / 2, y - height / 2),
            width,
            height,
            boxstyle="round,pad=0,rounding_size=12",
            facecolor=TINTS[GREY],
            edgecolor=GREY,
            linewidth=1.5,
        )
    )
    if text:
        add_label(ax, centre, text)


def add_arrow(
    ax: Axes,
    start: Point,
    end: Point,
    *,
    colour: str = GREY,
    dashed: bool = False,
    width: float = 1.5,
    gaps: tuple[float, float] = (0, 0),
) -> None:
    """Draw an arrow that leaves gaps in pixels at its start and its end."""
    ax.add_patch(
        FancyArrowPatch(
            start,
            end,
            arrowstyle="-|>,head_width=0.28,head_length=0.5",
            mutation_scale=14,
            shrinkA=gaps[0] * POINTS_PER_PIXEL,
            shrinkB=gaps[1] * POINTS_PER_PIXEL,
            color=colour,
            linewidth=width,
            linestyle=(0, (4, 2.5)) if dashed else "-",
            zorder=0.9,  # beneath the nodes
        )
    )


def add_curve(
    ax: Axes, points: list[Point], *, colour: str = BLUE, width: float = 2
) -> None:
    """Draw a line through the points."""
    ax.plot(*zip(*points, strict=True), color=colour, linewidth=width)


def save(figure: Figure, script: str | Path, folder: Path | None = None) -> Path:
    """Write the figure as the SVG that is named like the script.

    Parameters
    ----------
    figure : Figure
        What to write; its label becomes the title of the SVG.
    script : str or Path
        The Python file that draws it.
    folder : Path, optional
        Where to write; beside the script by default.

    Returns
    -------
    Path
        The file that was written.
    """
    script = Path(script)
    target = (folder or script.parent) / f"{script.stem}.svg"
    nothing = dict.fromkeys(("Creator", "Date", "Format", "Type"))
    # The same bytes on every run: no date, fixed ids, and letters as paths.
    with mpl.rc_context({"svg.hashsalt": "figures", "svg.fonttype": "path"}):
        figure.savefig(
            target,
            format="svg",
            transparent=True,
            metadata={"Title": str(figure.get_label()), **nothing},
        )
    return target
