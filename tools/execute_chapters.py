"""Execute chapters side by side, longest first, and say how far they are.

What a cell tagged ``nbval-ignore-output`` shows is a measurement: it differs
from run to run, and pages must not. So its output is taken out, kept beside
the executed chapter in the cache, and a mark stands in its place, which a
script on the page fills in; see `_ext/build_report.py`. In the place of a
picture stands an empty one of the size that the cell states; the finished
site gets the measured one as a file.
"""

import base64
import io
import json
import re
import shutil
import sys
import sysconfig
import time
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from html import escape
from pathlib import Path
from typing import Any

import psutil
import yaml
from execution import BUILD, ROOT, cell_place
from IPython.utils.path import compress_user
from nbclient import NotebookClient
from nbformat import NotebookNode
from nbformat.v4 import new_output
from PIL import Image, ImageDraw
from PIL.PngImagePlugin import PngInfo

from helpers import requested_run

DURATIONS = BUILD / "durations.json"  # seconds each chapter took last time
BUDGET = ROOT / "tools" / "budget.yml"
LOOK_SECONDS = 0.2  # how often memory is measured
REPORT_SECONDS = 10.0  # how often a log hears of a chapter that is running
# Packages, Python itself, and the book, which may hold the packages.
INSTALLED = (*map(sysconfig.get_path, ("purelib", "platlib", "stdlib")), ROOT)
MEASURED = "nbval-ignore-output"
WITHOUT_SCRIPT = (
    "The times measured here differ from run to run. Run the cell to see yours."
)


@dataclass(eq=False)
class Run:
    """One chapter on its way through a kernel.

    Attributes
    ----------
    path : Path
        Its file.
    notebook : NotebookNode
        Its cells; the outputs are added as they come.
    seconds, megabytes : float
        Time it took, and most memory that its kernel was seen to use, the
        libraries included.
    fault : str
        What went wrong: file, line and cell, and the traceback; or nothing.
    measured : dict of str to str
        The measurements that were taken out, as HTML, by the key of the mark
        that stands in their place.
    pictures : dict of str to str
        The pictures that were measured, as base64 of PNG, by the same keys.
    started : float
        When it began, by `time.perf_counter`.
    client : NotebookClient or None
        What executes it, while it runs.
    """

    path: Path
    notebook: NotebookNode
    seconds: float = 0.0
    megabytes: float = 0.0
    fault: str = ""
    measured: dict[str, str] = field(default_factory=dict)
    pictures: dict[str, str] = field(default_factory=dict)
    started: float = 0.0
    client: NotebookClient | None = None
    _reached: int = 0

    @property
    def name(self) -> str:
        """File, from the top of the book."""
        return str(self.path.relative_to(ROOT))

    def execute(self) -> "Run":
        """Execute the chapter in a kernel of its own and return this run."""
        self.started = time.perf_counter()
        try:
            config = yaml.safe_load((ROOT / "_config.yml").read_text(encoding="utf-8"))
            self.client = NotebookClient(
                self.notebook,
                resources={"metadata": {"path": str(self.path.parent)}},
                timeout=None
                if requested_run() == "long"
                else config["execute"]["timeout"],
                coalesce_streams=True,  # how prints are cut into messages is chance
                record_timing=False,  # or the cache would not know the cells again
                on_cell_start=self._note_cell,
            )
            self.client.execute()
            self._look_at_outputs()
            self._tidy()
        except Exception as error:  # whatever it is, the other chapters go on
            self.fault = f"{self._place()}\n{str(error) or type(error).__name__}"
        self.seconds = time.perf_counter() - self.started
        self.client = None
        return self

    def _note_cell(self, cell: NotebookNode, cell_index: int) -> None:
        self._reached = cell_index

    def _place(self) -> str:
        kinds = [cell.cell_type for cell in self.notebook.cells[: self._reached]]
        place = cell_place(self.notebook, self._reached)
        return f"{place} Cell {kinds.count('code')}"

    def _look_at_outputs(self) -> None:
        """Raise ValueError where a cell gave what it should not."""
        for index, cell in enumerate(self.notebook.cells):
            self._reached = index
            outputs = cell.get("outputs", [])
            tags = cell.metadata.get("tags", [])
            failed = any(output.output_type == "error" for output in outputs)
            if "raises-exception" in tags and not failed:
                raise ValueError("It is tagged raises-exception and raised nothing.")
            for output in outputs:
                if output.get("name") == "stderr":
                    raise ValueError(f"It wrote to stderr:\n{output.text}")
            drawn = sum("image/png" in output.get("data", {}) for output in outputs)
            if MEASURED in tags and drawn:
                if len(outputs) > 1:
                    raise ValueError(
                        f"It is tagged {MEASURED}, so it may show one picture, or "
                        "texts and tables, and not both."
                    )
                _stated_size(cell)

    def _tidy(self) -> None:
        """Take out of the outputs whatever differs from run to run."""
        cells = [cell for cell in self.notebook.cells if cell.cell_type == "code"]
        for number, cell in enumerate(cells):
            cell.outputs = _repeatable(cell.outputs)
            if MEASURED in cell.metadata.get("tags", []) and cell.outputs:
                key = f"{self.path.stem}-{number}"
                if picture := cell.outputs[0].get("data", {}).get("image/png"):
                    size = _stated_size(cell)
                    self.pictures[key] = _fit(picture, size)
                    cell.outputs = [_empty_picture(key, size)]
                    continue
                self.measured[key] = "".join(map(_as_html, cell.outputs))
                mark = f'<div data-measured="{key}"><p>{WITHOUT_SCRIPT}</p></div>'
                data = {"text/html": mark, "text/plain": WITHOUT_SCRIPT}
                cell.outputs = [new_output("display_data", data)]

    def look(self) -> None:
        """Note how much memory the kernel uses now, if there is one."""
        try:
            number = self.client.km.provisioner.pid  # type: ignore[union-attr]
            used = psutil.Process(number).memory_info().rss if number else 0
        except (AttributeError, psutil.Error):
            return  # not there yet, or not any more
        self.megabytes = max(self.megabytes, used / 1e6)

    def progress(self) -> str:
        """Say which cell it is at, and since when it has been running."""
        seconds = time.perf_counter() - self.started
        cells = [cell.cell_type for cell in self.notebook.cells]
        at = cells[: self._reached + 1].count("code")
        return f"{self.name} at cell {at} of {cells.count('code')}, {seconds:.0f} s"


