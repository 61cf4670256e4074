"""The command line of the book: ``python -m booktools COMMAND``, in its folder."""

import argparse
import sys
from importlib import import_module
from pathlib import Path

from helpers import DataError, DeviceError

COMMANDS = {  # and the modules whose `main` is called with the book's root
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
            parser.error(f"{root} is no book: it has no {name}. Use --root.")
    try:
        return import_module(COMMANDS[options.command]).main(root)
    except (DataError, DeviceError, ValueError) as error:  # of what was asked for
        print(error, file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main())
