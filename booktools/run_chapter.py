"""Run the code of a chapter outside a notebook, to use or test what it defines."""

import linecache
from contextlib import nullcontext, suppress
from pathlib import Path
from typing import Any

import matplotlib as mpl
import matplotlib.pyplot as plt

from booktools.sources import read_chapter


def execute_chapter(root: Path, stem: str, until: str | None = None) -> dict[str, Any]:
    """Execute a chapter's cells in order and return the names they define.

    Cells tagged ``raises-exception`` may fail; those tagged
    ``nbval-ignore-output``, which only measure, are skipped; those that begin with
    ``%%writefile`` are written. The source stays available to `inspect`, as it is
    in a notebook.

    With ``until``, stop before the cell that contains this text, and return its source
    under the name ``"next_cell"``. Raise ValueError unless it is in one cell only.
    """
    mpl.use("Agg")
    names: dict[str, Any] = {"__name__": f"chapter {stem}", "display": lambda _: None}
    path = root / "chapters" / f"{stem}.md"
    cells = read_chapter(root, path).cells
    if until:
        code = [cell.source for cell in cells if cell.cell_type == "code"]
        found = sum(until in source for source in code)
        if found != 1:
            message = f"{found} cells of {path.name} contain {until!r}, not one."
            raise ValueError(message)
    for number, cell in enumerate(cells):
        tags = cell.metadata.get("tags", [])
        if cell.cell_type != "code" or "nbval-ignore-output" in tags:
            continue
        if until and until in cell.source:
            return names | {"next_cell": cell.source}
        if cell.source.startswith("%%writefile "):
            first, _, content = cell.source.partition("\n")
            Path(first.split()[1]).write_text(f"{content}\n", encoding="utf-8")
            continue
        place = f"{path.name}, cell {number}"
        lines = cell.source.splitlines(keepends=True)
        linecache.cache[place] = (len(cell.source), None, lines, place)
        with suppress(Exception) if "raises-exception" in tags else nullcontext():
            exec(compile(cell.source, place, "exec"), names)
        plt.close("all")
    return names
