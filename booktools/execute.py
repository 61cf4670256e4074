"""Execute chapters side by side, longest first, and keep what they gave.

They are executed into the cache that MyST-NB reads, since `jupyter-book build`
would execute them one after the other.
"""

import re
import shutil
import sys
import sysconfig
import time
from collections.abc import Callable
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil
from IPython.utils.path import compress_user
from jupyter_cache import get_cache
from jupyter_cache.base import CacheBundleIn
from jupyter_cache.cache.main import JupyterCacheBase
from nbclient import NotebookClient
from nbformat import NotebookNode
from sqlalchemy.exc import DatabaseError

from booktools.environment import CACHE
from booktools.sources import cell_place

LOOK_SECONDS = 0.2  # how often memory is measured
REPORT_SECONDS = 10.0  # how often a log hears of a chapter that is running
# Where Python and its packages are installed.
INSTALLED = tuple(map(sysconfig.get_path, ("purelib", "platlib", "stdlib")))


def open_cache(root: Path, fingerprint: str) -> JupyterCacheBase:
    """Open the cache of executed chapters that belongs to a fingerprint.

    One whose database cannot be read is thrown away: it can be made again.
    """
    folder = root / CACHE / fingerprint
    cache = get_cache(folder)
    try:
        cache.list_cache_records()
    except (DatabaseError, RuntimeError):  # the second is jupyter-cache's own
        shutil.rmtree(folder)
        cache = get_cache(folder)
    return cache


def cached_record(
    cache: JupyterCacheBase, notebook: NotebookNode
) -> dict[str, float] | None:
    """Return the seconds and megabytes that a cached chapter took.

    It is None if the cache does not hold the chapter, undamaged, as it is stored
    here; a plain `jupyter-book build` may have put it there as well.
    """
    try:
        cache.merge_match_into_notebook(notebook)
        record: Any = cache.match_cache_notebook(notebook).data
        return {
            "seconds": record["execution_seconds"],
            "megabytes": record["megabytes"],
        }
    except Exception:  # not there, or damaged: then it is made anew
        return None


def store(cache: JupyterCacheBase, run: "Run") -> None:
    """Put an executed chapter into the cache, whose database has one writer."""
    # What a stopped build left of this entry would be in the way.
    _, key = cache.create_hashed_notebook(run.notebook)
    shutil.rmtree(Path(cache.path) / "executed" / key, ignore_errors=True)
    record = {"execution_seconds": run.seconds, "megabytes": run.megabytes}
    bundle = CacheBundleIn(run.notebook, str(run.path), data=record)
    cache.cache_notebook_bundle(bundle, check_validity=False, overwrite=True)


@dataclass(eq=False)
class Run:
    """One chapter on its way through a kernel.

    Attributes
    ----------
    root : Path
        The book.
    path : Path
        The chapter's file.
    timeout : int or None
        Seconds that a cell may take; None for as long as it likes.
    notebook : NotebookNode
        Its cells; the outputs are added as they come.
    seconds, megabytes : float
        Time it took, and most memory that its kernel was seen to use, the
        libraries included.
    fault : str
        What went wrong: file, line and cell, and the traceback; or nothing.
    started : float
        When it began, by `time.perf_counter`.
    client : NotebookClient or None
        What executes it, while it runs.
    """

    root: Path
    path: Path
    notebook: NotebookNode
    timeout: int | None
    seconds: float = 0.0
    megabytes: float = 0.0
    fault: str = ""
    started: float = 0.0
    client: NotebookClient | None = None
    _reached: int = 0

    @property
    def name(self) -> str:
        """File, from the top of the book."""
        return str(self.path.relative_to(self.root))

    def execute(self) -> "Run":
        """Execute the chapter in a kernel of its own and return this run."""
        self.started = time.perf_counter()
        try:
            self.client = NotebookClient(
                self.notebook,
                resources={"metadata": {"path": str(self.path.parent)}},
                timeout=self.timeout,
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

    def _tidy(self) -> None:
        """Take out of the outputs what differs from run to run."""
        for cell in self.notebook.cells:
            if cell.cell_type == "code":
                cell.outputs = _repeatable(cell.outputs, self.root)

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


def execute_all(runs: list[Run], jobs: int, done: Callable[[Run], None]) -> bool:
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


def _repeatable(value: Any, root: Path) -> Any:
    """Leave addresses in memory, and where things are installed, out of texts."""
    if isinstance(value, str):
        for folder in (*INSTALLED, str(root)):  # the book may hold the packages
            for name in (folder, compress_user(folder)):  # tracebacks write ~
                value = value.replace(f"{name}/", "")
        return re.sub(r"\b0x[0-9a-f]{6,}\b", "0x…", value)
    if isinstance(value, list):
        return [_repeatable(part, root) for part in value]
    if isinstance(value, dict):
        for key, part in value.items():
            if not str(key).startswith("image/png"):
                value[key] = _repeatable(part, root)
    return value
