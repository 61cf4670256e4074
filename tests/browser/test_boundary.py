"""The boundary that one moves in a browser, compared with the chapter's functions."""

import re

import numpy as np
import pytest
from browser import NARROW, WIDE, look
from interaction import Stage, data_of
from playwright.sync_api import Locator, expect

from helpers.tasks import load_tasks

pytestmark = pytest.mark.slow

NAME = "boundary"

TASKS = load_tasks("logistic-regression")
ANCHOR, TIP = "a point on the boundary", "tip of the weights"
FLOWER = "the chosen flower"


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


def places(box: Locator) -> np.ndarray:
    """Return where the flowers are shown, shape (N, 2)."""
    flowers = box.locator(".stage").first.locator("path.flower")
    moved = flowers.evaluate_all(
        "(all) => all.map((it) => it.getAttribute('transform'))"
    )
    found = (place.partition(" scale")[0] for place in moved)
    return Stage(box, 0).read(" ".join(found))


def check_flowers(box: Locator) -> np.ndarray:
    """Compare all that is shown with the chapter's functions; return w and b."""
    data, plane, curve = data_of(box), Stage(box, 0), Stage(box, 1)
    X, y = places(box), np.array(data["y"])
    anchor, tip = plane.at(ANCHOR), plane.at(TIP)
    w = (tip - anchor) / data["scale"]
    b = -anchor @ w
    np.testing.assert_allclose(numbers(box, "value"), [*w, b], atol=6e-4)
    loss, grad_w, grad_b = TASKS["loss_and_gradient"].solution(X, y, w, b)
    np.testing.assert_allclose(numbers(box, "gradient"), [*grad_w, grad_b], atol=6e-4)
    z = X @ w + b
    said, told = box.locator(".sums p").all_inner_texts()
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
    told = told.replace("\N{MINUS SIGN}", "-")
    found = re.fullmatch(r"Flower (\d+), (\w+): p = ([\d.]+), p - y = (-?[\d.]+)", told)
    assert found, told
    chosen = int(found[1]) - 1
    assert found[2] == data["names"][y[chosen]]
    shown = [float(it) for it in found.groups()[2:]]
    assert shown == pytest.approx([p[chosen], p[chosen] - y[chosen]], abs=6e-4)
    np.testing.assert_allclose(plane.at(FLOWER), X[chosen], atol=1e-6)
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


def test_a_flower_is_dragged_by_mouse_touch_and_keyboard_and_put_back(
    box: Locator,
) -> None:
    plane, page = Stage(box, 0), box.page
    begin = places(box)
    np.testing.assert_allclose(begin, data_of(box)["X"], atol=1e-6)
    line = check_flowers(box)
    # Flowers that no other, and no end of the arrow, is near to.
    apart = np.linalg.norm(begin[:, None] - begin, axis=2)
    near = np.vstack([plane.at(ANCHOR), plane.at(TIP)])
    lone = np.sort(apart, axis=1)[:, 1]
    lone[np.linalg.norm(begin[:, None] - near, axis=2).min(axis=1) < 0.5] = 0
    first, second = np.argsort(-lone)[:2]
    for by, flower, to in (
        ("mouse", first, (-2.0, 2.0)),
        ("touch", second, (2.2, -1.4)),
    ):
        if by == "touch":
            look(page, "light", NARROW)
        box.locator(".stage").first.scroll_into_view_if_needed()
        before, scrolled = places(box), page.evaluate("scrollY")
        if by == "touch":
            page.touchscreen.tap(*plane.on_screen(before[flower]))
        plane.drag_from(before[flower], to, by=by)
        now = places(box)
        np.testing.assert_allclose(now[flower], to, atol=0.03)
        others = np.arange(len(now)) != flower
        np.testing.assert_array_equal(now[others], before[others])
        np.testing.assert_allclose(check_flowers(box), line, atol=1e-6)
        assert page.evaluate("scrollY") == scrolled
        expect(plane.handle(FLOWER)).to_be_focused()
    look(page, "light", WIDE)

    box.get_by_label("flower", exact=True).focus()
    for key in ("Home", "ArrowRight", "ArrowRight"):
        page.keyboard.press(key)
    before = places(box)
    np.testing.assert_allclose(plane.at(FLOWER), before[2], atol=1e-6)
    plane.handle(FLOWER).focus()
    for key in ("ArrowUp", "Shift+ArrowRight"):
        page.keyboard.press(key)
    np.testing.assert_allclose(places(box)[2] - before[2], [0.5, 0.05], atol=1e-9)
    check_flowers(box)
    expect(box.locator(".spoken")).to_contain_text("Flower 3")

    box.get_by_role("button", name="Take a gradient step").click()
    check_flowers(box)  # the step is one for the flowers as they are now
    box.get_by_role("button", name="Reset").click()
    np.testing.assert_array_equal(places(box), begin)
    np.testing.assert_allclose(check_flowers(box), line, atol=1e-9)


