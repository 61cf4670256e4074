"""The paper of chapter 12, on which readers draw a digit for the network."""

import base64
import json
import re
from collections.abc import Callable, Iterator, Sequence

import nbformat
import numpy as np
import pytest
import torch
from axe_playwright_python.sync_playwright import Axe
from browser import SITE, come_to
from bs4 import BeautifulSoup, Tag
from numpy.typing import NDArray
from playwright.sync_api import Browser, BrowserContext, Locator, expect
from test_browser import (  # noqa: F401
    AXE,
    CHAPTERS,
    NARROW,
    WIDE,
    Visit,
    browser,
    context,
    look,
    site,
)

from booktools.environment import ROOT
from helpers import (
    DIGIT_SETTINGS,
    load_digits,
    make_digit_network,
    split_digits,
    train_digit_network,
)
from interactive import show_drawing

CHAPTER = "12-mlp-pytorch"
PAGE = f"chapters/{CHAPTER}.html"
BOX = "[data-explorable='draw-digit']"
LARGEST = 150_000  # bytes, on top of what explorables share
GRAIN = 4  # points in a pixel along each side
TESTED = 200  # test images

Floats = NDArray[np.float64]
Line = Sequence[tuple[float, float]]
in_browser = pytest.mark.check
needs_chapter = pytest.mark.skipif(
    CHAPTER not in CHAPTERS, reason=f"_toc.yml leaves out {CHAPTER}"
)


def arc(
    centre: tuple[float, float], radii: tuple[float, float], start: float, end: float
) -> list[tuple[float, float]]:
    """Return a part of an ellipse, with angles in degrees, clockwise from the right."""
    angles = np.radians(np.linspace(start, end, 24))
    return [
        (centre[0] + radii[0] * np.cos(a), centre[1] + radii[1] * np.sin(a))
        for a in angles
    ]


# Digits as one writes them, as shares of the paper from its top left.
WRITTEN: list[list[Line]] = [
    [arc((0.5, 0.5), (0.28, 0.4), -90, 270)],
    [[(0.35, 0.3), (0.55, 0.1), (0.55, 0.9)]],
    [[*arc((0.5, 0.32), (0.25, 0.22), -170, 30), (0.3, 0.88), (0.75, 0.88)]],
    [arc((0.47, 0.3), (0.22, 0.2), -150, 90) + arc((0.47, 0.7), (0.26, 0.2), -90, 150)],
    [[(0.35, 0.1), (0.25, 0.55), (0.75, 0.55)], [(0.62, 0.3), (0.6, 0.92)]],
    [
        [
            *[(0.72, 0.12), (0.35, 0.12), (0.33, 0.45)],
            *arc((0.47, 0.65), (0.24, 0.23), -120, 150),
        ]
    ],
    [
        [
            *[(0.62, 0.1), (0.42, 0.35), (0.33, 0.6)],
            *arc((0.5, 0.68), (0.19, 0.2), 180, -180),
        ]
    ],
    [[(0.25, 0.15), (0.75, 0.15), (0.45, 0.9)], [(0.35, 0.5), (0.68, 0.5)]],
    [arc((0.5, 0.3), (0.18, 0.19), 90, 450) + arc((0.5, 0.7), (0.22, 0.21), -90, 270)],
    [[*arc((0.5, 0.32), (0.2, 0.2), 0, -360), (0.7, 0.9)]],
]


# What the page should do, once more


def read_data() -> dict:
    html = (SITE / PAGE).read_text(encoding="utf-8")
    script = BeautifulSoup(html, "html.parser").select_one(f"{BOX} > script")
    assert script
    return json.loads(script.text)


