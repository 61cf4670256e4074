"""The explorables in a real browser, beside the same computed in Python."""

import json
import re
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import nbformat
import numpy as np
import pytest
from axe_playwright_python.sync_playwright import Axe
from browser import SITE, come_to, note_complaints, serve, start_browser
from bs4 import BeautifulSoup
from docutils import nodes
from playwright.sync_api import Browser, Locator, Page, ViewportSize, expect
from test_browser import AXE, CHAPTERS, NARROW, WIDE

from booktools.environment import ROOT
from booktools.sphinx import explorables
from helpers import draw_weights, load_petal_data, make_line_data

pytestmark = pytest.mark.check

SIZE: ViewportSize = {"width": WIDE, "height": 900}
MOST = 150_000  # bytes of one explorable, on top of what all pages share
LINE_PAGES = ("01-gradient-descent", "03-learning-rate")
NUMBER = r"([\d.]+(?:e[+-]?\d+)?)"
OBSERVED = re.compile(
    rf"after (\d+) updates the distance is {NUMBER} "
    rf"\(after \d+: {NUMBER}\), the loss {NUMBER}\."
)


def pages_with_explorables() -> list[tuple[str, str]]:
    return [
        (chapter, name)
        for chapter in CHAPTERS
        for name in re.findall(
            r'data-explorable="([^"]+)"',
            (SITE / "chapters" / f"{chapter}.html").read_text(encoding="utf-8"),
        )
    ]


each_explorable = pytest.mark.parametrize(("chapter", "name"), pages_with_explorables())
each_line_page = pytest.mark.parametrize(
    "chapter", [chapter for chapter in LINE_PAGES if chapter in CHAPTERS]
)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with start_browser() as browser:
        yield browser


@pytest.fixture(scope="module")
def site() -> Iterator[str]:
    with serve() as address:
        yield address


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """A page that may complain of nothing while it is used."""
    with browser.new_context(viewport=SIZE, has_touch=True) as context:
        context.set_default_timeout(15_000)
        page = context.new_page()
        complaints = note_complaints(page)
        yield page
        assert not complaints


def open_explorable(page: Page, site: str, chapter: str, name: str) -> Locator:
    page.goto(f"{site}chapters/{chapter}.html")
    box = page.locator(f'[data-explorable="{name}"]')
    expect(box).to_have_class(re.compile("live"))
    come_to(box)
    return box


def data_of(box: Locator) -> dict[str, Any]:
    return json.loads(box.locator("script").text_content() or "")


def set_slider(slider: Locator, value: float) -> None:
    slider.evaluate(
        "(s, value) => { s.value = value; s.dispatchEvent(new Event('input')); }", value
    )


# The learning rate


def walk(
    rate: float, momentum: float, size: int, orders: list[list[int]], updates: int
) -> np.ndarray:
    """Return the parameters after each update, as chapters 01 and 03 define it."""
    line = make_line_data()
    X = np.hstack([np.ones_like(line.x_train), line.x_train])
    rng = np.random.RandomState(42)
    theta = np.array([rng.randn(1)[0], rng.randn(1)[0]])
    velocity, path = np.zeros(2), [theta]
    while len(path) <= updates:
        for order in orders:
            for first in range(0, len(X), size):
                some = order[first : first + size]
                residual = X[some] @ theta - line.y_train.ravel()[some]
                velocity = momentum * velocity + 2 / len(some) * X[some].T @ residual
                theta = theta - rate * velocity
                path.append(theta)
    return np.array(path[: updates + 1])


