"""A phone and a keyboard can do what a mouse can."""

from collections.abc import Iterator
from itertools import pairwise

import pytest
from browser import FIRST_CHAPTER, HEIGHT, NARROW, SETTLE, page_of
from playwright.sync_api import Browser, Locator, Page, expect

pytestmark = pytest.mark.slow


@pytest.fixture
def phone(browser: Browser) -> Iterator[Page]:
    with browser.new_context(
        viewport={"width": NARROW, "height": HEIGHT},
        has_touch=True,
        is_mobile=True,
        reduced_motion="reduce",
    ) as context:
        yield context.new_page()


def scroll_to(part: Locator) -> None:
    part.evaluate("(it) => it.scrollIntoView({block: 'center', behavior: 'instant'})")
    part.page.evaluate(SETTLE)


DRAWERS = {"__navigation": ".sidebar-drawer", "__toc": ".toc-drawer"}


@pytest.mark.parametrize("name", DRAWERS)
def test_a_drawer_closes_with_a_link_and_leaves_the_page_where_it_is(
    phone: Page, site: str, name: str
) -> None:
    phone.goto(site + FIRST_CHAPTER)
    phone.evaluate("scrollTo({top: 3000, behavior: 'instant'})")
    drawer = phone.locator(DRAWERS[name])
    expect(drawer).to_be_hidden()  # so that no key leads into it
    place = phone.locator(f".mobile-header [for={name}]").bounding_box()
    assert place is not None
    phone.touchscreen.tap(place["x"] + 10, place["y"] + 10)
    expect(drawer).to_be_visible()
    assert abs(phone.evaluate("scrollY") - 3000) < 5
    drawer.locator("a:visible").nth(3).tap()
    expect(drawer).to_be_hidden()


@pytest.mark.parametrize("name", DRAWERS)
def test_a_drawer_opens_and_closes_by_keyboard(
    phone: Page, site: str, name: str
) -> None:
    phone.goto(site + FIRST_CHAPTER)
    drawer = phone.locator(DRAWERS[name])
    box = phone.get_by_role("checkbox").and_(phone.locator(f"#{name}"))
    for _ in range(2 + (name == "__toc")):
        if box.evaluate("(box) => box === document.activeElement"):
            break
        phone.keyboard.press("Tab")
    expect(box).to_be_focused()
    icon = phone.locator(f".mobile-header [for={name}]")
    assert icon.evaluate("(icon) => getComputedStyle(icon).outlineStyle") == "solid"
    phone.keyboard.press("Space")
    expect(drawer).to_be_visible()
    expect(drawer.locator("a:visible").first).to_be_focused()
    phone.keyboard.press("Escape")
    expect(drawer).to_be_hidden()
    expect(box).to_be_focused()


def test_copy_buttons_are_seen_where_nothing_hovers(phone: Page, site: str) -> None:
    phone.goto(site + FIRST_CHAPTER)
    expect(phone.locator("button.copybtn").first).to_have_css("opacity", "1")


@pytest.mark.parametrize(
    ("kind", "chapter"),
    [
        ("pre", "14-mlp-pytorch"),
        ("div.math", "08-backprop-numpy"),
        (".output:has(> table)", "14-mlp-pytorch"),
    ],
)
def test_what_scrolls_sideways_says_so_and_is_reached_by_keyboard(
    phone: Page, site: str, kind: str, chapter: str
) -> None:
    phone.goto(site + page_of(chapter))
    wide = phone.locator(f"article {kind}:visible").filter(
        has=phone.locator("xpath=self::*[@tabindex=0]")
    )
    expect(wide.first).to_be_attached()
    assert phone.evaluate("document.documentElement.scrollWidth") == NARROW
    overflowing = f"""[...document.querySelectorAll('article {kind}')].filter(
        (it) => it.scrollWidth > it.clientWidth && it.checkVisibility())"""
    assert phone.evaluate(f"{overflowing}.length") > 0
    assert phone.evaluate(f"{overflowing}.every((it) => it.tabIndex === 0)")
    shades = "getComputedStyle(it).backgroundAttachment.includes('local')"
    assert phone.evaluate(f"{overflowing}.every((it) => {shades})")


def test_a_figure_opens_large_and_closes(phone: Page, site: str) -> None:
    phone.goto(site + page_of("08-backprop-numpy"))
    phone.wait_for_function("document.querySelector('.enlarge')")
    figures = phone.locator(".enlarge")
    large = phone.locator("dialog.enlarged")
    for figure in (figures.first, figures.last):
        scroll_to(figure)
        before = figure.bounding_box()
        assert before is not None
        figure.tap()
        expect(large).to_be_visible()
        picture = large.locator("img, svg").bounding_box()
        assert picture is not None
        assert picture["width"] > 1.5 * before["width"]
        phone.keyboard.press("Escape")
        expect(large).to_be_hidden()
        expect(figure).to_be_focused()
        phone.keyboard.press("Enter")
        expect(large.get_by_role("button", name="Close")).to_be_focused()
        phone.touchscreen.tap(NARROW / 2, HEIGHT / 2)
        expect(large).to_be_hidden()


def test_a_cleared_drawing_shows_no_pen_and_ten_separate_numbers(
    phone: Page, site: str
) -> None:
    phone.goto(site + page_of("14-mlp-pytorch"))
    box = phone.locator('[data-explorable="draw-digit"]')
    scroll_to(box)
    box.get_by_role("button", name="Clear").tap()
    expect(box.locator(".pen")).to_be_hidden()
    edges = box.locator(".share").evaluate_all(
        "(all) => all.filter((it) => it.textContent)"
        ".map((it) => it.getBoundingClientRect()).map(({left, right}) => [left, right])"
    )
    gaps = [left - right for (_, right), (left, _) in pairwise(edges)]
    assert min(gaps) >= 3
