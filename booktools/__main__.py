"""The book's command line: ``python -m booktools COMMAND``, run in its folder."""

import argparse
import errno
import gc
import os
import sys
from collections.abc import Callable
from importlib import import_module
from pathlib import Path

from booktools.errors import AuthorError

COMMANDS = {  # and the module with the `main(root)` of each
    "assignments": "booktools.assignments",
    "build": "booktools.build",
    "lab": "booktools.lab",
    "live": "booktools.live",
    "notebooks": "booktools.export",
    "pdf": "booktools.pdf",
    "serve": "booktools.serve",
    "slides": "booktools.slides.deck",
}


def main(arguments: list[str] | None = None) -> int:
    """Run one command and return its exit status."""
    parser = argparse.ArgumentParser(prog="python -m booktools")
    parser.add_argument("command", choices=COMMANDS)
    parser.add_argument("--root", type=Path, default=Path(), help="the book's folder")
    options = parser.parse_args(arguments)
    root = options.root.resolve()
    for name in ("_config.yml", "_toc.yml"):
        if not (root / name).is_file():
            parser.error(f"{root} is not a book: it has no {name}. Use --root.")
    # Pages stay in memory; searching them for garbage takes a fifth of the time.
    gc.set_threshold(100_000)
    return run(import_module(COMMANDS[options.command]).main, root)


def run(command: Callable[[Path], int], root: Path) -> int:
    """Run a command in a book; return its exit status, or 1 after an error."""
    try:
        return command(root)
    except AuthorError as error:
        print(error, file=sys.stderr)
    except OSError as error:
        if os.strerror(errno.ENOSPC) not in str(error):  # shutil's error has no errno
            raise
        place = error.filename or root
        message = f"{place}: no space is left here; free some and try again."
        print(message, file=sys.stderr)
    return 1


if __name__ == "__main__":
    status = main()
    gc.freeze()  # otherwise Python would search all pages for garbage as it exits
    sys.exit(status)
