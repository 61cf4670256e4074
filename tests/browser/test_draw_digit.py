"""The paper of chapter 14, on which readers draw a digit for the network."""

import base64
import re
from collections.abc import Sequence

import numpy as np
import pytest
import torch
from browser import NARROW, WIDE, look
from interaction import data_of, open_explorable
from numpy.typing import NDArray
from playwright.sync_api import Locator, Page, expect

from helpers import (
    DIGIT_SETTINGS,
    load_digits,
    make_digit_network,
    split_digits,
)

pytestmark = pytest.mark.slow

GRAIN = 4  # points in a pixel along each side
TESTED = 200  # test images

Floats = NDArray[np.float64]
Line = Sequence[tuple[float, float]]


def arc(
    centre: tuple[float, float], radii: tuple[float, float], start: float, end: float
) -> list[tuple[float, float]]:
    """Return a part of an ellipse, with angles in degrees, clockwise from the right."""
    angles = np.radians(np.linspace(start, end, 24))
    return [
        (centre[0] + radii[0] * np.cos(a), centre[1] + radii[1] * np.sin(a))
        for a in angles
    ]


# Handwritten digits, as fractions of the paper from its top left.
WRITTEN: dict[int, list[Line]] = {
    0: [arc((0.5, 0.5), (0.28, 0.4), -90, 270)],
    1: [[(0.35, 0.3), (0.55, 0.1), (0.55, 0.9)]],
    3: [
        arc((0.47, 0.3), (0.22, 0.2), -150, 90)
        + arc((0.47, 0.7), (0.26, 0.2), -90, 150)
    ],
    4: [[(0.35, 0.1), (0.25, 0.55), (0.75, 0.55)], [(0.62, 0.3), (0.6, 0.92)]],
    7: [[(0.25, 0.15), (0.75, 0.15), (0.45, 0.9)], [(0.35, 0.5), (0.68, 0.5)]],
}


# What the page should do, once more


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


# The page, with a reader who draws


class Paper:
    """The explorable on the open page."""

    def __init__(self, page: Page, box: Locator) -> None:
        self.page, self.box, self.data = page, box, data_of(box)
        self.desk = box.get_by_role("application")
        self.network = read_network(self.data)

    def seen(self) -> Floats:
        """Return the image that is shown as what the network sees."""
        return np.reshape(self.shades("ink"), self.data["shape"])

    def shades(self, part: str) -> list[float]:
        """Return how dark each cell of a grid is shown, from 0 to 1."""
        cells = self.box.locator(f".{part} rect")
        return cells.evaluate_all(
            "(cells) => cells.map((c) => Number(c.getAttribute('fill-opacity')))"
        )

    def strokes(self) -> int:
        return self.box.locator("polyline").count()

    def says(self) -> str:
        return self.box.locator(".readout").inner_text()

    def button(self, name: str) -> Locator:
        return self.box.get_by_role("button", name=name, exact=True)

    def centre(self) -> None:
        """Scroll so that all of the paper is on the screen."""
        self.desk.evaluate(
            "(d) => d.scrollIntoView({block: 'center', behavior: 'instant'})"
        )

    def point(self, x: float, y: float) -> tuple[float, float]:
        """Return where on the screen a share of the paper is."""
        place = self.desk.locator("svg").bounding_box()
        assert place
        return place["x"] + x * place["width"], place["y"] + y * place["height"]

    def in_pixels(self, lines: Sequence[Line]) -> list[list[tuple[float, float]]]:
        height, width = self.data["shape"]
        return [[(x * width, y * height) for x, y in line] for line in lines]

    def draw(self, lines: Sequence[Line]) -> list[list[tuple[float, float]]]:
        """Draw with the mouse; returns the lines in pixels of the image."""
        self.centre()
        mouse = self.page.mouse
        for line in lines:
            mouse.move(*self.point(*line[0]))
            mouse.down()
            for share in line[1:]:
                mouse.move(*self.point(*share))
            mouse.up()
        return self.in_pixels(lines)


def read_network(data: dict) -> torch.nn.Sequential:
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


@pytest.fixture
def paper(page: Page, site: str) -> Paper:
    return Paper(page, open_explorable(page, site, "draw-digit"))


