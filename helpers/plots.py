"""The style of the book's figures, and plots that several chapters share."""

import base64
import io
import json
from collections.abc import Iterable, Mapping, Sequence
from html import escape
from itertools import cycle
from typing import TYPE_CHECKING

import numpy as np
from cycler import cycler
from IPython.display import HTML
from numpy.typing import ArrayLike
from PIL import Image, ImageChops

from helpers.tables import use_book_tables

# The functions import Matplotlib themselves, so that a build starts faster.
if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from matplotlib.image import AxesImage

__all__ = ["plot_losses", "show_images", "show_slider", "use_book_style"]

# Okabe and Ito's colours, distinct under every common form of colour blindness,
# with brown in place of their orange, which is too pale on white. On dark pages
# figures are inverted with their hues kept; these colours suit both.
BLUE = "#0072B2"
GREEN = "#009E73"
VERMILLION = "#D55E00"
BROWN = "#664200"
PURPLE = "#CC79A7"
BLACK = "#222222"

PALETTE = (BLUE, VERMILLION, GREEN, BROWN, PURPLE, BLACK)
DIVERGING = "PuOr_r"  # orange above zero, violet below, blank at zero


def use_book_style() -> None:
    """Set the look that all figures and tables share."""
    import matplotlib as mpl
    from matplotlib_inline.backend_inline import set_matplotlib_formats

    mpl.rcdefaults()
    mpl.rcParams.update(
        {
            "axes.prop_cycle": cycler(color=PALETTE),
            "axes.spines.top": False,
            "axes.spines.right": False,
            "axes.grid": True,
            "axes.axisbelow": True,
            "grid.color": "#dddddd",
            "figure.figsize": (6.4, 3.8),
            "figure.constrained_layout.use": True,
            "font.size": 11,
            "legend.frameon": False,
            "image.cmap": "gray_r",
        }
    )
    set_matplotlib_formats("retina")  # twice the pixels at the same size
    use_book_tables()


def plot_losses(
    ax: "Axes",
    losses: Mapping[str, ArrayLike],
    *,
    baselines: Mapping[str, float] | None = None,
    x_label: str = "epoch",
    y_label: str = "mean squared error",
) -> None:
    """Draw loss curves, one per name, on a logarithmic loss axis.

    Parameters
    ----------
    ax : Axes
        Where to draw.
    losses : mapping of str to array, shape (n_steps + 1,)
        For each curve, the loss before training and then after each step.
    baselines : mapping of str to float, optional
        Losses to compare with, drawn as dashed horizontal lines.
    x_label, y_label : str
        Labels of the axes.

    Raises
    ------
    ValueError
        If a loss is not positive, which a logarithmic axis cannot show.
    """
    from matplotlib.ticker import LogLocator, StrMethodFormatter

    for name, values in losses.items():
        curve = np.asarray(values, dtype=float)
        if not (curve > 0).all():
            raise ValueError(f"the losses of {name!r} must be positive")
        ax.plot(curve, label=name)
    for colour, (name, value) in zip(
        cycle((BLACK, PURPLE, BROWN)), (baselines or {}).items(), strict=False
    ):
        ax.axhline(value, color=colour, linestyle="--", label=name)
    ax.set(xlabel=x_label, ylabel=y_label, yscale="log")
    ax.yaxis.set_minor_locator(LogLocator(subs=(2, 5)))
    ax.yaxis.set_major_formatter(StrMethodFormatter("{x:g}"))  # 0.1, not 10⁻¹
    ax.yaxis.set_minor_formatter(StrMethodFormatter("{x:g}"))
    ax.legend()


def show_images(
    axes: Iterable["Axes"],
    images: ArrayLike,
    titles: Sequence[str],
    *,
    limit: float | None = None,
) -> "AxesImage":
    """Show one image in each of several axes, all on one scale.

    Parameters
    ----------
    axes : array of Axes
        Where to draw; one for each image.
    images : array, shape (n_images, height, width)
        Values to show.
    titles : sequence of str
        The title above each image.
    limit : float, optional
        Show signed values on a diverging scale from ``-limit`` to
        ``limit``. By default, show grey values from 0 to the largest.

    Returns
    -------
    AxesImage
        The last image, for a colour bar.

    Raises
    ------
    ValueError
        If there are not as many axes and titles as images.
    """
    values = np.asarray(images)
    targets = list(np.ravel(np.asarray(axes, dtype=object)))
    if not (len(targets) == len(values) == len(titles) > 0):
        raise ValueError(
            f"{len(values)} images, {len(targets)} axes and {len(titles)} "
            "titles; there must be one of each per image, and at least one image"
        )
    low, high = (0, values.max()) if limit is None else (-limit, limit)
    for ax, image, title in zip(targets, values, titles, strict=True):
        shown = ax.imshow(
            image,
            cmap="gray_r" if limit is None else DIVERGING,
            vmin=low,
            vmax=high,
        )
        ax.set_title(title, fontsize="medium")
        ax.set_axis_off()
    return shown


