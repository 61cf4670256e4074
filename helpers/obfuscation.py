"""Keep a module from being read at a glance, and still let Python run it."""

import base64
import linecache
import zlib
from typing import Any

SEALED = '''\
"""What `check` knows, so sealed that nobody reads an answer by accident."""
from helpers.obfuscation import unseal
unseal(globals(), "{text}")
'''


def seal(source: str) -> str:
    """Return a module that does the same as another, but does not show its source."""
    text = base64.b85encode(zlib.compress(source.encode(), 9)).decode()
    return SEALED.format(text=text)


def unseal(module: dict[str, Any], text: str) -> None:
    """Execute what was sealed in a module, with its source for `inspect`."""
    source = zlib.decompress(base64.b85decode(text)).decode()
    place = f"{module['__name__']} (unsealed)"
    lines = source.splitlines(keepends=True)
    linecache.cache[place] = (len(source), None, lines, place)
    exec(compile(source, place, "exec"), module)
