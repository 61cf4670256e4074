"""The museum in a browser: the wrong line is chosen, or shown."""

import re
from collections.abc import Iterator

import pytest
from book import ROOT, read_chapter
from browser import (
    NARROW,
    find_violations,
    look,
    note_complaints,
    open_context,
    page_of,
    scroll_to,
)
from playwright.sync_api import Browser, Locator, Page, expect

from booktools.sphinx.wrong_lines import KEY, find_lines

pytestmark = pytest.mark.slow

MUSEUM = "24-museum-of-bugs"
LOADER = "DataLoader(train_set, batch_size=64)"  # the wrong line of its first exhibit


@pytest.fixture(scope="module")
def museum(browser: Browser, site: str) -> Iterator[Page]:
    with open_context(browser, has_touch=True) as context:
        page = context.new_page()
        complaints = note_complaints(page)
        page.goto(site + page_of(MUSEUM))
        yield page
        assert not complaints


class Exhibit:
    """One of them, as it was when the page was opened."""

    def __init__(self, page: Page, number: int) -> None:
        self.page = page
        self.cell = page.locator(".spot-the-line").nth(number - 1)
        self.lines = self.cell.locator("pre > button")
        self.missing = self.cell.get_by_role("button", name="A line is missing")
        self.give = self.cell.get_by_role("button", name="Show it")
        self.status = self.cell.get_by_role("status")
        self.cause = page.locator("details.cause").nth(number - 1)
        scroll_to(self.cell)

    def line(self, part: str) -> Locator:
        return self.lines.filter(has_text=part)

    def check_solved(self, verdict: str, *parts: str) -> None:
        """Check what is said and marked, and that the cause has opened."""
        expect(self.status).to_have_text(f"{verdict} Why, and the fix.")
        marked = self.cell.locator(".wrong").all_inner_texts()
        assert len(marked) == len(parts)
        for part, text in zip(parts, marked, strict=True):
            assert part in text
        expect(self.cause).to_have_attribute("open", "")
        expect(self.give).to_be_hidden()
        expect(self.missing).to_be_hidden()


def test_the_line_is_found_by_mouse(museum: Page) -> None:
    exhibit = Exhibit(museum, 1)
    expect(exhibit.status).to_have_text("Which line is wrong? Choose it.")
    expect(exhibit.cause).not_to_have_attribute("open", "")
    expect(exhibit.give).to_be_hidden()
    exhibit.line("test_loader = DataLoader").click()
    exhibit.check_solved("Right, at the first try.", LOADER)
    expect(exhibit.cell).to_have_class(re.compile("found"))
    exhibit.lines.first.click(force=True)  # it is over
    exhibit.check_solved("Right, at the first try.", LOADER)
    why = exhibit.cell.get_by_role("link")
    why.click()
    expect(exhibit.cause.locator("> summary")).to_be_in_viewport()
    expect(exhibit.cause.get_by_text("The test loader reads")).to_be_visible()


def test_two_tries_fail_by_finger_and_it_is_shown(museum: Page) -> None:
    exhibit = Exhibit(museum, 3)
    for line in exhibit.lines.all():
        place = line.bounding_box()
        assert place
        assert place["height"] >= 24
    exhibit.line("scaled = ").tap()
    expect(exhibit.status).to_have_text("That line is fine. Try once more.")
    exhibit.line("scaled = ").tap(force=True)  # again is no second try
    expect(exhibit.give).to_be_hidden()
    exhibit.missing.tap()
    expect(exhibit.status).to_have_text(
        "No line is missing. Keep looking, or have it shown."
    )
    expect(exhibit.cell.locator(".tried")).to_have_count(2)
    expect(exhibit.cause).not_to_have_attribute("open", "")
    exhibit.give.tap()
    exhibit.check_solved("The wrong line is marked.", "fit(iris.measurements)")
    expect(exhibit.cell).not_to_have_class(re.compile("found"))


def test_the_line_is_found_by_keyboard_at_the_second_try(museum: Page) -> None:
    exhibit, keys = Exhibit(museum, 2), museum.keyboard
    exhibit.lines.first.focus()
    keys.press("End")
    expect(exhibit.lines.last).to_be_focused()
    keys.press("ArrowDown")  # there is none
    expect(exhibit.lines.last).to_be_focused()
    keys.press("Home")
    keys.press("ArrowUp")
    expect(exhibit.lines.first).to_be_focused()
    keys.press("ArrowDown")  # past blank lines
    keys.press("Enter")
    expect(exhibit.status).to_have_text("That line is fine. Try once more.")
    for key in ("Tab", "Shift+Tab"):
        keys.press(key)
        keys.press(key)  # past the button that copies
    expect(exhibit.lines.nth(1)).to_be_focused()  # where it was
    while "np.repeat" not in museum.evaluate("document.activeElement.textContent"):
        keys.press("ArrowDown")
    keys.press("Space")
    exhibit.check_solved("Right.", "np.repeat", "train_test_split")


def test_a_missing_line_is_found_by_keyboard(museum: Page) -> None:
    exhibit = Exhibit(museum, 6)
    exhibit.missing.focus()
    museum.keyboard.press("Enter")
    exhibit.check_solved("Right, at the first try: a line is missing.")
    expect(exhibit.cell.get_by_role("link")).to_be_focused()


def test_who_opens_the_cause_is_shown_the_line(museum: Page) -> None:
    exhibit = Exhibit(museum, 8)
    exhibit.cause.locator("> summary").click()
    exhibit.check_solved("The wrong line is marked.", "reshape(N, D)")
    exhibit.cell.locator(".wrong").click(force=True)  # too late
    exhibit.check_solved("The wrong line is marked.", "reshape(N, D)")


def test_the_code_is_still_that_of_the_chapter_and_coloured(museum: Page) -> None:
    cells = [
        cell
        for cell in read_chapter(ROOT / "chapters" / f"{MUSEUM}.md").cells
        if KEY in cell.metadata
    ]
    shown = museum.locator(".spot-the-line").all()
    for cell, there in zip(cells, shown, strict=True):
        assert there.locator("pre").text_content() == f"{cell.source}\n"
        lines = cell.source.splitlines()
        buttons = there.locator("pre > button").all()
        values = [int(button.get_attribute("value") or 0) for button in buttons]
        assert values == [n for n, line in enumerate(lines, 1) if line.strip()]
        assert set(find_lines(cell.source, cell.metadata[KEY])) <= {*values}
        assert there.locator("pre > button span").count() >= 2


def test_it_is_accessible_and_fits_once_it_has_been_used(museum: Page) -> None:
    exhibit = Exhibit(museum, 7)
    exhibit.lines.first.click()
    exhibit.lines.nth(1).click()
    look(museum, "dark", NARROW)
    assert not find_violations(museum, ".spot-the-line:has(.tried + [aria-disabled])")
    assert museum.evaluate("document.documentElement.scrollWidth") <= NARROW


def test_without_scripts_nothing_is_asked_and_all_is_seen(
    browser: Browser, site: str
) -> None:
    with browser.new_context(java_script_enabled=False) as context:
        page = context.new_page()
        page.goto(site + page_of(MUSEUM))
        expect(page.locator(".spot-the-line button, .verdict")).to_have_count(0)
        cause = page.locator("details.cause").first
        expect(cause.get_by_text("The test loader reads")).to_be_visible()
        expect(cause.locator("> summary")).to_be_hidden()
