"""What nobody has foreseen is told with the page on which it happened."""

from types import SimpleNamespace
from unittest import mock

import pytest
from sphinx.errors import ExtensionError

from booktools.sphinx import book


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
    with mock.patch.object(book.logger, "error") as said:
        book._name_page(app, exception)
    assert [call.kwargs for call in said.mock_calls] == [{"location": "page"}] * named
