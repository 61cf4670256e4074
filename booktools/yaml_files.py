"""Read text and YAML so that an error can name its line."""

import copy
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import yaml
from yaml.constructor import ConstructorError
from yaml.reader import ReaderError

from booktools.errors import AuthorError, unreadable

Place = tuple[Any, ...]  # the keys, and numbers of items, that lead to a value


@dataclass(frozen=True)
class YamlFile:
    """The content of YAML, and where each part of it is."""

    name: str  # of its file
    data: dict[Any, Any]
    lines: dict[Place, int]  # of each key and item, as in ("parts", 0, "caption")

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

    Raise AuthorError if it cannot be read, is not UTF-8, not YAML, has a key twice, or
    no keys.
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


class _Loader(yaml.SafeLoader):
    """Says where an invalid value is, such as the date 2026-02-30."""

    def construct_object(self, node: yaml.Node, deep: bool = False) -> Any:
        try:
            return super().construct_object(node, deep)
        except (ValueError, AttributeError) as error:
            raise ConstructorError(
                problem=f"“{node.value:.40}”: {error}",
                problem_mark=node.start_mark,
                note="Put a text in quotes.",
            ) from None


def parse_yaml(text: str, name: str | Path, first: int = 1) -> YamlFile:
    """Parse YAML that begins at a given line of a file; see `read_yaml`."""
    return copy.deepcopy(_parse(text, name, first))


@lru_cache(maxsize=64)  # a build needs the table of contents a dozen times
def _parse(text: str, name: str | Path, first: int) -> YamlFile:
    try:
        loader = _Loader(text)
        tree = loader.get_single_node()
        data = loader.construct_document(tree) if tree else None
        places = list(_lines(tree)) if tree else []
    except yaml.MarkedYAMLError as error:
        raise _syntax_error(error, name, first) from None
    except ReaderError as error:
        message = f"delete the character U+{error.character:04X}; it is invisible."
        line = text.count("\n", 0, error.position) + first
        raise AuthorError(message, name, line) from None
    except RecursionError:
        message = "a value here contains itself, or too many brackets."
        raise AuthorError(message, name, first) from None
    if not isinstance(data, dict):
        raise AuthorError("write lines “key: value” here.", name, first)
    lines: dict[Place, int] = {(): first}
    for place, line in places:
        if place in lines:
            message = f"“{place[-1]}” is on line {lines[place]} as well; delete one."
            raise AuthorError(message, name, line + first)
        lines[place] = line + first
    return YamlFile(str(name), data, lines)


def _syntax_error(
    error: yaml.MarkedYAMLError, name: str | Path, first: int
) -> AuthorError:
    opened = re.search("quoted|flow", error.context or "")  # and never closed
    mark = error.context_mark if opened else error.problem_mark
    assert mark
    advice = error.note or (
        "Put a text that contains “: ” or “ #” in quotes, close quotes and brackets, "
        "and indent with spaces."
    )
    message = f"this is not YAML: {error.problem}. {advice}"
    return AuthorError(message, name, mark.line + first)


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
