"""The book's Sphinx extension; each module is one part of it."""

from importlib import import_module

from sphinx.application import Sphinx

PARTS = (
    "book",  # first, since the others need its facts
    "attribution",
    "block_tags",
    "build_report",
    "buttons",
    "chapter_cards",
    "chapter_head",
    "descriptions",
    "digit_network",
    "dropdowns",
    "excluded_chapters",
    "explorables",
    "fonts",
    "formulas",
    "glossary",
    "highlighting",
    "images",
    "incremental",
    "landing",
    "linkcheck",
    "math",
    "not_found",
    "notebooks",
    "predictions",
    "print_builder",
    "questions",
    "redirects",
    "search",
    "sitemap",
    "solutions",
    "task_lists",
    "tasks",
    "theme",
    "wrong_lines",
)


def setup(app: Sphinx) -> dict[str, bool]:
    """Set up every part of the extension."""
    for part in PARTS:
        import_module(f"booktools.sphinx.{part}").setup(app)
    return {"parallel_read_safe": True, "parallel_write_safe": False}