def spread_ink(lines: Sequence[Floats], data: dict) -> Floats:
    """Return the share of each pixel that the pen covers."""
    height, width = data["shape"]
    y, x = (np.mgrid[: height * GRAIN, : width * GRAIN] + 0.5) / GRAIN
    inked = np.zeros(x.shape, bool)
    for line in lines:
        for start, end in zip(line, [*line[1:], line[-1]], strict=True):
            step = end - start
            along = (x - start[0]) * step[0] + (y - start[1]) * step[1]
            along = np.clip(along / ((step @ step) or 1), 0, 1)
            away = np.hypot(
                x - start[0] - along * step[0], y - start[1] - along * step[1]
            )
            inked |= away <= data["pen"] / 2
    return inked.reshape(height, GRAIN, width, GRAIN).mean(axis=(1, 3))


def mass_centre(image: Floats) -> Floats:
    """Return it in pixels, from the left and from the top."""
    y, x = np.mgrid[: image.shape[0], : image.shape[1]] + 0.5
    return np.array([(x * image).sum(), (y * image).sum()]) / image.sum()


def prepare(lines: Sequence[Line], data: dict) -> Floats:
    """Return the image that the network should see."""
    points = [np.asarray(line, float) for line in lines]
    low, high = np.vstack(points).min(axis=0), np.vstack(points).max(axis=0)
    scale = (data["box"] - data["pen"]) / max(*(high - low), data["pen"])
    middle = np.array(data["shape"])[::-1] / 2
    points = [(line - (low + high) / 2) * scale + middle for line in points]
    room = middle - ((high - low) * scale + data["pen"]) / 2
    missing = data["centre"][::-1] - mass_centre(spread_ink(points, data))
    shift = np.clip(missing, -room, room)
    return spread_ink([line + shift for line in points], data)


def assert_same_image(seen: Floats, expected: Floats) -> None:
    # A point on the edge of the ink may fall to either side.
    assert np.abs(seen - expected).max() <= 2 / GRAIN**2
    assert np.abs(seen - expected).mean() < 1e-3


def compute(network: torch.nn.Sequential, images: Floats) -> tuple[Floats, Floats]:
    """Return PyTorch's activations and probabilities of images, one in a row."""
    weight = network[0].weight
    with torch.no_grad():
        A = network[:2](torch.as_tensor(images).to(weight.dtype))
        P = network[2](A).softmax(dim=1)
    return A.double().numpy(), P.double().numpy()


@pytest.fixture(scope="module")
def data() -> dict:
    return read_data()


@pytest.fixture(scope="module")
def network(data: dict) -> torch.nn.Sequential:
    """Return PyTorch's network with the weights that stand in the page."""
    (H, D), (C, _) = data["layers"]
    network = make_digit_network(D, C, DIGIT_SETTINGS, seed=0)
    values = np.frombuffer(base64.b64decode(data["parameters"]), "<f2")
    parameters = list(network.parameters())
    assert [tuple(p.shape) for p in parameters] == [(H, D), (H,), (C, H), (C,)]
    parts = np.split(values, np.cumsum([p.numel() for p in parameters]))
    assert parts[-1].size == 0
    with torch.no_grad():
        for parameter, part in zip(parameters, parts, strict=False):
            parameter.copy_(torch.tensor(part.reshape(parameter.shape)))
    return network


@pytest.fixture(scope="module")
def images(data: dict) -> Floats:
    """Return test images of whichever digits the book was built with."""
    digits = load_digits()
    assert data["shape"] == [digits.height, digits.width]
    return split_digits(digits).x_test[:TESTED] / digits.pixel_max


# The page, with somebody who draws