def test_nothing_of_it_is_cut_off_or_scrolls(paper: Paper) -> None:
    assert not paper.box.evaluate(
        "(box) => [...box.querySelectorAll('div')].filter((part) =>"
        " getComputedStyle(part).overflowX !== 'visible'"
        " && part.scrollWidth > part.clientWidth).map((part) => part.className)"
    )


@pytest.fixture
def images(paper: Paper) -> Floats:
    """Return test images of whichever digits the book was built with."""
    digits = load_digits()
    assert paper.data["shape"] == [digits.height, digits.width]
    return split_digits(digits).x_test[:TESTED] / digits.pixel_max


def assert_tells(paper: Paper, image: Floats, source: str) -> None:
    """Compare the read-out, the bars and the units with PyTorch on an image."""
    (activations,), (p,) = compute(paper.network, image.reshape(1, -1))
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
    shares = np.minimum(activations / paper.data["brightest"], 1)
    assert paper.shades("cells") == pytest.approx(shares, abs=1e-5)


# What it computes


def test_browser_computes_what_pytorch_computes(paper: Paper, images: Floats) -> None:
    answers = paper.box.evaluate(
        "(box, images) => images.map((image) => box.classify(image))", images.tolist()
    )
    A, P = (
        np.array([answer[part] for answer in answers])
        for part in ("activations", "probabilities")
    )
    for network, tolerance in (
        (paper.network, 1e-5),
        (read_network(paper.data).double(), 1e-12),
    ):
        theirs_A, theirs_P = compute(network, images)
        np.testing.assert_allclose(P, theirs_P, rtol=0, atol=tolerance)
        np.testing.assert_allclose(A, theirs_A, rtol=tolerance, atol=tolerance)


def test_ink_fills_the_box_and_is_centred_wherever_and_however_large_one_draws(
    paper: Paper,
) -> None:
    data, rng = paper.data, np.random.default_rng(0)
    height, width = data["shape"]
    drawings = [
        [
            rng.random((rng.integers(1, 9), 2)) * (width, height)
            for _ in range(rng.integers(1, 4))
        ]
        for _ in range(60)
    ]

    def see(scale: float, left: float, top: float) -> Floats:
        moved = [
            [(line * scale + (left, top)).tolist() for line in lines]
            for lines in drawings
        ]
        return np.reshape(
            paper.box.evaluate(
                "(box, all) => all.map((lines) => box.see(lines))", moved
            ),
            (len(drawings), height, width),
        )

    seen, small = see(1, 0, 0), see(0.5, 0.47 * width, 0.49 * height)
    for lines, image, again in zip(drawings, seen, small, strict=True):
        assert_same_image(image, prepare(lines, data))
        inked = [np.flatnonzero(image.any(axis=axis)) for axis in (1, 0)]
        sides = [places[-1] - places[0] + 1 for places in inked]
        longest = np.ptp(np.vstack(lines), axis=0).max()
        if longest:  # and not a dot
            # The box may begin anywhere in a pixel, and ink may miss its points.
            assert data["box"] - 1 <= max(sides) <= data["box"] + 1
        if longest > 2 * data["pen"]:  # what is smaller stays small
            assert np.abs(image - again).mean() < 0.005
        off = np.abs(mass_centre(image)[::-1] - data["centre"])
        for places, side, distance in zip(inked, data["shape"], off, strict=True):
            at_the_edge = places[0] == 0 or places[-1] == side - 1
            # A straight edge falls between points, before the move and after.
            assert distance < 1 / GRAIN or at_the_edge


# Drawing


def test_network_reads_what_the_pointer_draws(paper: Paper) -> None:
    right = 0
    for digit, written in WRITTEN.items():
        paper.button("Clear").click()
        lines = paper.draw(written)
        assert_same_image(paper.seen(), prepare(lines, paper.data))
        assert_tells(paper, paper.seen(), "Your drawing")
        right += f"Most likely {digit}," in paper.says()
    assert right >= len(WRITTEN) - 1
    for scheme in ("light", "dark"):
        look(paper.page, scheme, WIDE)
        ink, ground = paper.box.evaluate(
            "(box) => [getComputedStyle(box.querySelector('.strokes')).stroke,"
            " getComputedStyle(document.body).backgroundColor]"
        )
        assert ink != ground


