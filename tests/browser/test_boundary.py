"""The boundary that one moves in a browser, compared with the chapter's functions."""

import re
from collections.abc import Iterator

import numpy as np
import pytest
from browser import HEIGHT, NARROW, WIDE, look, note_complaints, open_context
from interaction import Stage, data_of, open_explorable
from playwright.sync_api import Browser, Locator, expect

from helpers.tasks import load_tasks

pytestmark = pytest.mark.slow

TASKS = load_tasks("logistic-regression")
ANCHOR, TIP = "a point on the boundary", "tip of the weights"


@pytest.fixture(scope="module")
def opened(browser: Browser, site: str) -> Iterator[Locator]:
    """The page, opened once: each test begins where the chapter does."""
    with open_context(browser, has_touch=True) as context:
        page = context.new_page()
        wrong = note_complaints(page)
        yield open_explorable(page, site, "boundary")
        assert not wrong


@pytest.fixture
def box(opened: Locator) -> Locator:
    look(opened.page, "light", WIDE)
    opened.get_by_role("button", name="Reset").click()
    return opened


def numbers(box: Locator, row: str) -> np.ndarray:
    cells = box.get_by_role("row", name=row).get_by_role("cell").all_inner_texts()
    return np.array(
        [cell.replace("\N{MINUS SIGN}", "-") for cell in cells], dtype=float
    )


def check_flowers(box: Locator) -> np.ndarray:
    """Compare all that is shown with the chapter's functions; return w and b."""
    data, plane, curve = data_of(box), Stage(box, 0), Stage(box, 1)
    X, y = np.array(data["X"]), np.array(data["y"])
    anchor, tip = plane.at(ANCHOR), plane.at(TIP)
    w = (tip - anchor) / data["scale"]
    b = -anchor @ w
    np.testing.assert_allclose(numbers(box, "value"), [*w, b], atol=6e-4)
    loss, grad_w, grad_b = TASKS["loss_and_gradient"].solution(X, y, w, b)
    np.testing.assert_allclose(numbers(box, "gradient"), [*grad_w, grad_b], atol=6e-4)
    z = X @ w + b
    said = box.locator(".sums p").inner_text()
    found = re.fullmatch(r"Loss ([\d.]+), (\d+) of 70 on the wrong side", said)
    assert found, said
    assert float(found[1]) == pytest.approx(loss, abs=6e-4)
    assert int(found[2]) == np.sum((z > 0) != y)
    expect(box.locator(".stage path.wrong")).to_have_count(2 * int(found[2]))
    stems = curve.svg.locator("line").evaluate_all(
        "(all) => all.map((line) =>"
        " ['x1', 'y1', 'x2', 'y2'].map((end) => line.getAttribute(end))).join()"
    )
    ends = curve.read(stems).reshape(-1, 4)
    p = TASKS["sigmoid"].solution(z)
    np.testing.assert_allclose(ends, np.stack([z, y, z, p], axis=1), atol=1e-6)
    return np.array([*w, b])


def test_line_and_arrow_are_dragged_by_mouse_touch_and_keyboard(box: Locator) -> None:
    plane = Stage(box, 0)
    begin = check_flowers(box)
    np.testing.assert_allclose(begin, data_of(box)["point"], atol=1e-9)
    for by, to in (("mouse", (-0.8, 0.4)), ("touch", (0.5, -0.2))):
        plane.drag(ANCHOR, to, by=by)
        np.testing.assert_allclose(plane.at(ANCHOR), to, atol=0.03)
        now = check_flowers(box)
        np.testing.assert_allclose(now[:2], begin[:2], atol=1e-6)  # moved, not turned
    for by, to in (("mouse", (1.5, 1.0)), ("touch", (0.0, -1.5))):
        plane.drag(TIP, to, by=by)
        np.testing.assert_allclose(plane.at(TIP), to, atol=0.03)
        check_flowers(box)
    for name in (ANCHOR, TIP):
        plane.handle(name).focus()
        before = plane.at(name)
        for key in ("ArrowDown", "Shift+ArrowLeft"):
            box.page.keyboard.press(key)
        moved = plane.at(name) - before
        np.testing.assert_allclose(moved, [-0.5, -0.05], atol=1e-9)
        check_flowers(box)


def test_steps_are_those_of_gradient_descent(box: Locator) -> None:
    data = data_of(box)
    X, y, now = np.array(data["X"]), np.array(data["y"]), np.array(data["point"])
    step = box.get_by_role("button", name="Take a gradient step")
    ways = [step.click, step.tap, lambda: step.press("Enter")]
    for number in range(9):
        np.testing.assert_allclose(check_flowers(box), now, atol=1e-6)
        _, grad_w, grad_b = TASKS["loss_and_gradient"].solution(X, y, now[:2], now[2])
        now = now - [*grad_w, grad_b]
        ways[number % 3]()
    expect(box.locator(".spoken")).to_contain_text("The gradient is")
    box.get_by_role("button", name="Reset").click()
    np.testing.assert_allclose(check_flowers(box), data["point"], atol=1e-9)


def test_the_weights_cannot_vanish(box: Locator) -> None:
    plane = Stage(box, 0)
    plane.drag(TIP, plane.at(ANCHOR), by="mouse")
    now = check_flowers(box)
    assert np.linalg.norm(now[:2]) > 0.04


def test_on_a_phone_numbers_and_buttons_are_in_view_with_the_plane(
    box: Locator,
) -> None:
    look(box.page, "light", NARROW)
    box.locator(".stage").first.evaluate(
        "(it) => it.scrollIntoView({block: 'start', behavior: 'instant'})"
    )
    stage = box.locator(".stage").first.bounding_box()
    assert stage
    for part in box.locator("table, .sums p, .buttons button").all():
        place = part.bounding_box()
        assert place
        assert stage["y"] + stage["height"] <= place["y"] + 1
        assert place["y"] + place["height"] <= HEIGHT
        assert place["x"] + place["width"] <= stage["x"] + stage["width"]