class Paper:
    """The explorable on the open page."""

    def __init__(self, visit: Visit, data: dict) -> None:
        self.visit, self.page, self.data = visit, visit.page, data
        self.box = self.page.locator(BOX)
        self.desk = self.box.get_by_role("application")

    def seen(self) -> Floats:
        """Return the image that is shown as what the network sees."""
        greys = self.box.evaluate(
            "(box) => [...box.querySelectorAll('.ink rect')].map("
            "(cell) => Number(cell.getAttribute('fill-opacity')))"
        )
        return np.reshape(greys, self.data["shape"])

    def strokes(self) -> int:
        return self.box.locator("polyline").count()

    def says(self) -> str:
        return self.box.locator(".readout").inner_text()

    def button(self, name: str) -> Locator:
        return self.box.get_by_role("button", name=name, exact=True)

    def point(self, x: float, y: float) -> tuple[float, float]:
        """Return where on the screen a share of the paper is."""
        place = self.desk.locator("svg").bounding_box()
        assert place
        return place["x"] + x * place["width"], place["y"] + y * place["height"]

    def draw(self, lines: Sequence[Line]) -> list[list[tuple[float, float]]]:
        """Draw with the mouse; returns the lines in pixels of the image."""
        self.desk.evaluate("(desk) => desk.scrollIntoView({block: 'center'})")
        mouse = self.page.mouse
        for line in lines:
            mouse.move(*self.point(*line[0]))
            mouse.down()
            for share in line[1:]:
                mouse.move(*self.point(*share))
            mouse.up()
        height, width = self.data["shape"]
        return [[(x * width, y * height) for x, y in line] for line in lines]


@pytest.fixture
def paper(
    context: BrowserContext,  # noqa: F811
    site: str,  # noqa: F811
    data: dict,
) -> Iterator[Paper]:
    visit = Visit(context.new_page())
    visit.open(site + PAGE)
    paper = Paper(visit, data)
    come_to(paper.box)
    yield paper
    assert not visit.complaints
    assert not [url for url in visit.requests if not url.startswith((site, "data:"))]


def assert_tells(
    paper: Paper, network: torch.nn.Sequential, image: Floats, source: str
) -> None:
    """Compare the read-out, the bars and the units with PyTorch on an image."""
    (activations,), (p,) = compute(network, image.reshape(1, -1))
    second, first = np.argsort(p)[-2:]
    told = re.fullmatch(
        r"(.+)\. Most likely (\d), with probability ([\d.]+); then (\d), with "
        r"([\d.]+)\. (\d+) of the (\d+) hidden units fire\.",
        paper.says(),
    )
    assert told, paper.says()
    assert told[1] == source
    assert (int(told[2]), int(told[4])) == (first, second)
    near = pytest.approx((p[first], p[second]), abs=5.1e-4)
    assert (float(told[3]), float(told[5])) == near
    assert (int(told[6]), int(told[7])) == ((activations > 0).sum(), activations.size)

    chart = paper.box.get_by_role("img", name="The probabilities.")
    numbers = re.findall(r"(\d): ([\d.]+)", chart.get_attribute("aria-label") or "")
    assert [int(digit) for digit, _ in numbers] == list(range(len(p)))
    assert [float(share) for _, share in numbers] == pytest.approx(p, abs=5.1e-4)
    heights = chart.evaluate(
        "(svg) => [...svg.querySelectorAll('rect')].map("
        "(bar) => Number(bar.getAttribute('height')))"
    )
    assert np.divide(heights, sum(heights)) == pytest.approx(p, abs=1e-5)
    cells = paper.box.evaluate(
        "(box) => [...box.querySelectorAll('.cells rect')].map("
        "(cell) => Number(cell.getAttribute('fill-opacity')))"
    )
    shares = np.minimum(activations / paper.data["brightest"], 1)
    assert cells == pytest.approx(shares, abs=1e-5)


# In the browser


@needs_chapter
@in_browser
def test_browser_computes_what_pytorch_computes(
    paper: Paper, network: torch.nn.Sequential, images: Floats
) -> None:
    answers = paper.box.evaluate(
        "(box, images) => images.map((image) => box.classify(image))", images.tolist()
    )
    A, P = (
        np.array([answer[part] for answer in answers])
        for part in ("activations", "probabilities")
    )
    theirs_A, theirs_P = compute(network, images)
    np.testing.assert_allclose(P, theirs_P, rtol=0, atol=1e-5)
    np.testing.assert_allclose(A, theirs_A, rtol=1e-5, atol=1e-5)
    network.double()
    exact_A, exact_P = compute(network, images)
    network.float()
    np.testing.assert_allclose(P, exact_P, rtol=0, atol=1e-12)
    np.testing.assert_allclose(A, exact_A, rtol=0, atol=1e-12)


