"""The site in Chromium, Firefox and WebKit: what readers see and find there."""

import re
from collections.abc import Iterator

import numpy as np
import pytest
from book import SITE
from browser import FIRST_CHAPTER, HEIGHT, KINDS, LOAD_PICTURES, PAGES, WIDTHS, serve
from colours import TO_XYZ, linearise
from engines import ENGINES, SCREENSHOTS, ListeningHandler, Tab, open_tab
from PIL import Image
from scipy.ndimage import maximum_filter, minimum_filter
from selenium.webdriver import Keys

pytestmark = pytest.mark.slow

# What the theme calls its parts.
THEME = "document.body.dataset.theme"
THEME_BUTTON = "button.theme-toggle"
CONTENTS = ".toc-drawer a[href^='#']"
SEARCH_FIELD = "input.sidebar-search"
RESULTS = "#search-results a"
PAGES_FOUND = "#search-results h2 a"
DRAWINGS = "article svg[role='img'][version]"  # which Matplotlib wrote

NOT_CHROMIUM = sorted(ENGINES.keys() - {"chromium"})  # in which test_pages.py looks
NARROW, _, WIDE = WIDTHS
NEAR = 3  # pixels
IS_DRAWING = re.compile(r'<svg[^>]* version="')
DRAWN = [page for page in PAGES if IS_DRAWING.search((SITE / page).read_text("utf-8"))]
SHOWN = {  # on screenshots, with what to scroll to
    "landing": ("index.html", ""),
    "chapter": (FIRST_CHAPTER, ""),
    "explorable": (KINDS["explorable"], "[data-explorable]"),
}
# Returns how far a target is from where its scroll margin would put it, once the page
# stands still; 0 where the page begins or ends first.
MISSED = """async (id) => {
  const [root, target] = [document.documentElement, document.getElementById(id)];
  for (let last, calm = 0; calm < 3; calm += 1, last = scrollY) {
    await new Promise(requestAnimationFrame);
    if (scrollY !== last) calm = 0;
  }
  const margins = [getComputedStyle(target).scrollMarginTop,
    getComputedStyle(root).scrollPaddingTop];
  const wanted = margins.reduce((sum, margin) => sum + (parseFloat(margin) || 0), 0);
  const off = target.getBoundingClientRect().top - wanted;
  const stuck = off < 0 ? scrollY < 2 : root.scrollHeight - innerHeight - scrollY < 2;
  return stuck ? 0 : Math.abs(off);
}"""
# Goes to fragments in turn, at once, and returns those that are missed, with how far.
GO_THROUGH = f"""return (async (ids) => {{
  const missed = {{}};
  document.documentElement.style.scrollBehavior = "auto";
  for (const id of ids) {{
    location.hash = id;
    const off = await ({MISSED})(id);
    if (off > {NEAR}) missed[id] = off;
  }}
  return missed;
}})(arguments[0])"""
# The fragments of this page to which links on it lead, as they follow in it.
FRAGMENTS = """[...document.querySelectorAll("main [id], article [id]")].filter((e) =>
  e.checkVisibility() && document.querySelector(`a[href="#${CSS.escape(e.id)}"]`))
  .map((e) => e.id)"""


@pytest.fixture(scope="module")
def site() -> Iterator[str]:
    with serve(ListeningHandler) as address:
        yield address


@pytest.fixture(scope="module", params=ENGINES)
def browser_tab(request: pytest.FixtureRequest, site: str) -> Iterator[Tab]:
    with open_tab(request.param, site) as tab:
        yield tab


@pytest.fixture
def tab(browser_tab: Tab) -> Tab:
    """A wide window, in which no theme has been chosen."""
    browser_tab.resize(WIDE)
    choose(browser_tab, "auto")
    return browser_tab


def choose(tab: Tab, theme: str) -> None:
    """Choose a theme for the pages that are opened from now on."""
    if not tab.get("location.href").startswith(tab.site):
        tab.open("404.html")
    tab.run("localStorage.setItem('theme', arguments[0])", theme)


# Loading


@pytest.mark.parametrize("browser_tab", NOT_CHROMIUM, indirect=True)
@pytest.mark.parametrize("page", PAGES)
def test_page_says_nothing_asks_only_the_site_and_fits(tab: Tab, page: str) -> None:
    tab.open(page)
    tab.get(f"({LOAD_PICTURES})(true)")
    assert not tab.get("heard")
    asked = tab.get("performance.getEntriesByType('resource').map((e) => e.name)")
    assert asked
    assert not [url for url in asked if not url.startswith((tab.site, "data:"))]
    for width in WIDTHS:
        tab.resize(width)
        assert tab.get("document.documentElement.scrollWidth") <= width
        # What scrolls on its own does so even where the page hides what is too wide.
        assert tab.run("scrollTo(50, 0); return scrollX") == 0


# Links


