"""What all explorables share: a figure, and the data for its script.

The scripts in ``interactive/static/`` run on the book's pages. Where there are
no scripts - in print, in an exported notebook - a static figure shows the same
content. Each function returns HTML; make the call the last expression of a cell.
"""

import base64
import io
import json
from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
from IPython.display import HTML
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from PIL import Image

from helpers.plots import to_webp

DPI = 200  # for high-resolution screens


def show_explorable(
    name: str,
    figure: Figure,
    data: Mapping[str, Any],
    alt: str,
    stages: Sequence[Figure] = (),
) -> HTML:
    """Show a figure that becomes an explorable on the book's pages.

    The script ``interactive/static/NAME.js`` gets the data and, as ``axes``, the
    position and limits of the axes of each stage, so that it can draw on them.
    The figures are closed.

    Parameters
    ----------
    name : str
        Name of the script.
    figure : Figure
        What is shown where no script runs.
    data : mapping
        What the script needs: anything JSON can represent, so no ``nan`` and no
        infinity.
    alt : str
        What the figure shows, for readers who cannot see it.
    stages : sequence of Figure, optional
        Axes for the script to draw on, one in each figure. They are placed side
        by side, or below each other on a phone.

    Returns
    -------
    HTML
        The figure, its data and the stages.

    Raises
    ------
    ValueError
        If the data contain a number that JSON cannot represent.
    TypeError
        If they contain a type that JSON does not have, such as an array.
    """
    given = dict(data)
    pictures = [f'<img alt="{escape(alt)}" {_img_attributes(figure)}>']
    # Hide the box rather than the image: Jupyter shows every image.
    pictures += [
        f'<span hidden><img alt="" {_img_attributes(stage)}></span>' for stage in stages
    ]
    if stages:
        given["axes"] = [_describe_axes(stage.axes[0]) for stage in stages]
    text = json.dumps(given, allow_nan=False, separators=(",", ":"))
    # A "</script>" in the data would end the element.
    text = text.replace("</", r"<\/")
    return HTML(
        f'<div class="explorable" data-explorable="{escape(name)}">'
        + "".join(pictures)
        + f'<script type="application/json">{text}</script></div>'
    )


def pack(array: np.ndarray, kind: str) -> str:
    """Return an array for a script, as Base64 of numbers such as ``"<f4"``."""
    return base64.b64encode(array.astype(kind).tobytes()).decode()


def _img_attributes(figure: Figure) -> str:
    """Return the attributes of an image that shows a figure, and close it."""
    file = io.BytesIO()
    figure.savefig(file, format="png", dpi=DPI)
    plt.close(figure)
    content = base64.b64encode(to_webp(Image.open(file))).decode()
    width = round(100 * figure.get_figwidth())
    return (
        f'style="max-width:100%;width:{width}px" src="data:image/webp;base64,{content}"'
    )


def _describe_axes(ax: Axes) -> dict[str, Any]:
    """Return the position of axes, as fractions from the top left, and their limits."""
    place = ax.get_position()
    box = (place.x0, 1 - place.y1, place.x1, 1 - place.y0)
    return {
        "box": [round(float(edge), 5) for edge in box],
        "x": [float(end) for end in ax.get_xlim()],
        "y": [float(end) for end in ax.get_ylim()],
        "logarithmic": [scale == "log" for scale in (ax.get_xscale(), ax.get_yscale())],
    }
