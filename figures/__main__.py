"""Draw every drawing again: ``python -m figures [folder]``."""

import sys
from importlib import import_module
from pathlib import Path

from figures.drawing import save

SHARED = {"__init__", "__main__", "drawing"}


def main(folder: Path) -> None:
    """Draw every script's figure into the folder."""
    folder.mkdir(parents=True, exist_ok=True)
    for script in sorted(Path(__file__).parent.glob("*.py")):
        if script.stem not in SHARED:
            draw = import_module(f"figures.{script.stem}").draw
            print(save(draw(), script, folder))


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parent)