def expected_observation(path: np.ndarray) -> tuple[float, float, float]:
    line = make_line_data()
    X = np.hstack([np.ones_like(line.x_train), line.x_train])
    bottom, *_ = np.linalg.lstsq(X, line.y_train.ravel(), rcond=None)
    last, half = (np.linalg.norm(path[i] - bottom) for i in (-1, len(path) // 2))
    loss = np.mean((X @ path[-1] - line.y_train.ravel()) ** 2)
    return float(last), float(half), float(loss)


def check_observation(box: Locator, path: np.ndarray) -> None:
    said = box.locator(".readout").inner_text()
    found = OBSERVED.search(said)
    assert found, said
    assert int(found[1]) == len(path) - 1
    shown = [float(number) for number in found.groups()[1:]]
    expected = [as_shown(number) for number in expected_observation(path)]
    # Near the bottom rounding is all there is.
    assert shown == pytest.approx(expected, rel=1e-9, abs=1e-12)


def as_shown(number: float) -> float:
    """Round a number as the page does."""
    return float(f"{number:.1e}" if not 1e-3 <= number < 1e4 else f"{number:.3g}")


def curvatures() -> np.ndarray:
    line = make_line_data()
    X = np.hstack([np.ones_like(line.x_train), line.x_train])
    return np.linalg.eigvalsh(2 / len(X) * X.T @ X)


@each_line_page
def test_learning_rate_moves_by_keyboard_pointer_and_touch(
    page: Page, site: str, chapter: str
) -> None:
    box = open_explorable(page, site, chapter, "learning-rate")
    data = data_of(box)
    slider = box.get_by_label("learning rate")

    def check() -> float:
        rate = float(slider.input_value())
        full = walk(rate, 0, len(data["x"]), data["orders"], data["updates"])
        check_observation(box, full)
        assert slider.get_attribute("aria-valuetext") == f"{rate:.3f}"
        return rate

    assert check() == data["rates"]["value"]
    slider.focus()
    for _ in range(10):
        page.keyboard.press("ArrowRight")
    assert check() == pytest.approx(0.15)
    page.keyboard.press("End")
    assert check() == data["rates"]["max"]
    track = slider.bounding_box()
    assert track
    x, y = track["x"] + track["width"] / 3, track["y"] + track["height"] / 2
    page.mouse.click(x, y)
    third = check()
    assert third == pytest.approx(data["rates"]["max"] / 3, abs=0.03)
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x + track["width"] / 3, y, steps=5)
    page.mouse.up()
    assert check() > 1.7 * third
    page.touchscreen.tap(x, y)
    assert check() == pytest.approx(third, abs=0.03)


@each_line_page
def test_the_walk_leads_away_exactly_above_the_predicted_limit(
    page: Page, site: str, chapter: str
) -> None:
    box = open_explorable(page, site, chapter, "learning-rate")
    data = data_of(box)
    most = data["momenta"]["max"]
    momenta = np.arange(0, most + 0.01, 0.15) if most else [0.0]
    for momentum in momenta:
        if most:
            set_slider(box.get_by_label("momentum"), momentum)
        limit = 2 * (1 + momentum) / curvatures().max()
        assert f"limit {limit:.4f}" == box.locator(".limit").text_content()
        said = box.evaluate(
            """(box) => {
              const slider = box.querySelector("input");
              const said = [];
              for (let i = 0; ; i++) {
                slider.value = Number(slider.min) + i * slider.step;
                slider.dispatchEvent(new Event("input"));
                const text = box.querySelector(".readout").textContent;
                said.push([Number(slider.value), text]);
                if (slider.value === slider.max) return said;
              }
            }"""
        )
        assert len(said) >= 200
        for rate, text in said:
            assert text.startswith("Below" if rate < limit else "Above"), (rate, limit)
            # Where nothing is left but rounding there is no way to lead.
            way = "towards" if rate < limit else "away from"
            assert f"The walk leads {way} the bottom." in text, (momentum, rate, text)


@each_line_page
def test_the_predicted_factor_is_that_of_the_slowest_direction(
    page: Page, site: str, chapter: str
) -> None:
    box = open_explorable(page, site, chapter, "learning-rate")
    momenta = (0, 0.35, 0.9) if data_of(box)["momenta"]["max"] else (0,)
    for momentum in momenta:
        for rate in (0.02, 0.44, 0.8, 0.95):
            set_slider(box.get_by_label("learning rate"), rate)
            if momentum:
                set_slider(box.get_by_label("momentum"), momentum)
            roots = [
                np.abs(np.roots([1, -(1 + momentum - rate * curvature), momentum]))
                for curvature in curvatures()
            ]
            said = box.locator(".readout").inner_text()
            assert f"multiplies the error by {np.max(roots):.4f}." in said


@each_line_page
def test_examples_in_an_update_are_chosen_by_keyboard_and_by_pointer(
    page: Page, site: str, chapter: str
) -> None:
    box = open_explorable(page, site, chapter, "learning-rate")
    data = data_of(box)
    choices = box.locator("input[type=radio]")
    sizes = [batch["size"] for batch in data["batches"]]
    assert sizes == [len(data["x"]), 16, 1]
    choices.nth(0).focus()
    for number, how in ((1, "key"), (2, "key"), (0, "click"), (2, "tap"), (1, "click")):
        if how == "key":
            page.keyboard.press("ArrowDown")
        elif how == "click":
            choices.nth(number).click()
        else:
            choices.nth(number).tap()
        assert choices.nth(number).is_checked()
        path = walk(0.1, 0, sizes[number], data["orders"], data["updates"])
        check_observation(box, path)


def test_momentum_moves_by_keyboard_and_pointer(page: Page, site: str) -> None:
    if LINE_PAGES[1] not in CHAPTERS:
        pytest.skip("_toc.yml leaves out the chapter")
    box = open_explorable(page, site, LINE_PAGES[1], "learning-rate")
    data = data_of(box)
    slider = box.get_by_label("momentum")
    slider.focus()
    page.keyboard.press("PageUp")
    first = float(slider.input_value())
    slider.click()  # in the middle
    for momentum in (first, float(slider.input_value())):
        set_slider(slider, momentum)
        assert momentum > 0
        path = walk(0.1, momentum, len(data["x"]), data["orders"], data["updates"])
        check_observation(box, path)


@each_line_page
def test_path_and_losses_are_drawn_where_the_axes_say(
    page: Page, site: str, chapter: str
) -> None:
    box = open_explorable(page, site, chapter, "learning-rate")
    data = data_of(box)
    path = walk(0.1, 0, len(data["x"]), data["orders"], data["updates"])
    losses = [
        np.mean((b + w * np.array(data["x"]) - np.array(data["y"])) ** 2)
        for b, w in path
    ]
    steps = np.arange(len(path))
    for number, points in enumerate((path, np.stack([steps, losses], axis=1))):
        axes = data["axes"][number]
        svg = box.locator(".stage svg").nth(number)
        *_, width, height = map(float, (svg.get_attribute("viewBox") or "").split())
        left, top, right, bottom = np.array(axes["box"]) * [
            width,
            height,
            width,
            height,
        ]
        low, high = np.array([axes["x"], axes["y"]]).T
        if axes["logarithmic"]:
            points[:, 1], low[1], high[1] = map(np.log, (points[:, 1], low[1], high[1]))
        share = (points - low) / (high - low)
        expected = [left, bottom] + share * [right - left, top - bottom]
        drawn = svg.locator("polyline").get_attribute("points") or ""
        shown = np.array(drawn.replace(",", " ").split(), dtype=float).reshape(-1, 2)
        np.testing.assert_allclose(shown, expected, atol=1e-6)


# Backpropagation


def one_pass() -> dict[str, Any]:
    """Return every array of a forward and a backward pass, as chapter 06 has it."""
    petals = load_petal_data()
    X, Y = petals.x_train, petals.y_train
    W1, W2 = draw_weights(X.shape[1], 100, Y.shape[1])
    Z1 = X @ W1
    A = np.where(Z1 > 0, Z1, 0)
    Y_hat = A @ W2
    R = Y_hat - Y
    G = 2 * R / R.size
    back = np.where(Z1 > 0, G @ W2.T, 0)
    return {
        "X": X,
        "Y": Y,
        "W1": W1,
        "W2": W2,
        "Z1": Z1,
        "A": A,
        "Y_hat": Y_hat,
        "R": R,
        "L": np.mean(R**2),
        "grad_R": G,
        "grad_Y_hat": G,
        "grad_W2": A.T @ G,
        "grad_A": G @ W2.T,
        "grad_Z1": back,
        "grad_W1": X.T @ back,
    }


def corner_of(name: str, array: Any, unit: int) -> list[float]:
    """Return the numbers that are shown of an array."""
    if np.ndim(array) == 0:
        return [float(array)]
    by_unit = {"W1": (0, unit), "Z1": (0, unit), "A": (0, unit), "W2": (unit, 0)}
    i, j = by_unit.get(name.removeprefix("grad_"), (0, 0))
    return array[i : i + 2, j : j + 2].ravel().tolist()


@pytest.fixture
def graph(page: Page, site: str) -> Locator:
    if "06-backprop-numpy" not in CHAPTERS:
        pytest.skip("_toc.yml leaves out the chapter")
    return open_explorable(page, site, "06-backprop-numpy", "backpropagation")


def check_step(box: Locator, number: int) -> None:
    """Compare what stands beside the graph with the same computed here."""
    arrays = one_pass()
    unit = int(np.argmax(arrays["A"][0] > 0))
    name = data_of(box)["steps"][number - 1]
    way = "backward" if name.startswith("grad_") else "forward"
    assert box.locator("output").inner_text() == f"{number} of 11, {way}"
    line, derivative, shapes, numbers = box.locator("dd").all()
    assert line.inner_text().startswith(f"{name} = ")
    assert derivative.locator("svg").count() == 1
    assert shapes.inner_text().endswith(f"→ {np.shape(arrays[name])}")
    shown = [float(part) for part in re.split("[,;] ", numbers.inner_text())]
    expected = corner_of(name, arrays[name], unit)
    np.testing.assert_allclose(shown, expected, rtol=6e-3)
    now = box.locator("text.now")
    assert float(now.text_content() or "") == shown[0]
    visible = box.locator(".stage text:visible").count()
    assert visible == 4 + number  # X, Y and the weights were there before


def test_steps_go_on_and_back_by_keyboard_pointer_touch_and_slider(
    page: Page, graph: Locator
) -> None:
    following = graph.get_by_role("button", name="Next")
    previous = graph.get_by_role("button", name="Previous")
    assert previous.get_attribute("aria-disabled") == "true"
    check_step(graph, 1)
    following.focus()
    for number in range(2, 12):
        page.keyboard.press("Enter")
        check_step(graph, number)
    assert following.get_attribute("aria-disabled") == "true"
    page.keyboard.press("Enter")
    check_step(graph, 11)
    previous.click()
    check_step(graph, 10)
    previous.tap()
    check_step(graph, 9)
    slider = graph.get_by_label("step")
    slider.focus()
    page.keyboard.press("ArrowLeft")
    check_step(graph, 8)
    page.keyboard.press("Home")
    check_step(graph, 1)
    previous.click(force=True)  # it says that it is disabled
    check_step(graph, 1)


def test_each_number_stands_beside_its_own_array(graph: Locator) -> None:
    set_slider(graph.get_by_label("step"), 11)
    data = data_of(graph)
    arrays = one_pass()
    unit = int(np.argmax(arrays["A"][0] > 0))
    assert set(data["numbers"]) == set(arrays)
    for name, (text, x, y) in data["numbers"].items():
        assert float(text) == pytest.approx(
            corner_of(name, arrays[name], unit)[0], rel=6e-3
        )
        nearest = min(
            data["nodes"],
            key=lambda node: np.hypot(*np.subtract(data["nodes"][node], (x, y))),
        )
        assert nearest == name.removeprefix("grad_")


# All of them


@each_explorable
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [WIDE, NARROW])
def test_is_accessible_once_it_has_been_moved(
    page: Page, site: str, chapter: str, name: str, scheme: str, width: int
) -> None:
    page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
    page.set_viewport_size({"width": width, "height": 900})
    box = open_explorable(page, site, chapter, name)
    for slider in box.locator("input[type=range]").all():
        slider.focus()
        page.keyboard.press("End")
    found = Axe().run(page, context=f'[data-explorable="{name}"]', options=AXE).response
    assert not found["violations"]
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    said = box.locator("[role=status]").filter(has_text=re.compile(r"\S"))
    expect(said).to_have_count(1)