@needs_chapter
@in_browser
def test_weights_in_the_page_are_those_of_the_trained_network_rounded(
    network: torch.nn.Sequential, images: Floats
) -> None:
    digits = load_digits()
    split = split_digits(digits)
    X = torch.tensor(split.x_train / digits.pixel_max, dtype=torch.float32)
    trained = train_digit_network(X, torch.tensor(split.y_train), DIGIT_SETTINGS, 0)
    for rounded, exact in zip(network.parameters(), trained.parameters(), strict=True):
        # 11 binary digits, and what the chapter allows two devices to differ by
        torch.testing.assert_close(rounded, exact, rtol=2**-11 + 1e-3, atol=1e-3)
    _, ours = compute(network, images)
    _, theirs = compute(trained, images)
    np.testing.assert_allclose(ours, theirs, rtol=0, atol=0.01)


@needs_chapter
@in_browser
def test_network_reads_what_the_pointer_draws(
    paper: Paper, network: torch.nn.Sequential
) -> None:
    right = 0
    for digit, written in enumerate(WRITTEN):
        paper.button("Clear").click()
        lines = paper.draw(written)
        assert_same_image(paper.seen(), prepare(lines, paper.data))
        assert_tells(paper, network, paper.seen(), "Your drawing")
        right += f"Most likely {digit}," in paper.says()
    assert right >= len(WRITTEN) - 2


@needs_chapter
@in_browser
def test_keys_draw_too(paper: Paper, network: torch.nn.Sequential) -> None:
    keyboard = paper.page.keyboard
    height, width = paper.data["shape"]
    step = max(height, width) / 25
    place = np.array([width / 2, height / 2])
    paper.desk.evaluate("(desk) => desk.scrollIntoView({block: 'center'})")
    before = paper.page.evaluate("scrollY")
    paper.desk.focus()
    assert (
        paper.desk.evaluate("(desk) => getComputedStyle(desk).outlineStyle") != "none"
    )

    def press(key: str, times: int, across: int, down: int) -> list[Floats]:
        nonlocal place
        passed = [
            place := place + np.multiply((across, down), step) for _ in range(times)
        ]
        for _ in range(times):
            keyboard.press(key)
        return passed

    press("ArrowUp", 9, 0, -1)
    press("ArrowLeft", 6, -1, 0)
    assert paper.says().startswith("A test image")  # the pen is up
    keyboard.press("Space")
    line = [place, *press("ArrowRight", 12, 1, 0)]
    keyboard.down("ArrowLeft")
    line += [place := place + np.multiply((-1, 0), step)]
    line += press("ArrowDown", 8, -1, 1)  # both at once
    keyboard.up("ArrowLeft")
    line += press("ArrowDown", 8, 0, 1)
    keyboard.press("Space")
    press("ArrowUp", 3, 0, -1)

    assert paper.strokes() == 1
    assert paper.page.evaluate("scrollY") == before
    assert_same_image(paper.seen(), prepare([line], paper.data))
    assert_tells(paper, network, paper.seen(), "Your drawing")
    assert "Most likely 7" in paper.says()
    across, down = (100 * place / (width, height)).round()
    pen, answer = paper.box.get_by_role("status").all()
    expect(pen).to_have_text(
        f"Pen up, {across:.0f} % from the left, {down:.0f} % from the top."
    )
    expect(answer).to_have_text(paper.says())


@needs_chapter
@in_browser
def test_pen_stays_on_the_paper_and_is_lifted_when_one_leaves(paper: Paper) -> None:
    keyboard = paper.page.keyboard
    paper.desk.focus()
    keyboard.press("Space")
    for _ in range(30):
        keyboard.press("ArrowUp")
    pen = paper.desk.locator("circle")
    assert pen.get_attribute("cy") == "0"
    expect(pen).to_have_class("pen down")
    keyboard.press("Tab")
    expect(paper.button("Undo")).to_be_focused()
    expect(pen).to_have_class("pen")
    keyboard.press("Shift+Tab")
    keyboard.press("ArrowDown")
    assert paper.strokes() == 1


