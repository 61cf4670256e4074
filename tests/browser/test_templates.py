"""The templates of chapter 05, over which the reader lays a digit."""

import base64
import copy
import json
import re

import numpy as np
import pytest
from book import PAGES, SITE, read
from browser import NARROW, WIDE, look
from interaction import CHAPTER_OF, open_explorable
from playwright.sync_api import BrowserContext, Locator, Page, expect
from scipy.special import softmax
from writing import WRITTEN, Floats, Paper, assert_same_image, prepare

from helpers import load_digits, split_digits

pytestmark = pytest.mark.slow

NAME = "templates"

SIGNED = r"([+-][\d.]+)"
CARD = re.compile(
    rf"(\d): for {SIGNED}, against {SIGNED}, bias {SIGNED}, logit {SIGNED}, "
    r"probability ([\d.]+)"
)


@pytest.fixture
def paper(opened: Locator) -> Paper:
    return Paper(opened)


def model_of(paper: Paper) -> tuple[Floats, Floats]:
    """Return the weights (D, C) and biases (C,) that stand in the page."""
    biases = np.array(paper.data["biases"])
    weights = np.frombuffer(base64.b64decode(paper.data["weights"]), "<f4")
    return weights.astype(float).reshape(len(biases), -1).T, biases


def read_by_network(pixels: Floats) -> Floats:
    """Return what the network on the page of its chapter makes of an image, (D,)."""
    page = read(f"chapters/{CHAPTER_OF['draw-digit']}.html")
    data = json.loads(page.select_one('[data-explorable="draw-digit"] script').text)
    values = np.frombuffer(base64.b64decode(data["parameters"]), "<f2").astype(float)
    for rows, columns in data["layers"]:
        weights, values = np.split(values, [rows * columns])
        biases, values = np.split(values, [rows])
        logits = weights.reshape(rows, columns) @ pixels + biases
        pixels = np.maximum(logits, 0)
    return softmax(logits)


def check_network(paper: Paper) -> bool:
    """Compare its bars and words with NumPy; return whether the two agree."""
    p = read_by_network(paper.seen().ravel())
    chart = paper.box.get_by_role("img", name="The probabilities of the network.")
    numbers = re.findall(r"\d: ([\d.]+)", chart.get_attribute("aria-label") or "")
    assert [float(share) for share in numbers] == pytest.approx(p, abs=5.1e-4)
    best = int(p.argmax())
    agrees = f"Most likely {best}," in paper.says()
    says = "agrees" if agrees else "disagrees"
    assert paper.says().endswith(
        f" The network {says}: most likely {best}, with probability {p[best]:.3f}."
    )
    return agrees


def ask(paper: Paper) -> None:
    """Press the button, and wait for the network."""
    button = paper.box.get_by_role("button", name="Ask the network of chapter")
    button.press("Enter")
    expect(paper.box.get_by_text("Where do the two models disagree?")).to_be_visible()
    expect(paper.box.locator(".panel", has_text="The network reads")).to_be_focused()
    expect(button).to_have_count(0)


def plain(text: str) -> str:
    return text.replace("\N{MINUS SIGN}", "-")


def check(paper: Paper, pixels: Floats, source: str) -> None:
    """Compare what is told and drawn of an image, (D,), with NumPy."""
    W, b = model_of(paper)
    products = pixels[:, None] * W  # (D, C)
    logits = pixels @ W + b
    p = softmax(logits)
    terms = np.array(
        [np.maximum(products, 0).sum(0), np.minimum(products, 0).sum(0), b, logits]
    ).T  # (C, 4)
    cards = paper.box.locator(".template")
    labels = cards.locator("svg").evaluate_all(
        "(all) => all.map((it) => it.getAttribute('aria-label'))"
    )
    for k, (label, text) in enumerate(
        zip(labels, cards.all_inner_texts(), strict=True)
    ):
        found = CARD.fullmatch(plain(label))
        assert found, label
        assert int(found[1]) == k
        assert [float(it) for it in found.groups()[1:5]] == pytest.approx(
            terms[k], abs=0.0501
        )
        assert float(found[6]) == pytest.approx(p[k], abs=5.1e-4)
        shown = [float(it) for it in re.findall(r"[+-]?[\d.]+", plain(text))]
        assert shown[:2] == pytest.approx([k, p[k]], abs=5.1e-3)
        assert shown[2:] == pytest.approx(terms[k], abs=0.0501)
    best, second = np.argsort(-p)[:2]
    assert paper.says().startswith(
        f"{source}. Most likely {best}, with probability {p[best]:.3f}"
    )
    assert f"Then {second}, with probability {p[second]:.3f}" in paper.says()
    assert cards.nth(int(best)).get_attribute("class") == "template largest"
    check_marks(paper, products, int(best))


