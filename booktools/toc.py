"""Read ``_toc.yml``: which pages the book has, in which order and parts."""

import re
from collections.abc import Iterator
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from sphinx_external_toc.api import SiteMap
from sphinx_external_toc.parsing import (
    TOCTREE_OPTIONS,
    MalformedError,
    parse_toc_data,
)

from booktools.errors import AuthorError
from booktools.sources import book_files, code_cells, is_readable
from booktools.yaml_files import Place, YamlFile, read_yaml

CHAPTERS = "chapters"  # their folder; other pages are not executed
PAGES = (".md", ".ipynb")  # extensions of pages, and of what could become one
LISTS = {"parts", "chapters", "sections", "subtrees", "entries"}
MAPPINGS = {"defaults", "options", "meta"}
SET = re.compile(r"\{('\w+'(?:, '\w+')*)\}")  # in a message
KEYS = {
    *("format", "root", "title", "options", "defaults", "meta", "file", "glob", "url"),
    *LISTS,
    *TOCTREE_OPTIONS,
}


def pages(root: Path) -> list[str]:
    """Return the names of the pages that the table of contents lists, in order.

    The first is the one that ``root`` names. Raise AuthorError if ``_toc.yml`` is
    wrong, or a page that it lists is not there.
    """
    return list(_toc(root))


def parts(root: Path) -> list[tuple[str, list[str]]]:
    """Return the title of each part, or an empty string, with its pages in order."""
    toc = _toc(root)

    def below(page: str) -> list[str]:
        items = (item for tree in toc[page].subtrees for item in tree.files())
        return [page, *(name for item in items for name in below(item))]

    return [
        (part.caption or "", [name for page in part.files() for name in below(page)])
        for part in toc.root.subtrees
    ]


def chapter_files(root: Path) -> list[Path]:
    """Return the chapters that the table of contents lists, in order."""
    return [root / f"{page}.md" for page in pages(root) if is_chapter(page)]


def is_chapter(page: str) -> bool:
    """Return whether a page is executed and tested."""
    return page.startswith(f"{CHAPTERS}/")


def chapter_name(root: Path, path: Path) -> str:
    """Return the path of a chapter below ``chapters``, without its extension."""
    return path.relative_to(root / CHAPTERS).with_suffix("").as_posix()


def first_chapter(root: Path) -> str:
    """Return the page that readers begin with: the first chapter that has a number.

    It is the first chapter if none has one, and empty if there is none.
    """
    toc = _toc(root)
    trees = [tree for tree in toc.root.subtrees if tree.numbered]
    numbered = [page for tree in trees for page in tree.files()]
    return next(filter(is_chapter, [*numbered, *toc]), "")


def find_chapters(root: Path, asked: str) -> list[str]:
    """Return the names of the chapters that were asked for.

    A chapter is asked for by its number, ``"1"`` or ``"01"``, its name, such as
    ``"01-gradient-descent"``, or the path of its file; all chapters by an empty text.
    Raise AuthorError if no chapter matches, or several do.
    """
    chapters = {chapter_name(root, path): path for path in chapter_files(root)}
    if not asked:
        return list(chapters)
    begin = f"{asked.zfill(2) if asked.isdecimal() else asked}-"
    file = f"{asked.removesuffix('.md')}.md"
    files = list(filter(is_readable, (root / file, root / CHAPTERS / file)))
    found = [
        name
        for name, path in chapters.items()
        if path.name.startswith(begin) or any(map(path.samefile, files))
    ]
    if len(found) != 1:
        names = "\n  ".join(chapters)
        message = (
            f"CHAPTER={asked} does not match one chapter; choose one of:\n  {names}"
        )
        raise AuthorError(message)
    return found


