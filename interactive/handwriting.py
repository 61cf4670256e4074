"""How the digits of a data set are written, so that a drawing can be made like them."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray


class Handwriting(NamedTuple):
    """How digits are written, in pixels: medians over many images."""

    box: float  # the longer side of the ink's bounding box
    centre: tuple[float, float]  # of the ink's mass, from the top and from the left
    pen: float  # the width of a stroke


def measure_handwriting(frames: NDArray[np.float64]) -> Handwriting:
    """Measure how digits are written, as chapter 14 explains.

    The frames (N, height, width) have pixels from 0 to 1, and each has ink.
    """
    height, width = frames.shape[1:]
    area = frames.sum(axis=(1, 2))
    sides = [(frames > 0).any(axis=axis).sum(axis=1) for axis in (1, 2)]
    top = frames.sum(axis=2) @ (np.arange(height) + 0.5) / area
    left = frames.sum(axis=1) @ (np.arange(width) + 0.5) / area
    padded = np.pad(frames, ((0, 0), (1, 1), (1, 1)))
    down, across = np.diff(padded, axis=1), np.diff(padded, axis=2)
    boundary = np.hypot(down[:, :, 1:], across[:, 1:]).sum(axis=(1, 2))
    box, y, x, pen = (
        float(np.median(each))
        for each in (np.maximum(*sides), top, left, 2 * area / boundary)
    )
    return Handwriting(box, (y, x), pen)
