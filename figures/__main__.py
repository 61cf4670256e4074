"""Redraw all drawings: ``python -m figures [folder]``."""

import sys
from importlib import import_module
from pathlib import Path

from figures import drawing

SHARED = {"__init__", "__main__", "drawing"}


def main(folder: Path | None = None) -> None:
    """Save every script's figure in the folder, or by default in its usual place."""
    if folder:
        folder.mkdir(parents=True, exist_ok=True)
    for script in sorted(Path(__file__).parent.glob("*.py")):
        if script.stem not in SHARED:
            module = import_module(f"figures.{script.stem}")
            save = getattr(module, "save", drawing.save)
            print(save(module.draw(), script, folder))


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:]))