def _toc(root: Path) -> SiteMap:
    """Read the table of contents; the extensions of its files are left out."""
    file = read_yaml(root / "_toc.yml")
    for key, example in (("format", "jb-book"), ("root", "index")):
        if not isinstance(file.data.get(key), str | int):
            raise file.error(f"write “{key}: {example}” at the top of this file.", key)
    known = [path.as_posix() for path in book_files(root) if path.suffix in PAGES]
    seen: dict[str, int] = {}
    for place, entry in _entries(file.data):
        _check_keys(file, place, entry)
        for key in sorted(entry.keys() & {"root", "file"}):
            name = entry[key] = str(entry[key] or "").removesuffix(".md")
            _check_page(root, name, known, file, (*place, key))
            if name in seen:
                message = f"“{name}” is on line {seen[name]} as well; delete one."
                raise file.error(message, *place, key)
            seen[name] = file.line(*place, key)
    if len(seen) == 1:
        message = "list a page besides “root”, below “chapters” or “sections”."
        raise AuthorError(message, file.name)
    try:
        return parse_toc_data(file.data)
    except MalformedError as error:
        where = re.search(" @ '(.*?)'", str(error))
        steps = [step for step in where[1].split("/") if step] if where else []
        place = tuple(int(step) if step.isdecimal() else step for step in steps)
        message = str(error).replace(where[0], "") if where else str(error)
        raise file.error(SET.sub(_sort, message), *place) from None


def _sort(found: re.Match[str]) -> str:
    """Return the elements of a set in alphabetical order."""
    return ", ".join(sorted(found[1].split(", ")))


def _entries(data: Any, place: Place = ()) -> Iterator[tuple[Place, dict[str, Any]]]:
    """Yield each entry of a table of contents, with its place."""
    if isinstance(data, dict):
        yield place, data
        parts = [(key, value) for key, value in data.items() if key != "meta"]
    else:
        parts = list(enumerate(data)) if isinstance(data, list) else []
    for key, value in parts:
        yield from _entries(value, (*place, key))


def _check_keys(file: YamlFile, place: Place, entry: dict[str, Any]) -> None:
    """Raise AuthorError if an entry has an unknown key, or a list an invalid item."""
    for key in sorted(entry.keys() - KEYS, key=str):
        close = get_close_matches(str(key), KEYS, 1)
        hint = f"did you mean “{close[0]}”?" if close else "delete it."
        raise file.error(f"there is no key “{key}”; {hint}", *place, key)
    if "glob" in entry:
        message = "list the files one by one, so that their order is known."
        raise file.error(f"“glob” cannot be used here: {message}", *place, "glob")
    for key in sorted(entry.keys() & MAPPINGS):
        if not isinstance(entry[key], dict):
            message = f"write lines “key: value” below “{key}”, or delete it."
            raise file.error(message, *place, key)
    for key in sorted(entry.keys() & LISTS):
        items = entry[key] if isinstance(entry[key], list) else []
        for number, item in enumerate(items):
            if not isinstance(item, dict):
                page = str(item).removeprefix("file:")
                message = f"write “- file: {page}”, with a space after the colon."
                raise file.error(message, *place, key, number)


def _check_page(
    root: Path, name: str, known: list[str], file: YamlFile, place: Place
) -> None:
    """Raise AuthorError if there is no such page, or one that is never executed."""
    path = root / f"{name}.md"
    if not name:
        raise file.error(
            f"name a page, as in “{place[-1]}: {CHAPTERS}/01-name”.", *place
        )
    if f"{name}.md" not in known:
        notebook = f"{name.removesuffix('.ipynb')}.ipynb"
        if notebook in known:
            raise file.error(
                f"{notebook} is a notebook; type: .venv/bin/jupytext --to myst "
                f"{notebook}, and write {notebook.removesuffix('.ipynb')} here.",
                *place,
            )
        close = get_close_matches(f"{name}.md", known, 1)
        hint = f" Did you mean {close[0].removesuffix('.md')}?" if close else ""
        raise file.error(f"{name}.md does not exist.{hint}", *place)
    if not is_chapter(name) and (cells := code_cells(root, path)):
        raise AuthorError(
            "only what is below chapters/ is executed and tested; move this code, "
            "or the page, there.",
            cells[0],
        )
