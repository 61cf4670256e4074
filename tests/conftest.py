"""Fixtures that tests share.

The browser ends with the module that uses it: Playwright cannot be started
twice in one process, and some of what is tested starts it as well.
"""

from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from book import ROOT, SITE

if TYPE_CHECKING:
    from playwright.sync_api import Browser, BrowserContext, Page

    from booktools.sphinx.book import Book


# They take minutes: begun last, one process would work on them alone.
LONGEST = {
    *("test_assignments_graded", "test_binder", "test_editions", "test_engines"),
    *("test_pages", "test_pdf", "test_same_bytes"),
}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Run the files that take longest first."""
    items.sort(key=lambda item: item.path.stem not in LONGEST)


@pytest.fixture(scope="session")
def book() -> "Book":
    """Facts about the book."""
    from booktools.sphinx.book import load_book

    return load_book(ROOT)


@pytest.fixture(scope="session")
def deck_of(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """Makes the slides of a chapter, once, and returns where they are."""
    from booktools.slides.deck import make_deck

    folder = tmp_path_factory.mktemp("slides")

    @cache
    def make(chapter: str) -> Path:
        make_deck(SITE, chapter, folder / chapter)
        return folder / chapter / "index.html"

    return make


@pytest.fixture
def fork(tmp_path: Path) -> Path:
    """The same book in another folder, with its site and no repository."""
    for path in ROOT.iterdir():
        if not path.name.startswith((".", "_build")):
            (tmp_path / path.name).symlink_to(path)
    (tmp_path / "_build").mkdir()
    (tmp_path / "_build" / "html").symlink_to(SITE)
    return tmp_path


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
    """A page that must log no error, and load only from the site, while in use."""
    from browser import note_complaints, open_context

    with open_context(browser, has_touch=True) as context:
        page = context.new_page()
        wrong = note_complaints(page, site)
        yield page
        assert not wrong
