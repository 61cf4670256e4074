"""A small book for each test: built, to be broken."""

from collections.abc import Iterator
from unittest import mock

import pytest
from small_book import SmallBook, write_small_book

from booktools import build


@pytest.fixture(scope="session", autouse=True)
def preloaded_kernels() -> Iterator[None]:
    """Preload kernels for a single chapter too: there are a hundred builds."""
    with mock.patch.object(build, "PRELOAD_ABOVE", 0):
        yield


@pytest.fixture(scope="session")
def built_book(tmp_path_factory: pytest.TempPathFactory) -> SmallBook:
    book = write_small_book(tmp_path_factory.mktemp("small") / "book")
    book.save()
    return book


@pytest.fixture
def book(built_book: SmallBook) -> SmallBook:
    """A small book that is built, to be broken."""
    return built_book.restore()
