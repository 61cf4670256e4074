"""The explorables in a browser, compared with the same computed in Python."""

import re
from typing import Any

import numpy as np
import pytest
from book import ROOT
from browser import COLLISIONS, NARROW, WIDE, find_violations, look, page_of
from interaction import CHAPTER_OF, data_of, open_explorable
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


def set_slider(slider: Locator, value: float) -> None:
    slider.evaluate(
        "(s, value) => { s.value = value; s.dispatchEvent(new Event('input')); }", value
    )


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
    surface, curve = box.locator(".stage svg").all()
    check_drawn(surface, path, data["axes"][0])
    steps = np.arange(len(path))
    check_drawn(curve, np.stack([steps, losses], axis=1), data["axes"][1])


def check_drawn(svg: Locator, points: np.ndarray, axes: dict[str, Any]) -> None:
    """Compare where points are drawn with where the axes of the figure have them."""
    *_, width, height = map(float, (svg.get_attribute("viewBox") or "").split())
    left, top, right, bottom = np.array(axes["box"]) * [width, height, width, height]
    low, high = np.array([axes["x"], axes["y"]]).T
    logarithmic = axes["logarithmic"]
    points, low, high = (
        np.where(logarithmic, np.log(np.where(logarithmic, numbers, 1)), numbers)
        for numbers in (points, low, high)
    )
    share = (points - low) / (high - low)
    expected = [left, bottom] + share * [right - left, top - bottom]
    drawn = svg.locator("polyline").get_attribute("points") or ""
    shown = np.array(drawn.replace(",", " ").split(), dtype=float).reshape(-1, 2)
    near = (np.abs(share) < 9).all(axis=1)  # what is far outside cannot be seen
    np.testing.assert_allclose(shown[near], expected[near], atol=1e-6)


@pytest.mark.parametrize(
    ("label", "name"), [("learning rate", "rates"), ("momentum", "momenta")]
)
def test_slider_moves_by_keyboard_pointer_and_touch(
    page: Page, descent: Locator, label: str, name: str
) -> None:
    slider, limits = descent.get_by_label(label), data_of(descent)[name]

    def check(value: float, within: float = 1e-9) -> None:
        assert float(slider.input_value()) == pytest.approx(value, abs=within)
        spoken = slider.get_attribute("aria-valuetext") or ""
        assert float(spoken) == float(slider.input_value())
        check_walk(descent)

    check(limits["value"])
    slider.focus()
    for _ in range(10):
        page.keyboard.press("ArrowRight")
    check(limits["value"] + 10 * limits["step"])
    page.keyboard.press("End")
    check(limits["max"])
    slider.scroll_into_view_if_needed()
    track = slider.bounding_box()
    assert track
    third, near = limits["max"] / 3, limits["max"] / 20
    x, y = track["x"] + track["width"] / 3, track["y"] + track["height"] / 2
    page.mouse.click(x, y)
    check(third, near)
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x + track["width"] / 3, y, steps=5)
    page.mouse.up()
    check(2 * third, near)
    page.touchscreen.tap(x, y)
    check(third, near)


def test_examples_in_an_update_are_chosen_by_keyboard_pointer_and_touch(
    page: Page, descent: Locator
) -> None:
    choices, data = descent.locator("input[type=radio]"), data_of(descent)
    sizes = [batch["size"] for batch in data["batches"]]
    assert sizes == [len(data["x"]), 16, 1]
    choices.first.focus()
    for number, how in ((1, "key"), (2, "key"), (0, "click"), (2, "tap"), (1, "click")):
        if how == "key":
            page.keyboard.press("ArrowDown")
        elif how == "click":
            choices.nth(number).click()
        else:
            choices.nth(number).tap()
        assert choices.nth(number).is_checked()
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


def count_updates(box: Locator) -> int:
    drawn = box.locator("polyline").first.get_attribute("points") or ""
    return len(drawn.split()) - 1


def test_descent_is_played_paused_and_ended_by_a_change(descent: Locator) -> None:
    whole = data_of(descent)["updates"]
    assert count_updates(descent) == whole
    descent.get_by_role("button", name="Play").click()
    pause = descent.get_by_role("button", name="Pause")
    pause.click()
    part = count_updates(descent)
    assert part < whole
    descent.page.wait_for_timeout(200)
    assert count_updates(descent) == part
    descent.get_by_role("button", name="Play").click()  # goes on from there
    expect(pause).to_be_hidden(timeout=20_000)  # it has come to the end
    check_walk(descent)
    descent.get_by_role("button", name="Play").click()
    set_slider(descent.get_by_label("learning rate"), 0.2)
    expect(pause).to_be_hidden()
    check_walk(descent)


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


def test_steps_are_played_to_the_end_or_until_one_takes_over(graph: Locator) -> None:
    graph.page.clock.install()
    play = graph.get_by_role("button", name=re.compile("Play|Pause"))
    play.click()
    graph.page.clock.run_for(3_100)
    check_step(graph, 3)
    graph.get_by_role("button", name="Previous").click()
    graph.page.clock.run_for(3_100)
    check_step(graph, 2)
    play.click()
    graph.page.clock.run_for(60_000)
    check_step(graph, 11)
    assert play.inner_text() == "Play"
    play.click()  # begins again
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
def test_is_accessible_and_fits_once_it_has_been_moved(
    page: Page, site: str, name: str
) -> None:
    box = open_explorable(page, site, name)
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
