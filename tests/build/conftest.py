"""A small book for each test: built, to be broken."""

import pytest
from small_book import SmallBook, write_small_book


@pytest.fixture(scope="session")
def built_book(tmp_path_factory: pytest.TempPathFactory) -> SmallBook:
    book = write_small_book(tmp_path_factory.mktemp("small") / "book")
    book.save()
    return book


@pytest.fixture
def book(built_book: SmallBook) -> SmallBook:
    """A small book that is built, to be broken."""
    return built_book.restore()
