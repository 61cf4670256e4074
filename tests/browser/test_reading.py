"""What readers do in a browser: switch, unfold, copy, go on by keyboard."""

import io
import re

import pytest
from browser import (
    FIRST_CHAPTER,
    IS_DARK,
    NARROW,
    WIDE,
    Visit,
    look,
    page_of,
    scroll_to,
)
from PIL import Image
from playwright.sync_api import Browser, BrowserContext, Page, expect

pytestmark = pytest.mark.slow

# Adds the element that has the focus to window.seen, and returns its HTML and
# whether the focus is visible; null if it has been there before.
NOTE_STOP = """() => {
  const stop = document.activeElement;
  if (seen.includes(stop)) return null;
  seen.push(stop);
  const { outlineStyle, outlineWidth, boxShadow } = getComputedStyle(stop);
  const outline = outlineStyle !== "none" && parseFloat(outlineWidth) > 0;
  return [stop.outerHTML.slice(0, 120), outline || boxShadow !== "none"];
}"""
# What can be reached by the keyboard but is not among window.seen.
STOPS = """[...document.querySelectorAll(
  'a[href], button, input, summary, [tabindex="0"]'
)].filter((e) => e.checkVisibility({visibilityProperty: true, opacityProperty: false})
  && e.tabIndex >= 0 && !e.disabled
  && (e.type !== 'radio' || e.checked)  // arrow keys go on to the others
  && !seen.includes(e)).map((e) => e.outerHTML.slice(0, 120))"""
# How many letters are on a line, in each paragraph of several lines without
# formulas; the last line does not count.
LINE_LENGTHS = """[...document.querySelectorAll("article section > p")].filter(
  (p) => !p.querySelector("mjx-container")).flatMap((p) => {
    const range = document.createRange();
    range.selectNodeContents(p);
    const { height } = range.getBoundingClientRect();
    const lines = Math.round(height / parseFloat(getComputedStyle(p).lineHeight));
    return lines > 3 ? [p.innerText.length / (lines - 0.5)] : []; })"""


def test_dark_page_is_dark_before_any_script_has_come(
    context: BrowserContext, site: str
) -> None:
    page = context.new_page()
    page.emulate_media(color_scheme="dark")
    page.route("**/*.js*", lambda route: route.abort())
    page.goto(site + FIRST_CHAPTER)
    assert page.evaluate(IS_DARK)


def test_plots_turn_over_in_the_dark(page: Page, site: str) -> None:
    page.goto(site + FIRST_CHAPTER)
    plot = page.locator("figure img.plot").first
    for scheme, darker in (("light", False), ("dark", True)):
        look(page, scheme, WIDE)
        # Not at the top, where the page's header lies over it.
        plot.evaluate("(i) => i.scrollIntoView({block: 'center'})")
        page.wait_for_function("(i) => i.naturalWidth > 0", arg=plot.element_handle())
        ground = _colour_of_corner(plot.screenshot())
        assert (sum(ground) < 3 * 64) == darker
        page_ground = page.evaluate("getComputedStyle(document.body).backgroundColor")
        expected = [int(part) for part in re.findall(r"\d+", page_ground)][:3]
        assert max(abs(a - b) for a, b in zip(ground, expected, strict=True)) <= 6


def _colour_of_corner(png: bytes) -> tuple[int, int, int]:
    red, green, blue = Image.open(io.BytesIO(png)).convert("RGB").getpixel((3, 3))
    return red, green, blue


def test_solutions_unfold_by_keyboard(page: Page, site: str) -> None:
    page.goto(site + FIRST_CHAPTER)
    solution = page.locator("details.solution").first
    inside = solution.locator("p, pre").first
    expect(inside).to_be_hidden()
    solution.locator("summary").first.focus()
    page.keyboard.press("Enter")
    expect(inside).to_be_visible()


def test_solutions_can_be_read_without_scripts(browser: Browser, site: str) -> None:
    with browser.new_context(java_script_enabled=False) as context:
        page = context.new_page()
        page.goto(site + page_of("01-gradient-descent"))
        solution = page.locator("details.solution").first
        solution.locator("summary").first.click()
        expect(solution.locator("pre").first).to_be_visible()
        expect(page.locator(".frames img").last).to_be_visible()