@each_explorable
def test_weighs_little(page: Page, site: str, chapter: str, name: str) -> None:
    box = open_explorable(page, site, chapter, name)
    own = (ROOT / "interactive" / "static" / f"{name}.js").stat().st_size
    own += len(box.locator("script").text_content() or "")
    source = (SITE / "chapters" / f"{chapter}.html").read_text(encoding="utf-8")
    begin = source.index(f'data-explorable="{name}"')
    pictures = re.findall(
        r'src="([^"]+)"', source[begin : source.index("<script", begin)]
    )
    assert pictures
    own += sum((SITE / "chapters" / path).stat().st_size for path in pictures)
    own += (ROOT / "interactive" / "static" / "shared.js").stat().st_size
    assert own <= MOST, f"{own} bytes"


@each_explorable
def test_is_a_figure_where_there_are_no_scripts(
    browser: Browser, site: str, chapter: str, name: str
) -> None:
    with browser.new_context(java_script_enabled=False) as context:
        page = context.new_page()
        page.goto(f"{site}chapters/{chapter}.html")
        box = page.locator(f'[data-explorable="{name}"]')
        figure = box.locator("img:visible")
        expect(figure).to_have_count(1)
        assert len(figure.get_attribute("alt") or "") > 100
        assert box.locator("input, button").count() == 0
        if name == "backpropagation":
            table = page.locator(".cell_output table", has_text="grad_W1")
            expect(table).to_be_visible()


