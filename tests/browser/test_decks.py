"""Slides in a browser: they fit, are accessible, and can be shown."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from book import CHAPTERS, FIRST, each_chapter
from browser import find_violations, note_complaints
from playwright.sync_api import Browser, BrowserContext, Locator, Page, expect

pytestmark = pytest.mark.slow

NOW = ".slides > section.present > section.present"
STAGE = {"width": 1280, "height": 720}
SMALLEST_LETTER = 15.9  # pixels on that stage: a back row reads no smaller
MAX_KEYS = 300


@pytest.fixture
def context(browser: Browser) -> Iterator[BrowserContext]:
    with browser.new_context(viewport=STAGE) as context:  # type: ignore[arg-type]
        context.set_default_timeout(15_000)
        context.set_offline(True)
        yield context


def show(context: BrowserContext, deck: Path) -> tuple[Page, list[str]]:
    """Open a deck from its file; collect its complaints and its requests."""
    tab = context.new_page()
    complaints = note_complaints(tab, deck.parent.as_uri(), "blob:", "about:")
    tab.goto(deck.as_uri())
    tab.wait_for_function("Reveal.isReady()")
    return tab, complaints


def go_to(tab: Page, part: str) -> Locator:
    """Press the arrow key until the slide that is shown has such a part."""
    shown = tab.locator(f"{NOW} {part}")
    for _ in range(MAX_KEYS):
        if shown.count():
            break
        tab.keyboard.press("ArrowRight")
    return shown


# What is wrong with the slide that is shown, in words; nothing if all is well.
JUDGE = """async (smallest) => {
  const slide = Reveal.getCurrentSlide(), wrong = [];
  const sheet = slide.querySelector(".sheet"), stage = sheet.getBoundingClientRect();
  if (Math.abs(stage.width - 1280) > 1 || Math.abs(stage.height - 720) > 1)
    wrong.push(`the sheet is of ${stage.width} by ${stage.height}`);
  await Promise.all([...slide.querySelectorAll("img:not([hidden])")].map(
    (image) => image.decode().catch(() => wrong.push(`${image.src} is missing`))));
  const body = slide.querySelector(".body").getBoundingClientRect();
  for (const element of sheet.querySelectorAll("*")) {
    if (element.closest("mjx-assistive-mml, svg, [hidden]")) continue;
    const scroll = element.closest("pre.scroll");
    if (scroll && scroll !== element) continue;
    const box = element.getBoundingClientRect();
    const name = `${element.tagName} ${element.textContent.trim().slice(0, 40)}`;
    if (box.right > stage.right - 40 || box.left < stage.left + 40)
      wrong.push(`too wide: ${name}`);
    if (box.bottom > stage.bottom - 30) wrong.push(`too low: ${name}`);
    if (element.scrollWidth > element.clientWidth + 1 && !scroll && element.clientWidth
      && /^(DIV|FIGURE|LI|PRE|TABLE|TD|TH)$/.test(element.tagName))
      wrong.push(`wider than its box: ${name}`);
    if (scroll && scroll.tabIndex !== 0) wrong.push(`cannot be focused: ${name}`);
    const text = [...element.childNodes].some(
      (node) => node.nodeType === 3 && node.data.trim());
    if (text && parseFloat(getComputedStyle(element).fontSize) < smallest)
      wrong.push(`too small: ${name}`);
    if (element.tagName === "IMG" && box.height < 50) wrong.push(`tiny: ${name}`);
  }
  const parts = [...sheet.querySelectorAll(".body > *")].map(
    (part) => part.getBoundingClientRect());
  parts.forEach((part, i) => {
    if (i && part.top < parts[i - 1].bottom - 1) wrong.push("parts overlap");
  });
  for (const formula of slide.querySelectorAll(".sheet .math")) {
    const drawn = formula.querySelector("svg")?.getBoundingClientRect().width;
    if (!drawn) wrong.push(`not typeset: ${formula.textContent}`);
  }
  const lost = [...slide.querySelectorAll("use")].filter(
    (use) => !document.querySelector(use.getAttribute("href")));
  if (lost.length) wrong.push(`${lost.length} letters without a shape`);
  const { h, v, f } = Reveal.getIndices();
  return [`${h}/${v}/${f}`, wrong.map((what) => `slide ${h}/${v}: ${what}`)];
}"""


@each_chapter
def test_every_slide_fits_and_the_arrow_key_shows_them_all(
    context: BrowserContext, chapter: str, deck_of: Callable[[str], Path]
) -> None:
    tab, complaints = show(context, deck_of(chapter))
    before, wrong = None, []
    for _ in range(MAX_KEYS):
        here, found = tab.evaluate(JUDGE, SMALLEST_LETTER)
        if here == before:
            break
        before, wrong = here, wrong + found
        tab.keyboard.press("ArrowRight")
    assert not wrong, "\n".join(wrong)
    assert tab.locator(".body:not([data-fitted])").count() == 0, "slides not seen"
    assert tab.locator(".fragment:not(.visible)").count() == 0
    assert tab.evaluate("Reveal.getProgress()") == 1
    assert not complaints


# One program makes them from pages that are all examined: some stand for all.
@pytest.mark.parametrize("chapter", CHAPTERS[::4])
def test_slides_are_accessible(
    context: BrowserContext, chapter: str, deck_of: Callable[[str], Path]
) -> None:
    tab = context.new_page()
    tab.goto(f"{deck_of(chapter).as_uri()}?view=print")
    tab.wait_for_function("Reveal.isReady()")
    expect(tab.locator(".pdf-page").first).to_be_visible()
    # Formulas are many, and examined on the pages.
    assert not find_violations(tab, {"exclude": [["mjx-container"]]})


def test_sliders_fragments_and_links_work_by_keyboard(
    context: BrowserContext, deck_of: Callable[[str], Path]
) -> None:
    tab, _ = show(context, deck_of(FIRST))
    slider = go_to(tab, ".frames input")
    before = tab.evaluate("JSON.stringify(Reveal.getIndices())")
    label = tab.locator(f"{NOW} .frames output").inner_text()
    slider.focus()
    tab.keyboard.press("ArrowLeft")
    assert tab.locator(f"{NOW} .frames output").inner_text() != label
    assert tab.locator(f"{NOW} .frames img:visible").count() == 1
    assert tab.evaluate("JSON.stringify(Reveal.getIndices())") == before
    slider.blur()

    output = go_to(tab, ".fragment")
    expect(output).to_have_css("visibility", "hidden")
    expect(tab.locator(f"{NOW} .cell_input")).to_be_visible()
    tab.keyboard.press("ArrowRight")
    expect(output).to_have_css("visibility", "visible")

    tab.evaluate("location.hash = '#equation-eq-mse'")
    expect(tab.locator(f"{NOW} #equation-eq-mse")).to_be_visible()


def test_the_speaker_sees_the_prose_with_its_formulas(
    context: BrowserContext, deck_of: Callable[[str], Path]
) -> None:
    tab, complaints = show(context, deck_of(FIRST))
    tab.keyboard.press("ArrowRight")
    tab.keyboard.press("ArrowRight")
    with tab.expect_popup() as opened:
        tab.keyboard.press("s")
    notes = opened.value.locator(".speaker-controls-notes .value")
    expect(notes).to_contain_text("There are 100 examples.")
    assert notes.locator("svg").count() == 0  # its shapes are not there
    assert notes.locator("math").first.evaluate(
        "(m) => m.getBoundingClientRect().width"
    )
    assert not complaints
