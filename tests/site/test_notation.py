"""The symbols in the chapters' formulas are those of the page on notation.

Formulas are on the pages as MathML as well, which says what is a symbol.
"""

from functools import cache
from pathlib import PurePosixPath

import pytest
from book import CHAPTERS, read
from bs4 import Tag

ACCENTS = set("^~¯")


def symbols(formula: Tag) -> set[str]:
    """Return the letters that stand for something, with accents, without indices."""
    parts = formula.find_all(recursive=False)
    if formula.name == "mi":
        name = formula.get_text()
        return {name} if len(name) == 1 else set()  # longer ones are names: log, max
    if formula.name in ("msub", "munder", "munderover"):
        parts = parts[:1]
    elif formula.name == "msubsup":
        parts = parts[::2]
    found = set().union(*map(symbols, parts))
    if formula.name == "mover" and parts[1].get_text() in ACCENTS:
        return {symbol + parts[1].get_text() for symbol in found}
    return found


def in_formulas(part: Tag) -> set[str]:
    return set().union(*map(symbols, part.find_all("math")))


@cache
def explained() -> dict[str, set[str]]:
    """Return the symbols of each chapter that have a special meaning there.

    Those that mean the same everywhere are listed under "".
    """
    meanings: dict[str, set[str]] = {"": set()}
    for row in read("reference/notation.html").select("tbody tr"):
        symbol, where = row.find_all("td")[:2]
        links = [str(link["href"]) for link in where.select("a.reference")]
        for chapter in {PurePosixPath(link).stem for link in links} or {""}:
            meanings.setdefault(chapter, set()).update(in_formulas(symbol))
    return meanings


@pytest.mark.parametrize("chapter", CHAPTERS)
def test_every_symbol_of_a_chapter_is_explained(chapter: str) -> None:
    used = in_formulas(read(f"chapters/{chapter}.html").article)
    assert used <= explained()[""] | explained().get(chapter, set())


def test_no_symbol_is_explained_that_no_formula_has() -> None:
    used: dict[str, set[str]] = {"": set()}
    for chapter in CHAPTERS:
        article = read(f"chapters/{chapter}.html").article
        indices = {index.get_text() for index in article.find_all("mi")}
        used[chapter] = in_formulas(article) | indices
        used[""] |= used[chapter]
    idle = {where: explained()[where] - used[where] for where in explained()}
    assert not any(idle.values()), idle
