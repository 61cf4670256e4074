"""The landing page in a browser: a descent to start, a digit that is read."""

import re

import pytest
from book import SITE
from browser import open_context, scroll_to
from interaction import drag
from playwright.sync_api import Browser, Locator, Page, expect
from writing import WRITTEN

from booktools.sphinx.landing import CLOSE, first_descent

pytestmark = pytest.mark.slow

LONGEST = 5_000  # milliseconds of movement, or there would have to be a pause button


def ball(page: Page) -> tuple[float, float]:
    """Return the parameters that the ball stands for."""
    b, w = page.locator(".descent .ball").evaluate(
        "(it) => [it.getAttribute('cx'), -it.getAttribute('cy')].map(Number)"
    )
    return b, w


def step(page: Page) -> int:
    return int(page.locator(".descent-state b").first.inner_text())


def expect_arrival(page: Page) -> None:
    """Wait until the ball is at the bottom, where it stays."""
    bottom = first_descent().bottom
    page.wait_for_function(
        f"""() => Math.hypot(...['cx', 'cy'].map((name, i) =>
        document.querySelector('.descent .ball').getAttribute(name)
        - [{bottom[0]}, {-bottom[1]}][i])) <= {CLOSE}""",
        timeout=LONGEST + 3_000,
    )


def test_the_ball_comes_down_as_the_page_opens_and_again(page: Page, site: str) -> None:
    page.goto(f"{site}index.html")
    assert step(page) < 20
    expect_arrival(page)
    last = str(len(first_descent().path()) - 1)
    expect(page.locator(".descent-state b").first).to_have_text(last)
    page.get_by_role("button", name="Again").focus()
    page.keyboard.press("Enter")
    assert step(page) < 20
    expect_arrival(page)


def test_it_starts_where_one_points(page: Page, site: str) -> None:
    page.goto(f"{site}index.html")
    expect_arrival(page)
    box = page.locator(".descent svg").bounding_box()
    assert box
    page.mouse.click(box["x"] + 0.75 * box["width"], box["y"] + 0.75 * box["height"])
    points = page.locator(".descent .path").get_attribute("points") or ""
    start = [float(part) for part in points.split()[0].split(",")]
    assert start == pytest.approx([1.0 + 4.6 / 4, -1.6 + 4.6 / 4], abs=0.02)
    expect_arrival(page)


def test_nothing_moves_for_those_who_prefer_that(page: Page, site: str) -> None:
    page.emulate_media(reduced_motion="reduce")
    page.goto(f"{site}index.html")
    last = len(first_descent().path()) - 1
    assert step(page) == last
    page.locator(".descent svg").click(position={"x": 60, "y": 200})
    start = page.locator(".descent .start").get_attribute("cx")
    assert start != str(first_descent().start[0])
    expect_arrival(page)  # at once, since no frame is drawn in between
    assert page.locator(".descent .path").get_attribute("points").count(" ") > 20


def test_it_waits_while_it_is_out_of_view(page: Page, site: str) -> None:
    page.goto(f"{site}index.html")
    scroll_to(page.locator(".chapter-cards").last)
    page.wait_for_timeout(300)
    before = ball(page)
    page.wait_for_timeout(700)
    assert ball(page) == before
    scroll_to(page.locator(".descent"))
    expect_arrival(page)


def test_without_scripts_there_is_the_finished_path(
    browser: Browser, site: str
) -> None:
    with browser.new_context(java_script_enabled=False) as context:
        page = context.new_page()
        page.goto(f"{site}index.html")
        expect(page.locator(".descent .path")).to_be_visible()
        expect(page.get_by_role("button", name="Again")).to_be_hidden()
        expect(page.locator(".pad")).to_be_hidden()


def open_pad(page: Page, address: str) -> Locator:
    page.set_viewport_size({"width": 1280, "height": 300})  # the pad is far down
    page.goto(address)
    button = page.get_by_role("link", name="Draw a digit")
    if not button.count():
        pytest.skip("_toc.yml leaves out the chapter with the network")
    assert not page.locator(".pad .desk").count()  # it is loaded when it is used
    button.click()
    page.set_viewport_size({"width": 1280, "height": 900})
    desk = page.get_by_role("application")
    expect(desk).to_be_visible()
    page.wait_for_timeout(500)  # until it has scrolled there
    return desk


def draw(page: Page, desk: Locator) -> None:
    box = desk.bounding_box()
    assert box
    for line in WRITTEN[7]:
        places = [
            (box["x"] + x * box["width"], box["y"] + y * box["height"]) for x, y in line
        ]
        drag(page, places, by="mouse")


def test_a_digit_is_read_at_once(page: Page, site: str) -> None:
    page.set_viewport_size({"width": 1280, "height": 700})
    desk = open_pad(page, f"{site}index.html")
    height = page.locator(".pad").bounding_box()["height"]
    expect(page.locator(".verdict")).to_have_text("?")
    draw(page, desk)
    expect(page.locator(".verdict")).to_have_text("7")
    assert page.locator(".pad").bounding_box()["height"] == height
    page.get_by_role("button", name="Clear").click()
    expect(page.locator(".verdict")).to_have_text("?")
    expect(page.locator(".pad .readout")).to_have_text(re.compile("Nothing is drawn"))


def test_a_digit_is_read_on_a_page_opened_as_a_file(browser: Browser) -> None:
    with open_context(browser) as context:
        page = context.new_page()
        page.set_viewport_size({"width": 1280, "height": 700})
        draw(page, open_pad(page, (SITE / "index.html").as_uri()))
        expect(page.locator(".verdict")).to_have_text("7")
