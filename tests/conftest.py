"""What tests in a browser share: the browser, the site, and a page in use."""

from collections.abc import Iterator

import pytest
from browser import note_complaints, serve, start_browser
from playwright.sync_api import Browser, Page


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with start_browser() as browser:
        yield browser


@pytest.fixture(scope="module")
def site() -> Iterator[str]:
    with serve() as address:
        yield address


@pytest.fixture
def page(browser: Browser, site: str) -> Iterator[Page]:
    """A page that may complain of nothing, and ask only the site, while in use."""
    with browser.new_context(
        viewport={"width": 1280, "height": 900}, has_touch=True
    ) as context:
        context.set_default_timeout(15_000)
        page = context.new_page()
        wrong = note_complaints(page)
        page.on(
            "request",
            lambda request: (
                request.url.startswith((site, "data:")) or wrong.append(request.url)
            ),
        )
        yield page
        assert not wrong
