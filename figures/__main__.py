"""Draw every drawing again: ``python -m figures [folder]``."""

import sys
from importlib import import_module
from pathlib import Path

SHARED = {"__init__", "__main__", "drawing"}


def main(folder: Path | None = None) -> None:
    """Draw every script's figure into the folder, or where it belongs."""
    if folder:
        folder.mkdir(parents=True, exist_ok=True)
    for script in sorted(Path(__file__).parent.glob("*.py")):
        if script.stem not in SHARED:
            drawing = import_module(f"figures.{script.stem}")
            print(drawing.save(drawing.draw(), script, folder))


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:]))