def check_marks(paper: Paper, products: Floats, k: int) -> None:
    """Check sign, place and strength of what is drawn over one template."""
    marks = paper.box.locator(".template").nth(k).locator("g:not(.backdrop) path")
    drawn = marks.evaluate_all(
        "(all) => all.map((it) => ['class', 'd', 'fill-opacity']"
        ".map((name) => it.getAttribute(name)))"
    )
    strengths = np.minimum(np.abs(products[:, k]) / paper.data["limit"], 1)
    expected = np.flatnonzero(strengths >= 0.02)
    assert len(drawn) == len(expected)
    width = paper.data["shape"][1]
    for (side, path, opacity), i in zip(drawn, expected, strict=True):
        x, y = (float(it) for it in re.findall(r"[\d.]+", path)[:2])
        height = 1 if side == "pro" else 0.55  # full, or a stripe
        assert path.endswith(f"h1v{height}h-1z")
        assert (x, y) == (i % width, pytest.approx(i // width + (1 - height) / 2))
        assert side == ("pro" if products[i, k] > 0 else "contra")
        assert float(opacity) == pytest.approx(strengths[i], abs=6e-4)


def test_browser_adds_up_what_numpy_does(paper: Paper) -> None:
    digits = load_digits()
    images = split_digits(digits).x_test[:20] / digits.pixel_max
    W, b = model_of(paper)
    found = paper.box.evaluate(
        """(box, images) => images.map((image) => box.explain(image).map(
        ({ products, pro, contra, logit, p }) =>
          [products.reduce((a, b) => a + b), pro + contra, logit, p]))""",
        images.tolist(),
    )
    logits = images @ W + b  # (20, C)
    expected = np.stack([logits - b, logits - b, logits, softmax(logits, axis=1)], -1)
    np.testing.assert_allclose(found, expected, rtol=1e-9, atol=1e-9)


def test_misread_images_get_the_probabilities_of_the_chapter(paper: Paper) -> None:
    output = paper.page.locator(".cell_output pre", has_text="with p =").first
    text = output.inner_text()
    told = re.findall(
        r"a (\d): says (\d) with p = ([\d.]+), then (\d) with p = ([\d.]+)", text
    )
    assert len(told) == 3
    for label, first, p, second, q in told:
        paper.box.get_by_role("button", name=f"{label}, not {first}").first.click()
        found = re.search(
            r"Most likely (\d), with probability ([\d.]+).*Then (\d), with probability "
            r"([\d.]+)",
            paper.says(),
        )
        assert found
        assert (found[1], found[3]) == (first, second)
        shown = [float(found[2]), float(found[4])]
        assert shown == pytest.approx([float(p), float(q)], abs=6e-3)


def test_digits_of_the_book_are_added_up(paper: Paper) -> None:
    digits = load_digits()
    images = np.frombuffer(base64.b64decode(paper.data["images"]), np.uint8)
    images = images.reshape(-1, digits.height * digits.width) / digits.pixel_max
    for digit in (0, 7):
        paper.button(str(digit)).click()
        at = paper.data["names"].index(str(digit))
        check(paper, images[at], f"A test image of {digit}, unchanged")


def test_drawings_are_added_up(paper: Paper) -> None:
    paper.button("Clear").click()
    blank = np.zeros(len(model_of(paper)[0]))
    check(paper, blank, "Nothing is drawn: each logit is its bias")
    for digit in (0, 7):
        paper.button("Clear").click()
        lines = paper.draw(WRITTEN[digit])
        assert_same_image(paper.seen(), prepare(lines, paper.data))
        check(paper, paper.seen().ravel(), "Your drawing")
        assert f"Most likely {digit}" in paper.says()


def test_a_dot_in_the_middle_costs_the_zero_as_much_with_a_ring_as_without(
    paper: Paper,
) -> None:
    """The claim of the chapter, on the page's own numbers."""
    height, width = paper.data["shape"]
    frame = np.zeros((height, width))
    frame[height // 2 - 1 : height // 2 + 1, width // 2 - 1 : width // 2 + 1] = 1
    ring = np.zeros((height, width))
    ring[1:-1, 1:-1] = 1
    ring[2:-2, 2:-2] = 0
    images = [np.zeros((height, width)), frame, ring, ring + frame]
    logits = paper.box.evaluate(
        "(box, images) => images.map((image) => box.explain(image)[0].logit)",
        [image.ravel().tolist() for image in images],
    )
    blank, dot, alone, both = logits
    assert dot < blank
    assert both - alone == pytest.approx(dot - blank)


asks_the_network = pytest.mark.skipif(
    f"chapters/{CHAPTER_OF['draw-digit']}.html" not in PAGES,
    reason="_toc.yml leaves out the chapter with the network",
)


@asks_the_network
def test_the_network_reads_the_same_digit_once_it_is_asked(
    page: Page, site: str
) -> None:
    loaded: list[str] = []
    page.on("request", lambda request: loaded.append(request.url))
    paper = Paper(open_explorable(page, site, NAME))
    assert not [url for url in loaded if "digit-network" in url]
    ask(paper)
    agree = {check_network(paper)}
    expect(paper.box.get_by_role("status").last).to_have_text(paper.says())
    for name in [*paper.data["names"], "Clear"]:
        paper.box.get_by_role("button", name=name, exact=True).first.click()
        agree.add(check_network(paper))
    for written in WRITTEN.values():
        paper.button("Clear").click()
        for number in range(len(written)):  # after each stroke
            paper.draw(written[number : number + 1])
            agree.add(check_network(paper))
    assert agree == {True, False}
    for width in (WIDE, NARROW):
        look(page, "light", width)
        assert paper.box.evaluate("(box) => box.scrollWidth <= box.clientWidth")
    assert len([url for url in loaded if "digit-network" in url]) == 1


def test_where_the_book_has_no_network_nothing_offers_it(page: Page, site: str) -> None:
    without = copy.copy(read(f"chapters/{CHAPTER_OF[NAME]}.html"))
    del without.select_one("script[src*='templates.js']")["data-network"]
    html = {"body": str(without), "content_type": "text/html"}
    page.route("**/*.html", lambda route: route.fulfill(**html))
    paper = Paper(open_explorable(page, site, NAME))
    assert "network" not in paper.box.inner_text()


@asks_the_network
def test_the_network_is_asked_on_a_page_opened_as_a_file(
    context: BrowserContext,
) -> None:
    folder = f"{SITE.as_uri()}/"
    page = context.new_page()
    paper = Paper(open_explorable(page, folder, NAME))
    ask(paper)
    check_network(paper)


@asks_the_network
def test_a_network_that_cannot_be_loaded_can_be_asked_again(
    context: BrowserContext, site: str
) -> None:
    page = context.new_page()
    paper = Paper(open_explorable(page, site, NAME))
    page.route("**/digit-network.js*", lambda route: route.abort())
    button = paper.box.get_by_role("button", name="Ask the network of chapter")
    button.click()
    expect(paper.box.locator(".readout")).to_contain_text("could not be loaded")
    page.unroute("**/digit-network.js*")
    ask(paper)
    check_network(paper)
