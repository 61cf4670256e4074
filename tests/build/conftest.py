"""A small book for each test: built, to be broken."""

import pytest
from small_book import SmallBook, lay_out


@pytest.fixture(scope="session")
def built_book(tmp_path_factory: pytest.TempPathFactory) -> SmallBook:
    book = lay_out(tmp_path_factory.mktemp("small") / "book")
    book.save()
    return book


@pytest.fixture
def book(built_book: SmallBook) -> SmallBook:
    """A small book that is built, to be broken."""
    return built_book.put_back()
