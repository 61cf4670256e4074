"""Explorables, questions and predictions in Firefox and WebKit.

Chromium is tried in the tests of each explorable, by mouse, finger and keyboard.
In WebKit a finger is made of events in the page, see FINGER in ``engines.py``.
"""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from browser import FIRST_CHAPTER, page_of
from engines import Tab, open_tab
from interaction import CHAPTER_OF
from selenium.webdriver import Keys

pytestmark = pytest.mark.slow

WIDE = 1440
DESK = "[role=application]"
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

    def part(self, selector: str) -> str:
        return f"{self.box} {selector}"

    def get(self, selector: str, name: str) -> Any:
        """Return a property of a part."""
        return self.tab.get(
            "document.querySelector(arguments[0])[arguments[1]]",
            self.part(selector),
            name,
        )

    def focus(self, selector: str) -> None:
        """Give a part the focus, which a finger does not."""
        self.tab.run(
            "document.querySelector(arguments[0]).focus()", self.part(selector)
        )

    def says(self) -> str:
        return self.get(".readout", "textContent")


@pytest.fixture
def explorable(tab: Tab) -> Callable[[str], Explorable]:
    return lambda name: Explorable(tab, name)


def test_learning_rate_follows_pointer_and_keyboard(
    explorable: Callable[[str], Explorable],
) -> None:
    descent = explorable("learning-rate")
    slider = "input[type=range]"
    limit, step = (float(descent.get(slider, name)) for name in ("max", "step"))
    said = {descent.says()}
    track = descent.part(slider)
    descent.tab.drag([descent.tab.point(track, x) for x in (0.2, 0.4, 0.6)])
    rate = float(descent.get(slider, "value"))
    assert rate == pytest.approx(0.6 * limit, rel=0.1)
    said.add(descent.says())
    descent.focus(slider)
    for key, change in ((Keys.ARROW_LEFT, -1), (Keys.ARROW_RIGHT, 1)):
        descent.tab.press(key, key)
        rate += 2 * change * step
        assert float(descent.get(slider, "value")) == pytest.approx(rate)
        said.add(descent.says())
    assert len(said) == 3


def test_steps_of_backpropagation_follow_pointer_and_keyboard(
    explorable: Callable[[str], Explorable],
) -> None:
    graph = explorable("backpropagation")
    previous, following = (f".buttons button:nth-child({n})" for n in (1, 2))

    def step() -> int:
        return int(graph.get("input[type=range]", "value"))

    first, texts = step(), {graph.get(".step", "textContent")}
    graph.tab.click(graph.part(following))
    assert step() == first + 1
    texts.add(graph.get(".step", "textContent"))
    graph.tab.press(Keys.ENTER)
    graph.tab.press(Keys.SPACE)
    assert step() == first + 3
    texts.add(graph.get(".step", "textContent"))
    graph.tab.click(graph.part(previous))
    assert step() == first + 2
    graph.tab.click(graph.part("input[type=range]"))
    middle = step()
    graph.focus("input[type=range]")
    graph.tab.press(Keys.ARROW_RIGHT)
    assert step() == middle + 1 > 3
    assert len(texts) == 3


def test_numbers_of_the_example_follow_pointer_and_keyboard(
    explorable: Callable[[str], Explorable],
) -> None:
    example = explorable("one-example")
    weight = "[aria-label='weight w₂']"

    def value() -> int:
        return int(example.get(weight, "ariaValueNow"))

    first, said = value(), {example.says()}
    x, y = example.tab.point(example.part(f"{weight} rect"))
    example.tab.drag([(x, y), (x - 20, y), (x - 41, y)])
    assert value() == first - 2
    said.add(example.says())
    example.tab.press(Keys.ARROW_RIGHT)
    assert value() == first - 1
    said.add(example.says())
    example.tab.click(example.part(".buttons button:nth-child(2)"))
    said.add(example.says())
    assert len(said) == 4


