"""One example through a small network, in a browser, compared with autograd."""

from typing import Any

import pytest
import torch
from browser import COLLISIONS, HEIGHT, NARROW, WIDE, look
from interaction import data_of, set_slider
from playwright.sync_api import Locator

pytestmark = pytest.mark.slow

NAME = "one-example"

NAMES = ("x", "w1", "w2", "v1", "v2", "y")
LABELS = dict(
    zip(
        NAMES,
        ("feature x", "weight w₁", "weight w₂", "weight v₁", "weight v₂", "target y"),
        strict=True,
    )
)
FORWARD = ("z1", "a1", "z2", "a2", "output", "r", "L")
BACKWARD = ("L", "r", "output", "a1", "a2", "v1", "v2", "z1", "z2", "w1", "w2", "x")
ALL = len(FORWARD + BACKWARD)
# Returns what the explorable shows.
STATE = """(box) => {
  const ascii = (text) => text.replaceAll("\\u2212", "-");
  const number = (text) => Number(ascii(text));
  const numbers = (parts) =>
    [...box.querySelectorAll(parts)].map((it) => number(it.textContent));
  return {
    numbers: [...box.querySelectorAll("g[role=slider]")].map((it) =>
      Number(it.getAttribute("aria-valuenow"))),
    values: numbers("svg text.value"),
    gradients: numbers("svg text.gradient"),
    lit: numbers("svg .lit + text"),
    off: box.querySelectorAll(".node.off").length,
    said: ascii(box.querySelector(".readout").textContent),
    sum: number(box.querySelector(".readout b").textContent.split(" ").at(-1)),
  };
}"""
PRESS = f"""(box, [name, times]) => {{
  const named = (it) => it.textContent === name;
  const button = [...box.querySelectorAll("button")].find(named);
  return Array.from({{ length: times }}, () => (button.click(), ({STATE})(box)));
}}"""


@pytest.fixture
def network(opened: Locator) -> Locator:
    """The explorable as the page shows it first."""
    if opened.page.viewport_size != {"width": WIDE, "height": HEIGHT}:
        look(opened.page, "light", WIDE)
    press(opened, "Reset")
    press(opened, "Step", ALL)
    return opened


def press(box: Locator, name: str, times: int = 1) -> list[dict[str, Any]]:
    """Press a button several times, and return what is shown after each."""
    return box.evaluate(PRESS, [name, times])


def set_numbers(box: Locator, **numbers: int) -> None:
    for name, value in numbers.items():
        number(box, name).focus()
        set_slider(box.get_by_label("chosen number"), value)


def number(box: Locator, name: str) -> Locator:
    return box.get_by_role("slider", name=LABELS[name])


def by_autograd(numbers: dict[str, int]) -> tuple[dict[str, float], dict[str, float]]:
    """Return the values and the gradients that steps find, by name."""
    t = {n: torch.tensor(float(v), requires_grad=True) for n, v in numbers.items()}
    for i in "12":
        t[f"z{i}"] = t[f"w{i}"] * t["x"]
        t[f"a{i}"] = torch.relu(t[f"z{i}"])
    t["output"] = t["v1"] * t["a1"] + t["v2"] * t["a2"]
    t["r"] = t["output"] - t["y"]
    t["L"] = t["r"] ** 2
    slopes = torch.autograd.grad(t["L"], [t[name] for name in BACKWARD])
    gradients = {n: s.item() for n, s in zip(BACKWARD, slopes, strict=True)}
    return {name: t[name].item() for name in FORWARD}, gradients


def check(state: dict[str, Any], done: int = ALL) -> None:
    """Compare what is shown after so many steps with autograd."""
    values, gradients = by_autograd(dict(zip(NAMES, state["numbers"], strict=True)))
    back = max(done - len(FORWARD), 0)
    assert sorted(state["values"]) == sorted(values[n] for n in FORWARD[:done])
    assert sorted(state["gradients"]) == sorted(gradients[n] for n in BACKWARD[:back])
    assert state["off"] == sum(values[n] <= 0 for n in FORWARD[:done] if n[0] == "a")
    if state["lit"]:
        last = gradients[BACKWARD[back - 1]] if back else values[FORWARD[done - 1]]
        assert state["lit"] == [last] == [state["sum"]]
        way = "backward" if back else "forward"
        assert f"step {done} of {ALL}, {way}" in state["said"]


