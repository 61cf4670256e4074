"""Make a fork its own: title, authors, and the chapters that it leaves out.

``make fork TITLE="…" AUTHORS="A. One, B. Two" WITHOUT="13-errors"`` sets the
variables ``FORK_TITLE``, ``FORK_AUTHORS`` and ``FORK_WITHOUT``. What is not
given stays as it is. All is looked at before anything is written, and what is
written takes the place of a file at once. Comments and layout are kept.
"""

import json
import os
import sys
import unicodedata
import warnings
from pathlib import Path
from typing import Any

import yaml
from yaml.error import YAMLError
from yaml.loader import SafeLoader
from yaml.nodes import ScalarNode

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))
from figures import card  # noqa: E402

CONFIG, CONTENTS, CITATION = "_config.yml", "_toc.yml", "CITATION.cff"
CARD = "_static/card.png"
USAGE = """Say what is to change, for example:
  make fork TITLE="Learning from data" AUTHORS="A. One, B. Two" WITHOUT="13-errors"
Each of the three may be left out."""


class ForkError(ValueError):
    """A change that cannot be made."""


def set_value(text: str, key: str, value: Any) -> str:
    """Return YAML with another value for a key at its top; all else stays.

    Parameters
    ----------
    text : str
        The file, a mapping.
    key : str
        One of its keys.
    value : str or list of dict
        What it is to be.

    Raises
    ------
    ForkError
        If the file has no such key.
    """
    old = _node_of(text, key)
    if isinstance(value, str):
        new = _scalar(key, value)
    else:
        lines = [f"- {k}: {_scalar(k, v)}" for entry in value for k, v in entry.items()]
        new = f"\n{' ' * old.start_mark.column}".join(lines)
    end = _end(old)
    changed = text[: old.start_mark.index] + new + text[end:]
    expected = yaml.safe_load(text) | {key: value}
    if yaml.safe_load(changed) != expected:
        raise ForkError(f"{key!r} is written in a way that cannot be changed here.")
    return changed


def leave_out(text: str, chapters: list[str]) -> str:
    """Return the table of contents without some chapters; empty parts go too.

    Parameters
    ----------
    text : str
        ``_toc.yml``.
    chapters : list of str
        Names of their files, without folder and ending.

    Raises
    ------
    ForkError
        If no chapter would be left.
    """
    files = {f"chapters/{name}" for name in chapters}
    lines = text.splitlines(keepends=True)
    parts = _node_of(text, "parts").value
    left = 0
    for part in parts:
        (entries,) = [v for k, v in part.value if k.value == "chapters"]
        gone = [entry for entry in entries.value if _file_of(entry) in files]
        rest = [entry for entry in entries.value if _file_of(entry) not in files]
        left += sum(_file_of(entry).startswith("chapters/") for entry in rest)
        for node in gone if rest else [part]:
            for number in range(node.start_mark.line, _last_line(node) + 1):
                lines[number] = ""
    if not left:
        raise ForkError("A book needs a chapter, and no chapter would be left.")
    return "".join(lines)


def _node_of(text: str, key: str) -> Any:
    """Return what stands behind a key, with its place in the text."""
    for name, node in yaml.compose(text, Loader=SafeLoader).value:
        if name.value == key:
            return node
    raise ForkError(f"There is no {key!r} in it.")


def _file_of(entry: Any) -> str:
    return next((v.value for k, v in entry.value if k.value == "file"), "")


def _scalars(node: Any) -> list[Any]:
    """Return all that a node holds that is neither a list nor a mapping."""
    if isinstance(node, ScalarNode):
        return [node]
    inside = [
        part
        for value in node.value
        for part in (value if isinstance(value, tuple) else (value,))
    ]
    return [scalar for part in inside for scalar in _scalars(part)]


def _end(node: Any) -> int:
    """Return where a node ends; YAML counts what follows it as well."""
    return max(scalar.end_mark.index for scalar in _scalars(node))


def _last_line(node: Any) -> int:
    return max(scalar.end_mark.line for scalar in _scalars(node))


