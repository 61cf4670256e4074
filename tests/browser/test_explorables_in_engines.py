"""Explorables, questions and predictions in Firefox and WebKit.

Chromium is tried in the tests of each explorable, by mouse, finger and keyboard.
In WebKit a finger is made of events in the page, see FINGER in ``engines.py``.
"""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from browser import FIRST_CHAPTER, page_of
from engines import Tab, open_tab
from interaction import CHAPTER_OF, SHOWN
from selenium.webdriver import Keys

pytestmark = pytest.mark.slow

WIDE = 1440
DESK, SLIDER = ("[role=application]", "input[type=range]")
SEVEN = [
    (0.25, 0.15),
    (0.5, 0.15),
    (0.75, 0.15),
    (0.65, 0.4),
    (0.55, 0.65),
    (0.45, 0.9),
]

POINTERS = [
    (engine, by) for engine in ("firefox", "webkit") for by in ("mouse", "touch")
]


@pytest.fixture(scope="module", params=POINTERS, ids=" by ".join)
def tab(request: pytest.FixtureRequest, site: str) -> Iterator[Tab]:
    """A wide window, with a mouse or for fingers."""
    engine, pointer = request.param
    with open_tab(engine, site, pointer) as tab:
        tab.resize(WIDE)
        yield tab


