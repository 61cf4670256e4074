"""The site in Chromium, Firefox and WebKit: what readers see and do there."""

import re
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
from book import SITE
from browser import FIRST_CHAPTER, HEIGHT, KINDS, LOAD_PICTURES, PAGES, page_of, serve
from colours import TO_XYZ, linearise
from engines import ENGINES, SCREENSHOTS, ListeningHandler, Tab, open_tab
from interaction import CHAPTER_OF
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

DESK = "[role=application]"

WIDE, NARROW = 1440, 390
WIDTHS = (NARROW, 768, WIDE)
NEAR = 3  # pixels
IS_DRAWING = re.compile(r'<svg[^>]* version="')
DRAWN = [page for page in PAGES if IS_DRAWING.search((SITE / page).read_text("utf-8"))]
SHOWN = {  # on screenshots, with what to scroll to
    "landing": ("index.html", ""),
    "chapter": (FIRST_CHAPTER, ""),
    "explorable": (KINDS["explorable"], "[data-explorable]"),
}
SEVEN = [
    (0.25, 0.15),
    (0.5, 0.15),
    (0.75, 0.15),
    (0.65, 0.4),
    (0.55, 0.65),
    (0.45, 0.9),
]
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


# Explorables


class Explorable:
    """One of them, on the page of a chapter."""

    def __init__(self, tab: Tab, name: str) -> None:
        self.tab, self.box = tab, f"[data-explorable='{name}']"
        tab.open(page_of(CHAPTER_OF[name]))
        tab.wait_for("document.querySelector(arguments[0])", f"{self.box}.live")

    def part(self, selector: str) -> str:
        return f"{self.box} {selector}"

    def get(self, selector: str, name: str) -> Any:
        """Return a property of a part."""
        return self.tab.get(
            "document.querySelector(arguments[0])[arguments[1]]",
            self.part(selector),
            name,
        )

    def says(self) -> str:
        return self.get(".readout", "textContent")


@pytest.fixture
def explorable(tab: Tab) -> Callable[[str], Explorable]:
    return lambda name: Explorable(tab, name)


def test_learning_rate_follows_mouse_and_keyboard(
    explorable: Callable[[str], Explorable],
) -> None:
    descent = explorable("learning-rate")
    slider = "input[type=range]"
    limit, step = (float(descent.get(slider, name)) for name in ("max", "step"))
    said = {descent.says()}
    track = descent.part(slider)
    descent.tab.drag([descent.tab.point(track, x) for x in (0.2, 0.4, 0.6)])
    rate = float(descent.get(slider, "value"))
    assert rate == pytest.approx(0.6 * limit, rel=0.1)
    said.add(descent.says())
    for key, change in ((Keys.ARROW_LEFT, -1), (Keys.ARROW_RIGHT, 1)):
        descent.tab.press(key, key)
        rate += 2 * change * step
        assert float(descent.get(slider, "value")) == pytest.approx(rate)
        said.add(descent.says())
    assert len(said) == 3


def test_steps_of_backpropagation_follow_mouse_and_keyboard(
    explorable: Callable[[str], Explorable],
) -> None:
    graph = explorable("backpropagation")
    previous, following = (f".buttons button:nth-child({n})" for n in (1, 2))

    def step() -> int:
        return int(graph.get("input[type=range]", "value"))

    first, texts = step(), {graph.get(".step", "textContent")}
    graph.tab.click(graph.part(following))
    assert step() == first + 1
    texts.add(graph.get(".step", "textContent"))
    graph.tab.press(Keys.ENTER)
    graph.tab.press(Keys.SPACE)
    assert step() == first + 3
    texts.add(graph.get(".step", "textContent"))
    graph.tab.click(graph.part(previous))
    assert step() == first + 2
    graph.tab.click(graph.part("input[type=range]"))
    middle = step()
    graph.tab.press(Keys.ARROW_RIGHT)
    assert step() == middle + 1 > 3
    assert len(texts) == 3


def test_numbers_of_the_example_follow_mouse_and_keyboard(
    explorable: Callable[[str], Explorable],
) -> None:
    example = explorable("one-example")
    weight = "[aria-label='weight w₂']"

    def value() -> int:
        return int(example.get(weight, "ariaValueNow"))

    first, said = value(), {example.says()}
    x, y = example.tab.point(example.part(f"{weight} rect"))
    example.tab.drag([(x, y), (x - 20, y), (x - 41, y)])
    assert value() == first - 2
    said.add(example.says())
    example.tab.press(Keys.ARROW_RIGHT)
    assert value() == first - 1
    said.add(example.says())
    example.tab.click(example.part(".buttons button:nth-child(2)"))
    said.add(example.says())
    assert len(said) == 4


