"""The built site in a real browser: what readers see, hear, type and load."""

import io
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from book import BUILD, chapter_files
from browser import (
    PAGES,
    SITE,
    come_to,
    each_page,
    note_complaints,
    serve,
    start_browser,
)
from PIL import Image
from playwright.sync_api import Browser, BrowserContext, Page, expect

pytestmark = pytest.mark.check

WIDE, NARROW = (1280, 390)
HEIGHT = 900
FIRST_VISIT, LATER_VISIT = (1_000_000, 300_000)  # bytes, with all pictures
EXPLORABLE = 150_000  # bytes more, for each on a page
CHAPTERS = [path.stem for path in chapter_files()]
FIRST_CHAPTER = f"chapters/{CHAPTERS[0]}.html"
# Beside axe-core's default rules, one that Lighthouse knows too.
AXE = {
    "rules": {"label-content-name-mismatch": {"enabled": True}},
    "resultTypes": ["violations"],
    "preload": False,
}
# Adds up what moves by itself. The list of sections beside the text does not
# count: it unfolds with the section that one reads.
WATCH_SHIFTS = """
window.shift = 0;
new PerformanceObserver((list) => {
  for (const { value, sources } of list.getEntries()) {
    const beside = ({ node }) => node?.parentElement?.closest(".bd-sidebar-secondary");
    if (!sources.every(beside)) window.shift += value;
  }
}).observe({ type: "layout-shift", buffered: true });
"""
HAS_RING = """() => {
  const { outlineStyle, outlineWidth, boxShadow } =
    getComputedStyle(document.activeElement);
  const outline = outlineStyle !== "none" && parseFloat(outlineWidth) > 0;
  return outline || boxShadow !== "none";
}"""
# What can be reached by the keyboard but is not among window.seen.
STOPS = """[...document.querySelectorAll(
  'a[href], button, input, summary, [tabindex="0"]'
)].filter((e) => e.checkVisibility({visibilityProperty: true, opacityProperty: false})
  && e.tabIndex >= 0 && !e.disabled
  && (e.type !== 'radio' || e.checked)  // arrow keys go on to the others
  && e.id !== 'pst-back-to-top'  // there only once one has scrolled
  && !seen.includes(e)).map((e) => e.outerHTML.slice(0, 120))"""
SETTLED = 400  # ms, after which a page has laid out anew what it has to


def needed(chapter: str) -> str:
    """Return the page of a chapter; skip the test if a fork has left it out."""
    if chapter not in CHAPTERS:
        pytest.skip(f"_toc.yml leaves out {chapter}")
    return f"chapters/{chapter}.html"


@dataclass
class Visit:
    """What a page did while it was open."""

    page: Page
    complaints: list[str] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)
    bytes: Counter[str] = field(default_factory=Counter)

    def open(self, address: str) -> None:
        """Open a page, and take down what it loads and complains of."""
        page, names = self.page, {}
        session = page.context.new_cdp_session(page)
        session.send("Network.enable")

        def note(event: dict[str, Any]) -> None:
            names[event["requestId"]] = event["request"]["url"]
            self.requests.append(event["request"]["url"])

        def count(event: dict[str, Any]) -> None:
            self.bytes[names[event["requestId"]]] += int(event["encodedDataLength"])

        session.on("Network.requestWillBeSent", note)
        session.on("Network.loadingFinished", count)
        self.complaints = note_complaints(page)
        page.add_init_script(WATCH_SHIFTS)
        page.goto(address)
        page.wait_for_load_state("networkidle")

    def scroll_through(self) -> None:
        """Scroll to the end as a reader does, so that every picture comes."""
        self.page.evaluate(
            "async () => { for (let y = 0; y < document.body.scrollHeight; y += 600) {"
            "scrollTo({top: y, behavior: 'instant'});"
            "await new Promise((done) => requestAnimationFrame(() =>"
            " setTimeout(done, 20))); } }"
        )
        self.page.wait_for_load_state("networkidle")


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with start_browser() as browser:
        yield browser


@pytest.fixture(scope="module")
def site() -> Iterator[str]:
    with serve() as address:
        yield address


