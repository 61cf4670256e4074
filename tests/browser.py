"""What tests in a real browser share: the browser, the site, and its pages."""

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit

import pytest
from book import BUILD
from playwright.sync_api import Browser, Locator, Page, expect, sync_playwright

from booktools.chromium import ChromiumError, find_chromium, launch_arguments
from booktools.serve import QuietHandler, make_server
from booktools.sphinx.light_pages import pages_of
from booktools.urls import site_address

SITE = BUILD / "html"
PAGES = [path.relative_to(SITE).as_posix() for path in pages_of(SITE)]
each_page = pytest.mark.parametrize("page", PAGES)


def skip(reason: str) -> None:
    """Skip a test, and say why; in CI, where nothing may be missing, fail it."""
    if os.environ.get("CI"):
        pytest.fail(reason)
    pytest.skip(reason)


def require_chromium() -> str:
    """Return the program, or skip the test."""
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


def note_complaints(page: Page) -> list[str]:
    """Return a list that will hold what a page complains of, as it does."""
    complaints: list[str] = []
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("requestfailed", lambda request: complaints.append(request.url))
    page.on(
        "console",
        lambda message: (
            message.type in ("error", "warning") and complaints.append(message.text)
        ),
    )
    return complaints


def come_to(part: Locator) -> None:
    """Scroll to a part of a page, and wait until it is laid out and has its words."""
    # As a link does, and not as Playwright: that goes where the part would be if
    # what is not laid out yet had the size that is guessed.
    part.evaluate("(part) => part.scrollIntoView({block: 'center'})")
    expect(part).not_to_have_text("", use_inner_text=True)


@contextmanager
def serve() -> Iterator[str]:
    """Serve the site below the path that it has on the web, and give its address."""
    top = urlsplit(site_address()).path or "/"

    class HandlerBelow(QuietHandler):
        def translate_path(self, path: str) -> str:
            return super().translate_path(f"/{path.removeprefix(top)}")

    server = make_server(SITE, handler=HandlerBelow)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}{top}"
    server.shutdown()
    server.server_close()
