"""Run the code of a page inside a test, to try out what the page defines."""

import linecache
from contextlib import nullcontext, suppress
from typing import Any

import matplotlib as mpl
import matplotlib.pyplot as plt
from execution import ROOT, read_chapter


def run_page(stem: str) -> dict[str, Any]:
    """Execute a chapter's cells in order and return the names they define.

    Cells that are to fail may do so; those that only measure time are left
    out. The source stays available to `inspect`, as it is in a notebook.
    """
    mpl.use("Agg")
    names: dict[str, Any] = {"__name__": f"page {stem}", "display": lambda _: None}
    path = ROOT / "chapters" / f"{stem}.md"
    for number, cell in enumerate(read_chapter(path).cells):
        tags = cell.metadata.get("tags", [])
        if cell.cell_type != "code" or "nbval-ignore-output" in tags:
            continue
        place = f"{path.name}, cell {number}"
        lines = cell.source.splitlines(keepends=True)
        linecache.cache[place] = (len(cell.source), None, lines, place)
        with suppress(Exception) if "raises-exception" in tags else nullcontext():
            exec(compile(cell.source, place, "exec"), names)
        plt.close("all")
    return names
