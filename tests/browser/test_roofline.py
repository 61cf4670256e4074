"""The roofline in a browser, compared with the formulas of chapter 21."""

import re
from itertools import product
from typing import Any

import pytest
from browser import SETTLE, scroll_to
from interaction import Stage, data_of
from playwright.sync_api import Locator

pytestmark = pytest.mark.slow

NAME = "roofline"

NUMBER = r"([\d.,]+) "
SAID = re.compile(
    rf"{NUMBER}([kMGT]?)flop and {NUMBER}([kMGT]?)B: {NUMBER}flop per byte\. "
    rf"Memory takes {NUMBER}([mµn]?)s, arithmetic {NUMBER}([mµn]?)s, "
    rf"so (memory|arithmetic) decides: at least {NUMBER}([mµn]?)s for the batch, "
    rf"{NUMBER}([mµn]?)s for each example\."
    rf"(?: Measured: {NUMBER}([mµn]?)s\.)? Memory decides (.*)\."
)
UNITS = {
    "": 1,
    "k": 1e3,
    "M": 1e6,
    "G": 1e9,
    "T": 1e12,
    "m": 1e-3,
    "µ": 1e-6,
    "n": 1e-9,
}
KINDS = ["memory", "arithmetic"]
# Moves through every batch, and returns what is said and where the points are.
EVERY_BATCH = """(box) => {
  const slider = box.querySelector("input[type=range]");
  const places = () => [...box.querySelectorAll("circle.now")].map((it) =>
    [it.getAttribute("cx"), it.getAttribute("cy")].map(Number));
  return Array.from({ length: Number(slider.max) + 1 }, (_, i) => {
    slider.value = i;
    slider.dispatchEvent(new Event("input"));
    return [box.querySelector(".readout").textContent, places()];
  });
}"""


@pytest.fixture
def roofline(opened: Locator) -> Locator:
    """The explorable, with one example of the first layer."""
    for field in opened.locator("fieldset").all():
        field.locator("input").first.check()
    opened.get_by_label("examples").focus()
    opened.page.keyboard.press("Home")
    return opened


def count_layer(n: int, D: int, H: int, width: int) -> tuple[int, int]:
    """Return flops and bytes, as the chapter counts them."""
    return 2 * n * D * H, width * (n * D + D * H + n * H)


def read(said: str) -> tuple[list[float], str, str]:
    """Return the numbers that are said, which kind decides, and up to where."""
    found = SAID.fullmatch(said)
    assert found, said
    *parts, until = found.groups()
    kind = parts.pop(9)
    intensity = parts.pop(4).replace(",", "")
    pairs = zip(parts[::2], parts[1::2], strict=True)
    values = [
        float(value.replace(",", "")) * UNITS[unit]
        for value, unit in pairs
        if value is not None
    ]
    return [*values, float(intensity)], kind, until


def expect(
    n: int, layer: dict[str, Any], width: int, device: dict[str, Any], measured: bool
) -> tuple[list[float], str, tuple[float, float]]:
    """Return the same, computed here, and the flops per second of the point."""
    D, H = layer["inputs"], layer["outputs"]
    flops, moved = count_layer(n, D, H, width)
    taken = moved / device["bandwidth"], flops / device["flops"]
    least = max(taken)
    values = [flops, moved, *taken, least, least / n]
    seconds = device["seconds"].get(str(n)) if measured else None
    values += [] if seconds is None else [seconds]
    intensity = flops / moved
    rate = min(device["flops"], device["bandwidth"] * intensity)
    return [*values, intensity], KINDS[taken.index(least)], (intensity, rate / 1e9)


def test_every_batch_of_every_layer_is_what_the_formulas_say(roofline: Locator) -> None:
    data = data_of(roofline)
    (device, *others), layers, widths = (
        data[name] for name in ("devices", "layers", "numbers")
    )
    roof, time = Stage(roofline, 0), Stage(roofline, 1)
    choices = roofline.locator("fieldset")
    assert choices.count() == 2 + bool(others)
    seen = set()
    for (i, layer), (j, width) in product(enumerate(layers), enumerate(widths)):
        choices.nth(0).locator("input").nth(i).check()
        choices.nth(1).locator("input").nth(j).check()
        kinds, last = [], ""
        everywhere = roofline.evaluate(EVERY_BATCH)
        for n, (said, places) in zip(data["sizes"], everywhere, strict=True):
            values, kind, last = read(said)
            expected, decides, place = expect(n, layer, width, device, i == j == 0)
            assert values == pytest.approx(expected, rel=5.1e-3), said
            assert kind == decides
            kinds.append(kind)
            at_best = expected[4]
            assert places == [
                pytest.approx(roof.in_pixels(place), abs=0.01),
                pytest.approx(time.in_pixels((n, at_best)), abs=0.01),
            ]
        seen.add("Measured" in everywhere[0][0])
        # It is said up to which batch memory decides.
        number = last.removeprefix("up to n = ").replace(",", "")
        edge = float({"for no n": "0", "for every n": "inf"}.get(last, number))
        assert kinds == [KINDS[n > edge] for n in data["sizes"]]
        assert kinds == sorted(kinds, reverse=True)
    assert seen == {True, False}
    assert roofline.locator(".measured").first.locator("circle").count() == 0


def size_of(box: Locator) -> int:
    """Return the number of examples, which the read-out must be about."""
    data = data_of(box)
    slider = box.get_by_label("examples")
    n = data["sizes"][int(slider.input_value())]
    assert slider.get_attribute("aria-valuetext") == f"{n:,}"
    values, *_ = read(box.locator(".readout").inner_text())
    expected, *_ = expect(n, data["layers"][0], 4, data["devices"][0], True)
    assert values == pytest.approx(expected, rel=5.1e-3)
    return n


@pytest.mark.parametrize("number", [0, 1])
def test_the_batch_follows_mouse_and_finger_over_a_plot(
    roofline: Locator, number: int
) -> None:
    page, stage = roofline.page, Stage(roofline, number)
    scroll_to(roofline.locator(".controls"))
    page.evaluate(SETTLE)

    def point(n: int) -> tuple[float, float]:
        flops, moved = count_layer(n, 4096, 4096, 4)
        return stage.above(n if number else flops / moved)

    page.mouse.move(*point(4))
    assert size_of(roofline) == 1  # it is not pressed yet
    page.mouse.down()
    assert size_of(roofline) == 4
    page.mouse.move(*point(24), steps=3)
    assert size_of(roofline) == 24
    page.mouse.up()
    page.mouse.move(*point(96))
    assert size_of(roofline) == 24
    page.touchscreen.tap(*point(256))
    assert size_of(roofline) == 256
    circles = roofline.locator(".measured").nth(number).locator("circle")
    assert circles.count() == len(data_of(roofline)["devices"][0]["seconds"])
