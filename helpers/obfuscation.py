"""Keep a module from being read at a glance, and still let Python run it."""

import base64
import linecache
import zlib
from typing import Any

OBFUSCATED = '''\
"""What `check` knows, obfuscated so that nobody reads an answer by accident."""
from helpers.obfuscation import run_obfuscated
run_obfuscated(globals(), "{text}")
'''


def obfuscate(source: str) -> str:
    """Return a module that does the same as another, but does not show its source."""
    text = base64.b85encode(zlib.compress(source.encode(), 9)).decode()
    return OBFUSCATED.format(text=text)


def run_obfuscated(module: dict[str, Any], text: str) -> None:
    """Execute the source in an obfuscated module that `inspect` can find."""
    source = zlib.decompress(base64.b85decode(text)).decode()
    place = f"{module['__name__']} (decoded)"
    lines = source.splitlines(keepends=True)
    linecache.cache[place] = (len(source), None, lines, place)
    exec(compile(source, place, "exec"), module)
