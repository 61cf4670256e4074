"""The picture that stands for the book where a link to it is shared.

Programs that show such cards want a raster image, about twice as wide as high,
which cannot adapt to the page around it: it has the look of a light page. The
title is the one in ``_config.yml``.
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

PIXELS = (1200, 630)  # as Open Graph wants it
COLOURS = 128
SUBTITLE = "Neural networks by hand, in NumPy and in PyTorch"
LARGEST, STEP = 37, 42  # size of the title, and from line to line
MARGIN = 18
SHORT = 3  # letters of a word that does not end a line
CONFIG = Path(__file__).resolve().parents[1] / "_config.yml"


def draw(title: str = "") -> Figure:
    """Draw a title, or else that of the book, and beneath it the road."""
    title = title or str(yaml.safe_load(CONFIG.read_text(encoding="utf-8"))["title"])
    lines, size = set_title(title)
    figure, ax = make_canvas(title, WIDTH * PIXELS[1] / PIXELS[0])
    for number, line in enumerate(lines):
        y = 75 + STEP * (number - (len(lines) - 1) / 2)
        text = line.replace("$", r"\$")  # no mathematics begins here
        add_label(ax, (MARGIN, y), text, size=size, align="left")
    add_label(ax, (MARGIN, 138), SUBTITLE, size=18, colour=GREY, align="left")
    add_road(ax, 160)
    return figure


def set_title(title: str) -> tuple[list[str], float]:
    """Return the one or two lines of a title, and the largest size they fit at."""
    words = title.split()
    ways = [[title]]
    if _fitting_size([title]) < LARGEST:
        ways += [
            [" ".join(words[:cut]), " ".join(words[cut:])]
            for cut in range(1, len(words))
            if len(words[cut - 1]) > SHORT
        ]
    lines = max(ways, key=_fitting_size)
    return lines, min(LARGEST, _fitting_size(lines))


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
    # Few colours make a small file; without dithering areas stay even.
    file = BytesIO()
    image.quantize(COLOURS, dither=Image.Dither.NONE).save(file, "PNG", optimize=True)
    return file.getvalue()


def save(figure: Figure, script: str | Path, folder: Path | None = None) -> Path:
    """Write the figure as a PNG into ``_static``, or into the given folder."""
    script = Path(script)
    target = (folder or script.parents[1] / "_static") / f"{script.stem}.png"
    target.write_bytes(render(figure))
    return target


if __name__ == "__main__":
    save(draw(), __file__)
