"""The roofline in a browser, compared with the formulas of chapter 21."""

import re
from collections.abc import Iterator
from itertools import product
from typing import Any

import numpy as np
import pytest
from browser import NARROW, SETTLE, WIDE, look, scroll_to
from interaction import data_of, keep_open
from playwright.sync_api import Browser, Locator

pytestmark = pytest.mark.slow

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


@pytest.fixture(scope="module")
def opened(browser: Browser, site: str) -> Iterator[Locator]:
    with keep_open(browser, site, "roofline") as box:
        yield box


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


def in_pixels(svg: Locator, place: tuple[float, float], axes: dict) -> list[float]:
    """Return where logarithmic axes have a place."""
    *_, width, height = map(float, (svg.get_attribute("viewBox") or "").split())
    left, top, right, bottom = np.array(axes["box"]) * [width, height, width, height]
    (low_x, high_x), (low_y, high_y) = np.log([axes["x"], axes["y"]])
    x, y = np.log(place)
    return [
        left + (x - low_x) / (high_x - low_x) * (right - left),
        bottom + (y - low_y) / (high_y - low_y) * (top - bottom),
    ]


def test_every_batch_of_every_layer_is_what_the_formulas_say(roofline: Locator) -> None:
    data = data_of(roofline)
    (device, *others), layers, widths = (
        data[name] for name in ("devices", "layers", "numbers")
    )
    roof, time = roofline.locator(".stage svg").all()
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
                pytest.approx(in_pixels(roof, place, data["axes"][0]), abs=0.01),
                pytest.approx(in_pixels(time, (n, at_best), data["axes"][1]), abs=0.01),
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
    page, data = roofline.page, data_of(roofline)
    svg = roofline.locator(".stage svg").nth(number)
    scroll_to(roofline.locator(".controls"))
    page.evaluate(SETTLE)
    box, axes = svg.bounding_box(), data["axes"][number]
    assert box
    *_, width, _ = map(float, (svg.get_attribute("viewBox") or "").split())

    def point(n: int) -> tuple[float, float]:
        """Return where on the screen the batch is, some way below its point."""
        flops, moved = count_layer(n, 4096, 4096, 4)
        x, _ = in_pixels(svg, (n if number else flops / moved, axes["y"][0]), axes)
        return box["x"] + x * box["width"] / width, box["y"] + box["height"] * 0.6

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
    assert circles.count() == len(data["devices"][0]["seconds"])


def test_the_batch_follows_slider_keys_and_finger(roofline: Locator) -> None:
    page = roofline.page
    for key, n in [
        ("ArrowRight", 2),
        ("ArrowRight", 3),
        ("End", 4096),
        ("ArrowLeft", 3072),
    ]:
        page.keyboard.press(key)
        assert size_of(roofline) == n
    slider = roofline.get_by_label("examples")
    page.evaluate(SETTLE)
    box = slider.bounding_box()
    assert box
    y = box["y"] + box["height"] / 2
    sizes, thumb = data_of(roofline)["sizes"], 16
    share = sizes.index(24) / (len(sizes) - 1)
    page.touchscreen.tap(box["x"] + thumb / 2 + share * (box["width"] - thumb), y)
    assert size_of(roofline) == 24
    page.mouse.click(box["x"] + thumb / 2, y)
    assert size_of(roofline) == 1


def test_choices_are_made_by_key_mouse_and_finger(roofline: Locator) -> None:
    for field in roofline.locator("fieldset").all()[:2]:
        first, second, *_ = field.locator("input").all()
        first.focus()
        for how in ("key", "click", "tap"):
            before = roofline.locator(".readout").inner_text()
            if how == "key":
                roofline.page.keyboard.press("ArrowDown")
            elif how == "click":
                first.click()
            else:
                second.tap()
            assert roofline.locator(".readout").inner_text() != before
        first.check()


def test_on_a_phone_both_plots_are_seen_with_the_slider(roofline: Locator) -> None:
    look(roofline.page, "light", NARROW)
    scroll_to(roofline.locator(".stages"))
    roofline.page.evaluate(SETTLE)
    plots = [plot.bounding_box() for plot in roofline.locator(".stage").all()]
    slider = roofline.get_by_label("examples").bounding_box()
    assert slider
    assert slider["height"] >= 24
    for plot in plots:
        assert plot
        assert 0 <= plot["y"] < plot["y"] + plot["height"] <= slider["y"]
    look(roofline.page, "light", WIDE)
