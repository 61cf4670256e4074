"""Facts about the book, and the page on which an unforeseen error happened."""

from types import SimpleNamespace
from unittest import mock

import pytest
from sphinx.errors import ExtensionError

from booktools.sphinx.book import Book, _log_page, logger


def test_a_page_belongs_to_a_part_of_the_contents(book: Book) -> None:
    assert book.part_of("reference/notation") == "Reference"
    assert book.part_of("index") == ""


@pytest.mark.parametrize(
    ("exception", "named"),
    [
        (IndexError("of a library"), 1),
        (ExtensionError("Handler <function>", IndexError()), 1),
        (ExtensionError("It has no title."), 0),
        (None, 0),
    ],
)
@pytest.mark.parametrize("reading", [True, False])
def test_the_page_is_named(
    exception: Exception | None, named: int, reading: bool
) -> None:
    app = SimpleNamespace(
        env=SimpleNamespace(temp_data={"docname": "page"} if reading else {}),
        builder=SimpleNamespace(current_docname="" if reading else "page"),
    )
    with mock.patch.object(logger, "error") as said:
        _log_page(app, exception)
    assert [call.kwargs for call in said.mock_calls] == [{"location": "page"}] * named
