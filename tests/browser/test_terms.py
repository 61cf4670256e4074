"""What a term means is shown where it stands, to every reader."""

import pytest
from browser import FIRST_CHAPTER, HEIGHT, NARROW, find_violations
from playwright.sync_api import Browser, BrowserContext, Page, expect

pytestmark = pytest.mark.slow

TERM = "article section p a:has(> .std-term)"
SHOWN = ".definition:popover-open"
# Gives each term the focus, at the top of the window and at its end, and returns those
# whose definition is not shown, leaves the window or does not stand beside its term.
MISPLACED = """async (terms, shown) => {
  const misplaced = [];
  for (const term of terms) for (const block of ["start", "end"]) {
    document.activeElement.blur();
    term.scrollIntoView({ block, behavior: "instant" });
    term.focus({ preventScroll: true });
    await new Promise(requestAnimationFrame);
    await new Promise(requestAnimationFrame);
    const own = document.querySelector(shown)?.getBoundingClientRect();
    const its = term.getBoundingClientRect();
    const beside = own && Math.max(its.top - own.bottom, own.top - its.bottom);
    const fits = own && own.left >= 0 && own.right <= innerWidth
      && own.top >= 0 && own.bottom <= innerHeight;
    if (!(fits && beside >= 0 && beside <= 10))
      misplaced.push(`${term.textContent} at the ${block}: ${JSON.stringify(own)}`);
  }
  return misplaced;
}"""


@pytest.fixture
def page(context: BrowserContext, site: str) -> Page:
    page = context.new_page()
    page.goto(site + FIRST_CHAPTER)
    return page


def test_the_mouse_shows_a_definition_and_may_move_to_it(page: Page) -> None:
    page.locator(TERM).first.hover()
    shown = page.locator(SHOWN)
    expect(shown).to_be_visible()
    assert find_violations(page, {"include": [".definition:popover-open"]}) == []
    shown.hover()
    page.wait_for_timeout(400)
    expect(shown).to_be_visible()
    page.mouse.move(0, 0)
    expect(shown).to_have_count(0)


def test_a_mouse_that_passes_by_shows_nothing(page: Page) -> None:
    page.locator(TERM).first.hover()
    page.mouse.move(0, 0)
    page.wait_for_timeout(400)
    expect(page.locator(SHOWN)).to_have_count(0)


def test_the_focus_shows_it_and_escape_hides_it(page: Page) -> None:
    term = page.locator(TERM).first
    page.keyboard.press("Tab")  # from now on the focus is seen
    term.focus()
    shown = page.locator(SHOWN)
    expect(shown).to_be_visible()
    assert term.get_attribute("aria-describedby") == shown.get_attribute("id")
    page.keyboard.press("Escape")
    expect(shown).to_have_count(0)
    expect(term).to_be_focused()
    page.keyboard.press("Enter")
    page.wait_for_url("**/glossary.html#term-*")


def test_it_stays_within_the_window_beside_its_term(page: Page) -> None:
    page.locator("details").evaluate_all("all => all.forEach(it => (it.open = true))")
    page.keyboard.press("Tab")
    for width in (1280, NARROW):
        page.set_viewport_size({"width": width, "height": HEIGHT})
        terms = page.locator(TERM)
        assert terms.count() > 10
        assert terms.evaluate_all(MISPLACED, SHOWN) == []


def test_the_first_tap_shows_it_and_the_second_leads_to_the_glossary(
    browser: Browser, site: str
) -> None:
    with browser.new_context(
        viewport={"width": NARROW, "height": HEIGHT}, has_touch=True, is_mobile=True
    ) as context:
        page = context.new_page()
        page.goto(site + FIRST_CHAPTER)
        terms = page.locator(TERM)
        terms.first.tap()
        expect(page.locator(SHOWN)).to_be_visible()
        page.locator("h1").tap()
        expect(page.locator(SHOWN)).to_have_count(0)
        terms.first.tap()
        expect(page.locator(SHOWN)).to_be_visible()
        assert page.url.endswith(FIRST_CHAPTER)
        terms.first.tap()
        page.wait_for_url("**/glossary.html#term-*")


def test_without_scripts_and_on_paper_it_is_a_link(browser: Browser, site: str) -> None:
    with browser.new_context(java_script_enabled=False) as context:
        page = context.new_page()
        page.goto(site + FIRST_CHAPTER)
        assert page.locator(".definition:visible").count() == 0
        page.emulate_media(media="print")
        assert page.locator(".definition:visible").count() == 0
        page.locator(TERM).first.click()
        page.wait_for_url("**/glossary.html#term-*")
