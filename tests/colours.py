"""How colours look: their contrast, on dark pages, and to the colour-blind."""

import numpy as np
from matplotlib.colors import to_hex, to_rgb
from numpy.typing import NDArray

# sRGB to XYZ, whose second row is luminance (IEC 61966-2-1), and XYZ of white.
TO_XYZ = np.array(
    [
        [0.4124, 0.3576, 0.1805],
        [0.2126, 0.7152, 0.0722],
        [0.0193, 0.1192, 0.9505],
    ]
)
WHITE = TO_XYZ.sum(axis=1)

# What is left of linear sRGB for those who lack one kind of cone: Machado,
# Oliveira and Fernandes (2009), severity 1.
VISIONS = {
    "all cones": np.eye(3),
    "protanopia": np.array(
        [
            [0.152286, 1.052583, -0.204868],
            [0.114503, 0.786281, 0.099216],
            [-0.003882, -0.048116, 1.051998],
        ]
    ),
    "deuteranopia": np.array(
        [
            [0.367322, 0.860646, -0.227968],
            [0.280085, 0.672501, 0.047413],
            [-0.011820, 0.042940, 0.968881],
        ]
    ),
    "tritanopia": np.array(
        [
            [1.255528, -0.076749, -0.178779],
            [-0.078411, 0.930809, 0.147602],
            [0.004733, 0.691367, 0.303900],
        ]
    ),
}

# CSS hue-rotate(180deg): twice the luminance, less the colour itself.
HALF_TURN = 2 * np.tile([0.213, 0.715, 0.072], (3, 1)) - np.eye(3)


def linear(colour: str) -> NDArray[np.float64]:
    """Return the intensities of the three primaries, each from 0 to 1."""
    return linearise(np.array(to_rgb(colour)))


def linearise(parts: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the intensities of what sRGB writes as shares from 0 to 1."""
    return np.where(parts <= 0.04045, parts / 12.92, ((parts + 0.055) / 1.055) ** 2.4)


def contrast(one: str, other: str) -> float:
    """Return the contrast ratio of two colours, from 1 to 21, as WCAG defines it."""
    dark, light = sorted(TO_XYZ[1] @ linear(colour) for colour in (one, other))
    return (light + 0.05) / (dark + 0.05)


def lab(colour: str, vision: str) -> NDArray[np.float64]:
    """Return the place of a colour in CIE Lab, as the vision sees it."""
    seen = np.clip(VISIONS[vision] @ linear(colour), 0, 1)
    x, y, z = (
        np.cbrt(part) if part > (6 / 29) ** 3 else part / (3 * (6 / 29) ** 2) + 4 / 29
        for part in TO_XYZ @ seen / WHITE
    )
    return np.array([116 * y - 16, 500 * (x - y), 200 * (y - z)])


def distance(one: str, other: str, vision: str = "all cones") -> float:
    """Return how far two colours are apart in CIE Lab."""
    return float(np.linalg.norm(lab(one, vision) - lab(other, vision)))


def invert(colour: str) -> str:
    """Return what ``filter: invert(1) hue-rotate(180deg)`` makes of a colour."""
    inverted = 1 - np.array(to_rgb(colour))
    return to_hex(tuple(np.clip(HALF_TURN @ inverted, 0, 1)))