@needs_chapter
@in_browser
def test_a_finger_draws_and_does_not_scroll(
    browser: Browser,  # noqa: F811
    site: str,  # noqa: F811
    data: dict,
    network: torch.nn.Sequential,
) -> None:
    with browser.new_context(
        viewport={"width": NARROW, "height": 900}, has_touch=True, is_mobile=True
    ) as context:  # noqa: F811
        visit = Visit(context.new_page())
        visit.open(site + PAGE)
        paper = Paper(visit, data)
        paper.desk.evaluate(
            "(d) => d.scrollIntoView({block: 'center', behavior: 'instant'})"
        )
        before = visit.page.evaluate("scrollY")
        session = context.new_cdp_session(visit.page)

        def touch(kind: str, *points: tuple[float, float]) -> None:
            touches = [{"x": x, "y": y} for x, y in points]
            session.send(
                "Input.dispatchTouchEvent", {"type": kind, "touchPoints": touches}
            )

        (line,) = WRITTEN[3]
        touch("touchStart", paper.point(*line[0]))
        for share in line[1:]:
            touch("touchMove", paper.point(*share))
        touch("touchEnd")
        expect(paper.box.locator(".readout")).to_contain_text("Most likely 3")
        assert visit.page.evaluate("scrollY") == before
        height, width = data["shape"]
        lines = [[(x * width, y * height) for x, y in line]]
        # Chromium hands on touches in whole steps of the screen.
        assert np.abs(paper.seen() - prepare(lines, data)).mean() < 0.02
        assert_tells(paper, network, paper.seen(), "Your drawing")
        assert not visit.complaints


@needs_chapter
@in_browser
@pytest.mark.parametrize("digit", [2, 7, 9])
def test_where_and_how_large_one_draws_does_not_matter(
    paper: Paper, digit: int
) -> None:
    paper.draw(WRITTEN[digit])
    whole = paper.seen()
    for left, top in ((0.02, 0.03), (0.47, 0.49)):
        paper.button("Clear").click()
        paper.draw(
            [[(left + x / 2, top + y / 2) for x, y in line] for line in WRITTEN[digit]]
        )
        assert np.abs(paper.seen() - whole).mean() < 0.005
        assert paper.seen().sum() == pytest.approx(whole.sum(), rel=0.01)


@needs_chapter
@in_browser
def test_ink_fills_the_box_and_is_centred_as_far_as_it_fits(
    paper: Paper, data: dict
) -> None:
    rng = np.random.default_rng(0)
    height, width = data["shape"]
    drawings = [
        [
            (rng.random((rng.integers(1, 9), 2)) * (width, height)).tolist()
            for _ in range(rng.integers(1, 4))
        ]
        for _ in range(60)
    ]
    seen = paper.box.evaluate(
        "(box, drawings) => drawings.map((lines) => box.see(lines))", drawings
    )
    for lines, pixels in zip(drawings, seen, strict=True):
        image = np.reshape(pixels, data["shape"])
        assert_same_image(image, prepare(lines, data))
        inked = [np.flatnonzero(image.any(axis=axis)) for axis in (1, 0)]
        sides = [places[-1] - places[0] + 1 for places in inked]
        if len({tuple(point) for line in lines for point in line}) > 1:
            # The box may begin anywhere in a pixel, and ink may miss its points.
            assert data["box"] - 1 <= max(sides) <= data["box"] + 1
        off = np.abs(mass_centre(image)[::-1] - data["centre"])
        for places, side, distance in zip(inked, data["shape"], off, strict=True):
            at_the_edge = places[0] == 0 or places[-1] == side - 1
            # A straight edge falls between points, before the move and after.
            assert distance < 1 / GRAIN or at_the_edge


