"""The preview image that is shown when a link to the book is shared.

Such cards need a raster image, about twice as wide as high, which cannot adapt
to the page around it, so it uses the colours of a light page. The title is the
one in ``_config.yml``.
"""

from io import BytesIO
from pathlib import Path

import numpy as np
import yaml
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties
from matplotlib.textpath import TextPath
from PIL import Image

from figures.drawing import GREY, PAGE, WIDTH, add_label, make_canvas
from figures.road import add_road

PIXELS = (1200, 630)  # as Open Graph recommends
COLOURS = 128
SUBTITLE = "Neural networks by hand, in NumPy and in PyTorch"
MAX_SIZE, STEP = 37, 42  # maximum size of the title, and line spacing
MARGIN = 18
SHORT = 3  # letters; words up to this length do not end a line
CONFIG = Path(__file__).resolve().parents[1] / "_config.yml"


def draw(title: str = "") -> Figure:
    """Draw a title, by default the book's, and the road below it."""
    title = title or str(yaml.safe_load(CONFIG.read_text(encoding="utf-8"))["title"])
    lines, size = set_title(title)
    figure, ax = make_canvas(title, WIDTH * PIXELS[1] / PIXELS[0])
    for number, line in enumerate(lines):
        y = 75 + STEP * (number - (len(lines) - 1) / 2)
        text = line.replace("$", r"\$")  # not the start of a formula
        add_label(ax, (MARGIN, y), text, size=size, align="left")
    add_label(ax, (MARGIN, 138), SUBTITLE, size=18, colour=GREY, align="left")
    add_road(ax, 160)
    return figure


def set_title(title: str) -> tuple[list[str], float]:
    """Return the one or two lines of a title, and the largest size that fits."""
    words = title.split()
    layouts = [[title]]
    if _fitting_size([title]) < MAX_SIZE:
        layouts += [
            [" ".join(words[:cut]), " ".join(words[cut:])]
            for cut in range(1, len(words))
            if len(words[cut - 1]) > SHORT
        ]
    lines = max(layouts, key=_fitting_size)
    return lines, min(MAX_SIZE, _fitting_size(lines))


def _fitting_size(lines: list[str]) -> float:
    """Return the size at which the longest line is as wide as the picture."""
    font = FontProperties(family="DejaVu Sans")
    widths = [
        TextPath((0, 0), line.replace("$", r"\$"), size=100, prop=font)
        .get_extents()
        .width
        for line in lines
    ]
    return float(100 * (WIDTH - 2 * MARGIN) / max(*widths, 1))


def render(figure: Figure) -> bytes:
    """Return the figure as the bytes of a PNG."""
    canvas = FigureCanvasAgg(figure)
    figure.set(dpi=PIXELS[0] / figure.get_figwidth(), facecolor=PAGE)
    canvas.draw()
    image = Image.fromarray(np.asarray(canvas.buffer_rgba())).convert("RGB")
    # Few colours make a small file; without dithering, areas stay uniform.
    file = BytesIO()
    image.quantize(COLOURS, dither=Image.Dither.NONE).save(file, "PNG", optimize=True)
    return file.getvalue()


def save(figure: Figure, script: Path, folder: Path | None = None) -> Path:
    """Write the figure as a PNG into ``_static``, or into the given folder."""
    target = (folder or script.parents[1] / "_static") / f"{script.stem}.png"
    target.write_bytes(render(figure))
    return target
