"""What tests in a real browser share: the browser, the site, and its pages."""

import re
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import pytest
from axe_playwright_python.sync_playwright import Axe
from book import FIRST, IN_CI, PAGES, ROOT, SITE
from chromium import ChromiumError, find_chromium, launch_arguments
from playwright.sync_api import (
    Browser,
    BrowserContext,
    ConsoleMessage,
    Locator,
    Page,
    Request,
    expect,
    sync_playwright,
)

from booktools.serve import Handler, make_server
from booktools.urls import site_address

FIRST_CHAPTER = f"chapters/{FIRST}.html"
KINDS = {  # of pages, and one of each
    name: page
    for name, page in {
        "landing": "index.html",
        "formulas": "chapters/08-backprop-numpy.html",
        "explorable": "chapters/14-mlp-pytorch.html",
        "longest": "chapters/24-museum-of-bugs.html",
        "reference": "reference/glossary.html",
    }.items()
    if page in PAGES
}
WIDE, NARROW = (1280, 390)
WIDTHS = (NARROW, 768, 1440)
HEIGHT = 900
# Besides axe-core's default rules, one that Lighthouse also checks.
AXE = {
    "rules": {"label-content-name-mismatch": {"enabled": True}},
    "resultTypes": ["violations"],
    "preload": False,
}
# Adds up the layout shifts. The list of sections beside the text does not
# count: it unfolds while the page is scrolled.
WATCH_SHIFTS = """
window.shift = 0;
new PerformanceObserver((list) => {
  for (const { value, sources } of list.getEntries()) {
    const beside = ({ node }) => node?.parentElement?.closest(".toc-drawer");
    if (!sources.every(beside)) window.shift += value;
  }
}).observe({ type: "layout-shift", buffered: true });
"""
# Returns which of the visible elements that a selector finds overlap.
COLLISIONS = """(selector) => {
  const all = [...document.querySelectorAll(selector)];
  const seen = all.filter((it) => it.checkVisibility());
  const boxes = seen.map((it) => it.getBoundingClientRect());
  const meet = (a, b) => a.left < b.right - 1 && b.left < a.right - 1
    && a.top < b.bottom - 1 && b.top < a.bottom - 1;
  return seen.flatMap((one, i) => seen.slice(i + 1).filter((other, j) =>
    meet(boxes[i], boxes[i + 1 + j]) && !one.contains(other)).map(
    (other) => `${one.textContent} on ${other.textContent}`));
}"""
IS_DARK = """() => {
  const [red] = getComputedStyle(document.body).backgroundColor.match(/\\d+/);
  return red < 128; }"""
FONT_OF_FILE = re.compile(r"file:\S*?\.woff2")
SCROLL_THROUGH = """async () => {
  for (let y = 0; y < document.body.scrollHeight; y += 600) {
    scrollTo({top: y, behavior: "instant"});
    await new Promise((done) => requestAnimationFrame(() => setTimeout(done, 20)));
  }
}"""
LOAD_PICTURES = """(eager) => Promise.all([...document.images].map((picture) => {
  if (eager) picture.loading = "eager";
  else if (!picture.checkVisibility()) return null;
  return picture.complete || new Promise((done) => {
    for (const end of ["load", "error"]) picture.addEventListener(end, done);
    setTimeout(done, 5000);
  });
}))"""
# Waits until five frames in a row have the same layout, and ends transitions: in
# what is not laid out yet they would never end.
SETTLE = """async () => {
  let last = "";
  for (let calm = 0; calm < 5; calm += 1) {
    await new Promise(requestAnimationFrame);
    const now = [scrollY, innerWidth, document.documentElement.scrollHeight].join();
    if (now !== last) calm = 0;
    last = now;
  }
  document.getAnimations().forEach((animation) => animation.finish());
}"""


def skip(reason: str) -> None:
    """Skip a test, and say why; in CI, where nothing may be missing, fail it."""
    if IN_CI:
        pytest.fail(reason)
    pytest.skip(reason)