@needs_chapter
@in_browser
def test_a_dot_stays_a_dot_even_if_the_hand_trembles(paper: Paper, data: dict) -> None:
    paper.draw([[(0.2, 0.7)]])
    assert paper.strokes() == 1
    assert paper.says().startswith("Your drawing.")
    area = np.pi * (data["pen"] / 2) ** 2
    assert paper.seen().sum() == pytest.approx(area, rel=0.15)
    paper.button("Undo").click()
    paper.draw([[(0.2, 0.7), (0.205, 0.7)]])
    assert area < paper.seen().sum() < 2 * area


@needs_chapter
@in_browser
@pytest.mark.parametrize("by", ["pointer", "keyboard"])
def test_buttons_take_back_clear_and_show_test_images(
    paper: Paper, network: torch.nn.Sequential, by: str
) -> None:
    def use(name: str) -> None:
        button = paper.button(name)
        if by == "pointer":
            button.click()
        else:
            button.focus()
            paper.page.keyboard.press("Enter")

    four = paper.draw(WRITTEN[4])
    assert paper.strokes() == 2
    use("Undo")
    assert paper.strokes() == 1
    assert_same_image(paper.seen(), prepare(four[:1], paper.data))
    use("Undo")
    use("Undo")  # of nothing
    blank = np.zeros(paper.data["shape"])
    nothing = "Nothing is drawn, and the network has to call it something"
    assert_tells(paper, network, blank, nothing)
    paper.draw(WRITTEN[4])
    use("Clear")
    assert paper.strokes() == 0
    assert not paper.seen().any()
    assert_tells(paper, network, blank, nothing)

    digits = load_digits()
    split = split_digits(digits)
    paper.draw(WRITTEN[4])
    for digit in range(digits.n_classes):
        use(str(digit))
        assert paper.strokes() == 0
        image = split.x_test[np.argmax(split.y_test == digit)] / digits.pixel_max
        assert paper.seen().ravel() == pytest.approx(image, abs=1e-12)
        assert_tells(paper, network, image, f"A test image of {digit}, as it is")
    paper.draw(WRITTEN[4])
    assert paper.strokes() == 2


@needs_chapter
@in_browser
def test_begins_with_what_the_figure_shows(
    paper: Paper, network: torch.nn.Sequential, images: Floats, data: dict
) -> None:
    shown = data["labels"][data["shown"]]
    split = split_digits(load_digits())
    image = images[np.argmax(split.y_test == shown)]
    assert_tells(paper, network, image, f"A test image of {shown}, as it is")


@needs_chapter
@in_browser
def test_controls_have_names_order_and_instructions(paper: Paper) -> None:
    expect(paper.desk).to_have_accessible_name("Paper to draw on")
    expect(paper.desk).to_have_accessible_description(re.compile("space bar.*arrow"))
    expect(paper.box.get_by_text("space bar")).to_be_visible()
    group = paper.box.get_by_role("group", name="Or take a test image of")
    expect(group.get_by_role("button")).to_have_count(10)
    paper.desk.focus()
    reached = []
    for _ in range(12):
        paper.page.keyboard.press("Tab")
        reached.append(paper.page.evaluate("document.activeElement.textContent"))
    assert reached == ["Undo", "Clear", *map(str, range(10))]


@needs_chapter
@in_browser
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [WIDE, NARROW], ids=["wide", "narrow"])
def test_a_drawing_is_accessible_fits_and_can_be_seen(
    paper: Paper, scheme: str, width: int
) -> None:
    look(paper.page, scheme, width)
    paper.draw(WRITTEN[5])
    found = Axe().run(paper.page, context=BOX, options=AXE).response["violations"]
    assert not [
        f"{rule['id']}: {node['html'][:200]}"
        for rule in found
        for node in rule["nodes"]
    ]
    overflow = paper.box.evaluate("(box) => box.scrollWidth - box.clientWidth")
    assert overflow <= 0
    ink, ground = paper.box.evaluate(
        "(box) => [getComputedStyle(box.querySelector('.strokes')).stroke,"
        " getComputedStyle(document.body).backgroundColor]"
    )
    assert ink != ground
    moving = (
        "document.getAnimations().filter((a) => a.effect.target.closest('.explorable'))"
    )
    assert paper.page.evaluate(f"{moving}.length") == 0


