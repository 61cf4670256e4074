"""Build the book: execute what has changed, render, put the site in place.

Chapters execute side by side, longest first, into the cache that MyST-NB then
reads, since `jupyter-book build` executes them one after the other. The site
is rendered into a new folder and takes the place of the last good one only if
all went well. Exit status 0 means that every cell ran and no page gave a
warning. A build that is stopped, however it is stopped, can be run again.
"""

import hashlib
import json
import os
import shutil
import signal
import sys
import warnings
from contextlib import redirect_stdout, suppress
from io import StringIO
from pathlib import Path

import nbformat
from filelock import FileLock, Timeout
from jupyter_book.cli.main import main as jupyter_book
from jupyter_cache.base import CacheBundleIn
from jupyter_cache.cache.main import JupyterCacheBase
from sphinx_external_toc.parsing import MalformedError

from booktools.edition import SITES, STUDENT, edition, site_folder
from booktools.environment import (
    BUILD,
    EXECUTED,
    ROOT,
    STAMP,
    Surroundings,
    chapter_files,
    hash_files,
    number_of_jobs,
    open_cache,
    prepare_execution,
    read_chapter,
)
from booktools.execute import (
    DURATIONS,
    Run,
    execute_all,
    read_durations,
)
from booktools.git import branch, commit
from booktools.kernels import preload_kernels
from booktools.urls import repository_address, site_address
from helpers import DataError, DeviceError

NEXT = BUILD / "next"
CACHES_KEPT = 8
NOT_SOURCES = ("_build", "tests")  # besides what begins with a dot


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
    shutil.rmtree(NEXT, ignore_errors=True)  # of a build that was stopped
    try:
        goal = site_folder()
        for folder in (goal, EXECUTED):
            recover(folder)
        surroundings = prepare_execution()
        jobs = number_of_jobs()
        paths = chapter_files()
        key = hash_of_sources(surroundings.fingerprint)
    except (DataError, DeviceError, MalformedError, OSError, ValueError) as error:
        print(f"The book was not built: {error}", file=sys.stderr)
        return 1
    print(f"Digits: {surroundings.digits}.", flush=True)
    if is_up_to_date(goal, key, paths):
        print(f"Nothing has changed since {goal / 'index.html'} was built.")
        return 0
    cache = open_cache(surroundings.fingerprint)
    runs = read_chapters(paths)
    changed = [run for run in runs if not is_cached(cache, run)]
    executed = execute_chapters(cache, changed, jobs, surroundings)
    if not executed or len(runs) < len(paths):
        return keep_last_site("a chapter failed, see above")
    if prepare_execution() != surroundings:
        shutil.rmtree(cache.path)
        return keep_last_site("what chapters depend on changed meanwhile; try again")
    if not all(is_cached(cache, run) for run in read_chapters(paths)):
        return keep_last_site("a chapter was edited meanwhile; try again")
    if not render():
        return keep_last_site("Sphinx gave warnings or errors, see above")
    site = NEXT / "_build" / "html"
    forget_stamps(goal, key)
    save_executed(cache, runs, surroundings.fingerprint)
    (site / STAMP).write_text(key)
    replace(site, goal)
    shutil.rmtree(NEXT)
    forget_old_caches(Path(cache.path))
    serve = "make serve" + f" EDITION={STUDENT}" * (edition() == STUDENT)
    print(f"The book is built. Open {goal / 'index.html'} or type: {serve}")
    return 0


def hash_of_sources(fingerprint: str) -> str:
    """Return a hash of everything that a page can show or be made with.

    That is every file of the book, whether a page uses it or not, beside the
    surroundings in which the chapters execute, the commit, and the addresses of
    site and repository, where the branch is part of some.
    """
    places = f"{site_address()} {repository_address()} {branch()}"
    found = hashlib.sha256(f"{fingerprint} {commit()} {places}".encode())
    for folder, folders, files in os.walk(ROOT):
        here = Path(folder).relative_to(ROOT)
        folders[:] = sorted(
            name
            for name in folders
            if not name.startswith((".", "__")) and str(here / name) not in NOT_SOURCES
        )
        for name in sorted(files):
            if not name.startswith("."):
                content = hashlib.sha256((ROOT / here / name).read_bytes())
                found.update(f"{here / name} {content.hexdigest()}\n".encode())
    return found.hexdigest()


def is_up_to_date(site: Path, key: str, paths: list[Path]) -> bool:
    """Say whether all that is there was made from just these sources."""
    try:
        fresh = (site / STAMP).read_text() == key
    except OSError:
        return False
    return fresh and all((EXECUTED / f"{path.stem}.ipynb").is_file() for path in paths)


