"""Build the book: execute what has changed, render, put the site in place.

Chapters execute side by side, longest first, into the cache that MyST-NB then
reads, since `jupyter-book build` executes them one after the other. The site
is rendered into a new folder and takes the place of the last good one only if
all went well. Exit status 0 means that every cell ran and no page gave a
warning. A build that is stopped, however it is stopped, can be run again.
"""

import json
import os
import shutil
import signal
import sys
import time
import warnings
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import redirect_stdout
from io import StringIO
from pathlib import Path

import nbformat
import yaml
from filelock import FileLock, Timeout
from jupyter_book.cli.main import main as jupyter_book
from jupyter_cache.base import CacheBundleIn, JupyterCacheAbstract
from jupyter_client.kernelspec import NoSuchKernel
from nbclient import NotebookClient
from nbclient.exceptions import CellControlSignal, DeadKernelError
from nbformat import NotebookNode
from sphinx_external_toc.parsing import MalformedError, parse_toc_yaml

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "_ext"))
from execution import (  # noqa: E402
    BUILD,
    EXECUTED,
    cell_line,
    open_cache,
    prepare_execution,
    read_chapter,
)

from helpers import DataError, DeviceError, load_digits  # noqa: E402

NEXT = BUILD / "next"
SITE = BUILD / "html"
DURATIONS = BUILD / "durations.json"  # seconds each chapter took last time


def main() -> int:
    """Build the book, one build at a time, and return the exit status."""
    warnings.formatwarning = lambda message, *_, **__: f"{message}\n"
    lock = FileLock(BUILD / "lock")
    try:
        BUILD.mkdir(exist_ok=True)
        lock.acquire(timeout=0)
    except Timeout:
        print("Another build is at work here; waiting for it.", flush=True)
        lock.acquire()
    except OSError as error:
        print(f"The book was not built: {error}", file=sys.stderr)
        return 1
    try:
        return build()
    except KeyboardInterrupt:
        keep_last_site("it was interrupted; chapters that were done are kept")
        sys.stderr.flush()
        # At once, and its kernels with it, however busy they are; and by the
        # signal, so that a shell above stops as well.
        signal.signal(signal.SIGINT, signal.SIG_DFL)
        os.kill(os.getpid(), signal.SIGINT)
        return 130
    finally:
        lock.release()


def build() -> int:
    """Build the book and return the exit status."""
    for folder in (SITE, EXECUTED):
        recover(folder)
    try:
        fingerprint = prepare_execution()
        digits = load_digits().name
        jobs = number_of_jobs()
        chapters()
    except (DataError, DeviceError, MalformedError, OSError, ValueError) as error:
        print(f"The book was not built: {error}", file=sys.stderr)
        return 1
    print(f"Digits: {digits}.", flush=True)
    cache = open_cache(fingerprint)
    if not execute_chapters(cache, jobs):
        return keep_last_site("a chapter failed, see above")
    if not render():
        return keep_last_site("Sphinx gave warnings or errors, see above")
    save_executed(cache, fingerprint)
    replace(NEXT / "_build" / "html", SITE)
    shutil.rmtree(NEXT)
    print(f"The book is built. Open {SITE / 'index.html'} or type: make serve")
    return 0


def number_of_jobs() -> int:
    """Return how many chapters may execute at once, ``JOBS`` or one a core."""
    asked = os.environ.get("JOBS") or str(os.cpu_count() or 1)
    if not asked.isdigit() or int(asked) < 1:
        raise ValueError(f"JOBS={asked} is not a number of chapters; try JOBS=2.")
    return int(asked)


def chapters() -> list[Path]:
    """Return the chapters that the table of contents names, in order."""
    named = parse_toc_yaml(ROOT / "_toc.yml")
    files = [ROOT / f"{name}.md" for name in named if name.startswith("chapters/")]
    for file in files:
        if not file.is_file():
            raise FileNotFoundError(
                f"_toc.yml names {file.relative_to(ROOT)}, which is not there."
            )
    return files


def execute_chapters(cache: JupyterCacheAbstract, jobs: int) -> bool:
    """Execute the chapters that the cache does not hold; report each.

    A failure does not stop the others. Only this thread writes to the
    cache, so that its database has one writer.
    """
    durations = read_durations()
    changed = []
    for path in chapters():
        notebook = read_chapter(path)
        try:
            cache.merge_match_into_notebook(notebook)
        except Exception:  # not there, or damaged: then it is made anew
            changed.append((path, notebook))
    changed.sort(key=lambda pair: -durations.get(pair[0].stem, float("inf")))
    failed = 0
    pool = ThreadPoolExecutor(jobs)
    try:
        waiting = {pool.submit(execute, *pair): pair[0] for pair in changed}
        for done, running in enumerate(as_completed(waiting), start=1):
            path = waiting[running]
            notebook, seconds, fault = running.result()
            name = path.relative_to(ROOT)
            left = f"{len(waiting) - done} left"
            if fault:
                failed += 1
                print(f"{name} FAILED after {seconds:.1f} s ({left})\n{fault}")
            else:
                bundle = CacheBundleIn(
                    notebook, str(path), data={"execution_seconds": seconds}
                )
                cache.cache_notebook_bundle(
                    bundle, check_validity=False, overwrite=True
                )
                durations[path.stem] = seconds
                print(f"{name} executed in {seconds:.1f} s ({left})")
            sys.stdout.flush()
    finally:  # if interrupted: wait for none, and begin none
        pool.shutdown(wait=False, cancel_futures=True)
        DURATIONS.write_text(json.dumps(durations))
    return not failed


