"""The templates of softmax regression, laid over a digit that the reader draws."""

import matplotlib.pyplot as plt
import numpy as np
from IPython.display import HTML
from numpy.typing import NDArray
from scipy.special import softmax

from helpers.data import Digits
from helpers.plots import DIVERGING
from interactive.explorable import pack, show_explorable
from interactive.handwriting import measure_handwriting

FIRST_SHOWN = 3  # index of the image shown until something is drawn
CLEAR = 0.4  # of the largest weight: what is drawn at full strength


def show_templates(
    W: NDArray[np.float64],
    b: NDArray[np.float64],
    digits: Digits,
    written: NDArray[np.uint8],
    images: NDArray[np.uint8],
    labels: NDArray[np.int_],
) -> HTML:
    """Let the reader draw a digit, and see what each pixel adds to each logit.

    Parameters
    ----------
    W : array, shape (D, C)
        The weights: column k is the template of class k.
    b : array, shape (C,)
        The biases.
    digits : Digits
        The data that the model was fitted to, for the size and range of an image.
    written : array of uint8, shape (N, D)
        The training images: a drawing is given their size, place and width of pen.
    images : array of uint8, shape (n, D)
        Images to choose from, with grey values as in the digits.
    labels : array of int, shape (n,)
        The digit that each of them shows.

    Raises
    ------
    ValueError
        If weights, biases and images do not fit together, or a weight is not finite.
    """
    shape = digits.height, digits.width
    D, C = digits.height * digits.width, len(b)
    if W.shape != (D, C):
        raise ValueError(f"W of shape {W.shape} does not take {D} pixels to {C} logits")
    if not (np.isfinite(W).all() and np.isfinite(b).all()):
        raise ValueError("a weight or a bias is not a finite number")
    if images.shape != (len(labels), D) or len(labels) <= FIRST_SHOWN:
        raise ValueError(
            f"{len(labels)} labels, of which more than {FIRST_SHOWN} are needed, do "
            f"not go with images of shape {images.shape} and {D} pixels"
        )
    weights = W.T.astype(np.float32)  # (C, D)
    said = (images / digits.pixel_max @ W + b).argmax(axis=1)
    names = [
        str(label) if label == answer else f"{label}, not {answer}"
        for label, answer in zip(labels, said, strict=True)
    ]
    limit = float(CLEAR * np.abs(weights).max())

    pixels = images[FIRST_SHOWN] / digits.pixel_max  # (D,)
    products = pixels * weights  # (C, D)
    logits = products.sum(axis=1) + b
    P = softmax(logits)
    figure = plt.figure(figsize=(7.5, 3.6))
    ((left, right),) = figure.subfigures(1, 2, squeeze=False, width_ratios=(1, 4))
    ax = left.subplots()
    ax.imshow(pixels.reshape(shape), vmin=0)
    ax.set(xlabel="image", xticks=[], yticks=[])
    for k, ax in enumerate(right.subplots(2, 5).ravel()[:C]):
        ax.imshow(products[k].reshape(shape), cmap=DIVERGING, vmin=-limit, vmax=limit)
        ax.set(title=f"{k}: {P[k]:.2f}", xticks=[], yticks=[])
        terms = [np.sum(products[k][products[k] * s > 0]) for s in (1, -1)] + [b[k]]
        added = " ".join(f"{term:+.1f}" for term in terms)
        text = f"{added}\n= {logits[k]:.1f}".replace("-", "\N{MINUS SIGN}")
        ax.set_xlabel(text, size="x-small")
    for ax in figure.get_axes():
        ax.grid(visible=False)

    handwriting = measure_handwriting(written.reshape(-1, *shape) / digits.pixel_max)
    best, second = np.argsort(-P)[:2]
    return show_explorable(
        "templates",
        figure,
        handwriting._asdict()
        | {
            "shape": shape,
            "weights": pack(weights, "<f4"),
            "biases": b.tolist(),
            "limit": limit,
            "blackest": digits.pixel_max,
            "images": pack(images, "u1"),
            "labels": [int(label) for label in labels],
            "names": names,
            "shown": FIRST_SHOWN,
        },
        alt=f"An image of the digit {labels[FIRST_SHOWN]}, and for each of the {C} "
        "digits the ink times its template, pixel by pixel, in orange where that "
        "speaks for the digit and in violet where it speaks against it. Most likely "
        f"{best}, with logit {logits[best]:.1f} and probability {P[best]:.3f}, then "
        f"{second}, with {logits[second]:.1f} and {P[second]:.3f}.",
    )