def test_the_page_scrolls_from_a_flower_unless_it_is_the_chosen_one(
    box: Locator,
) -> None:
    page = box.page
    look(page, "light", NARROW)
    plane, flowers = Stage(box, 0), places(box)
    plane.svg.scroll_into_view_if_needed()
    flower = int(np.argmax(flowers.sum(axis=1)))  # farthest up and to the right
    told = box.locator(".sums p").last
    for chosen in (False, True):
        before, scrolled = told.inner_text(), page.evaluate("scrollY")
        plane.drag_from(flowers[flower], flowers[flower] - [0, 2], by="touch")
        assert (page.evaluate("scrollY") == scrolled) == chosen
        assert (places(box)[flower] == flowers[flower]).all() != chosen
        assert (told.inner_text() == before) != chosen
        page.touchscreen.tap(*plane.on_screen(places(box)[flower]))
        expect(told).to_contain_text(f"Flower {flower + 1},")


@pytest.mark.parametrize("by", ["mouse", "touch"])
def test_of_flowers_that_coincide_the_chosen_one_is_dragged(
    box: Locator, by: str
) -> None:
    plane, flowers = Stage(box, 0), places(box)
    together = np.linalg.norm(flowers[:, None] - flowers, axis=2) == 0
    first, second = np.argwhere(np.triu(together, 1))[0]
    box.get_by_label("flower", exact=True).fill(str(second + 1))
    plane.drag_from(flowers[second], (0.0, 2.0), by=by)
    moved = places(box)
    np.testing.assert_allclose(moved[second], (0.0, 2.0), atol=0.03)
    np.testing.assert_array_equal(moved[first], flowers[first])


def test_flowers_below_the_line_do_not_keep_it_from_being_dragged(
    box: Locator,
) -> None:
    plane = Stage(box, 0)
    flowers = places(box)
    plane.drag(ANCHOR, flowers[0], by="mouse")  # so that it lies on a flower
    plane.drag(ANCHOR, (-1.0, 1.0), by="mouse")
    np.testing.assert_allclose(plane.at(ANCHOR), (-1.0, 1.0), atol=0.03)
    np.testing.assert_array_equal(places(box), flowers)


@pytest.mark.parametrize("away", [(8, 8), (-11, 0)])
def test_a_flower_is_taken_from_as_far_as_a_finger_is_wide(
    box: Locator, away: tuple[int, int]
) -> None:
    look(box.page, "light", NARROW)
    plane, flowers = Stage(box, 0), places(box)
    box.locator(".stage").first.scroll_into_view_if_needed()
    flower = int(np.argmax(flowers.sum(axis=1)))  # farthest up and to the right
    x, y = plane.on_screen(flowers[flower])
    box.page.touchscreen.tap(x + abs(away[0]), y + away[1] - 2 * abs(away[1]))
    expect(box.locator(".sums p").last).to_contain_text(f"Flower {flower + 1},")
