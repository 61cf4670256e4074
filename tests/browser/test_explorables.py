"""The explorables in a browser, compared with the same computed in Python."""

import re
from typing import Any

import numpy as np
import pytest
from book import ROOT
from browser import COLLISIONS, NARROW, WIDE, find_violations, look, page_of
from interaction import (
    CHAPTER_OF,
    SHOWN,
    Stage,
    data_of,
    open_explorable,
    pixels_of,
    set_slider,
)
from playwright.sync_api import Browser, Locator, Page, expect

from helpers import init_weights, load_petal_data, make_line_data

pytestmark = pytest.mark.slow

NARROWEST = 320  # pixels: what WCAG asks for
NUMBER = r"([\d.]+(?:e[+-]?\d+)?)"
OBSERVED = re.compile(
    rf"after (\d+) updates the distance is {NUMBER} "
    rf"\(after \d+: {NUMBER}\), the loss {NUMBER}\."
)


# The learning rate


@pytest.fixture
def descent(page: Page, site: str) -> Locator:
    return open_explorable(page, site, "learning-rate")


def line_data() -> tuple[np.ndarray, np.ndarray]:
    """Return the chapters' features, with a column of ones, and the target."""
    line = make_line_data()
    return np.hstack([np.ones_like(line.x_train), line.x_train]), line.y_train.ravel()


def curvatures() -> np.ndarray:
    X, _ = line_data()
    return np.linalg.eigvalsh(2 / len(X) * X.T @ X)


def walk(
    rate: float, momentum: float, size: int, orders: list[list[int]], updates: int
) -> np.ndarray:
    """Return the parameters after each update, as chapters 01 and 06 define it."""
    X, y = line_data()
    rng = np.random.RandomState(42)
    theta = np.array([rng.randn(1)[0], rng.randn(1)[0]])
    velocity, path = np.zeros(2), [theta]
    while len(path) <= updates:
        for order in orders:
            for first in range(0, len(X), size):
                some = order[first : first + size]
                residual = X[some] @ theta - y[some]
                velocity = momentum * velocity + 2 / len(some) * X[some].T @ residual
                theta = theta - rate * velocity
                path.append(theta)
    return np.array(path[: updates + 1])


def as_shown(number: float) -> float:
    """Round a number as the page does."""
    return float(f"{number:.1e}" if not 1e-3 <= number < 1e4 else f"{number:.3g}")