@needs_chapter
@in_browser
def test_without_scripts_there_is_a_figure(
    browser: Browser,  # noqa: F811
    site: str,  # noqa: F811
) -> None:
    with browser.new_context(java_script_enabled=False) as context:  # noqa: F811
        page = context.new_page()
        page.goto(site + PAGE)
        figure = page.locator(f"{BOX} img")
        expect(figure).to_be_visible()
        assert "hidden units, of which" in (figure.get_attribute("alt") or "")
        expect(page.locator(f"{BOX} button")).to_have_count(0)


# Without one


@needs_chapter
def test_is_small_on_top_of_what_explorables_share() -> None:
    html = (SITE / PAGE).read_text(encoding="utf-8")
    box = BeautifulSoup(html, "html.parser").select_one(BOX)
    assert box
    pictures = [SITE / "chapters" / str(image["src"]) for image in box.select("img")]
    size = len(str(box).encode()) + sum(path.stat().st_size for path in pictures)
    size += (ROOT / "interactive" / "static" / "draw-digit.js").stat().st_size
    assert pictures
    assert size < LARGEST


@needs_chapter
def test_notebook_has_the_figure() -> None:
    notebook = nbformat.read(SITE / PAGE.replace(".html", ".ipynb"), as_version=4)
    (html,) = (
        output.data["text/html"]
        for cell in notebook.cells
        for output in cell.get("outputs", [])
        if "draw-digit" in output.get("data", {}).get("text/html", "")
    )
    image = BeautifulSoup(html, "html.parser").img
    assert isinstance(image, Tag)
    assert str(image["src"]).startswith("data:image/webp;base64,")
    assert "hidden units, of which" in str(image["alt"])


def give(change: Callable[[dict], object] = lambda given: None) -> dict:
    digits = load_digits()
    D, H, C = digits.images.shape[1], 3, 10
    rng = np.random.default_rng(0)
    shapes = [(H, D), (H,), (C, H), (C,)]
    given = {
        "parameters": [rng.normal(size=shape).astype(np.float16) for shape in shapes],
        "digits": digits,
        "images": digits.images[:10],
        "labels": digits.labels[:10],
        "box": digits.height - 1,
        "centre": (digits.height / 2, digits.width / 2),
        "pen": 1.5,
    }
    change(given)
    return given


def test_data_hold_every_number_as_it_was_given() -> None:
    given = give()
    html = BeautifulSoup(show_drawing(**given).data, "html.parser")
    data = json.loads(html.script.text)
    packed = np.frombuffer(base64.b64decode(data["parameters"]), "<f2")
    assert np.array_equal(
        packed, np.concatenate([p.ravel() for p in given["parameters"]])
    )
    images = np.frombuffer(base64.b64decode(data["images"]), np.uint8)
    assert np.array_equal(images, given["images"].ravel())
    assert data["labels"] == given["labels"].tolist()
    assert (data["box"], data["pen"]) == (given["box"], given["pen"])


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda g: g["parameters"].reverse(), "are not two layers"),
        (
            lambda g: g.update(parameters=[np.float32(p) for p in g["parameters"]]),
            "rounded to float16 first",
        ),
        (lambda g: g["parameters"][1].fill(np.inf), "too large for float16"),
        (lambda g: g.update(images=g["images"][:4]), "10 images of"),
        (lambda g: g.update(box=1_000), "smaller than the next"),
        (lambda g: g.update(pen=g["box"] + 1), "smaller than the next"),
    ],
)
def test_what_does_not_fit_together_is_refused(
    change: Callable[[dict], object], message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        show_drawing(**give(change))