def test_copy_button_copies_the_code(page: Page, site: str) -> None:
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.goto(site + FIRST_CHAPTER)
    cell = page.locator("div.cell > div.cell_input").first
    cell.hover()
    cell.locator("button.copybtn").click()
    copied = page.evaluate("navigator.clipboard.readText()")
    assert copied.strip() == cell.locator("pre").inner_text().strip()


def test_slider_moves_by_keyboard(page: Page, site: str) -> None:
    page.goto(site + page_of("01-gradient-descent"))
    box = page.locator(".frames").first
    scroll_to(box)
    slider = box.locator("input[type=range]")
    last = box.locator("output").inner_text()
    slider.focus()
    page.keyboard.press("Home")
    assert box.locator("output").inner_text() != last
    assert slider.get_attribute("aria-valuetext") == box.locator("output").inner_text()
    shown = box.locator("img:visible")
    assert shown.count() == 1
    page.wait_for_load_state("networkidle")
    assert shown.evaluate("(i) => i.naturalWidth") > 0


@pytest.mark.parametrize("width", [WIDE, NARROW])
@pytest.mark.parametrize("page", ["index.html", FIRST_CHAPTER])
def test_keyboard_reaches_everything_in_order_with_a_visible_focus(
    context: BrowserContext, site: str, page: str, width: int
) -> None:
    tab = context.new_page()
    tab.goto(site + page)
    look(tab, "light", width)
    tab.evaluate("window.seen = []")
    stops, again = [], 0
    while again < 3:  # a link may have the focus again when its definition closes
        tab.keyboard.press("Tab")
        stop = tab.evaluate(NOTE_STOP)
        again = 0 if stop else again + 1
        stops += [stop] if stop else []
    assert not tab.evaluate(STOPS)
    assert not [
        html for html, ring in stops if not ring and not html.startswith("<body")
    ]
    # Definitions of terms follow their links, and stand at the end of the page.
    tab.evaluate("seen = seen.filter((e) => !e.closest('[popover]'))")
    assert tab.evaluate(
        "seen.every((e, i) => [e, seen[i - 1] ?? e].includes(document.body)"
        " || !i || seen[i - 1].compareDocumentPosition(e) & 4)"  # 4: it follows
    )


def test_prose_has_lines_of_a_length_that_one_reads_well(page: Page, site: str) -> None:
    page.goto(site + FIRST_CHAPTER)
    look(page, "light", 1440)
    page.evaluate("document.fonts.ready")
    lengths = page.evaluate(LINE_LENGTHS)
    assert len(lengths) > 5
    assert 65 <= sorted(lengths)[len(lengths) // 2] <= 75, lengths


def test_on_paper_a_page_is_light_and_whole(page: Page, site: str) -> None:
    page.goto(site + page_of("08-backprop-numpy"))
    page.evaluate("document.body.dataset.theme = 'dark'")
    steps = '[data-explorable="backpropagation"]'
    scroll_to(page.locator(steps))
    expect(page.locator(f"{steps} input").first).to_be_visible()
    page.emulate_media(media="print")
    assert not page.evaluate(IS_DARK)
    expect(page.locator("article h1")).to_be_visible()
    expect(page.locator(".solution pre").first).to_be_visible()
    # All the steps are shown, in a table, and the slider is not.
    expect(page.locator(".cell_output table", has_text="hidden unit")).to_be_visible()
    for left_out in (steps, ".sidebar-drawer", "button.copybtn", ".page-links"):
        expect(page.locator(left_out).first).to_be_hidden()


def test_a_host_shows_the_missing_page_at_any_depth(
    context: BrowserContext, site: str
) -> None:
    visit = Visit(context.new_page())
    answer = visit.page.goto(site + "chapters/no/such/page.html")
    assert answer
    assert answer.status == 404
    expect(visit.page.locator("h1", has_text="no such page")).to_be_visible()
    ground = "getComputedStyle(document.querySelector('.sidebar-sticky')).position"
    assert visit.page.evaluate(ground) == "sticky"  # its styles have come
    visit.page.locator("article a", has_text="logistic").first.click()
    expect(visit.page.locator("article h1").first).to_contain_text("logistic")
