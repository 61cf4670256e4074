"""Softmax regression on a real digit: 64 pixels in, ten probabilities out.

The digit comes from scikit-learn's 8 x 8 digits, and the probabilities from a
logistic regression that was not trained on it.
"""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import to_rgba
from matplotlib.figure import Figure
from matplotlib.patches import Polygon, Rectangle
from numpy.typing import NDArray
from sklearn.datasets import load_digits
from sklearn.linear_model import LogisticRegression

from figures.drawing import (
    BLACK,
    BLUE,
    GREEN,
    GREY,
    TINT,
    VERMILLION,
    add_arrow,
    add_box,
    add_curve,
    add_label,
    add_node,
    add_pixels,
    make_canvas,
)

TRAINING_IMAGES = 1000
EXAMPLE = 1125  # a three that could be a nine
LEFT, STEP = 84, 59  # the first column of outputs, and the distance to the next


def predict_digit() -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return one test image and its probabilities, shapes (64,) and (10,)."""
    images, digits = load_digits(return_X_y=True)
    model = LogisticRegression(max_iter=1000)
    model.fit(images[:TRAINING_IMAGES] / 16, digits[:TRAINING_IMAGES])
    # Rounded, so that the drawing does not depend on the processor.
    return images[EXAMPLE], model.predict_proba(images[[EXAMPLE]] / 16)[0].round(2)


def add_frame(
    ax: Axes, corner: tuple[float, float], width: float, height: float, colour: str
) -> None:
    """Draw a frame around pixels."""
    ax.add_patch(
        Rectangle(corner, width, height, fill=False, edgecolor=colour, linewidth=2)
    )


def draw() -> Figure:
    """Draw the digit, its pixels in a row, the layer and the probabilities."""
    pixels, probabilities = predict_digit()
    figure, ax = make_canvas("Softmax regression on a handwritten digit", 620)

    add_pixels(ax, (30, 28), 15, pixels.reshape(8, 8))
    add_label(ax, (176, 62), "an image of 8 by 8 pixels", align="left")
    add_label(ax, (176, 90), "becomes one row of 64 numbers", align="left")
    add_pixels(ax, (30, 178), 10, pixels[None])
    for row, colour in enumerate((BLUE, VERMILLION)):
        add_frame(ax, (30, 28 + 15 * row), 120, 15, colour)
        add_frame(ax, (30 + 80 * row, 178), 80, 10, colour)
    add_arrow(ax, (90, 150), (90, 177))

    centres = [LEFT + STEP * digit for digit in range(10)]
    band = [(30, 194), (670, 194), (centres[-1], 279), (centres[0], 279)]
    ax.add_patch(
        Polygon(band, facecolor=to_rgba(GREEN, TINT), edgecolor="none", zorder=0.5)
    )
    add_label(ax, (350, 226), "$z = x\\,W + b$", size=22)
    shapes = r"$W\!:\ (64, 10)\quad b\!:\ (10{,})$"
    add_label(ax, (350, 255), shapes, size=18, colour=GREEN)
    add_label(ax, (468, 476), "ten probabilities", colour=GREY)
    add_label(ax, (468, 500), "that add up to 1", colour=GREY)
    for digit, x in enumerate(centres):
        add_node(ax, (x, 300), f"$z_{digit}$", radius=20)
        add_arrow(ax, (x, 321), (x, 344))
        winner = probabilities[digit] == probabilities.max()
        height = 150 * probabilities[digit]
        add_arrow(ax, (x, 382), (x, 404))
        ax.add_patch(
            Rectangle(
                (x - 18, 560 - height),
                36,
                height,
                facecolor=BLUE if winner else GREY,
            )
        )
        add_label(ax, (x, 546 - height), f"{probabilities[digit]:.2f}", size=14)
        add_label(ax, (x, 576), str(digit), colour=BLUE if winner else BLACK)
    add_curve(ax, [(60, 560), (640, 560)], colour=GREY, width=1)
    add_box(ax, (350, 363), 600, 36, "softmax")
    return figure