def test_expression_follows_pointer_and_keyboard(
    explorable: Callable[[str], Explorable],
) -> None:
    typed = explorable("expression")
    tab, said = typed.tab, {typed.says()}
    tab.click(typed.part("input.source"))
    tab.press(Keys.END, " ", "+", "b")
    assert "a holds" in typed.says()
    said.add(typed.says())
    tab.click(typed.part(".walks label:nth-of-type(4)"))
    said.add(typed.says())
    tab.press(Keys.ARROW_DOWN)
    assert typed.get(".walks label:nth-of-type(5) input", "checked")
    said.add(typed.says())
    tab.click(typed.part(".buttons button:nth-child(2)"))
    said.add(typed.says())
    tab.press(Keys.ENTER)
    said.add(typed.says())
    assert len(said) == 6


def test_digit_is_drawn_by_pointer_and_keyboard(
    explorable: Callable[[str], Explorable],
) -> None:
    paper = explorable("draw-digit")
    tab = paper.tab
    tab.drag([tab.point(paper.part(f"{DESK} svg"), *place) for place in SEVEN])
    assert "Your drawing. Most likely 7" in paper.says()
    tab.click(paper.part("button:nth-of-type(2)"))
    assert "Nothing is drawn" in paper.says()
    paper.focus(DESK)
    tab.press(*9 * [Keys.ARROW_UP], *6 * [Keys.ARROW_LEFT], Keys.SPACE)
    tab.press(*12 * [Keys.ARROW_RIGHT])
    tab.press(*8 * [Keys.ARROW_DOWN, Keys.ARROW_LEFT], *8 * [Keys.ARROW_DOWN])
    assert "Your drawing. Most likely 7" in paper.says()


@pytest.mark.parametrize("name", ["race", "boundary"])
def test_point_in_the_plane_follows_pointer_and_keyboard(
    explorable: Callable[[str], Explorable], name: str
) -> None:
    shown = explorable(name)
    tab, point = shown.tab, shown.part(".stage:not([hidden]) .handle")

    def state() -> tuple[str, ...]:
        text = tab.get(
            "document.querySelector(arguments[0]).getAttribute('aria-valuetext')", point
        )
        return text, shown.get(".controls", "textContent")

    seen = [state()]
    x, y = tab.point(point)
    tab.drag([(x, y), (x + 20, y - 10), (x + 40, y - 20)])
    seen.append(state())
    for key in (Keys.ARROW_LEFT, Keys.ARROW_UP):
        tab.press(key)
        seen.append(state())
    for what in zip(*seen, strict=True):  # where it is, and what is said of it
        assert len(set(what)) == 4


def test_a_flower_follows_a_mouse_at_once_and_a_finger_once_it_is_chosen(
    explorable: Callable[[str], Explorable],
) -> None:
    shown = explorable("boundary")
    tab, flower = shown.tab, "path.flower:nth-of-type(3)"

    def drag() -> bool:
        """Return whether the flower has moved."""
        x, y = tab.point(shown.part(flower))
        before = shown.get(flower, "outerHTML")
        tab.drag([(x, y), (x + 10, y + 20), (x + 20, y + 40)])
        return shown.get(flower, "outerHTML") != before

    if tab.pointer == "touch":
        assert not drag()
        assert "Flower 1," in shown.get(".sums", "textContent")
        tab.click(shown.part(flower))
    assert drag()
    assert "Flower 3," in shown.get(".sums", "textContent")


def test_playground_trains_by_pointer_and_keyboard(
    explorable: Callable[[str], Explorable],
) -> None:
    play = explorable("playground")
    tab = play.tab

    def says() -> str:
        return play.get(".losses", "textContent")

    said = [says()]
    assert "epoch0" in said[0]
    tab.click(play.part(".controls button:nth-of-type(2)"))
    said.append(says())
    tab.press(Keys.ENTER)
    said.append(says())
    assert "epoch2" in said[-1]
    tab.click(play.part(".depth button:nth-of-type(2)"))
    tab.press(Keys.TAB, Keys.TAB, Keys.ENTER)  # one unit more in the first layer
    assert play.get(".heads div:nth-child(2)", "textContent").startswith("4 units")
    assert play.get(".heads div:nth-child(3)", "textContent").startswith("3 units")
    said.append(says())
    assert len(set(said)) == 4


