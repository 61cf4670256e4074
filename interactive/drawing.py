"""A digit that the reader draws, read by a network."""

from collections.abc import Sequence

import matplotlib.pyplot as plt
import numpy as np
from IPython.display import HTML

from helpers.data import Digits
from interactive.explorable import pack, show_explorable

FIRST_SHOWN = 3  # index of the image shown until something is drawn


def show_drawing(
    parameters: Sequence[np.ndarray],
    digits: Digits,
    images: np.ndarray,
    labels: np.ndarray,
    *,
    box: float,
    centre: tuple[float, float],
    pen: float,
) -> HTML:
    """Let the reader draw a digit, and have the network of chapter 14 read it.

    Parameters
    ----------
    parameters : sequence of four arrays of float16
        Weights (H, D) and biases (H,) of the hidden layer, weights (C, H) and
        biases (C,) of the output layer, as PyTorch stores them.
    digits : Digits
        The data the network was trained on, for the size and range of an image.
    images : array of uint8, shape (n, D)
        Images to choose from, with grey values as in the digits.
    labels : array of int, shape (n,)
        The digit that each of them shows.
    box : float
        Longer side of the ink's bounding box, in pixels.
    centre : tuple of float
        Centre of mass of the ink, in pixels from the top and from the left.
    pen : float
        Width of a stroke, in pixels.

    Raises
    ------
    ValueError
        If the parameters are not four finite float16 arrays whose shapes match
        each other and the images; or if the pen does not fit into the box, or
        the box into an image.
    """
    shape = digits.height, digits.width
    W1, b1, W2, b2 = (array.astype(float) for array in parameters)
    H, C, D = len(b1), len(b2), digits.height * digits.width
    shapes = [array.shape for array in parameters]
    if shapes != [(H, D), (H,), (C, H), (C,)]:
        raise ValueError(
            f"parameters of shapes {shapes} are not two layers that take {D} pixels"
        )
    if any(array.dtype != np.float16 for array in parameters):
        raise ValueError("the parameters must be rounded to float16 first")
    if not all(np.isfinite(array).all() for array in parameters):
        raise ValueError("a parameter is too large for float16, or not a number")
    if images.shape != (len(labels), D):
        raise ValueError(
            f"{len(labels)} images of {D} pixels cannot have the shape {images.shape}"
        )
    if not 0 < pen < box <= min(shape):
        raise ValueError(
            f"a pen of {pen} in a box of {box} in a frame of {shape}: each must be "
            "smaller than the next"
        )

    A = np.maximum(images / digits.pixel_max @ W1.T + b1, 0)  # (n, H)
    Z = A @ W2.T + b2
    P = np.exp(Z - Z.max(axis=1, keepdims=True))  # (n, C)
    P /= P.sum(axis=1, keepdims=True)
    activations, probabilities = A[FIRST_SHOWN], P[FIRST_SHOWN]
    firing, likely = (activations > 0).sum(), probabilities.argmax()

    columns = min(10, H)
    cells = np.full(-(-H // columns) * columns, np.nan)
    cells[:H] = activations
    figure, (seen, hidden, bars) = plt.subplots(
        1, 3, figsize=(7, 2.3), width_ratios=(1, 1.5, 1.5)
    )
    for ax, values, name in (
        (seen, images[FIRST_SHOWN].reshape(shape), "image"),
        (hidden, cells.reshape(-1, columns), f"{H} hidden units"),
    ):
        ax.imshow(values, vmin=0)
        ax.set(xlabel=name, xticks=[], yticks=[])
        ax.grid(visible=False)
        ax.spines[:].set_visible(True)
    bars.bar(range(C), probabilities)
    bars.set(xlabel="digit", ylabel="probability", xticks=range(C), ylim=(0, 1))

    together = np.concatenate([array.ravel() for array in parameters])

    return show_explorable(
        "draw-digit",
        figure,
        {
            "shape": shape,
            "box": box,
            "centre": centre,
            "pen": pen,
            "layers": [[H, D], [C, H]],
            "parameters": pack(together, "<f2"),
            "brightest": float(A.max()),
            "blackest": digits.pixel_max,
            "images": pack(images, "u1"),
            "labels": [int(label) for label in labels],
            "shown": FIRST_SHOWN,
        },
        alt=f"An image of the digit {labels[FIRST_SHOWN]}; the {H} hidden units, of "
        f"which {firing} fire; and the probabilities of the {C} digits, the "
        f"largest being that of {likely}, {probabilities[likely]:.3f}.",
    )