def to_webp(picture: Image.Image) -> bytes:
    """Compress a plot, as WebP with few colours.

    Lines and letters have few colours besides the shades at their edges, so 64
    colours look the same, in a file a third the size of a PNG. A plot with
    shaded areas, which would change by more than 1/256 on average, keeps all
    of its colours. The background of a plot, which is opaque, is preserved exactly.
    """
    colours = picture.convert("RGB")
    few = colours.quantize(
        64, method=Image.Quantize.FASTOCTREE, dither=Image.Dither.NONE
    )
    palette = np.reshape(few.getpalette() or [], (-1, 3)).astype(np.uint8)
    palette[np.asarray(few)[0, 0]] = np.asarray(colours)[0, 0]
    few.putpalette(palette.tobytes())
    shown = few.convert("RGB")
    change = np.asarray(ImageChops.difference(shown, colours)).mean()
    file = io.BytesIO()
    chosen = shown if change <= 1 else colours
    chosen.save(file, "webp", lossless=True, quality=60, method=4)
    return file.getvalue()


def show_slider(
    frames: Sequence["Figure"], labels: Sequence[str], name: str, alt: str
) -> HTML:
    """Show figures one at a time, with a slider that moves through them.

    This needs no server and no library: the frames are images in the page,
    and the slider is the browser's own, so it works with mouse, touch and
    keyboard. Without scripts, the last frame is shown. The figures are
    closed.

    Parameters
    ----------
    frames : sequence of Figure
        What to show, in order, all of the same size.
    labels : sequence of str
        A short text for each frame, shown beside the slider.
    name : str
        What the slider changes, for screen readers.
    alt : str
        What the frames show, for readers who cannot see them.

    Returns
    -------
    HTML
        The slider; make it the last expression of a cell.

    Raises
    ------
    ValueError
        If there are no frames, or not exactly one label for each.
    """
    import matplotlib.pyplot as plt

    if not frames or len(frames) != len(labels):
        raise ValueError(
            f"{len(frames)} frames and {len(labels)} labels; there must be at least "
            "one frame, and one label for each"
        )
    pictures = []
    for number, (frame, label) in enumerate(zip(frames, labels, strict=True)):
        file = io.BytesIO()
        frame.savefig(file, format="png", dpi=100)
        plt.close(frame)
        hidden = "" if number == len(frames) - 1 else " hidden"
        source = base64.b64encode(to_webp(Image.open(file))).decode()
        # Hide the box rather than the image: Jupyter shows every image.
        pictures.append(
            f'<span{hidden}><img alt="{escape(alt)} {escape(label)}" '
            f'style="max-width:100%" src="data:image/webp;base64,{source}"></span>'
        )
    last = len(frames) - 1
    # The handler finds its frames through the slider's own box, so that two
    # sliders on a page do not interfere.
    move = (
        "const box=this.closest('.frames'),shown=Number(this.value);"
        "box.querySelectorAll('span').forEach((frame,i)=>"
        "{frame.hidden=i!==shown;});"
        "const label=JSON.parse(this.dataset.labels)[shown];"
        "box.querySelector('output').textContent=label;"
        "this.setAttribute('aria-valuetext',label);"
    )
    return HTML(
        '<div class="frames">'
        + "".join(pictures)
        + f'<div><input type="range" min="0" max="{last}" value="{last}" '
        f'style="width:60%" aria-label="{escape(name)}" '
        f'aria-valuetext="{escape(labels[last])}" '
        f'data-labels="{escape(json.dumps(list(labels)))}" oninput="{escape(move)}"> '
        f"<output>{escape(labels[last])}</output></div></div>"
    )
