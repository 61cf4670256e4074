"""The command line of the book: ``python -m booktools COMMAND``."""

import argparse
import sys
from importlib import import_module

COMMANDS = {
    "build": "booktools.build",
    "notebooks": "booktools.export",
    "pdf": "booktools.pdf",
    "serve": "booktools.serve",
    "slides": "booktools.slides.deck",
}


def main() -> int:
    """Run one command and return its exit status."""
    parser = argparse.ArgumentParser(prog="python -m booktools")
    parser.add_argument("command", choices=COMMANDS)
    parser.add_argument("arguments", nargs="*")
    options = parser.parse_args()
    sys.argv[1:] = options.arguments
    return import_module(COMMANDS[options.command]).main()


if __name__ == "__main__":
    sys.exit(main())
