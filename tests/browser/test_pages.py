"""Each page of the built site in a browser: what it loads, shows and says."""

import re
import time
from collections.abc import Iterator
from functools import cache
from posixpath import dirname, join, normpath

import pytest
from browser import (
    AXE,
    COLLISIONS,
    FIRST_CHAPTER,
    HEIGHT,
    IS_DARK,
    KINDS,
    LOAD_PICTURES,
    NARROW,
    PAGES,
    SITE,
    WIDE,
    WIDTHS,
    Visit,
    find_violations,
    look,
    open_context,
)
from playwright.sync_api import Browser, BrowserContext, Page, Route, expect

pytestmark = pytest.mark.slow

FIRST_VISIT, LATER_VISIT = (500_000, 300_000)  # bytes, with all pictures
EXPLORABLE = 150_000  # bytes more, for each on a page
CONTRAST = "color-contrast"  # the rule of axe-core that takes longest
# The schemes differ in colours only, and the widths in everything else.
LOOKS = {
    "light, wide": ("light", WIDE, AXE),
    "dark, wide": ("dark", WIDE, AXE | {"runOnly": [CONTRAST]}),
    "light, narrow": (
        "light",
        NARROW,
        AXE | {"rules": AXE["rules"] | {CONTRAST: {"enabled": False}}},
    ),
}
MISSING_PICTURES = """[...document.images].filter(
  (i) => i.checkVisibility() && !i.naturalWidth).map((i) => i.outerHTML)"""
FORMULAS = """[...document.querySelectorAll('.math')].filter(
  (m) => m.checkVisibility()).map((m) => [m.textContent,
    m.querySelector('svg')?.getBoundingClientRect().width ?? 0])"""
TOO_WIDE = """() => {
  for (const folded of document.querySelectorAll('details')) folded.open = true;
  const boxes = document.querySelectorAll('div.math, pre, .output, .table-wrapper');
  return [...boxes].filter((box) => box.scrollWidth > box.clientWidth).map(
    (box) => box.id || box.textContent); }"""
BEGINNING_HIDDEN = """[...document.querySelectorAll('div.math')].filter(
  (m) => m.checkVisibility() && m.querySelector('svg').getBoundingClientRect().left
    < m.getBoundingClientRect().left - 1).map((m) => m.id || m.textContent)"""
TORN_OFF = """[...document.querySelectorAll('span.math')].filter((m) => {
  const after = m.nextSibling;
  if (!m.checkVisibility() || !/^[^\\w\\s]/.test(after?.data ?? "")) return false;
  const mark = document.createRange();
  mark.setStart(after, 0);
  mark.setEnd(after, 1);
  return mark.getBoundingClientRect().left < m.getBoundingClientRect().right - 1;
}).map((m) => m.parentElement.textContent)"""
PROSE = """[...document.querySelectorAll('article p')].map((p) => {
  const copy = p.cloneNode(true);
  copy.querySelectorAll('code, .math').forEach((e) => e.remove());
  return copy.textContent; }).join(' ')"""


HEIGHTS_OF_PLOTS = """
[...document.querySelectorAll(".cell:has(.plot):not(:has([data-explorable]))")].map(
  (cell) => cell.getBoundingClientRect().height)"""


@cache
def pages_with_new_code() -> set[str]:
    """Return pages that together have every kind of token that code has anywhere."""
    pages, seen = set(), set()
    for page in PAGES:
        html = (SITE / page).read_text(encoding="utf-8")
        kinds = set(re.findall(r'<span class="(\w{1,3})">', html))
        if not kinds <= seen:
            pages.add(page)
            seen |= kinds
    return pages


@pytest.fixture(scope="module", params=PAGES)
def visit(
    request: pytest.FixtureRequest, browser: Browser, site: str
) -> Iterator[Visit]:
    """A page, read to its end in a wide window."""
    with open_context(browser) as context:
        visit = Visit(context.new_page(), request.param)
        visit.open(site + visit.name)
        visit.scroll_through()
        yield visit


@pytest.fixture(scope="module")
def shared(browser: Browser, site: str) -> set[str]:
    """Return the addresses of what one chapter shares with the others."""
    with open_context(browser) as context:
        first = Visit(context.new_page())
        first.open(site + FIRST_CHAPTER)
        return {url for url in first.requests if "/_static/" in url}


def test_page_loads_little_complains_of_nothing_and_stands_still(
    visit: Visit, site: str, shared: set[str]
) -> None:
    assert not visit.complaints
    assert not [url for url in visit.requests if not url.startswith((site, "data:"))]
    assert visit.shift < 0.01
    assert visit.bytes.total() <= FIRST_VISIT, visit.bytes.most_common(8)
    # Later, what this page shares with the others is in the browser already.
    own = {url: size for url, size in visit.bytes.items() if url not in shared}
    assert own
    html = (SITE / visit.name).read_text(encoding="utf-8")
    # What begins with a slash is found neither in a file nor below another path.
    assert visit.name == "404.html" or not re.search(r'\s(?:href|src)="/', html)
    limit = LATER_VISIT + EXPLORABLE * html.count("data-explorable=")
    assert sum(own.values()) <= limit, own


