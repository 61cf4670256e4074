"""How much of a chapter's page is code that is visible without unfolding."""

import pytest
from book import each_chapter
from browser import HEIGHT, page_of
from playwright.sync_api import Page

pytestmark = pytest.mark.slow

MAX_SHARE = 1 / 3  # of the height; today's chapters have 0.13 to 0.28
# The heights of all code that is shown, and of the text that it is part of, once all
# predictions have been made.
MEASURE = """() => {
  document.querySelectorAll("[data-prediction]").forEach((it) => it.open = true);
  const height = (part) => part.getBoundingClientRect().height;
  const shown = [...document.querySelectorAll("article div.cell > div.cell_input")]
    .filter((code) => code.checkVisibility({visibilityProperty: true}));
  const code = shown.reduce((sum, part) => sum + height(part), 0);
  return [code, height(document.querySelector("article"))];
}"""


@each_chapter
def test_at_most_a_third_of_a_chapter_is_code(
    page: Page, site: str, chapter: str
) -> None:
    page.set_viewport_size({"width": 1440, "height": HEIGHT})
    page.goto(site + page_of(chapter))
    code, whole = page.evaluate(MEASURE)
    assert 0 < code < MAX_SHARE * whole, f"{code / whole:.0%} of the page is code"