@pytest.mark.parametrize("chapter", CHAPTERS)
def test_only_pages_with_explorables_load_their_scripts(
    page: Page, site: str, chapter: str
) -> None:
    loaded = []
    page.on("request", lambda request: loaded.append(request.url.split("?")[0]))
    page.goto(f"{site}chapters/{chapter}.html")
    names = {name for page, name in pages_with_explorables() if page == chapter}
    scripts = {path.stem for path in (ROOT / "explorables").glob("*.js")}
    found = {url.rsplit("/", 1)[1].removesuffix(".js") for url in loaded}
    assert found & scripts == (names | {"shared"} if names else set())


@pytest.mark.parametrize(
    "chapter", sorted({chapter for chapter, _ in pages_with_explorables()})
)
def test_is_a_figure_in_a_notebook(chapter: str) -> None:
    path = SITE / "chapters" / f"{chapter}.ipynb"
    outputs = [
        output["data"]["text/html"]
        for cell in nbformat.read(path, as_version=4).cells
        for output in cell.get("outputs", [])
        if "data-explorable" in output.get("data", {}).get("text/html", "")
    ]
    assert outputs
    for html in outputs:
        box = BeautifulSoup(html, "html.parser").div
        figure, *stages = box.find_all("img")
        assert figure["src"].startswith("data:image/webp;base64,")
        assert len(figure["alt"]) > 100
        assert all(stage.parent.has_attr("hidden") for stage in stages)
        assert not box.find_all(["input", "button", "svg"])
        assert [s["type"] for s in box.find_all("script")] == ["application/json"]


def test_the_book_as_one_page_loads_no_scripts_of_explorables() -> None:
    added: list[str] = []
    raw = nodes.raw("", '<div data-explorable="learning-rate">', format="html")
    page = nodes.container("", raw)
    for builder, expected in (
        ("singlehtml", []),
        ("html", ["shared.js", "learning-rate.js"]),
    ):
        added.clear()
        app = SimpleNamespace(
            builder=SimpleNamespace(name=builder),
            add_js_file=lambda name, **_: added.append(name),
        )
        explorables._add_scripts(app, "page", "page.html", {}, page)
        assert added == expected