def test_each_number_changes_by_keyboard_mouse_and_touch(network: Locator) -> None:
    page, limits = network.page, data_of(network)["range"]

    def check_number(name: str, value: int) -> None:
        state = network.evaluate(STATE)
        assert state["numbers"][NAMES.index(name)] == value
        check(state)

    for name, start in data_of(network)["numbers"].items():
        number(network, name).focus()
        for key, value in (
            ("ArrowLeft", start - 1),
            ("ArrowUp", start),
            ("Home", limits["min"]),
            ("ArrowDown", limits["min"]),
            ("End", limits["max"]),
            ("ArrowRight", limits["max"]),
        ):
            page.keyboard.press(key)
            check_number(name, value)
        place = number(network, name).bounding_box()
        assert place
        assert min(place["width"], place["height"]) >= 24
        x, y = place["x"] + place["width"] / 2, place["y"] + place["height"] / 2
        page.mouse.move(x, y)
        page.mouse.down()
        page.mouse.move(x - 62, y, steps=2)
        page.mouse.up()
        check_number(name, limits["max"] - 3)
    number(network, "w2").tap()
    set_slider(network.get_by_label("chosen number"), limits["min"])
    check_number("w2", limits["min"])


@pytest.mark.parametrize(
    "numbers",
    [{}, {"w2": -1}, {"x": -2, "w1": -3, "w2": 2}, {"x": 0}, {"v1": -3, "y": 3}],
)
def test_steps_show_one_number_after_the_other(
    network: Locator, numbers: dict[str, int]
) -> None:
    set_numbers(network, **numbers)
    for done, state in enumerate(reversed(press(network, "Back", ALL))):
        check(state, done)
    check(*press(network, "Back"), 0)  # it says that it is disabled
    for done, state in enumerate(press(network, "Step", ALL + 1), 1):
        assert state["lit"]
        check(state, min(done, ALL))


def test_a_unit_that_is_off_stops_what_comes_back(network: Locator) -> None:
    set_numbers(network, w2=-1)
    *_, state = press(network, "Back", 3)
    assert "-10 · 0 = 0" in state["said"]
    assert "stops all that comes back" in state["said"]
    assert state["off"] == 1
    set_numbers(network, w2=1)
    state = network.evaluate(STATE)
    assert "-4 · 1 = -4" in state["said"]
    assert state["off"] == 0


def test_a_small_change_moves_the_loss_as_the_gradient_says(network: Locator) -> None:
    step = data_of(network)["nudge"]
    now = data_of(network)["numbers"]
    loss, gradients = by_autograd(now)
    for name in ("x", "w1", "w2", "v1", "v2"):
        number(network, name).focus()
        said = network.evaluate(STATE)["said"]
        change = by_autograd(now | {name: now[name] + step})[0]["L"] - loss["L"]
        assert change / step == pytest.approx(gradients[name], rel=0.01)
        assert f"the gradient there {gradients[name]:.0f}" in said
        way, amount = said.removesuffix(".").split(" ")[-3::2]
        assert way == ("grows" if change > 0 else "falls")
        assert float(amount) == pytest.approx(abs(change), rel=2e-3)


def test_numbers_do_not_cover_each_other(network: Locator) -> None:
    drawn = "[data-explorable='one-example'] svg text"
    for width in (WIDE, NARROW):
        look(network.page, "light", width)
        for numbers in ({}, {"w2": -1}, dict.fromkeys(NAMES, 3), {"v1": -3, "v2": -3}):
            set_numbers(network, **numbers)
            assert not network.page.evaluate(COLLISIONS, drawn)