@pytest.mark.parametrize("width", [WIDE, NARROW])
@pytest.mark.parametrize("page", KINDS.values(), ids=KINDS)
def test_links_land_on_their_target(tab: Tab, page: str, width: int) -> None:
    tab.resize(width)
    tab.open(page)
    fragments = tab.get(FRAGMENTS)
    assert fragments
    # From the end, so that most has not been on the screen yet.
    some = fragments[:: -(len(fragments) // 12 + 1)]
    assert not tab.run(GO_THROUGH, some)


def assert_landed(tab: Tab) -> None:
    """Wait until the page stands where its address says."""
    where = f"({MISSED})(location.hash.slice(1))"
    tab.wait_until(lambda: tab.get(where) <= NEAR, tab.get("location.href"))


def test_place_is_kept_by_contents_links_back_and_reload(tab: Tab) -> None:
    tab.open(FIRST_CHAPTER)
    sections = tab.get(
        "[...document.querySelectorAll(arguments[0])].map((a) => a.hash)"
        ".filter((hash) => hash.length > 1)",
        CONTENTS,
    )
    for section in (sections[-1], sections[len(sections) // 2]):
        tab.click(f"{CONTENTS}[href='{section}']")
        tab.wait_for("location.hash === arguments[0]", section)
        assert_landed(tab)
    tab.driver.refresh()
    assert_landed(tab)

    link = "article a[href*='.html#']"
    tab.point(link)
    before = tab.get("scrollY")
    tab.click(link)
    tab.wait_for(
        "location.hash && !location.pathname.endsWith(arguments[0])", FIRST_CHAPTER
    )
    assert_landed(tab)
    tab.driver.back()
    tab.wait_for("location.pathname.endsWith(arguments[0])", FIRST_CHAPTER)
    tab.wait_for("Math.abs(scrollY - arguments[0]) <= arguments[1]", before, NEAR)


# Theme


def luminance(picture: np.ndarray) -> np.ndarray:
    """Return the relative luminance of each pixel, from 0 to 1."""
    return linearise(picture / 255) @ TO_XYZ[1]


def is_dark(tab: Tab) -> bool:
    return bool(np.median(luminance(tab.picture()[::20, ::20])) < 0.1)


def test_theme_is_switched_and_kept(tab: Tab) -> None:
    tab.open(FIRST_CHAPTER)
    dark = {tab.get(THEME): is_dark(tab)}
    for _ in range(2):
        tab.click(THEME_BUTTON)
        dark[tab.get(THEME)] = is_dark(tab)
    assert dark == {"auto": False, "light": False, "dark": True}
    while tab.get(THEME) != "dark":
        tab.click(THEME_BUTTON)
    for page in ("index.html", FIRST_CHAPTER):
        tab.open(page)
        assert tab.get(THEME) == "dark"
        assert is_dark(tab)


# Search


def test_search_finds_each_place_once_and_the_keyboard_reaches_it(tab: Tab) -> None:
    tab.open(FIRST_CHAPTER)
    tab.click(SEARCH_FIELD)
    tab.press("momentum", Keys.ENTER)
    tab.wait_for("location.search.includes('q=momentum')")
    tab.wait_for("document.querySelectorAll(arguments[0]).length > 1", RESULTS)
    tab.settle()
    listed = "[...document.querySelectorAll(arguments[0])].map((a) => a[arguments[1]])"
    places = tab.get(listed, RESULTS, "href")
    titles = tab.get(listed, PAGES_FOUND, "textContent")
    for names in (places, titles):
        assert sorted(set(names)) == sorted(names)
    for _ in range(100):
        tab.press(Keys.TAB)
        if tab.get("document.activeElement.matches(arguments[0])", RESULTS):
            break
    tab.press(Keys.ENTER)
    tab.wait_for("location.href === arguments[0]", places[0])
    words = "document.querySelector('article')?.textContent.includes('momentum')"
    tab.wait_for(words)  # the address changes before the page is there


# Looks


def outlines(drawing: np.ndarray, within: int) -> np.ndarray:
    """Return where a drawing has light and dark within a square of so many pixels."""
    high, low = maximum_filter(drawing, within), minimum_filter(drawing, within)
    return (high + 0.05) / (low + 0.05) >= 3


@pytest.mark.parametrize("page", DRAWN)
def test_what_is_drawn_in_the_light_is_drawn_in_the_dark(tab: Tab, page: str) -> None:
    tab.open(page)
    number = tab.run(
        "const drawings = document.querySelectorAll(arguments[0]);"
        "drawings.forEach((drawing, i) => { drawing.dataset.drawing = i; });"
        "return drawings.length;",
        DRAWINGS,
    )
    assert number
    for drawing in (f"[data-drawing='{place}']" for place in range(number)):
        tab.point(drawing)
        tab.wait_for("document.querySelector(arguments[0]).complete ?? true", drawing)
        looks = {}
        for theme in ("light", "dark"):
            tab.run(f"{THEME} = arguments[0]", theme)
            looks[theme] = luminance(tab.picture(drawing))
        # A browser may round the size of a picture up in one and down in the other.
        height, width = np.min([look.shape for look in looks.values()], axis=0)
        light, dark = (look[:height, :width] for look in looks.values())
        assert light[0, 0] > 0.8
        assert dark[0, 0] < 0.05
        drawn = outlines(light, 7)
        assert drawn.any()
        assert outlines(dark, 9)[drawn].mean() > 0.98  # perhaps a pixel further on


@pytest.mark.parametrize("name", ["landing", "chapter", "explorable"])
@pytest.mark.parametrize(
    ("look", "theme", "width"),
    [("light", "light", WIDE), ("dark", "dark", WIDE), ("phone", "light", NARROW)],
    ids=["light", "dark", "phone"],
)
def test_screenshots_are_kept(
    tab: Tab, name: str, look: str, theme: str, width: int
) -> None:
    page, part = SHOWN[name]
    choose(tab, theme)
    tab.resize(width)
    tab.open(page)
    if part:
        tab.point(part)
    tab.get(f"({LOAD_PICTURES})(true)")
    assert is_dark(tab) == (theme == "dark")
    SCREENSHOTS.mkdir(parents=True, exist_ok=True)
    kept = SCREENSHOTS / f"{name}-{look}-{tab.engine}.png"
    assert tab.driver.save_screenshot(kept)
    with Image.open(kept) as picture:
        assert picture.size == (width, HEIGHT)