def test_expression_follows_mouse_and_keyboard(
    explorable: Callable[[str], Explorable],
) -> None:
    typed = explorable("expression")
    tab, said = typed.tab, {typed.says()}
    tab.click(typed.part("input.source"))
    tab.press(Keys.END, " ", "+", "b")
    assert "a holds" in typed.says()
    said.add(typed.says())
    tab.click(typed.part(".walks label:nth-of-type(4)"))
    said.add(typed.says())
    tab.press(Keys.ARROW_DOWN)
    assert typed.get(".walks label:nth-of-type(5) input", "checked")
    said.add(typed.says())
    tab.click(typed.part(".buttons button:nth-child(2)"))
    said.add(typed.says())
    tab.press(Keys.ENTER)
    said.add(typed.says())
    assert len(said) == 6


def test_digit_is_drawn_by_mouse_and_keyboard(
    explorable: Callable[[str], Explorable],
) -> None:
    paper = explorable("draw-digit")
    tab = paper.tab
    tab.drag([tab.point(paper.part(f"{DESK} svg"), *place) for place in SEVEN])
    assert "Your drawing. Most likely 7" in paper.says()
    tab.click(paper.part("button:nth-of-type(2)"))
    assert "Nothing is drawn" in paper.says()
    tab.run("document.querySelector(arguments[0]).focus()", paper.part(DESK))
    tab.press(*9 * [Keys.ARROW_UP], *6 * [Keys.ARROW_LEFT], Keys.SPACE)
    tab.press(*12 * [Keys.ARROW_RIGHT])
    tab.press(*8 * [Keys.ARROW_DOWN, Keys.ARROW_LEFT], *8 * [Keys.ARROW_DOWN])
    assert "Your drawing. Most likely 7" in paper.says()


@pytest.mark.parametrize("name", ["race", "boundary"])
def test_point_in_the_plane_follows_mouse_and_keyboard(
    explorable: Callable[[str], Explorable], name: str
) -> None:
    shown = explorable(name)
    tab, point = shown.tab, shown.part(".stage:not([hidden]) .handle")

    def state() -> tuple[str, ...]:
        text = tab.get(
            "document.querySelector(arguments[0]).getAttribute('aria-valuetext')", point
        )
        return text, shown.get(".controls", "textContent")

    seen = [state()]
    x, y = tab.point(point)
    tab.drag([(x, y), (x + 20, y - 10), (x + 40, y - 20)])
    seen.append(state())
    for key in (Keys.ARROW_LEFT, Keys.ARROW_UP):
        tab.press(key)
        seen.append(state())
    for what in zip(*seen, strict=True):  # where it is, and what is said of it
        assert len(set(what)) == 4


def test_playground_trains_by_mouse_and_keyboard(
    explorable: Callable[[str], Explorable],
) -> None:
    play = explorable("playground")
    tab = play.tab

    def says() -> str:
        return play.get(".losses", "textContent")

    said = [says()]
    assert "epoch0" in said[0]
    tab.click(play.part(".controls button:nth-of-type(2)"))
    said.append(says())
    tab.press(Keys.ENTER)
    said.append(says())
    assert "epoch2" in said[-1]
    tab.click(play.part(".depth button:nth-of-type(2)"))
    tab.press(Keys.TAB, Keys.TAB, Keys.ENTER)  # one unit more in the first layer
    assert play.get(".heads div:nth-child(2)", "textContent").startswith("4 units")
    assert play.get(".heads div:nth-child(3)", "textContent").startswith("3 units")
    said.append(says())
    assert len(set(said)) == 4


def test_batch_below_the_roofline_follows_mouse_and_keyboard(
    explorable: Callable[[str], Explorable],
) -> None:
    layer = explorable("roofline")
    tab, slider = layer.tab, "input[type=range]"
    plot = layer.part(".stage:last-child svg")
    tab.drag([tab.point(plot, x, 0.5) for x in (0.4, 0.6, 0.8)])
    index = int(layer.get(slider, "value"))
    assert 12 < index < 20  # at 0.2 is one example, at 0.97 are 4096
    said = {layer.says()}
    tab.run("document.querySelector(arguments[0]).focus()", layer.part(slider))
    for key, change in ((Keys.ARROW_LEFT, -1), (Keys.HOME, -index + 1)):
        tab.press(key)
        index += change
        assert int(layer.get(slider, "value")) == index
        said.add(layer.says())
    tab.click(layer.part("fieldset label:last-child"))
    said.add(layer.says())
    assert len(said) == 4