class Explorable:
    """One of them, on the page of a chapter."""

    def __init__(self, tab: Tab, name: str) -> None:
        self.tab, self.box = tab, f"[data-explorable='{name}']"
        tab.open(page_of(CHAPTER_OF[name]))
        tab.wait_for("document.querySelector(arguments[0])", f"{self.box}.live")
        self.shown = self.show()

    def show(self) -> str:
        return self.tab.run(
            f"return ({SHOWN})(document.querySelector(arguments[0]))", self.box
        )

    def expect_change(self) -> None:
        """Expect that something else is shown than before."""
        before, self.shown = self.shown, self.show()
        assert self.shown != before

    def part(self, selector: str) -> str:
        return f"{self.box} {selector}"

    def get(self, selector: str, name: str = "textContent") -> Any:
        """Return a property of a part."""
        return self.tab.get(
            "document.querySelector(arguments[0])[arguments[1]]",
            self.part(selector),
            name,
        )

    def value(self) -> float:
        return float(self.get(SLIDER, "value"))

    def says(self) -> str:
        return self.get(".readout")

    def focus(self, selector: str) -> None:
        """Give a part the focus, which a finger does not."""
        self.tab.run(
            "document.querySelector(arguments[0]).focus()", self.part(selector)
        )

    def press(self, *keys: str) -> None:
        self.tab.press(*keys)
        self.expect_change()

    def click(self, selector: str) -> None:
        self.tab.click(self.part(selector))
        self.expect_change()

    def drag(self, selector: str, *places: tuple[float, float]) -> None:
        """Drag over places, each a share of the width and of the height of a part."""
        self.tab.drag([self.tab.point(self.part(selector), *it) for it in places])
        self.expect_change()

    def drag_by(self, selector: str, x: int, y: int) -> None:
        """Drag a part by so many pixels."""
        left, top = self.tab.point(self.part(selector))
        middle = (left + x // 2, top + y // 2)
        self.tab.drag([(left, top), middle, (left + x, top + y)])
        self.expect_change()


@pytest.fixture
def explorable(tab: Tab) -> Callable[[str], Explorable]:
    return lambda name: Explorable(tab, name)


Open = Callable[[str], Explorable]


@pytest.mark.parametrize("name", ["learning-rate", "temperature"])
def test_a_slider_follows_pointer_and_keyboard(explorable: Open, name: str) -> None:
    shown = explorable(name)
    limit, step = (float(shown.get(SLIDER, it)) for it in ("max", "step"))
    shown.drag(SLIDER, (0.2, 0.5), (0.4, 0.5), (0.6, 0.5))
    at = shown.value()
    assert at == pytest.approx(0.6 * limit, rel=0.1)
    shown.focus(SLIDER)
    for key, change in ((Keys.ARROW_LEFT, -1), (Keys.ARROW_RIGHT, 1)):
        shown.press(key, key)
        at += 2 * change * step
        assert shown.value() == pytest.approx(at)


@pytest.mark.parametrize(
    ("name", "plot"),
    [
        ("roofline", ".stage:last-child svg"),
        ("temperature", ".stage:nth-child(2) svg"),
    ],
)
def test_a_slider_follows_what_is_dragged_over_a_plot(
    explorable: Open, name: str, plot: str
) -> None:
    shown = explorable(name)
    shown.drag(plot, (0.3, 0.4), (0.4, 0.4), (0.6, 0.4))
    at = shown.value() / float(shown.get(SLIDER, "max"))
    assert 0.4 < at < 0.7
    shown.click(plot)
    assert shown.value() / float(shown.get(SLIDER, "max")) < at


def test_a_choice_follows_pointer_and_keyboard(explorable: Open) -> None:
    layer = explorable("roofline")
    layer.click("fieldset label:last-child")
    layer.press(Keys.ARROW_UP)


def test_steps_of_backpropagation_follow_pointer_and_keyboard(explorable: Open) -> None:
    graph = explorable("backpropagation")
    previous, following = (f".buttons button:nth-child({n})" for n in (1, 2))
    first = graph.value()
    graph.click(following)
    graph.press(Keys.ENTER)
    graph.press(Keys.SPACE)
    assert graph.value() == first + 3
    graph.click(previous)
    assert graph.value() == first + 2


def test_numbers_of_the_example_follow_pointer_and_keyboard(explorable: Open) -> None:
    example = explorable("one-example")
    weight = "[aria-label='weight w₂']"
    first = int(example.get(weight, "ariaValueNow"))
    example.drag_by(f"{weight} rect", -41, 0)
    assert int(example.get(weight, "ariaValueNow")) == first - 2
    example.press(Keys.ARROW_RIGHT)
    assert int(example.get(weight, "ariaValueNow")) == first - 1
    example.click(".buttons button:nth-child(2)")


def test_expression_follows_pointer_and_keyboard(explorable: Open) -> None:
    typed = explorable("expression")
    typed.tab.click(typed.part("input.source"))
    typed.press(Keys.END, " ", "+", "b")
    assert "a holds" in typed.says()
    typed.click(".walks label:nth-of-type(4)")
    typed.press(Keys.ARROW_DOWN)
    assert typed.get(".walks label:nth-of-type(5) input", "checked")
    typed.click(".buttons button:nth-child(2)")
    typed.press(Keys.ENTER)


@pytest.mark.parametrize("name", ["draw-digit", "templates"])
def test_digit_is_drawn_by_pointer_and_keyboard(explorable: Open, name: str) -> None:
    paper = explorable(name)
    paper.drag(f"{DESK} svg", *SEVEN)
    assert "Your drawing. Most likely 7" in paper.says()
    paper.click("button:nth-of-type(2)")
    assert "Nothing is drawn" in paper.says()
    paper.focus(DESK)
    paper.press(*9 * [Keys.ARROW_UP], *6 * [Keys.ARROW_LEFT], Keys.SPACE)
    paper.press(*12 * [Keys.ARROW_RIGHT])
    paper.press(*8 * [Keys.ARROW_DOWN, Keys.ARROW_LEFT], *8 * [Keys.ARROW_DOWN])
    assert "Your drawing. Most likely 7" in paper.says()


@pytest.mark.parametrize("name", ["race", "boundary"])
def test_point_in_the_plane_follows_pointer_and_keyboard(
    explorable: Open, name: str
) -> None:
    shown = explorable(name)
    shown.drag_by(".stage:not([hidden]) .handle", 40, -20)
    shown.press(Keys.ARROW_LEFT)
    shown.press(Keys.ARROW_UP)


def test_a_flower_follows_a_mouse_at_once_and_a_finger_once_it_is_chosen(
    explorable: Open,
) -> None:
    shown = explorable("boundary")
    tab, flower = shown.tab, "path.flower:nth-of-type(3)"
    if tab.pointer == "touch":
        x, y = tab.point(shown.part(flower))
        tab.drag([(x, y), (x + 10, y + 20), (x + 20, y + 40)])
        assert shown.show() == shown.shown
        shown.click(flower)
    before = shown.get(flower, "outerHTML")
    shown.drag_by(flower, 20, 40)
    assert shown.get(flower, "outerHTML") != before
    assert "Flower 3," in shown.get(".sums")


def test_playground_trains_by_pointer_and_keyboard(explorable: Open) -> None:
    play = explorable("playground")
    assert "epoch0" in play.get(".losses")
    play.click(".controls button:nth-of-type(2)")
    play.press(Keys.ENTER)
    assert "epoch2" in play.get(".losses")
    play.click(".depth button:nth-of-type(2)")
    play.press(Keys.TAB, Keys.TAB, Keys.ENTER)  # one unit more in the first layer
    assert play.get(".heads div:nth-child(2)").startswith("4 units")
    assert play.get(".heads div:nth-child(3)").startswith("3 units")


def test_cells_of_the_confusion_matrix_open_by_pointer_and_keyboard(
    explorable: Open,
) -> None:
    matrix = explorable("confusion")
    matrix.click("tbody tr:nth-child(9) td:nth-child(5) button")
    assert matrix.get(".cell-name") == "8 read as 3"
    matrix.press(*5 * [Keys.ARROW_RIGHT])
    assert matrix.get(".cell-name") == "8 read as 8"
    assert matrix.get(".samples", "childElementCount") == 6


def test_a_wrong_line_is_chosen_by_pointer_and_keyboard(tab: Tab) -> None:
    tab.open(page_of("24-museum-of-bugs"))
    tab.wait_for("document.querySelector(arguments[0])", ".verdict")
    verdict = "document.querySelector('.verdict p').textContent"
    tab.click(".spot-the-line pre > button:nth-of-type(2)")
    assert "That line is fine" in tab.get(verdict)
    tab.press(Keys.HOME)
    tab.press(*4 * [Keys.ARROW_DOWN], Keys.ENTER)
    assert tab.get(verdict).startswith("Right.")
    assert tab.get("document.querySelector('details.cause').open")
    tab.click("details.cause > summary")
    assert not tab.get("document.querySelector('details.cause').open")


# Predictions


def test_predictions_are_made_by_pointer_and_keyboard_and_kept(tab: Tab) -> None:
    def verdict(number: int) -> str:
        line = "document.querySelector(arguments[0])?.textContent"
        return tab.get(line, f"[data-prediction=prediction-{number}][open] .verdict")

    tab.open(FIRST_CHAPTER)
    tab.run("localStorage.clear()")
    tab.open(FIRST_CHAPTER)
    figure = tab.get("document.querySelector('[data-prediction] figure').id")
    seen = "document.getElementById(arguments[0]).checkVisibility()"
    assert not tab.get(seen, figure)
    tab.run("location.hash = arguments[0]", figure)
    tab.wait_for(seen, figure)  # but nothing has been predicted
    tab.click("#prediction-1 label:nth-of-type(2)")
    tab.click("#prediction-1 button")
    assert "local search" in verdict(1)
    tab.click("#prediction-3 input")
    tab.press(*"it diverges", Keys.ENTER)
    assert "it diverges" in verdict(3)
    tab.open(FIRST_CHAPTER)
    assert [verdict(2), "it diverges" in verdict(3)] == [None, True]
