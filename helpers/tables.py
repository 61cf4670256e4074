"""How tables look: one row of headings, and text aligned left."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from IPython.core.getipython import get_ipython

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["use_book_tables"]

NUMBER = re.compile(r"\W*\d|\W*nan|\W*$")  # how a cell with a number begins


def table_html(table: pd.DataFrame) -> str:
    """Return a table as HTML.

    The name of its index stands in the row of its column names, not in a separate
    one. Classes ``text-2``, ``text-3`` … of the table say which columns, counted from
    the index on, contain text.
    """
    import pandas as pd

    levels = table.index.nlevels
    texts = [
        f"text-{levels + number}"
        for number, (_, column) in enumerate(table.items(), 1)
        if not all(NUMBER.match(str(cell)) for cell in column)
    ]
    if levels == 1:
        table = table.rename_axis(index=None, columns=table.index.name)
    html: str = table.to_html(
        border=0, classes=texts, max_rows=pd.options.display.max_rows
    )
    # A corner without a name is not a heading.
    return html.replace("<th></th>", "<td></td>")


def use_book_tables() -> None:
    """Have notebooks show tables this way."""
    shell = get_ipython()
    if shell is not None and shell.display_formatter is not None:
        # By name: most chapters do not need pandas.
        formatter = shell.display_formatter.formatters["text/html"]
        for module in ("pandas", "pandas.core.frame"):  # since pandas 3, and before
            formatter.for_type_by_name(module, "DataFrame", table_html)
