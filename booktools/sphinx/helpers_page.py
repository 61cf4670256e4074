"""Document exactly the public names of `helpers`, with links between them.

The page uses sphinx.ext.autodoc on whole modules. Names that are not in
`helpers.__all__` are left out, so the page is complete as long as that list is.
"""

import re
from typing import Any

from sphinx.application import Sphinx

import helpers


def _skip_private(
    app: Sphinx, what: str, name: str, member: Any, skip: bool, options: Any
) -> bool | None:
    """Skip the private names of a module, but no members of classes."""
    return True if what == "module" and name not in helpers.__all__ else None


def _link_types(
    app: Sphinx, what: str, name: str, member: Any, options: Any, lines: list[str]
) -> None:
    """Link the book's own types where napoleon writes them as *Split*."""

    def link(match: re.Match[str]) -> str:
        kind = getattr(helpers, match[1], None)
        if match[1] not in helpers.__all__ or not isinstance(kind, type):
            return match[0]
        return f":class:`~{kind.__module__}.{match[1]}`"

    lines[:] = [re.sub(r"(?<!\*)\*(\w+)\*(?!\*)", link, line) for line in lines]


def setup(app: Sphinx) -> dict[str, bool]:
    """Connect to autodoc, after napoleon, which turns sections into fields."""
    app.setup_extension("sphinx.ext.autodoc")
    app.setup_extension("sphinx.ext.napoleon")
    app.connect("autodoc-skip-member", _skip_private)
    app.connect("autodoc-process-docstring", _link_types, priority=900)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
