"""What tests of one explorable share: the page on which it is, opened once."""

from collections.abc import Iterator

import pytest
from browser import note_complaints, open_context
from interaction import open_explorable
from playwright.sync_api import Browser, Locator


@pytest.fixture(scope="module")
def opened(
    request: pytest.FixtureRequest, browser: Browser, site: str
) -> Iterator[Locator]:
    """The explorable that the module names; it must log no error while in use."""
    with open_context(browser, has_touch=True) as context:
        page = context.new_page()
        complaints = note_complaints(page)
        yield open_explorable(page, site, request.module.NAME)
        assert not complaints