def page_of(chapter: str) -> str:
    """Return the page of a chapter; skip the test if the book leaves it out."""
    page = f"chapters/{chapter}.html"
    if page not in PAGES:
        pytest.skip(f"_toc.yml leaves out {chapter}")
    return page


def require_chromium() -> str:
    """Return the path of Chromium, or skip the test."""
    try:
        return str(find_chromium())
    except ChromiumError as error:
        skip(str(error))
        raise


@contextmanager
def start_browser() -> Iterator[Browser]:
    """Start the system's Chromium."""
    program = require_chromium()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=program, args=launch_arguments()
        )
        yield browser
        browser.close()


@contextmanager
def serve(handler: type[Handler] = Handler) -> Iterator[str]:
    """Serve the site below the path that it has on the web, and give its address."""
    top = urlsplit(site_address(ROOT)).path or "/"

    class HandlerBelow(handler):  # type: ignore[misc, valid-type]
        cache_control = "max-age=600"  # as most hosts say

        def translate_path(self, path: str) -> str:
            return super().translate_path(f"/{path.removeprefix(top)}")

        def log_message(self, *arguments: object) -> None:
            pass

    server = make_server(SITE, handler=HandlerBelow)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}{top}"
    server.shutdown()
    server.server_close()


def open_context(browser: Browser, **options: Any) -> BrowserContext:
    """Return a new context with a wide window and short timeouts."""
    context = browser.new_context(
        viewport={"width": WIDE, "height": HEIGHT}, color_scheme="light", **options
    )
    context.set_default_timeout(15_000)
    return context


def note_complaints(page: Page, *ours: str) -> list[str]:
    """Return a list to which messages, errors and failed requests are added.

    So are, if any are given, requests for what begins with none of these addresses.
    """
    complaints: list[str] = []

    def note(text: str) -> None:
        # Browsers preload no font from a file, and say so; they load it all the same.
        font = FONT_OF_FILE.search(text)
        if not (font and Path(unquote(urlsplit(font[0]).path)).is_file()):
            complaints.append(text)

    def note_message(message: ConsoleMessage) -> None:
        note(f"{message.text} {message.location['url']}")

    def note_failure(request: Request) -> None:
        if request.failure != "net::ERR_ABORTED":  # as when one goes to another page
            note(request.url)

    def note_request(request: Request) -> None:
        if ours and not request.url.startswith((*ours, "data:")):
            note(request.url)

    page.on("pageerror", lambda error: note(str(error)))
    page.on("request", note_request)
    page.on("requestfailed", note_failure)
    page.on("console", note_message)
    return complaints


@dataclass
class Visit:
    """What a page did while it was open."""

    page: Page
    name: str = ""
    complaints: list[str] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)
    bytes: Counter[str] = field(default_factory=Counter)
    shift: float = 0.0

    def open(self, address: str) -> None:
        """Open a page, and record what it loads and complains of."""
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
        """Scroll to the end as a reader does, until every picture has come."""
        self.page.evaluate(SCROLL_THROUGH)
        self.page.evaluate(LOAD_PICTURES, False)
        self.shift = self.page.evaluate("window.shift")


def scroll_to(part: Locator) -> None:
    """Scroll to a part of a page, and wait until it is laid out and has its text."""
    # As a link does. Playwright scrolls to where the part would be if what is not
    # laid out yet had its estimated size.
    part.evaluate("(part) => part.scrollIntoView({block: 'center'})")
    expect(part).not_to_have_text("", use_inner_text=True)


def look(page: Page, scheme: str, width: int) -> None:
    """Show a page in a colour scheme and a width, and wait for its layout."""
    page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
    page.set_viewport_size({"width": width, "height": HEIGHT})
    page.evaluate(SETTLE)


def find_violations(
    page: Page,
    parts: str | dict[str, Any] | None = None,
    options: dict[str, Any] = AXE,
) -> list[str]:
    """Return what axe-core finds wrong with a page or parts of it, one line a node."""
    response = Axe().run(page, context=parts, options=options).response
    return [
        f"{rule['id']}: {node['html'][:200]}"
        for rule in response["violations"]
        for node in rule["nodes"]
    ]
