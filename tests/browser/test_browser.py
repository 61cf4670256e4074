"""The built site in a real browser: what readers see, hear, type and load."""

import io
import re
from collections.abc import Iterator
from posixpath import dirname, join, normpath

import pytest
from book import BUILD, chapter_files
from browser import (
    AXE,
    LOAD_PICTURES,
    NARROW,
    PAGES,
    SETTLE,
    SITE,
    WIDE,
    Visit,
    come_to,
    lay_out_all,
    look,
    open_context,
    violations,
)
from PIL import Image
from playwright.sync_api import Browser, BrowserContext, expect

pytestmark = pytest.mark.slow

FIRST_VISIT, LATER_VISIT = (1_000_000, 300_000)  # bytes, with all pictures
EXPLORABLE = 150_000  # bytes more, for each on a page
CHAPTERS = [path.stem for path in chapter_files()]
FIRST_CHAPTER = f"chapters/{CHAPTERS[0]}.html"
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
# Adds the element that has the focus to window.seen, and returns its HTML and
# whether one sees the focus; null if it has been there before.
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
  && e.id !== 'pst-back-to-top'  // there only once one has scrolled
  && !seen.includes(e)).map((e) => e.outerHTML.slice(0, 120))"""
MISSING_PICTURES = """[...document.images].filter(
  (i) => i.checkVisibility() && !i.naturalWidth).map((i) => i.outerHTML)"""
FORMULAS = """[...document.querySelectorAll('.math')].filter(
  (m) => !m.closest('[hidden]')).map((m) => [m.textContent,
    m.querySelector('svg')?.getBoundingClientRect().width ?? 0,
    m.querySelectorAll('math').length])"""
TOO_WIDE = """[...document.querySelectorAll('div.math')].filter(
  (m) => m.scrollWidth > m.clientWidth).map((m) => m.id || m.textContent)"""
BEGINNING_HIDDEN = """[...document.querySelectorAll('div.math')].filter(
  (m) => m.checkVisibility() && m.querySelector('svg').getBoundingClientRect().left
    < m.getBoundingClientRect().left - 1).map((m) => m.id || m.textContent)"""
MISSING_SHAPES = """[...document.querySelectorAll('use')].filter(
  (u) => !document.querySelector(u.getAttribute('xlink:href'))).length"""
PROSE = """[...document.querySelectorAll('.bd-article p')].map((p) => {
  const copy = p.cloneNode(true);
  copy.querySelectorAll('code, .math').forEach((e) => e.remove());
  return copy.textContent; }).join(' ')"""


def needed(chapter: str) -> str:
    """Return the page of a chapter; skip the test if a fork has left it out."""
    if chapter not in CHAPTERS:
        pytest.skip(f"_toc.yml leaves out {chapter}")
    return f"chapters/{chapter}.html"


# Each page, opened once


@pytest.fixture(
    scope="module",
    params=[pytest.param(page, marks=pytest.mark.xdist_group(page)) for page in PAGES],
)
def visit(
    request: pytest.FixtureRequest, browser: Browser, site: str
) -> Iterator[Visit]:
    """A page, read to its end in a wide window, and then all laid out."""
    with open_context(browser) as context:
        visit = Visit(context.new_page(), request.param)
        visit.open(site + visit.name)
        visit.scroll_through()
        lay_out_all(visit.page)
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
    limit = LATER_VISIT + EXPLORABLE * html.count("data-explorable=")
    assert sum(own.values()) <= limit, own


def test_page_shows_all_its_pictures_and_formulas(visit: Visit) -> None:
    page = visit.page
    look(page, "light", WIDE)
    page.evaluate(LOAD_PICTURES, False)
    assert not page.evaluate(MISSING_PICTURES)
    for text, width, spoken in page.evaluate(FORMULAS):
        assert width > 0, text
        assert spoken == 1, text  # for screen readers
    assert not page.evaluate(TOO_WIDE), "break it into lines"
    assert page.evaluate(MISSING_SHAPES) == 0
    assert not re.search(r"\\[a-z]+\{|\$\\|\\\(", page.evaluate(PROSE))


@pytest.mark.parametrize(("scheme", "width", "options"), LOOKS.values(), ids=LOOKS)
def test_page_is_accessible_and_fits(
    visit: Visit, scheme: str, width: int, options: dict[str, object]
) -> None:
    page = visit.page
    look(page, scheme, width)
    assert page.evaluate("document.documentElement.dataset.theme") == scheme
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    # On a phone one sees where a wide formula begins, and scrolls to its end.
    assert not page.evaluate(BEGINNING_HIDDEN)
    assert not violations(page, options)


@pytest.mark.parametrize("page", [page for page in PAGES if page != "404.html"])
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
    expect(visit.page.locator("main h1:visible").first).to_be_visible()


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


# What readers do


def test_theme_switches_and_is_remembered(context: BrowserContext, site: str) -> None:
    page = context.new_page()
    page.emulate_media(color_scheme="light")
    page.goto(site + FIRST_CHAPTER)
    ground = "getComputedStyle(document.body).backgroundColor"
    light = page.evaluate(ground)
    button = page.locator(".theme-switch-button").first
    for _ in range(3):  # auto, light, dark, in whichever order
        button.click()
        if page.evaluate("document.documentElement.dataset.mode") == "dark":
            break
    dark = page.evaluate(ground)
    assert dark != light
    page.goto(site + "index.html")
    assert page.evaluate("document.documentElement.dataset.theme") == "dark"
    assert page.evaluate(ground) == dark


def test_dark_page_is_dark_before_any_script_has_come(
    context: BrowserContext, site: str
) -> None:
    page = context.new_page()
    page.emulate_media(color_scheme="dark")
    page.route("**/*.js*", lambda route: route.abort())
    page.goto(site + FIRST_CHAPTER)
    assert page.evaluate("document.documentElement.dataset.theme") == "dark"


def test_plots_turn_over_in_the_dark(context: BrowserContext, site: str) -> None:
    page = context.new_page()
    page.goto(site + FIRST_CHAPTER)
    plot = page.locator("figure img[src$='.webp']").first
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


def test_solutions_unfold_by_keyboard(context: BrowserContext, site: str) -> None:
    page = context.new_page()
    page.goto(site + FIRST_CHAPTER)
    solution = page.locator(".solution.dropdown").first
    inside = solution.locator("p, pre").nth(2)
    expect(inside).to_be_hidden()
    solution.locator("button.toggle-button").focus()
    page.keyboard.press("Enter")
    expect(inside).to_be_visible()


def test_solutions_can_be_read_without_scripts(browser: Browser, site: str) -> None:
    with browser.new_context(java_script_enabled=False) as context:
        page = context.new_page()
        page.goto(site + needed("01-gradient-descent"))
        expect(page.locator(".solution.dropdown pre").first).to_be_visible()
        expect(page.locator(".frames img").last).to_be_visible()


@pytest.mark.parametrize("offline", [False, True], ids=["served", "from a file"])
def test_search_finds(context: BrowserContext, site: str, offline: bool) -> None:
    needed("03-learning-rate")
    visit = Visit(context.new_page())
    root = f"{SITE.as_uri()}/" if offline else site
    visit.open(root + "search.html?q=momentum")
    result = visit.page.locator("#search-results li a", has_text="learning rate")
    expect(result.first).to_be_visible()
    assert not visit.complaints
    result.first.click()
    expect(visit.page.locator("article h1").first).to_contain_text("learning rate")


def test_search_opens_by_keyboard_from_any_page(
    context: BrowserContext, site: str
) -> None:
    page = context.new_page()
    page.goto(site + FIRST_CHAPTER)
    page.keyboard.press("Control+k")
    field = page.locator("#pst-search-dialog input")
    expect(field).to_be_focused()
    field.fill("sigmoid")
    page.keyboard.press("Enter")
    page.wait_for_url("**/search.html?q=sigmoid*")
    expect(page.locator("#search-results li").first).to_be_visible()


def test_copy_button_copies_the_code(context: BrowserContext, site: str) -> None:
    context.grant_permissions(["clipboard-read", "clipboard-write"])
    page = context.new_page()
    page.goto(site + FIRST_CHAPTER)
    cell = page.locator("div.cell_input").first
    cell.hover()
    cell.locator("button.copybtn").click()
    copied = page.evaluate("navigator.clipboard.readText()")
    assert copied.strip() == cell.locator("pre").inner_text().strip()


def test_slider_moves_by_keyboard(context: BrowserContext, site: str) -> None:
    page = context.new_page()
    page.goto(site + needed("01-gradient-descent"))
    box = page.locator(".frames").first
    come_to(box)
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
    stops = []
    for _ in range(2000):
        tab.keyboard.press("Tab")
        if not (stop := tab.evaluate(NOTE_STOP)):
            break
        stops.append(stop)
    # Only now is all laid out: what comes late has to be reached as well.
    lay_out_all(tab)
    tab.evaluate(SETTLE)
    assert not tab.evaluate(STOPS)
    assert not [
        html for html, ring in stops if not ring and not html.startswith("<body")
    ]
    assert tab.evaluate(
        "seen.every((e, i) => [e, seen[i - 1] ?? e].includes(document.body)"
        " || !i || seen[i - 1].compareDocumentPosition(e) & 4)"  # 4: it follows
    )


@pytest.mark.parametrize("width", [WIDE, NARROW])
def test_links_lead_to_their_place(
    context: BrowserContext, site: str, width: int
) -> None:
    tab = context.new_page()
    tab.goto(site + FIRST_CHAPTER)
    look(tab, "light", width)
    places = tab.evaluate(
        "[...document.querySelectorAll('article :is(div.math, figure, .exercise)[id]')]"
        ".map((e) => e.id)"
    )
    assert len(places) > 5
    for place in places[::-1]:  # most is not laid out yet
        tab.evaluate("(id) => { location.hash = id; }", place)
        tab.evaluate(SETTLE)
        top, end = tab.evaluate(
            "(id) => [document.getElementById(id).getBoundingClientRect().top,"
            " document.documentElement.scrollHeight - innerHeight - scrollY]",
            place,
        )
        assert 0 <= top < 100 or end < 1, place


def test_a_host_shows_the_missing_page_at_any_depth(
    context: BrowserContext, site: str
) -> None:
    visit = Visit(context.new_page())
    answer = visit.page.goto(site + "chapters/no/such/page.html")
    assert answer
    assert answer.status == 404
    expect(visit.page.locator("h1", has_text="no such page")).to_be_visible()
    ground = "getComputedStyle(document.querySelector('.bd-sidebar-primary')).position"
    assert visit.page.evaluate(ground) == "sticky"  # its styles have come
    visit.page.locator("article a", has_text="logistic").first.click()
    expect(visit.page.locator("article h1").first).to_contain_text("logistic")


@pytest.mark.parametrize(
    ("name", "page", "part"),
    [
        ("landing", "index", "h1"),
        ("formulas", "06-backprop-numpy", "div.math"),
        ("plots", "03-learning-rate", "figure img"),
    ],
)
def test_screenshots_are_kept(
    context: BrowserContext, site: str, name: str, page: str, part: str
) -> None:
    folder = BUILD / "screenshots"
    folder.mkdir(exist_ok=True)
    tab = context.new_page()
    tab.goto(site + ("index.html" if page == "index" else needed(page)))
    for scheme in ("light", "dark"):
        for form, width in (("wide", WIDE), ("narrow", NARROW)):
            look(tab, scheme, width)
            tab.locator(part).first.evaluate(
                "(e) => e.scrollIntoView({block: 'center'})"
            )
            file = folder / f"{name}-{scheme}-{form}.png"
            tab.screenshot(path=file)
            assert file.stat().st_size > 10_000