def test_page_shows_all_its_pictures_and_formulas(visit: Visit) -> None:
    page = visit.page
    look(page, "light", WIDE)
    page.evaluate(LOAD_PICTURES, False)
    assert not page.evaluate(MISSING_PICTURES)
    for text, width in page.evaluate(FORMULAS):
        assert width > 0, text
    assert not page.evaluate(TOO_WIDE), "break it into lines"
    assert not re.search(r"\\[a-z]+\{|\$\\|\\\(", page.evaluate(PROSE))


def test_page_does_not_scroll_sideways(visit: Visit) -> None:
    for width in WIDTHS:
        visit.page.set_viewport_size({"width": width, "height": HEIGHT})
        # What scrolls on its own does so even where the page hides what is too wide.
        visit.page.evaluate("scrollTo(50, 0)")
        assert visit.page.evaluate("scrollX") == 0


@pytest.mark.parametrize(("scheme", "width", "options"), LOOKS.values(), ids=LOOKS)
def test_page_is_accessible_and_fits(
    visit: Visit, scheme: str, width: int, options: dict[str, object]
) -> None:
    page = visit.page
    look(page, scheme, width)
    assert page.evaluate(IS_DARK) == (scheme == "dark")
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    # On a phone a wide formula shows its beginning, and scrolls to its end.
    assert not page.evaluate(BEGINNING_HIDDEN)
    assert not page.evaluate(TORN_OFF)  # a comma from its formula
    assert not page.evaluate(COLLISIONS, "div.math :is(.eqno, mjx-container > svg)")
    # The contrast of code takes long, and what it depends on has been seen elsewhere.
    known = scheme == "dark" and visit.name not in pages_with_new_code()
    parts = {"exclude": [["pre"]]} if known else None
    assert not find_violations(page, parts, options)


@pytest.mark.parametrize("width", [WIDE, 412])
def test_page_stands_still_where_its_fonts_come_late(
    browser: Browser, site: str, width: int
) -> None:
    def delay(route: Route) -> None:
        time.sleep(0.7)
        route.continue_()

    with open_context(browser) as context:
        visit = Visit(context.new_page())
        visit.page.set_viewport_size({"width": width, "height": 823})
        visit.page.route("**/*.woff2", delay)
        visit.open(site + "reference/notation.html")
        assert any(url.endswith(".woff2") for url in visit.requests)
        assert visit.page.evaluate("window.shift") < 0.01


LONG_WORDS = """() => {
  const places = ["h1", "h2", "p", "li", "code.literal", "a.reference", "figcaption p",
    ".admonition-title", "summary", "td", "th", "dt", ".at-a-glance p", ".part",
    ".sidebar-tree a", ".sidebar-brand-text", ".brand", ".toc-tree a",
    ".related-pages a", ".bottom-of-page p", ".card-title a", "blockquote"];
  return places.filter((place) => {
    const found = [...document.querySelectorAll(place)].filter((it) =>
      !it.querySelector("svg, img"));
    for (const it of found.slice(0, 3)) it.append(" " + "Abstieg".repeat(12));
    return found.length;
  });
}"""


WORDS_THAT_STICK_OUT = """
[...document.querySelectorAll("h1, h2, p, li, dt, summary")].filter(
  (it) => it.checkVisibility() && !it.closest("table, pre, .spoken")
    && it.clientWidth && it.scrollWidth > it.clientWidth + 1).map(
  (it) => it.outerHTML.slice(0, 200))"""


@pytest.mark.parametrize("width", [360, NARROW, WIDE])
@pytest.mark.parametrize(
    "name", [FIRST_CHAPTER, "index.html", "reference/glossary.html"]
)
def test_no_word_is_wider_than_the_page(
    page: Page, site: str, name: str, width: int
) -> None:
    page.goto(site + name)
    look(page, "light", width)
    assert len(page.evaluate(LONG_WORDS)) > 7
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert not page.evaluate(WORDS_THAT_STICK_OUT)


@pytest.mark.parametrize("page", [FIRST_CHAPTER, *KINDS.values()])
def test_page_works_from_a_plain_file_without_a_network(
    context: BrowserContext, page: str
) -> None:
    context.set_offline(True)
    visit = Visit(context.new_page())
    visit.open((SITE / page).as_uri())
    visit.page.evaluate(LOAD_PICTURES, True)
    assert not visit.page.evaluate(MISSING_PICTURES)
    assert not visit.complaints
    outside = [url for url in visit.requests if not url.startswith(("file:", "data:"))]
    assert not outside
    expect(visit.page.locator("article h1:visible").first).to_be_visible()


def test_scripts_give_no_plot_another_height(browser: Browser, site: str) -> None:
    """Otherwise the target of a link would move while the page loads."""
    heights = []
    for scripts in (True, False):
        with open_context(browser, java_script_enabled=scripts) as context:
            page = context.new_page()
            page.goto(site + FIRST_CHAPTER)
            heights.append(page.evaluate(HEIGHTS_OF_PLOTS))
    assert heights[0]
    assert heights[0] == pytest.approx(heights[1], abs=0.5)


def test_every_page_can_be_reached_from_the_first() -> None:
    waiting, reached = ["index.html"], {"index.html"}
    while waiting:
        page = waiting.pop()
        html = (SITE / page).read_text(encoding="utf-8")
        for link in re.findall(r'<a\s[^>]*href="([^"#?:]+)', html):
            name = normpath(join(dirname(page), link))
            if name in PAGES and name not in reached:
                reached.add(name)
                waiting.append(name)
    assert set(PAGES) - reached <= {"404.html", "genindex.html", "search.html"}
