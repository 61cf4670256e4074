"""Shared by the drawings: colours, nodes, boxes, arrows and labels.

Lengths are CSS pixels for a drawing 700 pixels wide, its width on a page, and y
points down, as in SVG. The background is transparent. Drawings use the colours
of a light page, which every program shows; on a dark page, browsers apply a
style sheet in the SVG that replaces each colour with a dark counterpart.
"""

import io
import re
from pathlib import Path

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Circle, FancyArrowPatch, FancyBboxPatch, Rectangle
from numpy.typing import NDArray

from helpers.plots import BLACK, BLUE, GREEN, VERMILLION

PAGE = "#ffffff"  # also for text on solid nodes, and the background of images
GREY = "#5c6670"
PIXEL_EDGE = "#c4cad0"
TINTS = {BLUE: "#e8f3fa", GREEN: "#e4f5ef", VERMILLION: "#fdeee3", GREY: "#f1f3f5"}

# Green and vermillion are bright enough for lines, too bright for small text:
# these darker shades have a contrast of at least 4.5 with page and tints.
TEXT_SHADES = {GREEN: "#00755a", VERMILLION: "#b34700"}

# What each colour becomes on a dark page.
DARK = {
    PAGE: "#14181e",
    BLACK: "#e6e9ee",
    BLUE: "#5ab4f0",
    GREEN: "#2fc596",
    VERMILLION: "#f58a3c",
    GREY: "#a7b1bc",
    PIXEL_EDGE: "#3d4650",
    TINTS[BLUE]: "#16344a",
    TINTS[GREEN]: "#123b30",
    TINTS[VERMILLION]: "#45291a",
    TINTS[GREY]: "#232a32",
    TEXT_SHADES[GREEN]: "#4fd3aa",
    TEXT_SHADES[VERMILLION]: "#ffa05c",
}


def mix(start: str, end: str, part: float) -> str:
    """Return the colour a given fraction of the way from start to end."""
    first, last = mpl.colors.to_rgba_array([start, end])
    return mpl.colors.to_hex(tuple((1 - part) * first + part * last))


# Images have 16 levels of ink: dark on a light page, light on a dark one.
LEVELS = 16
INKS = tuple(mix(PAGE, BLACK, level / LEVELS) for level in range(LEVELS + 1))
DARK |= {
    ink: mix(DARK[PAGE], DARK[BLACK], level / LEVELS) for level, ink in enumerate(INKS)
}
DARK = {light.lower(): dark for light, dark in DARK.items()}  # as in the SVG

WIDTH = 700
POINTS_PER_PIXEL = 0.75

Point = tuple[float, float]


def make_canvas(title: str, height: float) -> tuple[Figure, Axes]:
    """Make an empty figure of the given height, and its axes."""
    inches = POINTS_PER_PIXEL / 72
    size = (WIDTH * inches, height * inches)
    figure = Figure(size, label=title)
    figure.set_layout_engine("none")  # whatever style the caller has set
    ax = figure.add_axes((0, 0, 1, 1), xlim=(0, WIDTH), ylim=(height, 0))
    ax.set_axis_off()
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
        add_label(ax, centre, text, size=21, colour=PAGE if solid else BLACK)


def add_dots(ax: Axes, centre: Point) -> None:
    """Draw a vertical ellipsis, for what is left out."""
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


def add_pixels(
    ax: Axes, corner: Point, size: float, image: NDArray[np.float64]
) -> None:
    """Draw an image whose pixels have 0 to 16 levels of ink."""
    for (row, column), level in np.ndenumerate(image):
        ax.add_patch(
            Rectangle(
                (corner[0] + column * size, corner[1] + row * size),
                size,
                size,
                facecolor=INKS[int(level)],
                edgecolor=PIXEL_EDGE,
                linewidth=0.4,
            )
        )


def add_curve(
    ax: Axes, points: list[Point], *, colour: str = BLUE, width: float = 2
) -> None:
    """Draw a line through the points."""
    ax.plot(*zip(*points, strict=True), color=colour, linewidth=width)


def adapt(svg: str) -> str:
    """Return the SVG with a style sheet that recolours it on a dark page.

    An image inherits the colour scheme of the page that shows it.

    Raises
    ------
    ValueError
        If the drawing has a colour without a counterpart in ``DARK``.
    """
    rules = []
    for what, light in sorted(set(re.findall(r"(fill|stroke): (#\w+)", svg))):
        if light not in DARK:
            raise ValueError(f"{light} needs a dark counterpart in figures/drawing.py")
        rules.append(f'[style*="{what}: {light}"]{{{what}:{DARK[light]}!important}}')
    dark = "@media (prefers-color-scheme: dark){\n" + "\n".join(rules) + "\n}"
    # Opened on its own, the drawing requests the background it is made for.
    return svg.replace(
        "</style>", f"\n:root{{color-scheme:light dark}}\n{dark}\n</style>", 1
    )


def save(figure: Figure, script: str | Path, folder: Path | None = None) -> Path:
    """Write the figure as an SVG file named after the script.

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
    drawing = io.StringIO()
    nothing = dict.fromkeys(("Creator", "Date", "Format", "Type"))
    # Identical bytes on every run: no date, fixed ids, and letters as paths.
    with mpl.rc_context({"svg.hashsalt": "figures", "svg.fonttype": "path"}):
        figure.savefig(
            drawing,
            format="svg",
            transparent=True,
            metadata={"Title": str(figure.get_label()), **nothing},
        )
    target.write_text(adapt(drawing.getvalue()), encoding="utf-8", newline="\n")
    return target
