"""Fixtures that tests share.

The browser ends with the module that uses it: Playwright cannot be started
twice in one process, and some of what is tested starts it as well.
"""

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from playwright.sync_api import Browser, BrowserContext, Page
    from small_book import SmallBook


@pytest.fixture(scope="module")
def browser() -> Iterator["Browser"]:
    from browser import start_browser

    with start_browser() as browser:
        yield browser


@pytest.fixture(scope="module")
def site() -> Iterator[str]:
    from browser import serve

    with serve() as address:
        yield address


@pytest.fixture
def context(browser: "Browser") -> Iterator["BrowserContext"]:
    from browser import open_context

    with open_context(browser) as context:
        yield context


@pytest.fixture
def page(browser: "Browser", site: str) -> Iterator["Page"]:
    """A page that may complain of nothing, and ask only the site, while in use."""
    from browser import note_complaints, open_context

    with open_context(browser, has_touch=True) as context:
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


@pytest.fixture(scope="session")
def built_book(tmp_path_factory: pytest.TempPathFactory) -> "SmallBook":
    from small_book import lay_out

    book = lay_out(tmp_path_factory.mktemp("small") / "book")
    status, said = book.build()
    assert status == 0, said
    book.save()
    return book


@pytest.fixture
def book(built_book: "SmallBook") -> "SmallBook":
    """A small book that is built, to be broken."""
    built_book.put_back()
    return built_book
