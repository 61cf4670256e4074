"""What tests of explorables that read drawings share: a reader who draws."""

from collections.abc import Sequence

import numpy as np
from interaction import data_of, drag
from numpy.typing import NDArray
from playwright.sync_api import Locator

GRAIN = 4  # points in a pixel along each side

Floats = NDArray[np.float64]
Line = Sequence[tuple[float, float]]


def arc(
    centre: tuple[float, float], radii: tuple[float, float], start: float, end: float
) -> list[tuple[float, float]]:
    """Return a part of an ellipse, with angles in degrees, clockwise from the right."""
    angles = np.radians(np.linspace(start, end, 24))
    return [
        (centre[0] + radii[0] * np.cos(a), centre[1] + radii[1] * np.sin(a))
        for a in angles
    ]


# Handwritten digits, as fractions of the paper from its top left.
WRITTEN: dict[int, list[Line]] = {
    0: [arc((0.5, 0.5), (0.28, 0.4), -90, 270)],
    1: [[(0.35, 0.3), (0.55, 0.1), (0.55, 0.9)]],
    3: [
        arc((0.47, 0.3), (0.22, 0.2), -150, 90)
        + arc((0.47, 0.7), (0.26, 0.2), -90, 150)
    ],
    4: [[(0.35, 0.1), (0.25, 0.55), (0.75, 0.55)], [(0.62, 0.3), (0.6, 0.92)]],
    7: [[(0.25, 0.15), (0.75, 0.15), (0.45, 0.9)], [(0.35, 0.5), (0.68, 0.5)]],
}


# What the page should do, once more


def spread_ink(lines: Sequence[Floats], data: dict) -> Floats:
    """Return the share of each pixel that the pen covers."""
    height, width = data["shape"]
    y, x = (np.mgrid[: height * GRAIN, : width * GRAIN] + 0.5) / GRAIN
    inked = np.zeros(x.shape, bool)
    for line in lines:
        for start, end in zip(line, [*line[1:], line[-1]], strict=True):
            step = end - start
            along = (x - start[0]) * step[0] + (y - start[1]) * step[1]
            along = np.clip(along / ((step @ step) or 1), 0, 1)
            away = np.hypot(
                x - start[0] - along * step[0], y - start[1] - along * step[1]
            )
            inked |= away <= data["pen"] / 2
    return inked.reshape(height, GRAIN, width, GRAIN).mean(axis=(1, 3))


def mass_centre(image: Floats) -> Floats:
    """Return it in pixels, from the left and from the top."""
    y, x = np.mgrid[: image.shape[0], : image.shape[1]] + 0.5
    return np.array([(x * image).sum(), (y * image).sum()]) / image.sum()


def prepare(lines: Sequence[Line], data: dict) -> Floats:
    """Return the image that the model should see."""
    points = [np.asarray(line, float) for line in lines]
    low, high = np.vstack(points).min(axis=0), np.vstack(points).max(axis=0)
    scale = (data["box"] - data["pen"]) / max(*(high - low), data["pen"])
    middle = np.array(data["shape"])[::-1] / 2
    points = [(line - (low + high) / 2) * scale + middle for line in points]
    room = middle - ((high - low) * scale + data["pen"]) / 2
    missing = data["centre"][::-1] - mass_centre(spread_ink(points, data))
    shift = np.clip(missing, -room, room)
    return spread_ink([line + shift for line in points], data)


def assert_same_image(seen: Floats, expected: Floats) -> None:
    # A point on the edge of the ink may fall to either side.
    assert np.abs(seen - expected).max() <= 2 / GRAIN**2
    assert np.abs(seen - expected).mean() < 1e-3


# The page, with a reader who draws


class Paper:
    """The explorable on the open page."""

    def __init__(self, box: Locator) -> None:
        self.page, self.box, self.data = box.page, box, data_of(box)
        self.desk = box.get_by_role("application")

    def seen(self) -> Floats:
        """Return the image that is shown as what the model sees."""
        return np.reshape(self.shades("ink"), self.data["shape"])

    def shades(self, part: str) -> list[float]:
        """Return how dark each cell of a grid is shown, from 0 to 1."""
        cells = self.box.locator(f".{part} rect")
        return cells.evaluate_all(
            "(cells) => cells.map((c) => Number(c.getAttribute('fill-opacity')))"
        )

    def strokes(self) -> int:
        return self.box.locator("polyline").count()

    def says(self) -> str:
        return self.box.locator(".readout").inner_text()

    def button(self, name: str) -> Locator:
        return self.box.get_by_role("button", name=name, exact=True)

    def centre(self) -> None:
        """Scroll so that all of the paper is on the screen."""
        self.desk.evaluate(
            "(d) => d.scrollIntoView({block: 'center', behavior: 'instant'})"
        )

    def point(self, x: float, y: float) -> tuple[float, float]:
        """Return where on the screen a share of the paper is."""
        place = self.desk.locator("svg").bounding_box()
        assert place
        return place["x"] + x * place["width"], place["y"] + y * place["height"]

    def draw(
        self, lines: Sequence[Line], *, by: str = "mouse"
    ) -> list[list[tuple[float, float]]]:
        """Draw by mouse or by finger; return the lines in pixels of the image."""
        self.centre()
        for line in lines:
            drag(self.page, [self.point(*share) for share in line], by=by)
        height, width = self.data["shape"]
        return [[(x * width, y * height) for x, y in line] for line in lines]
