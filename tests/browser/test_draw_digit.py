"""The paper of chapter 14, on which readers draw a digit for the network."""

import base64
import re

import numpy as np
import pytest
import torch
from browser import NARROW, WIDE, look
from interaction import open_explorable
from playwright.sync_api import Page, expect
from writing import (
    GRAIN,
    WRITTEN,
    Floats,
    Paper,
    assert_same_image,
    mass_centre,
    prepare,
)

from helpers import (
    DIGIT_SETTINGS,
    load_digits,
    make_digit_network,
    split_digits,
)

pytestmark = pytest.mark.slow

TESTED = 200  # test images

# What the page should do, once more


def compute(network: torch.nn.Sequential, images: Floats) -> tuple[Floats, Floats]:
    """Return PyTorch's activations and probabilities of images, one in a row."""
    weight = network[0].weight
    with torch.no_grad():
        A = network[:2](torch.as_tensor(images).to(weight.dtype))
        P = network[2](A).softmax(dim=1)
    return A.double().numpy(), P.double().numpy()


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
    return Paper(open_explorable(page, site, "draw-digit"))


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
    (activations,), (p,) = compute(read_network(paper.data), image.reshape(1, -1))
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
        (read_network(paper.data), 1e-5),
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
    written = paper.draw(WRITTEN[3], by="touch")
    expect(paper.box.locator(".readout")).to_contain_text("Most likely 3")
    assert paper.page.evaluate("scrollY") == before
    expected = prepare(written, paper.data)
    # Chromium hands on touches in whole steps of the screen.
    assert np.abs(paper.seen() - expected).mean() < 0.02
    assert_tells(paper, paper.seen(), "Your drawing")


def test_buttons_take_back_clear_and_show_test_images(
    paper: Paper, images: Floats
) -> None:
    labels = split_digits(load_digits()).y_test[:TESTED].tolist()
    shown = paper.data["labels"][paper.data["shown"]]
    begins_with = images[labels.index(shown)]
    assert_tells(paper, begins_with, f"A test image of {shown}, unchanged")

    blank = np.zeros(paper.data["shape"])
    nothing = "Nothing is drawn, and the network has to call it something"
    four = paper.draw(WRITTEN[4])
    assert paper.strokes() == 2
    paper.button("Undo").click()
    assert paper.strokes() == 1
    assert_same_image(paper.seen(), prepare(four[:1], paper.data))
    paper.button("Undo").press("Enter")
    paper.button("Undo").click()  # of nothing
    assert_tells(paper, blank, nothing)
    paper.draw(WRITTEN[4])
    paper.button("Clear").click()
    assert paper.strokes() == 0
    assert not paper.seen().any()
    assert_tells(paper, blank, nothing)
    paper.draw(WRITTEN[4])
    for digit in range(10):
        paper.button(str(digit)).click()
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
