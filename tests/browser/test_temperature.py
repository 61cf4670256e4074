"""The temperature of chapter 16, which the reader chooses."""

import re

import numpy as np
import pytest
from browser import NARROW, SETTLE, WIDE, look, scroll_to
from interaction import Stage, data_of, set_slider
from playwright.sync_api import Locator
from scipy.stats import binomtest

pytestmark = pytest.mark.slow

NAME = "temperature"


@pytest.fixture
def box(opened: Locator) -> Locator:
    choose(opened, 0)
    return opened


def table_of(box: Locator) -> dict[str, list[float]]:
    """Return the rows of the explorable's table: before, now, lowest loss."""
    rows = box.locator(".numbers tr").all_inner_texts()
    numbers = [re.findall(r"(?<!\w)[\d.]+", row.replace("%", "")) for row in rows]
    names = ["T", "validation", "test", "error", "correct"]
    return {
        name: [float(number) for number in row]
        for name, row in zip(names, numbers, strict=True)
    }


def check(box: Locator, at: int, chosen: int = 0) -> None:
    """Compare what is drawn and told with the numbers of the chapter's functions."""
    data = data_of(box)
    model, temperatures = data["models"][chosen], data["temperatures"]
    sizes, T = data["sizes"], temperatures[at]
    assert int(box.get_by_role("slider").input_value()) == at
    assert float(box.locator("output").inner_text()) == pytest.approx(T, abs=5e-3)

    table = table_of(box)
    places = [data["start"], at, model["best"]]
    claimed, found = np.array(model["groups"])  # each (temperatures, groups)
    errors = np.abs(claimed - found).mean(axis=1)
    share = 100 * model["correct"] / sum(sizes)
    assert table["T"] == pytest.approx([temperatures[i] for i in places], abs=5.1e-3)
    for name, losses in zip(("validation", "test"), model["losses"], strict=True):
        assert table[name] == pytest.approx([losses[i] for i in places], abs=5.1e-4)
    assert table["error"] == pytest.approx([errors[i] for i in places], abs=5.1e-5)
    assert table["correct"] == pytest.approx([share] * 3, abs=5.1e-3)

    drawn = box.locator(".group").evaluate_all(
        "(all) => all.map((it) => ['cx', 'cy'].map((n) => Number(it.getAttribute(n))))"
    )
    spans = box.locator(".interval").evaluate_all(
        "(all) => all.map((it) => it.getAttribute('d').match(/[-.\\d]+/g).map(Number))"
    )
    edge, place = 1 / sizes[-1], Stage(box, 0).in_pixels
    for i, n in enumerate(sizes):
        x, y = (max(part[at][i], edge) for part in (claimed, found))
        assert drawn[i] == pytest.approx(place((x, y)), abs=0.05)
        interval = binomtest(round(found[at][i] * n), n).proportion_ci(method="wilson")
        ends = [place((x, max(end, edge)))[1] for end in interval]
        assert spans[i][0] == pytest.approx(drawn[i][0])
        assert spans[i][1:] == pytest.approx(ends, abs=0.05)
    above, below = np.sum(found[at] > claimed[at]), np.sum(found[at] < claimed[at])
    assert box.locator(".group.above").count() == above
    said = box.locator(".readout").inner_text()
    assert f"{above} of {len(sizes)} groups make more mistakes than they claim" in said
    assert f" {below} fewer" in said
    assert ("the lowest" in said) == (at == model["best"])


def choose(box: Locator, chosen: int) -> None:
    box.get_by_role("radio").nth(chosen).check()
    box.get_by_role("button", name="T = 1").click()


@pytest.mark.parametrize("chosen", [0, 1])
def test_every_temperature_shows_what_the_chapter_computes(
    box: Locator, chosen: int
) -> None:
    choose(box, chosen)
    slider, last = box.get_by_role("slider"), len(data_of(box)["temperatures"]) - 1
    for at in (0, last // 3, last // 2, last):
        set_slider(slider, at)
        check(box, at, chosen)


def test_the_first_row_of_the_chapter_s_table_says_the_same(box: Locator) -> None:
    table = box.page.locator("table", has_text="loss before").first
    heads = table.locator("thead tr").first.locator("th").all_text_contents()
    cells = table.locator("tbody tr").first.locator("th, td").all_text_contents()
    row = {name: float(cell) for name, cell in zip(heads, cells, strict=True) if name}
    shown = table_of(box)
    assert shown["T"][2] == pytest.approx(row["T"], abs=6e-3)
    for name, column in (("loss", "test"), ("error", "error")):
        expected = [row[f"{name} before"], row[f"{name} after"]]
        assert [shown[column][0], shown[column][2]] == pytest.approx(expected, abs=1e-3)


def test_buttons_lead_to_the_start_and_to_the_lowest_loss(box: Locator) -> None:
    data = data_of(box)
    box.get_by_role("button", name="Lowest loss").tap()
    check(box, data["models"][0]["best"])
    box.get_by_role("button", name="T = 1").click()
    check(box, data["start"])


@pytest.mark.parametrize("width", [WIDE, NARROW])
def test_one_can_point_at_a_temperature_below_the_curve(
    box: Locator, width: int
) -> None:
    look(box.page, "light", width)
    choose(box, 1)
    curve, temperatures = Stage(box, 1), data_of(box)["temperatures"]
    scroll_to(box.locator(".stages"))
    box.page.evaluate(SETTLE)

    def point(at: int) -> tuple[float, float]:
        return curve.above(temperatures[at])

    mouse = box.page.mouse
    mouse.move(*point(4))
    mouse.down()
    check(box, 4, 1)
    mouse.move(*point(15), steps=3)
    check(box, 15, 1)
    mouse.up()
    mouse.move(*point(8))
    check(box, 15, 1)
    box.page.touchscreen.tap(*point(8))
    check(box, 8, 1)
    look(box.page, "light", WIDE)


def test_the_mark_is_at_the_temperature_of_the_lowest_loss(box: Locator) -> None:
    for chosen, model in enumerate(data_of(box)["models"]):
        choose(box, chosen)
        losses, best = model["losses"][0], model["best"]
        assert losses[best] == min(losses)
        text = f"lowest loss {data_of(box)['temperatures'][best]:.2f}"
        assert box.locator(".limit").inner_text() == text
        share = box.locator(".limit").evaluate(
            "(it) => it.style.getPropertyValue('--share')"
        )
        assert float(share) == pytest.approx(best / (len(losses) - 1))