def execute_all(runs: list[Run], jobs: int, done: Any) -> bool:
    """Execute chapters in the order given, some at once; report on each.

    Parameters
    ----------
    runs : list of Run
        The chapters, longest first.
    jobs : int
        How many may run at once.
    done : callable
        Called in this thread with each run that ended well.

    Returns
    -------
    bool
        Whether all ended well. One that fails does not stop the others.
    """
    waiting: set[Future[Run]] = set()
    pool = ThreadPoolExecutor(jobs)
    good = True
    passing = Passing()
    try:
        waiting = {pool.submit(run.execute) for run in runs}
        while waiting:
            ended, waiting = wait(waiting, LOOK_SECONDS, FIRST_COMPLETED)
            for future in ended:
                run = future.result()
                verb = "FAILED after" if run.fault else "executed in"
                passing.say(
                    f"{run.name} {verb} {run.seconds:.1f} s, "
                    f"{run.megabytes:.0f} MB ({len(waiting)} left)"
                )
                if run.fault:
                    good = False
                    passing.say(run.fault)
                else:
                    done(run)
            running = [run for run in runs if run.client is not None]
            for run in running:
                run.look()
            passing.report(running, len(waiting))
    finally:  # if interrupted: wait for none, and begin none
        pool.shutdown(wait=False, cancel_futures=True)
        passing.wipe()
    return good


def read_durations() -> dict[str, float]:
    """Return how long chapters took last time, or else how long they may."""
    known = {name: limits["seconds"] for name, limits in read_budget().items()}
    try:
        stored = json.loads(DURATIONS.read_text())
        known |= {name: float(seconds) for name, seconds in stored.items()}
    except (OSError, ValueError, TypeError, AttributeError):
        pass  # only the order of execution depends on it
    return known


def read_budget() -> dict[str, dict[str, float]]:
    """Return how many seconds and megabytes each chapter may take."""
    if not BUDGET.is_file():
        return {}
    return yaml.safe_load(BUDGET.read_text(encoding="utf-8"))


