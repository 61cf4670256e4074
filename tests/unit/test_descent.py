"""The descent on the landing page is that of chapter 1."""

from xml.etree import ElementTree

import numpy as np
import pytest
from book import execute_chapter

from booktools.sphinx.landing import CLOSE, LEVELS, draw_descent, first_descent


@pytest.fixture(scope="module")
def chapter() -> dict:
    return execute_chapter("01-gradient-descent", until="losses = {")


@pytest.mark.parametrize("point", [(0.3, -0.7), (2.5, 1.1), (1.0, 2.0)])
def test_the_loss_and_its_gradient_are_those_of_the_chapter(
    chapter: dict, point: tuple[float, float]
) -> None:
    descent = first_descent()
    x, y = chapter["x"], chapter["y"]
    loss = chapter["mean_squared_error"](x, y, *point)
    np.testing.assert_allclose(descent.loss(np.array(point)), loss, rtol=1e-12)
    slope = descent.hessian @ (point - descent.bottom)
    np.testing.assert_allclose(slope, chapter["gradient"](x, y, *point), rtol=1e-10)


def test_it_starts_where_the_chapter_starts_and_ends_at_the_bottom(
    chapter: dict,
) -> None:
    descent = first_descent()
    path = descent.path()
    np.testing.assert_array_equal(path[0], chapter["path"][0])
    np.testing.assert_allclose(descent.bottom, chapter["exact"], rtol=1e-12)
    assert np.linalg.norm(path[-1] - descent.bottom) <= CLOSE
    assert 30 < len(path) < 100  # enough to watch, few enough to end in five seconds
    assert np.all(np.diff([descent.loss(point) for point in path]) < 0)


def test_the_loss_is_the_same_all_along_a_contour_line() -> None:
    descent = first_descent()
    picture = ElementTree.fromstring(
        draw_descent(descent).partition("<p ")[0].replace("&quot;", "'")
    )
    (rings,) = picture.iterfind(".//g[@class='rings']")
    move, turn = rings.get("transform").rstrip(")").split(") rotate(")
    x, y = map(float, move.removeprefix("translate(").split())
    angle = np.radians(float(turn))
    assert len(rings) == len(LEVELS)
    for ring, level in zip(rings, LEVELS[::-1], strict=True):
        t = np.linspace(0, 2 * np.pi, 12)
        u, v = float(ring.get("rx")) * np.cos(t), float(ring.get("ry")) * np.sin(t)
        b = x + u * np.cos(angle) - v * np.sin(angle)
        w = -(y + u * np.sin(angle) + v * np.cos(angle))
        losses = [descent.loss(np.array(point)) for point in zip(b, w, strict=True)]
        np.testing.assert_allclose(losses, descent.floor + level, rtol=0.03)