@pytest.fixture
def context(browser: Browser) -> Iterator[BrowserContext]:
    with browser.new_context(viewport={"width": WIDE, "height": HEIGHT}) as context:
        context.set_default_timeout(15_000)
        yield context


def lay_out_all(page: Page) -> None:
    """Let the browser lay out what is far down as well, which else waits."""
    page.add_style_tag(content="* { content-visibility: visible !important; }")


def look(page: Page, scheme: str, width: int) -> None:
    page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
    page.set_viewport_size({"width": width, "height": HEIGHT})
    page.wait_for_timeout(SETTLED)


@each_page
def test_page_is_accessible_and_fits_in_light_and_dark_wide_and_narrow(
    context: BrowserContext, site: str, page: str
) -> None:
    tab = context.new_page()
    tab.goto(site + page)
    lay_out_all(tab)
    for scheme in ("light", "dark"):
        for width in (WIDE, NARROW):
            look(tab, scheme, width)
            here = f"{scheme}, {width} pixels"
            assert tab.evaluate("document.documentElement.dataset.theme") == scheme
            overflow = tab.evaluate("document.documentElement.scrollWidth") - width
            assert overflow <= 0, f"{here}: wider than the screen by {overflow}"
            found = Axe().run(tab, options=AXE).response["violations"]
            said = [
                f"{here}: {rule['id']}: {node['html'][:200]}"
                for rule in found
                for node in rule["nodes"]
            ]
            assert not said, "\n".join(said)


@each_page
def test_page_loads_little_complains_of_nothing_and_stands_still(
    context: BrowserContext, site: str, page: str
) -> None:
    first = Visit(context.new_page())
    first.open(site + page)
    first.scroll_through()
    assert not first.complaints
    assert not [url for url in first.requests if not url.startswith((site, "data:"))]
    assert first.bytes.total() <= FIRST_VISIT, first.bytes.most_common(8)
    assert first.page.evaluate("window.shift") < 0.01

    # Later: what this page shares with the others is in the browser already.
    own = Counter(
        {
            url: size
            for url, size in first.bytes.items()
            if "/_images/" in url or url.endswith(page)
        }
    )
    assert own
    html = (SITE / page).read_text(encoding="utf-8")
    limit = LATER_VISIT + EXPLORABLE * html.count("data-explorable=")
    assert own.total() <= limit, own.most_common(8)
    first.page.goto(site + ("search.html" if page != "search.html" else "index.html"))
    first.bytes.clear()
    first.page.goto(site + page)
    first.scroll_through()
    assert first.bytes.total() <= limit, first.bytes.most_common(8)


@each_page
def test_page_shows_all_its_pictures_and_formulas(
    context: BrowserContext, site: str, page: str
) -> None:
    visit = Visit(context.new_page())
    visit.open(site + page)
    visit.scroll_through()
    lay_out_all(visit.page)
    visit.page.wait_for_function(
        "[...document.images].every((i) => !i.checkVisibility() || i.naturalWidth)"
    )
    formulas = visit.page.evaluate(
        "[...document.querySelectorAll('.math')].filter((m) => !m.closest('[hidden]'))"
        ".map((m) => [m.textContent,"
        " m.querySelector('svg')?.getBoundingClientRect().width ?? 0,"
        " m.querySelectorAll('math').length])"
    )
    for text, width, spoken in formulas:
        assert width > 0, text
        assert spoken == 1, text  # for screen readers
    wide = visit.page.evaluate(
        "[...document.querySelectorAll('div.math')].filter("
        "(m) => m.scrollWidth > m.clientWidth).map((m) => m.id || m.textContent)"
    )
    assert not wide, "too wide for a page; break it into lines"
    # On a phone one sees where a wide formula begins, and scrolls to its end.
    look(visit.page, "light", NARROW)
    hidden = visit.page.evaluate(
        "[...document.querySelectorAll('div.math')].filter((m) => m.checkVisibility()"
        " && m.querySelector('svg').getBoundingClientRect().left"
        " < m.getBoundingClientRect().left - 1).map((m) => m.id || m.textContent)"
    )
    assert not hidden
    shapes = visit.page.evaluate(
        "[...document.querySelectorAll('use')].filter("
        "(u) => !document.querySelector(u.getAttribute('xlink:href'))).length"
    )
    assert shapes == 0
    prose = visit.page.evaluate(
        "[...document.querySelectorAll('.bd-article p')].map((p) => {"
        "const copy = p.cloneNode(true);"
        "copy.querySelectorAll('code, .math').forEach((e) => e.remove());"
        "return copy.textContent; }).join(' ')"
    )
    assert not re.search(r"\\[a-z]+\{|\$\\|\\\(", prose)