def read_chapters(paths: list[Path]) -> list[Run]:
    """Read the chapters, and name those that cannot be read."""
    runs = []
    for path in paths:
        try:
            runs.append(Run(path, read_chapter(path)))
        except Exception as error:  # MyST-NB's own have no common kind
            print(f"{path.relative_to(ROOT)} FAILED: {error}", flush=True)
    return runs


def is_cached(cache: JupyterCacheBase, run: Run) -> bool:
    """Say whether the cache holds a chapter, undamaged, as this tool stores it.

    A plain `jupyter-book build` may have put it there as well.
    """
    try:
        cache.merge_match_into_notebook(run.notebook)
        return "megabytes" in cache.match_cache_notebook(run.notebook).data
    except Exception:  # not there, or damaged: then it is made anew
        return False


def execute_chapters(
    cache: JupyterCacheBase, runs: list[Run], jobs: int, here: Surroundings
) -> bool:
    """Execute chapters into the cache; say whether all ended well.

    Only this thread writes to the cache, so that its database has one writer.
    """
    if not runs:
        return True
    durations = read_durations()
    runs.sort(key=lambda run: -durations.get(run.path.stem, float("inf")))

    def store(run: Run) -> None:
        if hash_files() != here.files:
            return  # nobody knows which of them it has seen; see build()
        record = {
            "execution_seconds": run.seconds,
            "megabytes": run.megabytes,
        }
        # What a stopped build left of this entry would be in the way.
        _, key = cache.create_hashed_notebook(run.notebook)
        shutil.rmtree(Path(cache.path) / "executed" / key, ignore_errors=True)
        bundle = CacheBundleIn(run.notebook, str(run.path), data=record)
        cache.cache_notebook_bundle(bundle, check_validity=False, overwrite=True)
        durations[run.path.stem] = run.seconds

    try:
        preload_kernels()  # first, so that no chapter is charged with the wait
        return execute_all(runs, jobs, store)
    finally:
        DURATIONS.write_text(json.dumps(durations))


def render(folder: Path = NEXT, builder: str = "html") -> bool:
    """Render with Jupyter Book into a new folder, warnings being errors."""
    shutil.rmtree(folder, ignore_errors=True)
    arguments = ["build", str(ROOT), "--path-output", str(folder)]
    arguments += ["--builder", builder]
    arguments += ["--all", "-W", "-n", "--keep-going", "--quiet"]
    try:
        with redirect_stdout(StringIO()):  # it praises a folder that moves
            jupyter_book(arguments, standalone_mode=False)
    except SystemExit as stop:
        if isinstance(stop.code, KeyboardInterrupt):  # Jupyter Book catches it
            raise KeyboardInterrupt from None
        return not stop.code
    except RuntimeError as error:
        print(error.__cause__ or error, file=sys.stderr)
        return False
    return True


def keep_last_site(reason: str) -> int:
    """Say that the build failed and what still stands; return the status."""
    shutil.rmtree(NEXT, ignore_errors=True)
    site = site_folder()
    rest = f" The last good site is still in {site}." if site.is_dir() else ""
    print(f"The book was not built: {reason}.{rest}", file=sys.stderr)
    return 1


def forget_stamps(goal: Path, key: str) -> None:
    """Say of no site that it is up to date while the executed chapters change.

    They belong to both editions; one that was made from the same sources stays.
    """
    for name in SITES.values():
        stamp = BUILD / name / STAMP
        with suppress(FileNotFoundError):
            if stamp.parent == goal or stamp.read_text() != key:
                stamp.unlink()


def save_executed(cache: JupyterCacheBase, runs: list[Run], fingerprint: str) -> None:
    """Save the executed chapters, which the tests compare with."""
    folder = NEXT / "executed"
    folder.mkdir()
    for run in runs:
        _, notebook = cache.merge_match_into_notebook(run.notebook)
        notebook.metadata["fingerprint"] = fingerprint
        nbformat.write(notebook, folder / f"{run.path.stem}.ipynb")
    replace(folder, EXECUTED)


def forget_old_caches(used: Path) -> None:
    """Delete the caches of surroundings that were not met for longest."""
    used.touch()
    known = sorted(used.parent.iterdir(), key=lambda path: path.stat().st_mtime)
    for folder in known[:-CACHES_KEPT]:
        shutil.rmtree(folder, ignore_errors=True)


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