def read_durations() -> dict[str, float]:
    """Return how long chapters took last time, as far as that is known."""
    try:
        stored = json.loads(DURATIONS.read_text())
        return {name: float(seconds) for name, seconds in stored.items()}
    except (OSError, ValueError, TypeError, AttributeError):
        return {}  # only the order of execution depends on it


def execute(path: Path, notebook: NotebookNode) -> tuple[NotebookNode, float, str]:
    """Execute one chapter in a kernel of its own.

    Returns the notebook with its outputs, the seconds it took, and what
    went wrong: the file, the line of the failing cell and its traceback, or
    an empty string.
    """
    reached = 0

    def note(cell: NotebookNode, cell_index: int) -> None:
        nonlocal reached
        reached = cell_index

    config = yaml.safe_load((ROOT / "_config.yml").read_text(encoding="utf-8"))
    client = NotebookClient(
        notebook,
        resources={"metadata": {"path": str(path.parent)}},
        timeout=config["execute"]["timeout"],
        coalesce_streams=True,  # how prints are cut into messages is chance
        record_timing=False,  # or the cache would not know the cells again
        on_cell_start=note,
    )
    fault = ""
    started = time.perf_counter()
    try:
        client.execute()
    except (CellControlSignal, DeadKernelError, NoSuchKernel) as error:
        fault = str(error)
    seconds = time.perf_counter() - started
    if not fault:
        for index, cell in enumerate(notebook.cells):
            tame = "error" not in [o.output_type for o in cell.get("outputs", [])]
            if tame and "raises-exception" in cell.metadata.get("tags", []):
                reached = index
                fault = "It is tagged raises-exception and raised nothing."
    if not fault:
        return notebook, seconds, ""
    number = sum(cell.cell_type == "code" for cell in notebook.cells[:reached])
    place = f"{path.relative_to(ROOT)}:{cell_line(notebook, reached)} Cell {number}"
    return notebook, seconds, f"{place}\n{fault}"


def render() -> bool:
    """Render with Jupyter Book into a new folder, warnings being errors."""
    shutil.rmtree(NEXT, ignore_errors=True)
    arguments = ["build", str(ROOT), "--path-output", str(NEXT)]
    arguments += ["--all", "-W", "-n", "--keep-going", "--quiet"]
    try:
        with redirect_stdout(StringIO()):  # it praises a folder that moves
            jupyter_book(arguments, standalone_mode=False)
    except SystemExit as stop:
        return not stop.code
    except RuntimeError as error:
        print(error.__cause__ or error, file=sys.stderr)
        return False
    return True


def keep_last_site(reason: str) -> int:
    """Say that the build failed and what still stands; return the status."""
    shutil.rmtree(NEXT, ignore_errors=True)
    rest = f" The last good site is still in {SITE}." if SITE.is_dir() else ""
    print(f"The book was not built: {reason}.{rest}", file=sys.stderr)
    return 1


def save_executed(cache: JupyterCacheAbstract, fingerprint: str) -> None:
    """Save the executed chapters, which the tests compare with."""
    folder = NEXT / "executed"
    folder.mkdir()
    for path in chapters():
        _, notebook = cache.merge_match_into_notebook(read_chapter(path))
        notebook.metadata["fingerprint"] = fingerprint
        nbformat.write(notebook, folder / f"{path.stem}.ipynb")
    replace(folder, EXECUTED)


def replace(new: Path, old: Path) -> None:
    """Put a folder in the place of another, which may not exist."""
    if old.exists():
        old.rename(aside(old))
    new.rename(old)
    shutil.rmtree(aside(old), ignore_errors=True)


def recover(folder: Path) -> None:
    """Undo a replacement that was stopped half-way."""
    if aside(folder).exists() and not folder.exists():
        aside(folder).rename(folder)
    shutil.rmtree(aside(folder), ignore_errors=True)


def aside(folder: Path) -> Path:
    """Say where the old folder waits while the new one takes its place."""
    return folder.with_name(f"{folder.name}.old")


if __name__ == "__main__":
    sys.exit(main())
