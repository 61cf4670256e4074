"""Run the code of a page inside a test, to try out what the page defines."""

import linecache
from typing import Any

import matplotlib as mpl
import matplotlib.pyplot as plt
from execution import ROOT, read_chapter

SKIPPED = {"raises-exception", "nbval-ignore-output"}


def run_page(stem: str) -> dict[str, Any]:
    """Execute a chapter's cells in order and return the names they define.

    Cells that fail on purpose, and those that only measure time, are left
    out. The source stays available to `inspect`, as it is in a notebook.
    """
    mpl.use("Agg")
    names: dict[str, Any] = {"__name__": f"page {stem}", "display": lambda _: None}
    path = ROOT / "chapters" / f"{stem}.md"
    for number, cell in enumerate(read_chapter(path).cells):
        tags = set(cell.metadata.get("tags", []))
        if cell.cell_type != "code" or tags & SKIPPED:
            continue
        place = f"{path.name}, cell {number}"
        lines = cell.source.splitlines(keepends=True)
        linecache.cache[place] = (len(cell.source), None, lines, place)
        exec(compile(cell.source, place, "exec"), names)
        plt.close("all")
    return names
