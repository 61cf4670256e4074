"""The book's Sphinx extension; each module is one part of it."""

from sphinx.application import Sphinx

from booktools.sphinx import (
    block_tags,
    book,
    book_info,
    buttons,
    chapter_cards,
    chapter_head,
    code,
    excluded_chapters,
    explorables,
    folds,
    fonts,
    formulas,
    glossary,
    images,
    incremental,
    landing,
    linkcheck,
    math,
    notebooks,
    predictions,
    print_builder,
    questions,
    report,
    search,
    solutions,
    task_lists,
    tasks,
    theme,
    web,
    wrong_lines,
)

PARTS = (
    book,  # first, since the others need its facts
    block_tags,
    book_info,
    buttons,
    chapter_cards,
    chapter_head,
    code,
    excluded_chapters,
    explorables,
    folds,
    fonts,
    formulas,
    glossary,
    images,
    incremental,
    landing,
    linkcheck,
    math,
    notebooks,
    predictions,
    print_builder,
    questions,
    report,
    search,
    solutions,
    task_lists,
    tasks,
    theme,
    web,
    wrong_lines,
)


def setup(app: Sphinx) -> dict[str, bool]:
    """Set up every part of the extension."""
    for part in PARTS:
        part.setup(app)
    return {"parallel_read_safe": True, "parallel_write_safe": False}
