"""Fixtures that tests in a browser share.

The browser ends with the module that uses it: Playwright cannot be started
twice in one process, and some of what is tested starts it as well.
"""

from collections.abc import Iterator

import pytest
from browser import open_context, serve, start_browser
from playwright.sync_api import Browser, BrowserContext


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with start_browser() as browser:
        yield browser


@pytest.fixture(scope="module")
def site() -> Iterator[str]:
    with serve() as address:
        yield address


@pytest.fixture
def context(browser: Browser) -> Iterator[BrowserContext]:
    with open_context(browser) as context:
        yield context