def check_walk(box: Locator) -> None:
    """Compare what is said and drawn with the walk that the controls ask for."""
    data = data_of(box)
    rate = float(box.get_by_label("learning rate").input_value())
    slider = box.get_by_label("momentum")
    momentum = float(slider.input_value()) if slider.count() else 0.0
    chosen = int(box.locator("input[type=radio]:checked").input_value())
    size = data["batches"][chosen]["size"]
    path = walk(rate, momentum, size, data["orders"], data["updates"])
    X, y = line_data()
    losses = ((path @ X.T - y) ** 2).mean(axis=1)
    bottom, *_ = np.linalg.lstsq(X, y, rcond=None)
    distances = np.linalg.norm(path - bottom, axis=1)

    said = box.locator(".readout").inner_text()
    found = OBSERVED.search(said)
    assert found, said
    updates, *shown = map(float, found.groups())
    assert updates == len(path) - 1
    expected = [distances[-1], distances[len(path) // 2], losses[-1]]
    # Near the bottom rounding is all there is.
    assert shown == pytest.approx(
        [as_shown(number) for number in expected], rel=1e-9, abs=1e-12
    )
    check_drawn(Stage(box, 0), path)
    check_drawn(Stage(box, 1), np.stack([np.arange(len(path)), losses], axis=1))


def check_drawn(stage: Stage, points: np.ndarray) -> None:
    """Compare where points are drawn with where the axes of the figure have them."""
    expected = stage.in_pixels(points)
    shown = pixels_of(stage.svg.locator("polyline").get_attribute("points") or "")
    near = (np.abs(expected) < 5 * stage.size).all(axis=1)  # the others are not seen
    np.testing.assert_allclose(shown[near], expected[near], atol=1e-6)


@pytest.mark.parametrize(
    ("batch", "share"), [(0, 0), (0, 1), (1, 0.3), (1, 1), (2, 0.3)]
)
def test_walk_is_that_of_the_chapters(
    descent: Locator, batch: int, share: float
) -> None:
    data = data_of(descent)
    sizes = [batch["size"] for batch in data["batches"]]
    assert sizes == [len(data["x"]), 16, 1]
    descent.locator("input[type=radio]").nth(batch).check()
    check_walk(descent)
    for label, limits in (("learning rate", "rates"), ("momentum", "momenta")):
        set_slider(descent.get_by_label(label), share * data[limits]["max"])
        check_walk(descent)


def test_what_is_predicted_comes_true_at_every_rate_and_momentum(
    descent: Locator,
) -> None:
    for momentum in np.arange(0, data_of(descent)["momenta"]["max"] + 0.01, 0.15):
        set_slider(descent.get_by_label("momentum"), momentum)
        limit = 2 * (1 + momentum) / curvatures().max()
        assert descent.locator(".limit").text_content() == f"limit {limit:.4f}"
        said = descent.evaluate(
            """(box) => {
              const slider = box.querySelector("input");
              const said = [];
              for (let i = 0; ; i++) {
                slider.value = Number(slider.min) + i * slider.step;
                slider.dispatchEvent(new Event("input"));
                const text = box.querySelector(".readout").textContent;
                said.push([Number(slider.value), text]);
                if (slider.value === slider.max) return said;
              }
            }"""
        )
        assert len(said) >= 200
        for rate, text in said:
            assert text.startswith("Below" if rate < limit else "Above"), (rate, limit)
            way = "towards" if rate < limit else "away from"
            assert f"The path leads {way} the minimum." in text, (momentum, rate, text)
            factor = max(
                np.abs(
                    np.roots([1, -(1 + momentum - rate * curvature), momentum])
                ).max()
                for curvature in curvatures()
            )
            assert f"multiplies the error by {factor:.4f}." in text, (momentum, rate)


def test_without_momentum_there_is_no_slider_for_it(page: Page, site: str) -> None:
    box = open_explorable(page, site, "learning-rate", "01-gradient-descent")
    assert data_of(box)["momenta"]["max"] == 0
    box.get_by_role("slider").focus()  # there is one
    page.keyboard.press("End")
    check_walk(box)


# Backpropagation


@pytest.fixture
def graph(page: Page, site: str) -> Locator:
    return open_explorable(page, site, "backpropagation")


def one_pass() -> dict[str, Any]:
    """Return every array of a forward and a backward pass, as chapter 08 has it."""
    petals = load_petal_data()
    X, Y = petals.x_train, petals.y_train
    W1, W2 = init_weights(X.shape[1], 100, Y.shape[1])
    Z1 = X @ W1
    A = np.where(Z1 > 0, Z1, 0)
    Y_hat = A @ W2
    R = Y_hat - Y
    G = 2 * R / R.size
    back = np.where(Z1 > 0, G @ W2.T, 0)
    forward = {"X": X, "Y": Y, "W1": W1, "W2": W2, "Z1": Z1, "A": A, "Y_hat": Y_hat}
    return forward | {
        "R": R,
        "L": np.mean(R**2),
        "grad_R": G,
        "grad_Y_hat": G,
        "grad_W2": A.T @ G,
        "grad_A": G @ W2.T,
        "grad_Z1": back,
        "grad_W1": X.T @ back,
    }


def corner_of(name: str, arrays: dict[str, Any]) -> list[float]:
    """Return the numbers that are shown of an array."""
    if np.ndim(arrays[name]) == 0:
        return [float(arrays[name])]
    unit = int(np.argmax(arrays["A"][0] > 0))  # the first that fires
    by_unit = {"W1": (0, unit), "Z1": (0, unit), "A": (0, unit), "W2": (unit, 0)}
    i, j = by_unit.get(name.removeprefix("grad_"), (0, 0))
    return arrays[name][i : i + 2, j : j + 2].ravel().tolist()


def check_step(box: Locator, number: int) -> None:
    """Compare what stands beside the graph with the same computed here."""
    arrays = one_pass()
    name = data_of(box)["steps"][number - 1]
    way = "backward" if name.startswith("grad_") else "forward"
    assert box.locator("output").inner_text() == f"{number} of 11, {way}"
    line, derivative, shapes, numbers = box.locator("dd").all()
    assert line.inner_text().startswith(f"{name} = ")
    assert derivative.locator("svg").count() == 1
    assert shapes.inner_text().endswith(f"→ {np.shape(arrays[name])}")
    shown = [float(part) for part in re.split("[,;] ", numbers.inner_text())]
    np.testing.assert_allclose(shown, corner_of(name, arrays), rtol=6e-3)
    assert float(box.locator("text.now").text_content() or "") == shown[0]
    visible = box.locator(".stage text:visible").count()
    assert visible == 4 + number  # X, Y and the weights were there before


def test_steps_go_on_and_back_by_keyboard_pointer_touch_and_slider(
    page: Page, graph: Locator
) -> None:
    following = graph.get_by_role("button", name="Next")
    previous = graph.get_by_role("button", name="Previous")
    assert previous.get_attribute("aria-disabled") == "true"
    check_step(graph, 1)
    following.focus()
    for number in range(2, 12):
        page.keyboard.press("Enter")
        check_step(graph, number)
    assert not page.evaluate(COLLISIONS, ".stage text")
    assert following.get_attribute("aria-disabled") == "true"
    page.keyboard.press("Enter")
    check_step(graph, 11)
    previous.click()
    check_step(graph, 10)
    previous.tap()
    check_step(graph, 9)
    graph.get_by_label("step").focus()
    page.keyboard.press("ArrowLeft")
    check_step(graph, 8)
    page.keyboard.press("Home")
    check_step(graph, 1)
    previous.click(force=True)  # it says that it is disabled
    check_step(graph, 1)


def test_each_number_stands_beside_its_own_array(graph: Locator) -> None:
    data, arrays = data_of(graph), one_pass()
    assert set(data["numbers"]) == set(arrays)
    for name, (text, *place) in data["numbers"].items():
        first, *_ = corner_of(name, arrays)
        assert float(text) == pytest.approx(first, rel=6e-3)
        away = {
            node: np.hypot(*np.subtract(there, place))
            for node, there in data["nodes"].items()
        }
        assert min(away, key=away.__getitem__) == name.removeprefix("grad_")


# All of them


OTHERS = {"desk", "landing", "network", "shared", "spot-the-line"}


def test_every_explorable_is_tested_here() -> None:
    scripts = {path.stem for path in (ROOT / "interactive" / "static").glob("*.js")}
    assert scripts == {*CHAPTER_OF, *OTHERS}


each_explorable = pytest.mark.parametrize("name", CHAPTER_OF)


@each_explorable
def test_sliders_and_choices_follow_keyboard_mouse_and_finger(
    page: Page, site: str, name: str
) -> None:
    box = open_explorable(page, site, name)
    shown = [box.evaluate(SHOWN)]

    def shows_something_else() -> bool:
        shown.append(box.evaluate(SHOWN))
        return shown[-1] != shown[-2]

    for slider in box.locator("input[type=range]").all():
        low, high = (float(slider.get_attribute(it) or 0) for it in ("min", "max"))
        for share, press in (
            (0.27, page.mouse.click),
            (0.8, page.touchscreen.tap),
            (0.5, page.mouse.click),
        ):
            slider.scroll_into_view_if_needed()
            track = slider.bounding_box()
            assert track
            x, y, width, height = track.values()
            press(x + share * width, y + height / 2)
            moved = (float(slider.input_value()) - low) / (high - low)
            assert moved == pytest.approx(share, abs=0.11)
            assert shows_something_else()
        for key in ("ArrowLeft", "ArrowRight", "End", "Home"):
            page.keyboard.press(key)
            assert shows_something_else()
        assert float(slider.input_value()) == low
        expect(box).to_contain_text(slider.get_attribute("aria-valuetext") or "!")
    for choices in box.locator("fieldset:visible:has([type=radio])").all():
        first, second, *_ = choices.locator("input").all()
        first.focus()
        page.keyboard.press("ArrowDown")
        assert second.is_checked()
        assert shows_something_else()
        first.click()
        assert first.is_checked()
        second.tap()
        assert second.is_checked()


# What stops the player, and the key that uses it.
PLAYED = {
    "learning-rate": ("input[type=range]", "ArrowLeft"),
    "backpropagation": ("button:has-text('Previous')", "Enter"),
    "one-example": ("button:has-text('Back')", "Enter"),
    "expression": ("input[type=radio]:checked", "ArrowDown"),
    "race": ("button:has-text('Step')", "Enter"),
    "playground": ("select", "ArrowDown"),
}


@pytest.mark.parametrize("name", PLAYED)
def test_is_played_paused_stopped_by_another_control_and_ends(
    page: Page, site: str, name: str
) -> None:
    page.clock.install()
    box = open_explorable(page, site, name)
    play = box.get_by_role("button", name=re.compile("^(Play|Pause)$"))

    def after(seconds: int) -> str:
        page.clock.run_for(1000 * seconds)
        return box.evaluate(SHOWN)

    def check_stopped() -> None:
        expect(play).to_have_text("Play")
        before = after(0)
        assert after(3) == before

    play.click()
    assert after(2) != after(2)
    expect(play).to_have_text("Pause")
    play.click()
    check_stopped()
    paused = after(0)
    play.tap()
    assert after(2) != paused  # it goes on
    selector, key = PLAYED[name]
    box.locator(selector).first.press(key)
    check_stopped()
    play.press("Enter")
    after(60)
    check_stopped()
    last = after(0)
    play.click()  # begins again
    assert after(2) != last


def grow(box: Locator) -> None:
    """Make as large as it can be what the reader makes larger."""
    for more in box.get_by_role("button", name=re.compile("^More")).all():
        more.click(click_count=9, force=True)


# On a phone, what moves and what is seen of it together, from top to bottom.
TOGETHER = {
    "learning-rate": ".stage:first-child, input[type=range]",
    "boundary": ".stage:first-child, table, .sums p, .buttons button",
    "race": ".stage:first-child, input, .buttons button",
    "roofline": ".stage, input[type=range]",
    "playground": ".setup, .plane, .losses, .buttons button",
}


@pytest.mark.parametrize("name", TOGETHER)
def test_on_a_phone_controls_are_in_view_with_what_they_move(
    page: Page, site: str, name: str
) -> None:
    look(page, "light", NARROW)
    box = open_explorable(page, site, name)
    grow(box)
    first, *others = box.locator(f":is({TOGETHER[name]}):visible").all()
    first.evaluate("(it) => it.scrollIntoView({behavior: 'instant'})")
    assert others
    for part in (first, *others):
        expect(part).to_be_in_viewport(ratio=1)
    drawn = f"[data-explorable='{name}'] :is({TOGETHER[name]})"
    assert not page.evaluate(COLLISIONS, drawn)


# Returns which controls are smaller than a finger needs; radio buttons have labels.
TOO_SMALL = """(all) => all.filter((it) => it.checkVisibility() && it.type !== "radio"
  && (it.offsetHeight < 24 || it.offsetWidth < (it.type === "range" ? 64 : 24))).map(
  (it) => it.outerHTML)"""


@each_explorable
def test_is_accessible_and_fits_once_it_has_been_moved(
    page: Page, site: str, name: str
) -> None:
    box = open_explorable(page, site, name)
    grow(box)
    for slider in box.get_by_role("slider").all():
        slider.focus()
        page.keyboard.press("End")
    for desk in box.get_by_role("application").all():
        desk.focus()
        page.keyboard.press("Space")
        page.keyboard.press("ArrowRight")
    expect(box.get_by_role("status").last).to_have_text(re.compile(r"\S"))
    for scheme, width in (("light", WIDE), ("dark", NARROW)):
        look(page, scheme, width)
        box.scroll_into_view_if_needed()
        assert not find_violations(page, f'[data-explorable="{name}"]')
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        assert box.evaluate("(box) => box.scrollWidth <= box.clientWidth")
        assert box.locator("button, select, input").evaluate_all(TOO_SMALL) == []


@each_explorable
def test_no_word_on_a_button_is_broken_where_the_window_is_narrow(
    page: Page, site: str, name: str
) -> None:
    look(page, "light", NARROWEST)
    box = open_explorable(page, site, name)
    broken = """(all) => all.filter((it) => it.checkVisibility()).flatMap((it) => {
      const texts = document.createTreeWalker(it, NodeFilter.SHOW_TEXT);
      const found = [];
      for (let text; (text = texts.nextNode()); )
        for (const word of text.data.matchAll(/\\S+/g)) {
          const range = document.createRange();
          range.setStart(text, word.index);
          range.setEnd(text, word.index + word[0].length);
          if (range.getClientRects().length > 1) found.push(word[0]);
        }
      return found;
    })"""
    assert box.locator("button").evaluate_all(broken) == []


@each_explorable
def test_is_a_figure_where_no_script_runs(
    browser: Browser, site: str, name: str
) -> None:
    with browser.new_context(java_script_enabled=False) as context:
        page = context.new_page()
        page.goto(site + page_of(CHAPTER_OF[name]))
        box = page.locator(f'[data-explorable="{name}"]')
        figure = box.locator("img:visible")
        expect(figure).to_have_count(1)
        assert len(figure.get_attribute("alt") or "") > 100
        expect(box.locator("input, button")).to_have_count(0)
        if name == "backpropagation":
            table = page.locator(".cell_output table", has_text="grad_W1")
            expect(table).to_be_visible()
