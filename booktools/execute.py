"""Execute chapters in parallel, longest first, and store their outputs.

The outputs go into the cache that MyST-NB reads, since `jupyter-book build`
itself would execute the chapters one after another.
"""

import asyncio
import shutil
import sys
import time
from collections.abc import Callable
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from threading import Lock, Semaphore
from typing import Any

import psutil
from jupyter_cache import get_cache
from jupyter_cache.base import CacheBundleIn
from jupyter_cache.cache.main import JupyterCacheBase
from nbclient import NotebookClient
from nbformat import NotebookNode
from sqlalchemy.exc import DatabaseError

from booktools.environment import CACHE
from booktools.outputs import check_data, normalise
from booktools.sources import cell_place

POLL_SECONDS = 0.2  # between measurements of memory
REPORT_SECONDS = 10.0  # between lines on a running chapter, in a log


def open_cache(root: Path, fingerprint: str) -> JupyterCacheBase:
    """Open the cache of executed chapters for a fingerprint.

    A cache whose database cannot be read is deleted: it can be rebuilt.
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

    This is None if the cache does not hold the chapter, undamaged and stored by
    `store`; a plain `jupyter-book build` may have put one there as well.
    """
    try:
        cache.merge_match_into_notebook(notebook)
        record: Any = cache.match_cache_notebook(notebook).data
        return {
            "seconds": record["execution_seconds"],
            "megabytes": record["megabytes"],
        }
    except Exception:  # missing or damaged: execute the chapter again
        return None


def store(cache: JupyterCacheBase, run: "Run") -> None:
    """Put an executed chapter into the cache; call this from one thread only."""
    # An interrupted build may have left part of this entry.
    _, key = cache.create_hashed_notebook(run.notebook)
    shutil.rmtree(Path(cache.path) / "executed" / key, ignore_errors=True)
    record = {"execution_seconds": run.seconds, "megabytes": run.megabytes}
    bundle = CacheBundleIn(run.notebook, str(run.path), data=record)
    cache.cache_notebook_bundle(bundle, check_validity=False, overwrite=True)