def test_batch_below_the_roofline_follows_pointer_and_keyboard(
    explorable: Callable[[str], Explorable],
) -> None:
    layer = explorable("roofline")
    tab, slider = layer.tab, "input[type=range]"
    plot = layer.part(".stage:last-child svg")
    tab.drag([tab.point(plot, x, 0.5) for x in (0.4, 0.6, 0.8)])
    index = int(layer.get(slider, "value"))
    assert 12 < index < 20  # at 0.2 is one example, at 0.97 are 4096
    said = {layer.says()}
    layer.focus(slider)
    for key, change in ((Keys.ARROW_LEFT, -1), (Keys.HOME, -index + 1)):
        tab.press(key)
        index += change
        assert int(layer.get(slider, "value")) == index
        said.add(layer.says())
    tab.click(layer.part("fieldset label:last-child"))
    said.add(layer.says())
    assert len(said) == 4


def test_a_wrong_line_is_chosen_by_pointer_and_keyboard(tab: Tab) -> None:
    tab.open(page_of("24-museum-of-bugs"))
    tab.wait_for("document.querySelector(arguments[0])", ".verdict")
    verdict = "document.querySelector('.verdict p').textContent"
    said = {tab.get(verdict)}
    tab.click(".spot-the-line pre > button:nth-of-type(2)")
    said.add(tab.get(verdict))
    tab.press(Keys.HOME)
    tab.press(*4 * [Keys.ARROW_DOWN], Keys.ENTER)
    said.add(tab.get(verdict))
    assert len(said) == 3
    assert tab.get(verdict).startswith("Right.")
    assert tab.get("document.querySelector('details.cause').open")
    tab.click("details.cause > summary")
    assert not tab.get("document.querySelector('details.cause').open")


def test_digit_is_laid_over_the_templates_by_pointer_and_keyboard(
    explorable: Callable[[str], Explorable],
) -> None:
    paper = explorable("templates")
    tab = paper.tab
    tab.drag([tab.point(paper.part(f"{DESK} svg"), *place) for place in SEVEN])
    assert "Your drawing. Most likely 7" in paper.says()
    drawn = paper.get(".template:nth-child(8)", "innerHTML")
    paper.focus(DESK)
    tab.press(Keys.SPACE, Keys.ARROW_RIGHT, Keys.SPACE)
    assert paper.get(".template:nth-child(8)", "innerHTML") != drawn


def test_cells_of_the_confusion_matrix_open_by_pointer_and_keyboard(
    explorable: Callable[[str], Explorable],
) -> None:
    matrix = explorable("confusion")
    digit, reading = 8, 3
    matrix.tab.click(
        matrix.part(
            f"tbody tr:nth-child({digit + 1}) td:nth-child({reading + 2}) button"
        )
    )
    assert matrix.get(".cell-name", "textContent") == f"{digit} read as {reading}"
    matrix.tab.press(*5 * [Keys.ARROW_RIGHT])
    assert matrix.get(".cell-name", "textContent") == f"{digit} read as {digit}"
    assert matrix.get(".samples", "childElementCount") == 6


def test_temperature_follows_pointer_and_keyboard(
    explorable: Callable[[str], Explorable],
) -> None:
    diagram = explorable("temperature")
    said = {diagram.says()}
    slider = diagram.part("input[type=range]")
    diagram.tab.drag([diagram.tab.point(slider, x) for x in (0.4, 0.6, 0.8)])
    at = int(diagram.get("input[type=range]", "value"))
    assert at == pytest.approx(0.8 * int(diagram.get("input", "max")), abs=2)
    said.add(diagram.says())
    diagram.focus("input[type=range]")
    diagram.tab.press(Keys.ARROW_LEFT)
    assert int(diagram.get("input[type=range]", "value")) == at - 1
    said.add(diagram.says())
    curve = diagram.part(".stage:nth-child(2) svg")
    diagram.tab.drag([diagram.tab.point(curve, x, 0.4) for x in (0.3, 0.4, 0.5)])
    said.add(diagram.says())
    followed = int(diagram.get("input[type=range]", "value"))
    diagram.tab.click(curve, 0.3, 0.4)
    assert int(diagram.get("input[type=range]", "value")) < followed
    assert len(said) == 4


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