def test_a_dot_stays_a_dot_even_if_the_hand_trembles(paper: Paper) -> None:
    paper.draw([[(0.2, 0.7)]])
    assert paper.strokes() == 1
    assert paper.says().startswith("Your drawing.")
    area = np.pi * (paper.data["pen"] / 2) ** 2
    assert paper.seen().sum() == pytest.approx(area, rel=0.15)
    paper.button("Undo").click()
    paper.draw([[(0.2, 0.7), (0.205, 0.7)]])
    assert area < paper.seen().sum() < 2 * area


def test_keys_draw_too(paper: Paper) -> None:
    keyboard = paper.page.keyboard
    height, width = paper.data["shape"]
    step = max(height, width) / 25
    place = np.array([width / 2, height / 2])
    paper.centre()
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
    assert_tells(paper, paper.seen(), "Your drawing")
    assert "Most likely 7" in paper.says()
    across, down = (100 * place / (width, height)).round()
    pen, answer = paper.box.get_by_role("status").all()
    expect(pen).to_have_text(
        f"Pen up, {across:.0f}% from the left, {down:.0f}% from the top."
    )
    expect(answer).to_have_text(paper.says())


def test_pen_stays_on_the_paper_and_is_lifted_when_one_leaves(paper: Paper) -> None:
    keyboard = paper.page.keyboard
    paper.desk.focus()
    keyboard.press("Space")
    for _ in range(30):
        keyboard.press("ArrowUp")
    pen = paper.desk.locator("path.pen")
    assert re.fullmatch(r"translate\([\d.]+,0\)", str(pen.get_attribute("transform")))
    expect(pen).to_have_class("pen down")
    keyboard.press("Tab")
    expect(paper.button("Undo")).to_be_focused()
    expect(pen).to_have_class("pen")
    keyboard.press("Shift+Tab")
    keyboard.press("ArrowDown")
    assert paper.strokes() == 1


def test_a_finger_draws_and_does_not_scroll(paper: Paper) -> None:
    look(paper.page, "light", NARROW)
    paper.centre()
    before = paper.page.evaluate("scrollY")
    session = paper.page.context.new_cdp_session(paper.page)

    def touch(kind: str, *points: tuple[float, float]) -> None:
        touches = [{"x": x, "y": y} for x, y in points]
        session.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": touches})

    (line,) = WRITTEN[3]
    touch("touchStart", paper.point(*line[0]))
    for share in line[1:]:
        touch("touchMove", paper.point(*share))
    touch("touchEnd")
    expect(paper.box.locator(".readout")).to_contain_text("Most likely 3")
    assert paper.page.evaluate("scrollY") == before
    expected = prepare(paper.in_pixels([line]), paper.data)
    # Chromium hands on touches in whole steps of the screen.
    assert np.abs(paper.seen() - expected).mean() < 0.02
    assert_tells(paper, paper.seen(), "Your drawing")


def test_buttons_take_back_clear_and_show_test_images(
    paper: Paper, images: Floats
) -> None:
    def click(name: str) -> None:
        paper.button(name).click()

    def press(name: str) -> None:
        paper.button(name).focus()
        paper.page.keyboard.press("Enter")

    labels = split_digits(load_digits()).y_test[:TESTED].tolist()
    shown = paper.data["labels"][paper.data["shown"]]
    begins_with = images[labels.index(shown)]
    assert_tells(paper, begins_with, f"A test image of {shown}, unchanged")

    blank = np.zeros(paper.data["shape"])
    nothing = "Nothing is drawn, and the network has to call it something"
    for use in (click, press):
        four = paper.draw(WRITTEN[4])
        assert paper.strokes() == 2
        use("Undo")
        assert paper.strokes() == 1
        assert_same_image(paper.seen(), prepare(four[:1], paper.data))
        use("Undo")
        use("Undo")  # of nothing
        assert_tells(paper, blank, nothing)
        paper.draw(WRITTEN[4])
        use("Clear")
        assert paper.strokes() == 0
        assert not paper.seen().any()
        assert_tells(paper, blank, nothing)
        paper.draw(WRITTEN[4])
        for digit in range(10):
            use(str(digit))
            assert paper.strokes() == 0
            image = images[labels.index(digit)]
            assert paper.seen().ravel() == pytest.approx(image, abs=1e-12)
            assert_tells(paper, image, f"A test image of {digit}, unchanged")


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
