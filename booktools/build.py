"""Build the book: execute what has changed, render, put the site in place.

Sphinx renders into a folder of its own, where it keeps what it knows, so that
after a good build it reads only the pages that have changed. The finished site
takes the place of the last good one only if all went well. Exit status 0 means
that every cell ran and no page gave a warning. A build that is stopped, however
it is stopped, can be run again.
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
from typing import Any

import yaml
from filelock import FileLock, Timeout
from sphinx_external_toc.parsing import MalformedError

from booktools.edition import SITES, STUDENT, edition
from booktools.environment import (
    CACHE,
    Environment,
    hash_file,
    hash_files,
    number_of_jobs,
    prepare_environment,
)
from booktools.git import branch, revision
from booktools.sources import BUILD, EXECUTED, LOCK, chapter_files, pages, read_chapter
from booktools.urls import repository_address, site_address
from helpers import DataError, DeviceError

NEXT = BUILD / "next"  # the new site, until it takes the place of the last
RENDERED = BUILD / "sphinx"  # what Sphinx has made, a folder for each edition
RECORDS = BUILD / "chapters.json"  # what each chapter took when it was executed
STAMP = ".sources"  # in a site: the hash of what it was made from
STATE = "state.json"  # beside what Sphinx has made: what that was made from
CACHES_KEPT = 8
NOT_SOURCES = ("_build", "tests")  # besides what begins with a dot
FEW = 2  # chapters; for so few, preloading kernels takes longer than it saves

Hashes = dict[str, str]  # of files, by their name below the root


def main(root: Path) -> int:
    """Build the book, one build at a time, and return the exit status."""
    warnings.formatwarning = lambda message, *_, **__: f"{message}\n"
    lock = FileLock(root / LOCK)
    try:
        (root / BUILD).mkdir(exist_ok=True)
        lock.acquire(timeout=0)
    except Timeout:
        print("Another build is at work here; waiting for it.", flush=True)
        lock.acquire()
    except OSError as error:
        print(f"The book was not built: {error}", file=sys.stderr)
        return 1
    try:
        return build(root)
    except KeyboardInterrupt:
        keep_last_site(root, "it was interrupted; chapters that were done are kept")
        sys.stderr.flush()
        # End at once, with the kernels, however busy they are; and by the
        # signal, so that a shell above stops as well.
        signal.signal(signal.SIGINT, signal.SIG_DFL)
        os.kill(os.getpid(), signal.SIGINT)
        return 130
    finally:
        lock.release()


def build(root: Path) -> int:
    """Build the book and return the exit status; see the module."""
    shutil.rmtree(root / NEXT, ignore_errors=True)  # of a build that was stopped
    try:
        site = root / BUILD / SITES[edition()]
        for folder in (site, root / EXECUTED):
            recover(folder)
        environment = prepare_environment(root)
        jobs = number_of_jobs()
        paths = chapter_files(root)
        hashes = hash_sources(root)
        key = hash_of(hashes, environment.fingerprint, places(root))
    except (DataError, DeviceError, MalformedError, OSError, ValueError) as error:
        print(f"The book was not built: {error}", file=sys.stderr)
        return 1
    print(f"Digits: {environment.digits}.", flush=True)
    if is_up_to_date(site, key, [root / EXECUTED / f"{p.stem}.ipynb" for p in paths]):
        print(f"Nothing has changed since {site / 'index.html'} was built.")
        return 0
    folder = root / RENDERED / edition()
    names = {f"{name}.md" for name in pages(root)}
    base = hash_of(
        {name: it for name, it in hashes.items() if name not in names},
        environment.fingerprint,
        places(root),
        str(root),  # of a book that has moved Sphinx reads all again
    )
    changed = changed_pages(root, folder, base, hashes)
    if changed is None:
        shutil.rmtree(folder, ignore_errors=True)
    read = [p for p in paths if changed is None or f"chapters/{p.name}" in changed]
    if not execute(root, read, environment, jobs):
        return keep_last_site(root, "a chapter failed, see above")
    if read and prepare_environment(root) != environment:
        shutil.rmtree(root / CACHE / environment.fingerprint)
        return keep_last_site(
            root, "what chapters depend on changed meanwhile; try again"
        )
    if any(hash_file(path) != hashes[f"chapters/{path.name}"] for path in read):
        return keep_last_site(root, "a chapter was edited meanwhile; try again")
    (folder / STATE).unlink(missing_ok=True)  # until this one has succeeded
    if not render(root, folder):
        shutil.rmtree(
            folder, ignore_errors=True
        )  # or Sphinx would not warn a second time
        return keep_last_site(root, "Sphinx gave warnings or errors, see above")
    from booktools.postprocess import finish_site  # here, as is all of Sphinx

    finish_site(folder / "_build" / "html", root / NEXT / "html", root / BUILD)
    forget_stamps(root, site, key)
    save_executed(root, paths, read, environment.fingerprint)
    (root / NEXT / "html" / STAMP).write_text(key)
    replace(root / NEXT / "html", site)
    shutil.rmtree(root / NEXT)
    write_state(root, folder, base, hashes)
    forget_old_caches(root / CACHE / environment.fingerprint)
    serve = "make serve" + f" EDITION={STUDENT}" * (edition() == STUDENT)
    print(f"The book is built. Open {site / 'index.html'} or type: {serve}")
    return 0


# What a site is made from


def hash_sources(root: Path) -> Hashes:
    """Return the hash of every file that a page can show or be made with.

    That is every file of the book, whether a page uses it or not, but for the
    tests, what was built, and what begins with a dot.
    """
    found: Hashes = {}
    for folder, folders, files in os.walk(root):
        here = Path(folder).relative_to(root)
        folders[:] = sorted(
            name
            for name in folders
            if not name.startswith((".", "__")) and str(here / name) not in NOT_SOURCES
        )
        for name in sorted(files):
            if not name.startswith("."):
                found[(here / name).as_posix()] = hash_file(root / here / name)
    return found


def places(root: Path) -> str:
    """Return the commit, and the addresses that pages lead to."""
    facts = revision(root), site_address(root), repository_address(root), branch(root)
    return " ".join(facts)


def hash_of(*parts: Any) -> str:
    """Return one hash of hashes and texts."""
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()


def is_up_to_date(site: Path, key: str, executed: list[Path]) -> bool:
    """Say whether all that is there was made from just these sources."""
    try:
        fresh = (site / STAMP).read_text() == key
    except OSError:
        return False
    return fresh and all(path.is_file() for path in executed)


def changed_pages(
    root: Path, folder: Path, base: str, hashes: Hashes
) -> set[str] | None:
    """Return the pages that Sphinx has to read again, None for all of them.

    It is all of them if anything else has changed, or if an unchanged chapter
    was executed again since.
    """
    try:
        state = json.loads((folder / STATE).read_text())
        if state["base"] != base:
            return None
        changed = {
            name for name, it in state["pages"].items() if hashes.get(name) != it
        }
        executed = hash_executed(root)
        for name, it in state["executed"].items():
            if f"chapters/{name}.md" not in changed and executed.get(name) != it:
                return None
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None
    return changed


def write_state(root: Path, folder: Path, base: str, hashes: Hashes) -> None:
    """Write down what Sphinx has read, for `changed_pages`."""
    names = [f"{name}.md" for name in pages(root)]
    state = {
        "base": base,
        "pages": {name: hashes.get(name) for name in names},
        "executed": hash_executed(root),
    }
    (folder / STATE).write_text(json.dumps(state))


def hash_executed(root: Path) -> Hashes:
    """Return the hashes of the executed chapters, by their names."""
    return {path.stem: hash_file(path) for path in (root / EXECUTED).glob("*.ipynb")}


# Executing


def execute(root: Path, paths: list[Path], here: Environment, jobs: int) -> bool:
    """Execute those of the chapters that the cache does not hold.

    Returns
    -------
    bool
        Whether all could be read and ended well. One that fails does not stop
        the others.
    """
    if not paths:
        return True
    from booktools.execute import Run, cached_record, execute_all, open_cache, store
    from booktools.kernels import preload_kernels

    cache = open_cache(root, here.fingerprint)
    timeout = None if here.run == "long" else cell_timeout(root)
    records = read_records(root)
    runs, good = [], True
    for path in paths:
        try:
            notebook = read_chapter(root, path)
        except Exception as error:  # MyST-NB's own have no common kind
            print(f"{path.relative_to(root)} FAILED: {error}", flush=True)
            good = False
            continue
        if record := cached_record(cache, notebook):
            records[path.stem] = record
        else:
            runs.append(Run(root, path, notebook, timeout))

    def keep(run: Run) -> None:
        if hash_files(root) != here.files:
            return  # nobody knows which of them it has seen; see build()
        store(cache, run)
        took = {"seconds": run.seconds, "megabytes": run.megabytes}
        records[run.path.stem] = took

    runs.sort(key=lambda run: -records.get(run.path.stem, {}).get("seconds", 1e9))
    try:
        if len(runs) > FEW:
            preload_kernels()
        return execute_all(runs, jobs, keep) and good
    finally:
        (root / RECORDS).write_text(json.dumps(records))


def cell_timeout(root: Path) -> int:
    """Return how many seconds ``_config.yml`` gives a cell."""
    config = yaml.safe_load((root / "_config.yml").read_text(encoding="utf-8"))
    return int(config["execute"]["timeout"])


def read_records(root: Path) -> dict[str, dict[str, float]]:
    """Return the seconds and megabytes that each chapter took last time."""
    try:
        stored = json.loads((root / RECORDS).read_text())
        return {
            name: {"seconds": float(it["seconds"]), "megabytes": float(it["megabytes"])}
            for name, it in stored.items()
        }
    except (OSError, ValueError, TypeError, KeyError, AttributeError):
        return {}  # the order of execution and a table depend on it, no more


def save_executed(
    root: Path, paths: list[Path], read: list[Path], fingerprint: str
) -> None:
    """Save the executed chapters, which the tests compare with.

    Parameters
    ----------
    root, paths : Path, list of Path
        The book and all of its chapters.
    read : list of Path
        Those that may differ from what was saved last.
    fingerprint : str
        Of the environment that they were executed in.
    """
    folder = root / NEXT / "executed"
    folder.mkdir()
    if read:
        import nbformat

        from booktools.execute import open_cache

        cache = open_cache(root, fingerprint)
    for path in paths:
        name = f"{path.stem}.ipynb"
        if path not in read:
            shutil.copy(root / EXECUTED / name, folder)
            continue
        _, notebook = cache.merge_match_into_notebook(read_chapter(root, path))
        notebook.metadata["fingerprint"] = fingerprint
        nbformat.write(notebook, folder / name)
    replace(folder, root / EXECUTED)


def forget_old_caches(used: Path) -> None:
    """Delete the caches of environments that were not met for longest."""
    if not used.is_dir():
        return
    used.touch()
    known = sorted(used.parent.iterdir(), key=lambda path: path.stat().st_mtime)
    for folder in known[:-CACHES_KEPT]:
        shutil.rmtree(folder, ignore_errors=True)


# Rendering


def render(root: Path, folder: Path, builder: str = "html") -> bool:
    """Render with Jupyter Book, warnings being errors; say whether all went well.

    Parameters
    ----------
    root : Path
        The book.
    folder : Path
        Where to. If an earlier rendering is there, Sphinx reads only the pages
        that have changed since.
    builder : str
        One of Sphinx's.
    """
    from jupyter_book.cli.main import main as jupyter_book

    arguments = ["build", str(root), "--path-output", str(folder)]
    arguments += ["--builder", builder]
    arguments += ["-W", "-n", "--keep-going", "--quiet"]
    try:
        with redirect_stdout(StringIO()):  # it announces a folder that will move
            jupyter_book(arguments, standalone_mode=False)
    except SystemExit as stop:
        if isinstance(stop.code, KeyboardInterrupt):  # Jupyter Book catches it
            raise KeyboardInterrupt from None
        return not stop.code
    except RuntimeError as error:
        print(error.__cause__ or error, file=sys.stderr)
        return False
    return True


def keep_last_site(root: Path, reason: str) -> int:
    """Say that the build failed and what is still there; return the status."""
    shutil.rmtree(root / NEXT, ignore_errors=True)
    site = root / BUILD / SITES[edition()]
    rest = f" The last good site is still in {site}." if site.is_dir() else ""
    print(f"The book was not built: {reason}.{rest}", file=sys.stderr)
    return 1


def forget_stamps(root: Path, site: Path, key: str) -> None:
    """Call no site up to date while the executed chapters change.

    They belong to both editions; one that was made from the same sources stays.
    """
    for name in SITES.values():
        stamp = root / BUILD / name / STAMP
        with suppress(FileNotFoundError):
            if stamp.parent == site or stamp.read_text() != key:
                stamp.unlink()


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
    """Return where the old folder waits while the new one takes its place."""
    return folder.with_name(f"{folder.name}.old")