def test_a_wrong_line_is_chosen_by_mouse_and_keyboard(tab: Tab) -> None:
    tab.open(page_of("24-museum-of-bugs"))
    tab.wait_for("document.querySelector(arguments[0])", ".verdict")
    verdict = "document.querySelector('.verdict p').textContent"
    said = {tab.get(verdict)}
    tab.click(".spot-the-line pre > button:nth-of-type(2)")
    said.add(tab.get(verdict))
    tab.press(Keys.HOME)
    tab.press(*4 * [Keys.ARROW_DOWN], Keys.ENTER)
    said.add(tab.get(verdict))
    assert len(said) == 3
    assert tab.get(verdict).startswith("Right.")
    assert tab.get("document.querySelector('details.cause').open")
    tab.click("details.cause > summary")
    assert not tab.get("document.querySelector('details.cause').open")


def test_digit_is_laid_over_the_templates_by_mouse_and_keyboard(
    explorable: Callable[[str], Explorable],
) -> None:
    paper = explorable("templates")
    tab = paper.tab
    tab.drag([tab.point(paper.part(f"{DESK} svg"), *place) for place in SEVEN])
    assert "Your drawing. Most likely 7" in paper.says()
    drawn = paper.get(".template:nth-child(8)", "innerHTML")
    tab.run("document.querySelector(arguments[0]).focus()", paper.part(DESK))
    tab.press(Keys.SPACE, Keys.ARROW_RIGHT, Keys.SPACE)
    assert paper.get(".template:nth-child(8)", "innerHTML") != drawn


def test_cells_of_the_confusion_matrix_open_by_mouse_and_keyboard(
    explorable: Callable[[str], Explorable],
) -> None:
    matrix = explorable("confusion")
    digit, reading = 8, 3
    matrix.tab.click(
        matrix.part(
            f"tbody tr:nth-child({digit + 1}) td:nth-child({reading + 2}) button"
        )
    )
    assert matrix.get(".cell-name", "textContent") == f"{digit} read as {reading}"
    matrix.tab.press(*5 * [Keys.ARROW_RIGHT])
    assert matrix.get(".cell-name", "textContent") == f"{digit} read as {digit}"
    assert matrix.get(".samples", "childElementCount") == 6


def test_temperature_follows_mouse_and_keyboard(
    explorable: Callable[[str], Explorable],
) -> None:
    diagram = explorable("temperature")
    said = {diagram.says()}
    slider = diagram.part("input[type=range]")
    diagram.tab.drag([diagram.tab.point(slider, x) for x in (0.4, 0.6, 0.8)])
    at = int(diagram.get("input[type=range]", "value"))
    assert at == pytest.approx(0.8 * int(diagram.get("input", "max")), abs=2)
    said.add(diagram.says())
    diagram.tab.press(Keys.ARROW_LEFT)
    assert int(diagram.get("input[type=range]", "value")) == at - 1
    said.add(diagram.says())
    curve = diagram.part(".stage:nth-child(2) svg")
    diagram.tab.drag([diagram.tab.point(curve, x, 0.4) for x in (0.3, 0.4, 0.5)])
    said.add(diagram.says())
    assert len(said) == 4


# Predictions


def test_predictions_are_made_by_mouse_and_keyboard_and_kept(tab: Tab) -> None:
    def verdict(number: int) -> str:
        line = "document.querySelector(arguments[0])?.textContent"
        return tab.get(line, f"[data-prediction=prediction-{number}][open] .verdict")

    tab.open(FIRST_CHAPTER)
    tab.run("localStorage.clear()")
    tab.open(FIRST_CHAPTER)
    figure = tab.get("document.querySelector('[data-prediction] figure').id")
    seen = "document.getElementById(arguments[0]).checkVisibility()"
    assert not tab.get(seen, figure)
    tab.run("location.hash = arguments[0]", figure)
    tab.wait_for(seen, figure)  # but nothing has been predicted
    tab.click("#prediction-1 label:nth-of-type(2)")
    tab.click("#prediction-1 button")
    assert "local search" in verdict(1)
    tab.click("#prediction-3 input")
    tab.press(*"it diverges", Keys.ENTER)
    assert "it diverges" in verdict(3)
    tab.open(FIRST_CHAPTER)
    assert [verdict(2), "it diverges" in verdict(3)] == [None, True]


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
