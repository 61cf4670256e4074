"""The book's Sphinx extension; each module is one part of it."""

from sphinx.application import Sphinx

from booktools.sphinx import (
    block_tags,
    book,
    book_info,
    buttons,
    excluded_chapters,
    explorables,
    fonts,
    images,
    incremental,
    light_pages,
    linkcheck,
    math,
    notebooks,
    questions,
    report,
    single_page,
    solutions,
    web,
)

PARTS = (
    book,
    block_tags,
    book_info,
    buttons,
    excluded_chapters,
    explorables,
    fonts,
    images,
    incremental,
    light_pages,
    linkcheck,
    math,
    notebooks,
    questions,
    report,
    single_page,
    solutions,
    web,
)


def setup(app: Sphinx) -> dict[str, bool]:
    """Set up every part of the extension."""
    for part in PARTS:
        part.setup(app)
    return {"parallel_read_safe": True, "parallel_write_safe": False}
