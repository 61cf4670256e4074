"""The picture that stands for the book where a link to it is shared.

Programs that show such cards want a raster image, about twice as wide as high,
which cannot adapt to the page around it: it has the look of a light page.
"""

from pathlib import Path

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from PIL import Image

from figures.drawing import GREY, PAGE, WIDTH, add_label, make_canvas
from figures.road import add_road

PIXELS = (1200, 630)  # as Open Graph wants it
COLOURS = 128
TITLE = ("From gradient descent", "to a multi-layer perceptron")
SUBTITLE = "Neural networks by hand, in NumPy and in PyTorch"


def draw() -> Figure:
    """Draw the title, and beneath it the road."""
    figure, ax = make_canvas(" ".join(TITLE), WIDTH * PIXELS[1] / PIXELS[0])
    for y, line in zip((54, 96), TITLE, strict=True):
        add_label(ax, (18, y), line, size=37, align="left")
    add_label(ax, (18, 138), SUBTITLE, size=18, colour=GREY, align="left")
    add_road(ax, 160)
    return figure


def save(figure: Figure, script: str | Path, folder: Path | None = None) -> Path:
    """Write the figure as a PNG into ``_static``, or into the given folder."""
    script = Path(script)
    target = (folder or script.parents[1] / "_static") / f"{script.stem}.png"
    canvas = FigureCanvasAgg(figure)
    figure.set(dpi=PIXELS[0] / figure.get_figwidth(), facecolor=PAGE)
    canvas.draw()
    image = Image.fromarray(np.asarray(canvas.buffer_rgba())).convert("RGB")
    # Few colours make a small file; without dithering areas stay even.
    image.quantize(COLOURS, dither=Image.Dither.NONE).save(target, optimize=True)
    return target


if __name__ == "__main__":
    save(draw(), __file__)