@dataclass(eq=False)
class Run:
    """The execution of one chapter in a kernel.

    Attributes
    ----------
    root : Path
        The book.
    path : Path
        The chapter's file.
    timeout : int or None
        Seconds that a cell may take; None for no limit.
    notebook : NotebookNode
        Its cells; outputs are added as they arrive.
    seconds, megabytes : float
        Time it took, and the most memory its kernel was observed to use,
        including the libraries.
    fault : str
        What went wrong: file, line, cell and traceback; empty if nothing did.
    started : float
        When it began, by `time.perf_counter`.
    client : NotebookClient or None
        The client executing it; None when it is not running.
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
    _cell_index: int = 0

    @property
    def name(self) -> str:
        """The file's path, relative to the book's root."""
        return str(self.path.relative_to(self.root))

    def execute(self, next_one: Lock, slots: Semaphore) -> "Run":
        """Execute the chapter in its own kernel and return this run.

        Its kernel starts once the lock ``next_one`` is free, and its first cell once
        there is a free slot. So a single kernel waits, and the order is kept.
        """
        self.started = time.perf_counter()
        client = NotebookClient(
            self.notebook,
            resources={"metadata": {"path": str(self.path.parent)}},
            timeout=self.timeout,
            coalesce_streams=True,  # how output is split into messages is random
            record_timing=False,  # it would keep the cache from recognising cells
            on_cell_start=self._note_cell,
        )
        with ExitStack() as running, ExitStack() as waiting:

            def begin(**_: Any) -> None:
                running.enter_context(slots)
                waiting.close()
                self.client, self.started = client, time.perf_counter()

            client.on_notebook_start = begin  # when the kernel is ready
            waiting.enter_context(next_one)
            try:
                asyncio.run(client.async_execute())  # in a loop that it closes
                self._check_outputs()
                self._normalise_outputs()
            except Exception as error:  # whatever happens, the other chapters continue
                self.fault = f"{self._place()}\n{str(error) or type(error).__name__}"
        self.seconds = time.perf_counter() - self.started
        self.client = None
        return self

    def _note_cell(self, cell: NotebookNode, cell_index: int) -> None:
        self._cell_index = cell_index

    def _place(self) -> str:
        kinds = [cell.cell_type for cell in self.notebook.cells[: self._cell_index]]
        place = cell_place(self.notebook, self._cell_index)
        return f"{place} Cell {kinds.count('code')}"

    def _check_outputs(self) -> None:
        """Raise ValueError if a cell produced something it should not."""
        for index, cell in enumerate(self.notebook.cells):
            self._cell_index = index
            outputs = cell.get("outputs", [])
            tags = cell.metadata.get("tags", [])
            failed = any(output.output_type == "error" for output in outputs)
            if "raises-exception" in tags and not failed:
                raise ValueError("It is tagged raises-exception but raised nothing.")
            for output in outputs:
                if output.get("name") == "stderr":
                    raise ValueError(f"It wrote to stderr:\n{output.text}")
                check_data(output.get("data", {}))

    def _normalise_outputs(self) -> None:
        """Remove from the outputs what differs from run to run."""
        for cell in self.notebook.cells:
            if cell.cell_type == "code":
                cell.outputs = normalise(cell.outputs, self.root)

    def measure_memory(self) -> None:
        """Record how much memory the kernel uses now, if it is running."""
        try:
            pid = self.client.km.provisioner.pid  # type: ignore[union-attr]
            used = psutil.Process(pid).memory_info().rss if pid else 0
        except (AttributeError, psutil.Error):
            return  # not started yet, or already gone
        self.megabytes = max(self.megabytes, used / 1e6)

    def progress(self) -> str:
        """Return which cell it has reached, and how long it has been running."""
        seconds = time.perf_counter() - self.started
        cells = [cell.cell_type for cell in self.notebook.cells]
        at = cells[: self._cell_index + 1].count("code")
        return f"{self.name} at cell {at} of {cells.count('code')}, {seconds:.0f} s"


def execute_all(runs: list[Run], jobs: int, on_success: Callable[[Run], None]) -> bool:
    """Execute chapters in the given order, several at once, reporting on each.

    Parameters
    ----------
    runs : list of Run
        The chapters, longest first.
    jobs : int
        How many may run at once.
    on_success : callable
        Called in this thread with each run that succeeded.

    Returns
    -------
    bool
        Whether all succeeded. A failure does not stop the others.
    """
    waiting: set[Future[Run]] = set()
    # A kernel takes half a second to start and to end, and mostly waits. So one more
    # is started, and begins when another ends.
    pool = ThreadPoolExecutor(jobs + 1)
    next_one, slots = Lock(), Semaphore(jobs)
    good = True
    progress = ProgressLines()
    try:
        waiting = {pool.submit(run.execute, next_one, slots) for run in runs}
        while waiting:
            ended, waiting = wait(waiting, POLL_SECONDS, FIRST_COMPLETED)
            for future in ended:
                run = future.result()
                verb = "FAILED after" if run.fault else "executed in"
                progress.log(
                    f"{run.name} {verb} {run.seconds:.1f} s, "
                    f"{run.megabytes:.0f} MB ({len(waiting)} left)"
                )
                if run.fault:
                    good = False
                    progress.log(run.fault)
                else:
                    on_success(run)
            running = [run for run in runs if run.client is not None]
            for run in running:
                run.measure_memory()
            progress.update(running, len(waiting))
    finally:  # if interrupted: do not wait, and start no others
        pool.shutdown(wait=False, cancel_futures=True)
        progress.clear()
    return good


class ProgressLines:
    """One progress line for each running chapter.

    In a terminal the lines are redrawn in place every second. In a log, a line
    is written when a chapter begins and every ten seconds after that.
    """

    def __init__(self) -> None:
        self.in_terminal = sys.stdout.isatty()
        self.shown = 0
        self.due: dict[str, float] = {}

    def clear(self) -> None:
        """Erase the progress lines."""
        if self.shown:
            print(f"\x1b[{self.shown}A\x1b[J", end="", flush=True)
            self.shown = 0

    def log(self, text: str) -> None:
        """Print a permanent line."""
        self.clear()
        print(text, flush=True)

    def update(self, running: list[Run], left: int) -> None:
        """Show how far the running chapters are, if an update is due."""
        now = time.perf_counter()
        due = [run for run in running if self.due.get(run.name, 0.0) <= now]
        if not due:
            return
        for run in due:
            self.due[run.name] = now + (1.0 if self.in_terminal else REPORT_SECONDS)
        self.clear()
        width = shutil.get_terminal_size().columns - 1
        for run in running if self.in_terminal else due:
            line = f"{run.progress()} ({left} left)"
            print(line[:width] if self.in_terminal else line, flush=True)
            self.shown += self.in_terminal