def _scalar(key: str, value: str) -> str:
    """Write a text for YAML, with quotes where it needs them."""
    try:
        plain = yaml.safe_load(f"- {key}: {value}") == [{key: value}]
    except YAMLError:
        plain = False
    return value if plain else json.dumps(value, ensure_ascii=False)


def read_wishes() -> tuple[str, list[str], list[str]]:
    """Return title, authors and chapters to leave out, as they are asked for.

    Raises
    ------
    ForkError
        If nothing is, or something that cannot be.
    """
    title, authors, without = (
        os.environ.get(f"FORK_{name}", "").strip()
        for name in ("TITLE", "AUTHORS", "WITHOUT")
    )
    if not (title or authors or without):
        raise ForkError(USAGE)
    for what, text in (("TITLE", title), ("AUTHORS", authors)):
        if any(unicodedata.category(letter).startswith("C") for letter in text):
            raise ForkError(f"{what} has a character that cannot be shown: {text!r}")
    names = [name.strip() for name in authors.split(",")] if authors else []
    if not all(names):
        raise ForkError(f"AUTHORS={authors} has a comma too many.")
    known = sorted(path.stem for path in (ROOT / "chapters").glob("*.md"))
    chapters = without.replace(",", " ").split()
    for chapter in chapters:
        if chapter not in known:
            raise ForkError(
                f"WITHOUT={chapter}: there is no such chapter. There are:\n  "
                + "\n  ".join(known)
            )
    return title, names, chapters


def make_changes(
    title: str, authors: list[str], chapters: list[str]
) -> dict[str, bytes]:
    """Return what the files that change are to hold.

    Raises
    ------
    ForkError
        If one of them cannot be changed in this way.
    """
    old = {
        name: (ROOT / name).read_text(encoding="utf-8")
        for name in (CONFIG, CONTENTS, CITATION)
    }
    new = dict(old)
    try:
        if title:
            for name in (CONFIG, CITATION):
                new[name] = set_value(new[name], "title", title)
        if authors:
            new[CONFIG] = set_value(new[CONFIG], "author", ", ".join(authors))
            entries = [{"name": author} for author in authors]
            new[CITATION] = set_value(new[CITATION], "authors", entries)
        if chapters:
            new[CONTENTS] = leave_out(new[CONTENTS], chapters)
    except YAMLError as error:
        raise ForkError(f"A file cannot be read: {error}") from None
    return {name: new[name].encode() for name in old if old[name] != new[name]}


def write(files: dict[str, bytes]) -> None:
    """Write files, all or none: each takes its place once all are written."""
    parts = {name: (ROOT / name).with_name(f"{Path(name).name}.part") for name in files}
    try:
        for name, content in files.items():
            parts[name].write_bytes(content)
        for name, part in parts.items():
            part.replace(ROOT / name)
    finally:
        for part in parts.values():
            part.unlink(missing_ok=True)


def draw_card(title: str) -> bytes:
    """Return the picture of the book with another title.

    Raises
    ------
    ForkError
        If its font has no shape for a letter.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        try:
            return card.render(card.draw(title))
        except UserWarning as error:
            raise ForkError(f"The card cannot show this title: {error}") from None


def main() -> int:
    """Make the changes and return the exit status."""
    try:
        title, authors, chapters = read_wishes()
        changes = make_changes(title, authors, chapters)
        if title and (picture := draw_card(title)) != (ROOT / CARD).read_bytes():
            changes[CARD] = picture
        write(changes)
    except (ForkError, OSError) as error:
        print(f"Nothing was changed. {error}", file=sys.stderr)
        return 1
    if not changes:
        print("It is all as you asked already; nothing was changed.")
        return 0
    print(f"Changed: {', '.join(changes)}")
    print(
        "Look at it (git diff), build it (make book), test it (make test), commit it."
    )
    if title or authors:
        print("The first page credits the original, as its licence asks.")
        print("README.md still has the original's title; it is yours to rewrite.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
