"""What tests of the explorables in a browser share."""

import json
import re
from collections.abc import Sequence
from typing import Any

import numpy as np
from browser import page_of, scroll_to
from playwright.sync_api import Locator, Page, expect

# The chapter in which each is used; its page has all that it offers.
CHAPTER_OF = {
    "learning-rate": "06-momentum-and-noise",
    "race": "06-momentum-and-noise",
    "boundary": "04-logistic-regression",
    "backpropagation": "08-backprop-numpy",
    "one-example": "08-backprop-numpy",
    "expression": "17-autograd-engine",
    "draw-digit": "14-mlp-pytorch",
    "playground": "07-hidden-layer",
    "roofline": "21-one-machine",
    "templates": "05-softmax-regression",
    "confusion": "16-errors",
    "temperature": "16-errors",
}

# Returns what is shown beside the controls, and not what is announced a while later.
SHOWN = """(box) => {
  const copy = box.cloneNode(true);
  copy.querySelectorAll("input, output, .spoken").forEach((it) => it.remove());
  return copy.innerHTML;
}"""


def open_explorable(page: Page, site: str, name: str, chapter: str = "") -> Locator:
    """Open the page, scroll to the explorable, and wait until it reacts."""
    page.goto(site + page_of(chapter or CHAPTER_OF[name]))
    box = page.locator(f'[data-explorable="{name}"]')
    expect(box).to_have_class(re.compile("live"))
    scroll_to(box)
    return box


def data_of(box: Locator) -> dict[str, Any]:
    return json.loads(box.locator("script").text_content() or "")


def pixels_of(drawn: str) -> np.ndarray:
    """Return the points (n, 2) that an attribute of a drawing lists."""
    pixels = np.array(re.findall(r"-?[\d.]+(?:e-?\d+)?", drawn), dtype=float)
    return pixels.reshape(-1, 2)


def set_slider(slider: Locator, value: float) -> None:
    slider.evaluate(
        "(s, value) => { s.value = value; s.dispatchEvent(new Event('input')); }", value
    )


def drag(page: Page, path: Sequence[tuple[float, float]], *, by: str) -> None:
    """Go through points on the screen, by mouse or by finger."""
    if by == "mouse":
        page.mouse.move(*path[0])
        page.mouse.down()
        for point in path[1:]:
            page.mouse.move(*point)
        return page.mouse.up()
    session = page.context.new_cdp_session(page)

    def touch(kind: str, *points: tuple[float, float]) -> None:
        touches = [{"x": x, "y": y} for x, y in points]
        session.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": touches})

    touch("touchStart", path[0])
    for point in path[1:]:
        touch("touchMove", point)
    touch("touchEnd")
    # Chromium hands on what a finger does with the next frame.
    page.evaluate("new Promise((done) => requestAnimationFrame(() => done()))")
    return None


class Stage:
    """Axes, linear or logarithmic, with what a script has drawn on them."""

    def __init__(self, box: Locator, number: int) -> None:
        self.svg = box.locator(".stage").nth(number).locator("svg")
        axes = data_of(box)["axes"][number]
        self.logarithmic, self.lowest = np.array(axes["logarithmic"]), axes["y"][0]
        _, _, *size = map(float, (self.svg.get_attribute("viewBox") or "").split())
        left, top, right, bottom = axes["box"] * np.tile(size, 2)
        self.corner, self.size = np.array([left, bottom]), np.array(size)
        self.low, high = self.scale(np.transpose([axes["x"], axes["y"]]))
        self.unit = [right - left, top - bottom] / (high - self.low)  # in pixels

    def scale(self, points: Any) -> np.ndarray:
        """Take the logarithm of the coordinates whose axis is logarithmic."""
        logs = np.log(np.where(self.logarithmic, points, 1))
        return np.where(self.logarithmic, logs, points)

    def in_pixels(self, points: Any) -> np.ndarray:
        """Return where points (..., 2) belong in the drawing."""
        return self.corner + (self.scale(points) - self.low) * self.unit

    def read(self, drawn: str) -> np.ndarray:
        """Return points (n, 2) that are drawn on linear axes, in units of the data."""
        return (pixels_of(drawn) - self.corner) / self.unit + self.low

    def handle(self, name: str) -> Locator:
        return self.svg.get_by_role("slider", name=name)

    def at(self, name: str) -> np.ndarray:
        """Return where a handle is, shape (2,)."""
        return self.read(self.handle(name).get_attribute("transform") or "")[0]

    def on_screen(self, point: Sequence[float]) -> tuple[float, float]:
        place = self.svg.bounding_box()
        assert place
        x, y = self.in_pixels(point) * place["width"] / self.size[0]
        return place["x"] + x, place["y"] + y

    def above(self, x: float) -> tuple[float, float]:
        """Return where on the screen it is, some way above the lower axis."""
        across, down = self.on_screen((x, self.lowest))
        return across, down - 40

    def drag(self, name: str, to: Sequence[float], *, by: str) -> None:
        """Drag a handle to a point, by mouse or by finger."""
        self.handle(name).scroll_into_view_if_needed()
        self.drag_from(self.at(name), to, by=by)

    def drag_from(
        self, start: Sequence[float], to: Sequence[float], *, by: str
    ) -> None:
        """Drag what is at a point to another, by mouse or by finger."""
        path = [self.on_screen(point) for point in np.linspace(start, to, 4)]
        drag(self.svg.page, path, by=by)
