"""Read text and YAML so that what is wrong in it can be said with its line."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from booktools.errors import AuthorError, unreadable

Place = tuple[Any, ...]  # the keys, and numbers of items, that lead to a value


@dataclass(frozen=True)
class YamlFile:
    """What YAML holds, and where it stands.

    Attributes
    ----------
    name : str
        The name of its file.
    data : dict
        What it holds.
    lines : dict of tuple to int
        The line of each key and item, as in ``("parts", 0, "caption")``.
    """

    name: str
    data: dict[Any, Any]
    lines: dict[Place, int]

    def line(self, *place: Any) -> int:
        """Return the line of a place, or of the nearest one above that has one."""
        while place not in self.lines:
            place = place[:-1]
        return self.lines[place]

    def error(self, message: str, *place: Any) -> AuthorError:
        """Return an error at a place."""
        return AuthorError(message, self.name, self.line(*place))


def read_yaml(path: Path) -> YamlFile:
    """Read a file of keys and values.

    Raises
    ------
    AuthorError
        If it cannot be read, is not UTF-8, not YAML, has a key twice, or no keys.
    """
    return parse_yaml(read_text(path, path.name), path.name)


def read_text(path: Path, name: str | Path) -> str:
    """Read a text file; raise AuthorError if it cannot be read, or is not UTF-8."""
    try:
        return path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise unreadable(error, name) from None
    except UnicodeDecodeError as error:
        line = error.object.count(b"\n", 0, error.start) + 1
        raise AuthorError("save this file as UTF-8.", name, line) from None


def parse_yaml(text: str, name: str | Path, first: int = 1) -> YamlFile:
    """Parse YAML whose first line is a given one of a file; see `read_yaml`."""
    try:
        tree = yaml.compose(text, Loader=yaml.SafeLoader)
        data = yaml.safe_load(text)
    except yaml.MarkedYAMLError as error:
        raise _syntax_error(error, name, first) from None
    except yaml.YAMLError as error:
        raise AuthorError(f"this is not YAML: {error}", name) from None
    if not isinstance(data, dict):
        raise AuthorError("here must be lines “key: value”.", name, first)
    lines: dict[Place, int] = {(): first}
    for place, line in _lines(tree):
        if place in lines:
            message = f"“{place[-1]}” is in line {lines[place]} as well; delete one."
            raise AuthorError(message, name, line + first)
        lines[place] = line + first
    return YamlFile(str(name), data, lines)


def _syntax_error(
    error: yaml.MarkedYAMLError, name: str | Path, first: int
) -> AuthorError:
    opened = re.search("quoted|flow", error.context or "")  # and never closed
    mark = error.context_mark if opened else error.problem_mark
    assert mark
    return AuthorError(
        f"this is not YAML: {error.problem}. Put a text with “: ” or “ #” in it "
        "between quotes, close quotes and brackets, and indent with spaces.",
        name,
        mark.line + first,
    )


def _lines(node: yaml.Node, place: Place = ()) -> Iterator[tuple[Place, int]]:
    """Yield the place of each key and item below a node, with its line from 0."""
    if isinstance(node, yaml.MappingNode):
        parts = [(key.value, key, value) for key, value in node.value]
    elif isinstance(node, yaml.SequenceNode):
        parts = [(number, item, item) for number, item in enumerate(node.value)]
    else:
        return
    for name, begin, value in parts:
        yield (*place, name), begin.start_mark.line
        yield from _lines(value, (*place, name))