@each_page
def test_page_works_from_a_plain_file_without_a_network(
    context: BrowserContext, page: str
) -> None:
    if page == "404.html":
        pytest.skip("only a host shows it")
    context.set_offline(True)
    visit = Visit(context.new_page())
    visit.open((SITE / page).as_uri())
    visit.scroll_through()
    assert not visit.complaints
    outside = [url for url in visit.requests if not url.startswith(("file:", "data:"))]
    assert not outside
    expect(visit.page.locator("main h1:visible").first).to_be_visible()


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
    tab.set_viewport_size({"width": width, "height": HEIGHT})
    tab.goto(site + page)
    tab.wait_for_timeout(SETTLED)
    tab.evaluate("window.seen = []")
    unseen = []
    for _ in range(2000):
        tab.keyboard.press("Tab")
        if tab.evaluate("seen.includes(document.activeElement)"):
            break
        tab.evaluate("seen.push(document.activeElement)")
        if not tab.evaluate(HAS_RING):
            unseen.append(tab.evaluate("document.activeElement.outerHTML"))
    # Only now is all laid out: what comes late has to be reached as well.
    lay_out_all(tab)
    tab.wait_for_timeout(SETTLED)
    missed = tab.evaluate(STOPS)
    assert not missed
    assert not [html[:120] for html in unseen if not html.startswith("<body")]
    assert tab.evaluate(
        "seen.every((e, i) => [e, seen[i - 1] ?? e].includes(document.body)"
        " || !i || seen[i - 1].compareDocumentPosition(e) & 4)"  # 4: it follows
    )


@pytest.mark.parametrize("width", [WIDE, NARROW])
def test_links_lead_to_their_place(
    context: BrowserContext, site: str, width: int
) -> None:
    tab = context.new_page()
    tab.set_viewport_size({"width": width, "height": HEIGHT})
    tab.goto(site + FIRST_CHAPTER)
    places = tab.evaluate(
        "[...document.querySelectorAll('article :is(div.math, figure, .exercise)[id]')]"
        ".map((e) => e.id)"
    )
    assert len(places) > 5
    for place in places[::-1]:  # most is not laid out yet
        tab.evaluate("(id) => { location.hash = id; }", place)
        tab.wait_for_timeout(SETTLED)
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


def test_every_page_can_be_reached_from_the_first(
    context: BrowserContext, site: str
) -> None:
    page = context.new_page()
    waiting, reached = ["index.html"], {"index.html"}
    while waiting:
        page.goto(site + waiting.pop(), wait_until="domcontentloaded")
        links = page.evaluate("[...document.links].map((l) => l.href.split(/[#?]/)[0])")
        for link in links:
            name = link.removeprefix(site)
            if name in PAGES and name not in reached:
                reached.add(name)
                waiting.append(name)
    assert set(PAGES) - reached <= {"404.html", "genindex.html", "search.html"}


@pytest.mark.parametrize(
    ("name", "page", "part"),
    [
        ("landing", "index", "h1"),
        ("formulas", "06-backprop-numpy", "div.math"),
        ("plots", "03-learning-rate", "figure img"),
    ],
)
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [WIDE, NARROW], ids=["wide", "narrow"])
def test_screenshots_are_kept(
    context: BrowserContext,
    site: str,
    name: str,
    page: str,
    part: str,
    scheme: str,
    width: int,
) -> None:
    folder = BUILD / "screenshots"
    folder.mkdir(exist_ok=True)
    tab = context.new_page()
    tab.goto(site + ("index.html" if page == "index" else needed(page)))
    look(tab, scheme, width)
    tab.locator(part).first.evaluate("(e) => e.scrollIntoView({block: 'center'})")
    form = "wide" if width == WIDE else "narrow"
    file = folder / f"{name}-{scheme}-{form}.png"
    tab.screenshot(path=file)
    assert file.stat().st_size > 10_000
