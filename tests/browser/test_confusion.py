"""The confusion matrix of chapter 16, whose cells the reader opens."""

import base64
import io
import re

import numpy as np
import pytest
from browser import NARROW, WIDE, look
from interaction import data_of
from PIL import Image
from playwright.sync_api import Locator, expect

from helpers import load_digits, split_digits

pytestmark = pytest.mark.slow

NAME = "confusion"


@pytest.fixture
def box(opened: Locator) -> Locator:
    choose(opened, 0)
    return opened


def cell_of(box: Locator, digit: int, reading: int) -> Locator:
    return box.get_by_role("button", name=re.compile(f"^{digit} read as {reading}:"))


def choose(box: Locator, chosen: int) -> None:
    box.get_by_role("radio").nth(chosen).check()


def check(box: Locator, digit: int, reading: int, chosen: int = 0) -> None:
    """Check that this cell is open, and what is told and shown of it."""
    data = data_of(box)
    model, C = data["models"][chosen], data["classes"]
    cell = digit * C + reading
    pressed = box.locator(".confusions button[aria-pressed=true]")
    expect(pressed).to_have_count(1)
    expect(pressed).to_have_attribute("tabindex", "0")
    count = model["counts"][cell]
    name = f"{digit} read as {reading}: {count}"
    expect(pressed).to_have_accessible_name(name)
    assert box.locator(".cell-name").inner_text() == f"{digit} read as {reading}"

    counts = np.reshape(model["counts"], (C, C))
    said = box.locator(".readout").inner_text()
    share = 100 * count / counts[digit].sum()
    assert said.startswith(
        f"{count} of {counts[digit].sum()} images of a {digit}, {share:.1f}%, "
        f"by {model['name']}."
    )
    others = [it for it in range(len(data["models"])) if it != chosen]
    if count:
        for other in others:
            name = data["models"][other]["name"]
            assert re.search(rf"{name} (reads )?{model['alike'][other][cell]}\b", said)
    shown = model["shown"].get(str(cell), [])
    assert len(shown) == min(count, 6)
    captions = box.locator(".samples figcaption").all_inner_texts()
    labels = box.locator(".sample").evaluate_all(
        "(all) => all.map((it) => it.getAttribute('aria-label'))"
    )
    for (_, p), caption, label in zip(shown, captions, labels, strict=True):
        assert caption == (f"{p:.3f}" if p <= 0.9995 else "> 0.999")
        assert label == f"A {digit}, read as {reading} with probability {caption}"


def test_counts_are_those_of_the_chapter_s_table(box: Locator) -> None:
    table = box.page.locator("table", has_text=re.compile(r"\d read as \d")).first
    rows = table.locator("tbody tr").evaluate_all(
        "(rows) => rows.map((row) => [...row.cells].map((it) => it.textContent))"
    )
    assert len(rows) == 6
    for pair, *counts in rows:
        digit, reading = map(int, re.findall(r"\d", pair))
        for chosen, count in enumerate(counts):
            choose(box, chosen)
            expect(cell_of(box, digit, reading)).to_have_text(
                count if int(count) else ""
            )


def test_rows_add_up_to_the_images_of_each_digit(box: Locator) -> None:
    labels = split_digits(load_digits()).y_test
    data = data_of(box)
    for model in data["models"]:
        counts = np.reshape(model["counts"], (data["classes"], -1))
        assert np.array_equal(counts.sum(axis=1), np.bincount(labels))
        assert model["alike"][data["models"].index(model)] == model["counts"]


def test_every_classifier_s_cells_show_their_images(box: Locator) -> None:
    data = data_of(box)
    for chosen, model in enumerate(data["models"]):
        choose(box, chosen)
        mistakes = np.reshape(model["counts"], (10, 10)) * (1 - np.eye(10, dtype=int))
        cells = [np.unravel_index(mistakes.argmax(), (10, 10)), (1, 1), (0, 1)]
        for digit, reading in cells:
            cell_of(box, digit, reading).click()
            check(box, digit, reading, chosen)


def test_what_is_seen_are_test_images(box: Locator) -> None:
    digits = load_digits()
    split = split_digits(digits)
    data = data_of(box)
    height, width = data["size"]
    with Image.open(io.BytesIO(base64.b64decode(data["sprite"]))) as sheet:
        ink = np.asarray(sheet)[..., 3] / 255
    cell_of(box, 8, 8).click()
    for k, (index, _) in enumerate(data["models"][0]["shown"]["88"][:2]):
        row, column = divmod(index, data["columns"])
        tile = ink[
            row * height : (row + 1) * height, column * width : (column + 1) * width
        ]
        small = tile[:: height // digits.height, :: width // digits.width]
        away = np.abs(split.x_test / digits.pixel_max - small.ravel()).max(axis=1)
        assert split.y_test[away.argmin()] == 8
        assert away.min() <= 1 / 14 + 0.01  # seven levels of ink
        picture = box.locator(".sample").nth(k).screenshot()
        with Image.open(io.BytesIO(picture)) as seen:
            grey = np.asarray(seen.convert("L").resize((width, height)))
        assert np.corrcoef(255 - grey.ravel(), tile.ravel())[0, 1] > 0.95


@pytest.mark.parametrize("width", [WIDE, NARROW])
def test_cells_are_opened_by_pointer_touch_and_keyboard(
    box: Locator, width: int
) -> None:
    look(box.page, "light", width)
    choose(box, 1)
    keyboard = box.page.keyboard
    cell_of(box, 4, 9).click()
    check(box, 4, 9, 1)
    cell_of(box, 9, 4).tap()
    check(box, 9, 4, 1)
    size = cell_of(box, 9, 4).bounding_box()
    assert size
    assert min(size["width"], size["height"]) >= 24

    place = np.array([9, 4])
    cell_of(box, 9, 4).focus()
    before = box.page.evaluate("scrollY")
    for key, way in [
        ("ArrowUp", (-1, 0)),
        ("ArrowRight", (0, 1)),
        ("ArrowLeft", (0, -1)),
        ("ArrowDown", (1, 0)),
        ("ArrowDown", (0, 0)),  # this was the last row
    ]:
        keyboard.press(key)
        place += way
        check(box, *place, 1)
        expect(cell_of(box, *place)).to_be_focused()
    assert box.page.evaluate("scrollY") == before
    keyboard.press("Tab")
    assert box.locator(".confusions :focus").count() == 0  # one stop for all cells
    keyboard.press("Shift+Tab")
    expect(cell_of(box, *place)).to_be_focused()
    look(box.page, "light", WIDE)


def test_a_change_of_the_classifier_keeps_the_cell(box: Locator) -> None:
    cell_of(box, 8, 3).click()
    box.get_by_role("radio").first.focus()
    for chosen in (1, 2):
        box.page.keyboard.press("ArrowRight")
        check(box, 8, 3, chosen)
    status = box.get_by_role("status")
    expect(status).to_have_text(box.locator(".readout").inner_text())
