"""Shared by the drawings: colours, nodes, boxes, arrows and labels.

Lengths are CSS pixels for a drawing 700 pixels wide, its width on a page, and y
points down, as in SVG. The background is transparent. A drawing that stands alone
has the colours of a light page, or, in a browser that asks for them, of a dark
one. On a page it is part of the page; see booktools/sphinx/images.py.
"""

import io
import re
from pathlib import Path
from typing import Any, Literal
from xml.etree import ElementTree

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.backend_bases import RendererBase
from matplotlib.colors import to_rgba
from matplotlib.figure import Figure
from matplotlib.patches import Circle, FancyArrowPatch, FancyBboxPatch, Rectangle
from matplotlib.text import Text
from numpy.typing import NDArray

# The colours of the pages, light and dark, by the names that theme/static/book.css
# gives them. All contrast enough with their page for text.
PALETTE = {
    "paper": ("#fffffd", "#14171a"),
    "ink": ("#1d2125", "#e4e2dd"),
    "muted": ("#5a636b", "#a0a8af"),
    "line": ("#dcdfe2", "#343a40"),
    "accent": ("#00639c", "#6cbcf0"),
    "second": ("#a84300", "#f2a061"),
    "good": ("#00704f", "#4ec9a0"),
}
PAGE, BLACK, GREY, PIXEL_EDGE, BLUE, VERMILLION, GREEN = (
    light for light, _ in PALETTE.values()
)
TINT = 0.12  # the opacity of areas, and of nodes that are not solid
LEVELS = 16  # of ink in images of digits

DARK_MEDIA = "@media (prefers-color-scheme: dark)"
FONT = "'Source Sans 3', Helvetica, Arial, sans-serif"
NAMESPACES = {
    "": "http://www.w3.org/2000/svg",
    "xlink": "http://www.w3.org/1999/xlink",
}
WIDTH = 700
POINTS_PER_PIXEL = 0.75

Point = tuple[float, float]
Align = Literal["left", "center", "right"]


def make_canvas(title: str, height: float) -> tuple[Figure, Axes]:
    """Make an empty figure of the given height, and its axes."""
    inches = POINTS_PER_PIXEL / 72
    size = (WIDTH * inches, height * inches)
    figure = Figure(size, label=title)
    figure.set_layout_engine("none")  # whatever style the caller has set
    ax = figure.add_axes((0, 0, 1, 1), xlim=(0, WIDTH), ylim=(height, 0))
    ax.set_axis_off()
    return figure, ax


class Label(Text):
    """A line of text, which an SVG keeps as such, or a formula, drawn as shapes."""

    def draw(self, renderer: RendererBase, *args: Any, **kwargs: Any) -> None:
        """Draw it."""
        kind = "path" if "$" in self.get_text() else "none"
        with mpl.rc_context({"svg.fonttype": kind}):
            super().draw(renderer, *args, **kwargs)


def add_label(
    ax: Axes,
    position: Point,
    text: str,
    *,
    size: float = 16,
    colour: str = BLACK,
    align: Align = "center",
) -> None:
    """Write a line of text, or a formula between dollar signs.

    The position is the middle of a capital letter, so that neighbours share a
    baseline whatever hats and subscripts they carry.
    """
    x, y = position
    label = Label(
        x,
        y + 0.36 * size,
        text,
        fontsize=size * POINTS_PER_PIXEL,
        fontfamily="DejaVu Sans",  # comes with Matplotlib, as cm does
        math_fontfamily="cm",
        color=colour,
        horizontalalignment=align,
        verticalalignment="baseline",
    )
    ax.add_artist(label)


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
    fill = colour if solid else to_rgba(colour, TINT)
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
            facecolor=to_rgba(GREY, TINT / 2),
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
                facecolor=to_rgba(BLACK, int(level) / LEVELS),
                edgecolor=PIXEL_EDGE,
                linewidth=0.4,
            )
        )


def add_curve(
    ax: Axes, points: list[Point], *, colour: str = BLUE, width: float = 2
) -> None:
    """Draw a line through the points."""
    ax.plot(*zip(*points, strict=True), color=colour, linewidth=width)


def minify(svg: str) -> str:
    """Return one of Matplotlib's drawings with only what browsers need of it.

    Colours and lines become attributes, which a style sheet can override. The one
    added here does so on a dark page, if the drawing stands alone. Raise ValueError
    if the drawing has a colour that is not in ``PALETTE``.
    """
    for prefix, address in NAMESPACES.items():
        ElementTree.register_namespace(prefix, address)
    root = ElementTree.fromstring(svg)
    used = set(re.findall(r'(?:href="|url\()#([^")]+)', svg))
    for parent in list(root.iter()):
        for child in list(parent):
            if child.tag.endswith(("metadata", "style", "clipPath")):
                parent.remove(child)
        for name in ("clip-path", "id"):
            if parent.get(name) not in used:
                parent.attrib.pop(name, None)
        style = parent.attrib.pop("style", "")
        for name, value in re.findall(r"([\w-]+): ([^;]+)", style):
            parent.set(name, value)
        if "font-family" in parent.attrib:
            parent.set("font-family", FONT)
        for name in ("d", "x", "y"):
            if value := parent.get(name):
                parent.set(name, re.sub(r"-?\d+\.\d+", _shorten, value))
    width, height = map(float, root.attrib["viewBox"].split()[2:])
    root.set("width", f"{width / POINTS_PER_PIXEL:g}")
    root.set("height", f"{height / POINTS_PER_PIXEL:g}")
    root.set("stroke-linejoin", "round")
    dark = dict(PALETTE.values())
    rules = [":root{color-scheme:light dark}"]
    for what in ("fill", "stroke"):
        for colour in sorted({it.get(what, "none") for it in root.iter()} - {"none"}):
            if colour not in dark:
                raise ValueError(
                    f"{colour} is not in the PALETTE of figures/drawing.py"
                )
            rules.append(f'[{what}="{colour}"]{{{what}:{dark[colour]}}}')
    sheet = ElementTree.Element("style")
    sheet.text = f"{DARK_MEDIA}{{{''.join(rules)}}}"
    root.insert(0, sheet)
    return ElementTree.tostring(root, encoding="unicode") + "\n"


def _shorten(number: re.Match[str]) -> str:
    return f"{float(number.group()):.2f}".rstrip("0").rstrip(".")


def save(figure: Figure, script: Path, folder: Path | None = None) -> Path:
    """Write a figure as an SVG named after the script, and return the file.

    It is beside the script, or in a given folder; its title is the figure's label.
    """
    target = (folder or script.parent) / f"{script.stem}.svg"
    drawing = io.StringIO()
    nothing = dict.fromkeys(("Creator", "Date", "Format", "Type"))
    with mpl.rc_context({"svg.hashsalt": "figures"}):  # the same ids on every run
        figure.savefig(
            drawing,
            format="svg",
            transparent=True,
            metadata={"Title": str(figure.get_label()), **nothing},
        )
    target.write_text(minify(drawing.getvalue()), encoding="utf-8", newline="\n")
    return target
