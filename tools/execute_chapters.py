"""Execute chapters side by side, longest first, and say how far they are.

What a cell tagged ``nbval-ignore-output`` shows is a measurement: it differs
from run to run, and pages must not. So its output is taken out, kept beside
the executed chapter in the cache, and a mark stands in its place, which a
script on the page fills in; see `_ext/build_report.py`.
"""

import hashlib
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
from execution import BUILD, ROOT, cell_line
from jupyter_client.kernelspec import NoSuchKernel
from nbclient import NotebookClient
from nbclient.exceptions import CellControlSignal
from nbformat import NotebookNode
from nbformat.v4 import new_output

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
    """

    path: Path
    notebook: NotebookNode
    seconds: float = 0.0
    megabytes: float = 0.0
    fault: str = ""
    measured: dict[str, str] = field(default_factory=dict)
    started: float | None = None
    _reached: int = 0
    _client: NotebookClient | None = None

    @property
    def name(self) -> str:
        """File, from the top of the book."""
        return str(self.path.relative_to(ROOT))

    def execute(self) -> "Run":
        """Execute the chapter in a kernel of its own and return this run."""
        config = yaml.safe_load((ROOT / "_config.yml").read_text(encoding="utf-8"))
        self._client = NotebookClient(
            self.notebook,
            resources={"metadata": {"path": str(self.path.parent)}},
            timeout=config["execute"]["timeout"],
            coalesce_streams=True,  # how prints are cut into messages is chance
            record_timing=False,  # or the cache would not know the cells again
            on_cell_start=self._note_cell,
        )
        self.started = time.perf_counter()
        try:
            self._client.execute()
        except (CellControlSignal, RuntimeError, NoSuchKernel) as error:
            self.fault = f"{self._place()}\n{error}"
        self.seconds = time.perf_counter() - self.started
        self._client = None
        if not self.fault:
            self._find_what_did_not_fail()
        if not self.fault:
            self._tidy()
        return self

    def _note_cell(self, cell: NotebookNode, cell_index: int) -> None:
        self._reached = cell_index

    def _place(self) -> str:
        kinds = [cell.cell_type for cell in self.notebook.cells[: self._reached]]
        line = cell_line(self.notebook, self._reached)
        return f"{self.name}:{line} Cell {kinds.count('code')}"

    def _find_what_did_not_fail(self) -> None:
        for index, cell in enumerate(self.notebook.cells):
            kinds = [output.output_type for output in cell.get("outputs", [])]
            tags = cell.metadata.get("tags", [])
            if "raises-exception" in tags and "error" not in kinds:
                self._reached = index
                complaint = "It is tagged raises-exception and raised nothing."
                self.fault = f"{self._place()}\n{complaint}"

    def _tidy(self) -> None:
        """Take out of the outputs whatever differs from run to run."""
        for cell in self.notebook.cells:
            if cell.cell_type != "code":
                continue
            cell.outputs = _repeatable(cell.outputs)
            if MEASURED in cell.metadata.get("tags", []) and cell.outputs:
                key = hashlib.sha256(cell.source.encode()).hexdigest()[:16]
                self.measured[key] = "".join(map(_as_html, cell.outputs))
                mark = f'<div data-measured="{key}"><p>{WITHOUT_SCRIPT}</p></div>'
                data = {"text/html": mark, "text/plain": WITHOUT_SCRIPT}
                cell.outputs = [new_output("display_data", data)]

    def look(self) -> None:
        """Note how much memory the kernel uses now, if there is one."""
        try:
            kernel = psutil.Process(self._client.km.provisioner.pid)  # type: ignore[union-attr]
            used = kernel.memory_info().rss
        except (AttributeError, TypeError, psutil.Error):
            return  # not there yet, or not any more
        self.megabytes = max(self.megabytes, used / 1e6)

    def progress(self) -> str:
        """Say which cell it is at, and since when it has been running."""
        seconds = time.perf_counter() - (self.started or time.perf_counter())
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
    reported = time.perf_counter()
    interval = 1.0 if sys.stdout.isatty() else REPORT_SECONDS
    try:
        waiting = {pool.submit(run.execute) for run in runs}
        while waiting:
            ended, waiting = wait(waiting, LOOK_SECONDS, FIRST_COMPLETED)
            for future in ended:
                run = future.result()
                verb = "FAILED after" if run.fault else "executed in"
                say(
                    f"{run.name} {verb} {run.seconds:.1f} s, "
                    f"{run.megabytes:.0f} MB ({len(waiting)} left)"
                )
                if run.fault:
                    good = False
                    say(run.fault)
                else:
                    done(run)
            running = [run for run in runs if run._client is not None]
            for run in running:
                run.look()
            if time.perf_counter() - reported > interval:
                reported = time.perf_counter()
                report(running, len(waiting))
    finally:  # if interrupted: wait for none, and begin none
        pool.shutdown(wait=False, cancel_futures=True)
        if sys.stdout.isatty():
            print("\r\x1b[K", end="", flush=True)
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


def say(text: str) -> None:
    """Print a line that stays, in the place of the passing one, if any."""
    wipe = "\r\x1b[K" if sys.stdout.isatty() else ""
    print(f"{wipe}{text}", flush=True)


def report(running: list[Run], left: int) -> None:
    """Say what is running: one passing line in a terminal, lines in a log."""
    lines = [run.progress() for run in running]
    if sys.stdout.isatty():
        line = f"{left} left: " + "; ".join(lines)
        width = shutil.get_terminal_size().columns
        print(f"\r\x1b[K{line[: width - 1]}", end="", flush=True)
    else:
        for line in lines:
            print(f"{line} ({left} left)", flush=True)


def _repeatable(value: Any) -> Any:
    """Leave addresses in memory, and where things are installed, out of texts."""
    if isinstance(value, str):
        for folder in INSTALLED:
            value = value.replace(f"{folder}/", "")
        return re.sub(r"\b0x[0-9a-f]{6,}\b", "0x…", value)
    if isinstance(value, list):
        return [_repeatable(part) for part in value]
    if isinstance(value, dict):
        for key, part in value.items():
            if not str(key).startswith("image/png"):
                value[key] = _repeatable(part)
    return value


def _as_html(output: NotebookNode) -> str:
    if output.output_type == "stream":
        return f"<pre>{escape(output.text)}</pre>"
    data = output.get("data", {})
    return data.get("text/html") or f"<pre>{escape(data.get('text/plain', ''))}</pre>"
