"""What cells may show, and how it is stored.

What a page cannot show without a kernel or a network is refused. What differs from
run to run is removed, and nothing else.

Python shows an object that defines no text by its address in memory, as in
``<object at 0x7f…>``, and tracebacks name the folders of the book and of packages.
"""

import re
import sysconfig
from functools import cache
from pathlib import Path
from typing import Any

from IPython.utils.path import compress_user

# Where Python and its packages are installed.
INSTALLED = tuple(map(sysconfig.get_path, ("purelib", "platlib", "stdlib")))
# An object with its address, in text or in HTML; its name may have brackets as well.
OBJECT = re.compile(
    r"(?:<|&lt;)(?:[^<>\n]|<[^<>\n]*>)* at 0x[0-9a-f]+[^<>\n]*(?:>|&gt;)"
)
ADDRESS = re.compile(" at 0x[0-9a-f]+")
SCRIPT = re.compile(r"(<script\b.*?</script>)", re.I | re.S)

WIDGET = "application/vnd.jupyter.widget"  # how the types of outputs begin
LOADED = re.compile(
    r"""<(?:script|link|img|iframe|audio|video|source|embed)\b[^>]*?
    \b(?:src|href)\s*=\s*["']?((?:https?:)?//[^"'\s>]+)""",
    re.IGNORECASE | re.VERBOSE,
)


def check_data(data: dict[str, Any]) -> None:
    """Raise ValueError if a page cannot show an output without a kernel or network."""
    if any(kind.startswith(WIDGET) for kind in data):
        raise ValueError(
            "It shows a widget, which needs a kernel and other sites. On a page, use "
            "helpers.show_slider, or an explorable: see CONTRIBUTING.md."
        )
    if loaded := LOADED.search(str(data.get("text/html", ""))):
        raise ValueError(
            f"It loads {loaded[1]}, but pages load nothing from other sites. Show a "
            "picture of it, or link to it."
        )


def normalise(value: Any, root: Path) -> Any:
    """Return an output, or a part of one, as it is in every run.

    Lists and dictionaries are changed. What is not text, such as an image, stays as
    it is, and so do scripts in HTML.
    """
    if isinstance(value, str):
        parts = SCRIPT.split(value)
        parts[::2] = [_normalise_text(part, root) for part in parts[::2]]
        return "".join(parts)
    if isinstance(value, list):
        return [normalise(part, root) for part in value]
    if isinstance(value, dict):
        for key in filter(_is_text, value):
            value[key] = normalise(value[key], root)
    return value


def _is_text(key: str) -> bool:
    """Return whether a key of an output is not a media type, or is that of text."""
    return "/" not in key or key.startswith("text/")


def _normalise_text(text: str, root: Path) -> str:
    text = _folders(root).sub("", text)
    return OBJECT.sub(lambda found: ADDRESS.sub(" at 0x…", found[0]), text)


@cache
def _folders(root: Path) -> re.Pattern[str]:
    """Return a pattern for the beginning of a path in a folder that varies."""
    folders = [*INSTALLED, str(root)]  # the book may contain the packages
    names = {*folders, *map(compress_user, folders)}  # tracebacks write ~ for home
    listed = "|".join(re.escape(name) for name in sorted(names, key=len, reverse=True))
    # Not the end of a longer path or address; the code of a colour may come before.
    return re.compile(rf"(?:(?<![\w/.~-])|(?<=\dm))(?:{listed})/")