class Passing:
    """Lines on the chapters that are running, one each.

    In a terminal they are written anew every second, in one place. In a log
    there is one when a chapter begins, and then one every ten seconds.
    """

    def __init__(self) -> None:
        self.in_terminal = sys.stdout.isatty()
        self.shown = 0
        self.due: dict[str, float] = {}

    def wipe(self) -> None:
        """Take the passing lines away."""
        if self.shown:
            print(f"\x1b[{self.shown}A\x1b[J", end="", flush=True)
            self.shown = 0

    def say(self, text: str) -> None:
        """Print a line that stays."""
        self.wipe()
        print(text, flush=True)

    def report(self, running: list[Run], left: int) -> None:
        """Say how far the chapters are, if it is time to."""
        now = time.perf_counter()
        due = [run for run in running if self.due.get(run.name, 0.0) <= now]
        if not due:
            return
        for run in due:
            self.due[run.name] = now + (1.0 if self.in_terminal else REPORT_SECONDS)
        self.wipe()
        width = shutil.get_terminal_size().columns - 1
        for run in running if self.in_terminal else due:
            line = f"{run.progress()} ({left} left)"
            print(line[:width] if self.in_terminal else line, flush=True)
            self.shown += self.in_terminal


def _repeatable(value: Any) -> Any:
    """Leave addresses in memory, and where things are installed, out of texts."""
    if isinstance(value, str):
        for folder in map(str, INSTALLED):
            for name in (folder, compress_user(folder)):  # tracebacks write ~
                value = value.replace(f"{name}/", "")
        return re.sub(r"\b0x[0-9a-f]{6,}\b", "0x…", value)
    if isinstance(value, list):
        return [_repeatable(part) for part in value]
    if isinstance(value, dict):
        for key, part in value.items():
            if not str(key).startswith("image/png"):
                value[key] = _repeatable(part)
    return value


def _stated_size(cell: NotebookNode) -> tuple[int, int]:
    """Return width and height of a measured picture, in pixels of a page.

    Matplotlib cuts a figure off around what is drawn, so that its size would
    differ from run to run.

    Raises
    ------
    ValueError
        If the cell does not state them.
    """
    stated = cell.metadata.get("mystnb", {}).get("image", {})
    sizes = [
        re.fullmatch(r"(\d+)px", str(stated.get(name))) for name in ("width", "height")
    ]
    if not all(sizes):
        raise ValueError(
            f"It is tagged {MEASURED} and shows a picture, so it must state its size "
            "in mystnb.image.width and mystnb.image.height, as 640px and 440px."
        )
    width, height = (int(found[1]) for found in sizes if found)
    return width, height


def _fit(picture: str, size: tuple[int, int]) -> str:
    """Put a picture on a blank ground, two pixels for each of a page's."""
    drawn = Image.open(io.BytesIO(base64.b64decode(picture))).convert("RGB")
    ground = Image.new("RGB", (2 * size[0], 2 * size[1]), "white")
    drawn.thumbnail(ground.size)  # smaller, if it does not fit
    ground.paste(
        drawn, ((ground.width - drawn.width) // 2, (ground.height - drawn.height) // 2)
    )
    return _as_base64(ground)


def _empty_picture(key: str, size: tuple[int, int]) -> NotebookNode:
    """Return what stands in the place of a measured picture: it says so."""
    ground = Image.new("RGB", (2 * size[0], 2 * size[1]), "white")
    lines = WITHOUT_SCRIPT.replace(". ", ".\n")
    ImageDraw.Draw(ground).multiline_text(
        (size[0], size[1]), lines, "#222222", font_size=24, anchor="mm", align="center"
    )
    name = PngInfo()
    name.add_text("measured", key)  # by which `_ext/pictures.py` knows it
    data = {"image/png": _as_base64(ground, name), "text/plain": WITHOUT_SCRIPT}
    shown = {"image/png": {"width": size[0], "height": size[1]}}
    return new_output("display_data", data, metadata=shown)


def _as_base64(picture: Image.Image, name: PngInfo | None = None) -> str:
    file = io.BytesIO()
    picture.save(file, "png", pnginfo=name)
    return base64.b64encode(file.getvalue()).decode()


def _as_html(output: NotebookNode) -> str:
    if output.output_type == "stream":
        return f"<pre>{escape(output.text)}</pre>"
    data = output.get("data", {})
    return data.get("text/html") or f"<pre>{escape(data.get('text/plain', ''))}</pre>"
