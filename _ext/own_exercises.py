"""Put a fork's own exercises into the chapters, without a change to these.

``exercises/NN-name.md`` belongs to ``chapters/NN-name.md`` and is read as if
it stood there, at the end of the section *Exercises*. The original has none,
so a fork's never conflict with its changes. What is said of a line of the
whole, in an error or a test, names the line of the file that it is from.
"""

import logging
import re
from pathlib import Path

from sphinx.application import Sphinx
from sphinx.config import Config
from sphinx.errors import ExtensionError

ROOT = Path(__file__).resolve().parent.parent
CHAPTERS, OWN = ROOT / "chapters", ROOT / "exercises"
END = "## Summary"  # what follows the exercises of a chapter
PLACE = re.compile(r"(?P<path>[^\n]+\.md):(?P<line>\d+)")


def check_own_exercises() -> None:
    """See that each file of own exercises has its chapter.

    Raises
    ------
    ValueError
        If one has none, or cannot be put into it.
    """
    for own in sorted(OWN.glob("*.md")):
        chapter = CHAPTERS / own.name
        if not chapter.is_file():
            known = ", ".join(sorted(path.stem for path in CHAPTERS.glob("*.md")))
            raise ValueError(
                f"exercises/{own.name} belongs to no chapter. "
                f"Give it the name of one of these: {known}."
            )
        chapter_text(chapter)


def chapter_text(path: Path) -> str:
    """Return the source of a chapter, with the fork's own exercises in it.

    Raises
    ------
    ValueError
        If they cannot be put in, since the chapter has no summary, or since
        they begin with a header.
    """
    text = path.read_text(encoding="utf-8")
    own = _own_of(path)
    if not own:
        return text
    lines = text.splitlines()
    first = _first_line(path, lines)
    return "\n".join([*lines[:first], *own, *lines[first:]]) + "\n"


def place_of(path: Path, line: int) -> tuple[Path, int]:
    """Return the file and the line (from 1) that a line of the whole is from.

    Parameters
    ----------
    path : Path
        The chapter.
    line : int
        In what `chapter_text` returns, from 1.
    """
    own = _own_of(path)
    if not own:
        return path, line
    first = _first_line(path, path.read_text(encoding="utf-8").splitlines())
    if line <= first:
        return path, line
    if line <= first + len(own) - 1:
        return OWN / path.name, line - first
    return path, max(first, line - len(own))


def _own_of(path: Path) -> list[str]:
    """Return the lines to put into a chapter, none if it has no own exercises."""
    own = OWN / path.name
    if path.parent != CHAPTERS or not own.is_file():
        return []
    lines = own.read_text(encoding="utf-8").splitlines()
    if lines and lines[0].startswith("---"):
        raise ValueError(
            f"exercises/{own.name}:1 begins with a header; "
            "it has that of its chapter, so leave it out."
        )
    return [*lines, ""]  # what follows begins a new paragraph


def _first_line(path: Path, lines: list[str]) -> int:
    """Return how many lines of the chapter stand before its own exercises."""
    if END not in lines:
        raise ValueError(
            f"exercises/{path.name} cannot be put into chapters/{path.name}: "
            f"that has no line {END!r}, which they would stand before."
        )
    return len(lines) - 1 - lines[::-1].index(END)


def _translate(text: str) -> str:
    """Name the right file and line where a text names those of the whole."""

    def translate(found: re.Match[str]) -> str:
        path, line = place_of(Path(found["path"]), int(found["line"]))
        return f"{path}:{line}"

    return PLACE.sub(translate, text)


class RightPlaces(logging.Filter):
    """Names the right file and line in what Sphinx complains of."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Change the record; none is left out."""
        if isinstance(place := getattr(record, "location", None), str):
            record.location = _translate(place)
        return True


def _read(app: Sphinx, page: str, source: list[str]) -> None:
    path = Path(app.env.doc2path(page))
    if path.suffix == ".md" and _own_of(path):
        source[0] = chapter_text(path)


def _check(app: Sphinx, config: Config) -> None:
    try:
        check_own_exercises()
    except ValueError as error:
        raise ExtensionError(str(error)) from None
    for handler in logging.getLogger("sphinx").handlers:
        handler.addFilter(RightPlaces())  # after those that find the location


def setup(app: Sphinx) -> dict[str, bool]:
    """Connect to Sphinx."""
    app.connect("config-inited", _check)
    app.connect("source-read", _read)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
