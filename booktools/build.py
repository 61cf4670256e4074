"""Build the book: execute what has changed, render, put the site in place.

Sphinx renders into a separate folder and keeps its state there, so after a
successful build it reads only the pages that have changed. The finished site
replaces the last good one only if everything succeeded. Exit status 0 means
that every cell ran and no page gave a warning. An interrupted build, however
it was stopped, can simply be run again.
"""

import hashlib
import json
import math
import os
import shutil
import signal
import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout, suppress
from io import StringIO
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from booktools.config import cell_timeout
from booktools.edition import SITES, STUDENT, edition
from booktools.environment import (
    CACHE,
    Environment,
    hash_file,
    hash_files,
    number_of_jobs,
    prepare_environment,
    read_code,
)
from booktools.errors import AuthorError
from booktools.git import branch, is_changed, revision
from booktools.sources import (
    BUILD,
    EXECUTED,
    LOCK,
    book_files,
    check_header,
    read_chapter,
)
from booktools.toc import chapter_files, chapter_name, pages
from booktools.urls import repository_address, site_address

NEXT = BUILD / "next"  # the new site, until it replaces the last one
RENDERED = BUILD / "sphinx"  # Sphinx's output, one folder per edition
RECORDS = BUILD / "chapters.json"  # time and memory of each chapter's last execution
STAMP = ".sources"  # in a site: the hash of its sources
STATE = "state.json"  # beside Sphinx's output: the hashes of its sources
CACHES_KEPT = 8
PRELOAD_ABOVE = 2  # chapters; for fewer, preloading costs more time than it saves

Hashes = dict[str, str]  # of files, by path relative to the root


def main(root: Path) -> int:
    """Build the book, one build at a time, and return the exit status.

    Raises
    ------
    AuthorError
        If nothing can be written, or a fault is found before any chapter runs.
    """
    warnings.formatwarning = lambda message, *_, **__: f"{message}\n"
    lock = FileLock(root / LOCK)
    try:
        (root / BUILD).resolve().mkdir(parents=True, exist_ok=True)
        lock.acquire(timeout=0)
    except Timeout:
        print("Another build is running here; waiting for it to finish.", flush=True)
        lock.acquire()
    except OSError as error:
        message = f"nothing can be written here: {error.strerror}. Free some space, or "
        message += "make this a folder that your user may write to."
        raise AuthorError(message, BUILD) from None
    try:
        return build(root)
    except KeyboardInterrupt:
        report_failure(root, "it was interrupted; finished chapters are kept")
        sys.stderr.flush()
        # End at once, along with the kernels, however busy they are; and by
        # the signal, so that a calling shell stops as well.
        signal.signal(signal.SIGINT, signal.SIG_DFL)
        os.kill(os.getpid(), signal.SIGINT)
        return 130
    finally:
        lock.release()


def build(root: Path) -> int:
    """Build the book and return the exit status; see the module docstring."""
    shutil.rmtree(root / NEXT, ignore_errors=True)  # left by an interrupted build
    site = root / BUILD / SITES[edition()]
    for folder in (site, root / EXECUTED):
        recover(folder)
    timeout = cell_timeout(root)
    paths = chapter_files(root)
    for path in paths:
        check_header(root, path)
    check_folders(root, paths)
    environment = prepare_environment(root)
    jobs = number_of_jobs()
    hashes = hash_sources(root)
    key = combine_hashes(hashes, environment.fingerprint, commit_and_addresses(root))
    print(f"Digits: {environment.digits}.", flush=True)
    if is_up_to_date(site, key, [executed_file(root, path) for path in paths]):
        print(f"Nothing has changed since {site / 'index.html'} was built.")
        return 0
    folder = root / RENDERED / edition()
    of_pages = {f"{name}.md" for name in pages(root)}
    base = combine_hashes(
        {name: it for name, it in hashes.items() if name not in of_pages},
        environment.fingerprint,
        commit_and_addresses(root),
        str(root),  # after the book has moved, Sphinx reads everything again
    )
    changed = changed_pages(root, folder, base, hashes)
    if changed is None:
        shutil.rmtree(folder, ignore_errors=True)
    names = {path: path.relative_to(root).as_posix() for path in paths}
    read = [path for path in paths if changed is None or names[path] in changed]
    if not execute(root, read, environment, jobs, timeout):
        return report_failure(root, "a chapter failed, see above")
    if read and (now := hash_files(root, read_code(root))) != environment.files:
        files = {name for name, _ in now.items() ^ environment.files.items()}
        return report_failure(
            root,
            f"{', '.join(sorted(files))} changed meanwhile; try again (chapters may "
            "write only in temporary folders)",
        )
    if any(hash_file(path) != hashes[names[path]] for path in read):
        return report_failure(root, "a chapter was edited meanwhile; try again")
    (folder / STATE).unlink(missing_ok=True)  # until this build has succeeded
    if not render(root, folder):
        # Otherwise Sphinx would not warn again.
        shutil.rmtree(folder, ignore_errors=True)
        return report_failure(root, "Sphinx gave warnings or errors, see above")
    shutil.copytree(folder / "_build" / "html", root / NEXT / "html")
    invalidate_stamps(root, site, key)
    save_executed(root, paths, read, environment.fingerprint)
    (root / NEXT / "html" / STAMP).write_text(key)
    replace(root / NEXT / "html", site)
    shutil.rmtree(root / NEXT)
    write_state(root, folder, base, hashes)
    prune_caches(root / CACHE / environment.fingerprint)
    serve = "make serve" + f" EDITION={STUDENT}" * (edition() == STUDENT)
    print(f"The book is built. Open {site / 'index.html'} or type: {serve}")
    return 0


# The sources of a site


def hash_sources(root: Path) -> Hashes:
    """Return the hash of every file that can affect a page, used or not."""
    return {path.as_posix(): hash_file(root / path) for path in book_files(root)}


def check_folders(root: Path, paths: list[Path]) -> None:
    """Check that no chapter would show the outputs of one in another folder.

    Raises
    ------
    AuthorError
        If two have the same code, by which the cache identifies them.
    """
    if len({path.parent for path in paths}) <= 1:
        return
    known: dict[tuple[str, ...], Path] = {}
    for path in paths:
        cells = read_chapter(root, path).cells
        code = tuple(cell.source for cell in cells if cell.cell_type == "code")
        other = known.setdefault(code, path)
        if code and other.parent != path.parent:
            raise AuthorError(
                f"its code is the same as that of {other.relative_to(root)}, whose "
                "outputs it would show, although it runs in another folder; change a "
                "cell.",
                path.relative_to(root),
            )


def commit_and_addresses(root: Path) -> str:
    """Return the commit, and the addresses that pages link to."""
    facts = revision(root), site_address(root), repository_address(root), branch(root)
    return " ".join(facts)


def combine_hashes(*parts: Any) -> str:
    """Return a single hash of several hashes and texts."""
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()


def is_up_to_date(site: Path, key: str, executed: list[Path]) -> bool:
    """Return whether the site and executed chapters match these sources."""
    try:
        fresh = (site / STAMP).read_text() == key
    except OSError:
        return False
    return fresh and all(path.is_file() for path in executed)


def changed_pages(
    root: Path, folder: Path, base: str, hashes: Hashes
) -> set[str] | None:
    """Return the pages that Sphinx has to read again, or None for all of them.

    All of them are read if anything else has changed, or if an unchanged
    chapter has been executed again since; and if pages may say that files differ
    from the commit, which is no longer so.
    """
    try:
        state = json.loads((folder / STATE).read_text())
        if state["base"] != base or (state["is_changed"] and not is_changed(root)):
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
    """Record what Sphinx has read, for `changed_pages`."""
    names = [f"{name}.md" for name in pages(root)]
    state = {
        "base": base,
        "pages": {name: hashes.get(name) for name in names},
        "executed": hash_executed(root),
        "is_changed": is_changed(root),
    }
    (folder / STATE).write_text(json.dumps(state))


def executed_file(root: Path, path: Path) -> Path:
    """Return where the executed chapter of a file is saved."""
    return root / EXECUTED / f"{chapter_name(root, path)}.ipynb"


def hash_executed(root: Path) -> Hashes:
    """Return the hashes of the executed chapters, by name."""
    folder = root / EXECUTED
    return {
        path.relative_to(folder).with_suffix("").as_posix(): hash_file(path)
        for path in folder.rglob("*.ipynb")
    }


# Executing


def execute(
    root: Path, paths: list[Path], env: Environment, jobs: int, timeout: int
) -> bool:
    """Execute the chapters that are not in the cache.

    Parameters
    ----------
    root, paths : Path, list of Path
        The book's root and the chapters.
    env : Environment
        What they are executed in.
    jobs : int
        How many may run at once.
    timeout : int
        Seconds that a cell may take, except in a long run.

    Returns
    -------
    bool
        Whether all could be read and executed. A failure does not stop the
        others.
    """
    if not paths:
        return True
    from booktools.kernels import preload_kernels, start_fork_server

    if len(paths) > PRELOAD_ABOVE and not (root / CACHE / env.fingerprint).exists():
        start_fork_server()  # it imports while the chapters are read
    from booktools.execute import Run, cached_record, execute_all, open_cache, store

    cache = open_cache(root, env.fingerprint)
    limit = None if env.run == "long" else timeout
    records = read_records(root)
    runs, good = [], True
    for path in paths:
        try:
            notebook = read_chapter(root, path)
        except AuthorError as error:
            print(f"FAILED {error}", flush=True)
            good = False
            continue
        if record := cached_record(cache, notebook):
            records[chapter_name(root, path)] = record
        else:
            runs.append(Run(root, path, notebook, limit))

    def keep(run: Run) -> None:
        if hash_files(root, read_code(root)) != env.files:
            return  # unclear which version the chapter saw; see build()
        store(cache, run)
        record = {"seconds": run.seconds, "megabytes": run.megabytes}
        records[chapter_name(root, run.path)] = record

    def rank(run: Run) -> tuple[float, int]:  # those never timed first, by size
        seconds = records.get(chapter_name(root, run.path), {}).get("seconds", math.inf)
        return -seconds, -run.path.stat().st_size

    runs.sort(key=rank)
    try:
        if len(runs) > PRELOAD_ABOVE:
            preload_kernels()
        return execute_all(runs, jobs, keep) and good
    finally:
        (root / RECORDS).write_text(json.dumps(records))


def read_records(root: Path) -> dict[str, dict[str, float]]:
    """Return the seconds and megabytes that each chapter took last time."""
    try:
        stored = json.loads((root / RECORDS).read_text())
        return {
            name: {"seconds": float(it["seconds"]), "megabytes": float(it["megabytes"])}
            for name, it in stored.items()
        }
    except (OSError, ValueError, TypeError, KeyError, AttributeError):
        return {}  # only the order of execution and a table depend on it


def save_executed(
    root: Path, paths: list[Path], read: list[Path], fingerprint: str
) -> None:
    """Save the executed chapters, for the tests to compare with.

    Parameters
    ----------
    root, paths : Path, list of Path
        The book's root and all of its chapters.
    read : list of Path
        Those that may differ from the ones saved last.
    fingerprint : str
        The fingerprint of the environment they were executed in.
    """
    folder = root / NEXT / "executed"
    folder.mkdir()
    if read:
        import nbformat

        from booktools.execute import open_cache

        cache = open_cache(root, fingerprint)
    for path in paths:
        target = folder / f"{chapter_name(root, path)}.ipynb"
        target.parent.mkdir(parents=True, exist_ok=True)
        if path not in read:
            shutil.copy(executed_file(root, path), target)
            continue
        _, notebook = cache.merge_match_into_notebook(read_chapter(root, path))
        notebook.metadata["fingerprint"] = fingerprint
        nbformat.write(notebook, target)
    replace(folder, root / EXECUTED)


def prune_caches(used: Path) -> None:
    """Delete the least recently used caches, beyond `CACHES_KEPT`."""
    if not used.is_dir():
        return
    used.touch()
    known = sorted(used.parent.iterdir(), key=lambda path: path.stat().st_mtime)
    for folder in known[:-CACHES_KEPT]:
        shutil.rmtree(folder, ignore_errors=True)


# Rendering


def render(root: Path, folder: Path, builder: str = "html") -> bool:
    """Render with Jupyter Book, with warnings as errors; return whether it succeeded.

    Parameters
    ----------
    root : Path
        The book.
    folder : Path
        The output folder. If it holds an earlier rendering, Sphinx reads only
        the pages that have changed since.
    builder : str
        The name of a Sphinx builder.
    """
    from jupyter_book.cli.main import main as jupyter_book

    arguments = ["build", str(root), "--path-output", str(folder)]
    arguments += ["--builder", "custom", "--custom-builder", builder]
    arguments += ["-W", "-n", "--keep-going", "--quiet"]
    try:
        with redirect_stdout(StringIO()):  # its message names a temporary folder
            jupyter_book(arguments, standalone_mode=False)
    except SystemExit as stop:
        if isinstance(stop.code, KeyboardInterrupt):  # Jupyter Book catches it
            raise KeyboardInterrupt from None
        return not stop.code
    except RuntimeError as error:
        if error.__cause__ is None:
            raise
        return False  # Sphinx has said why
    return True


def report_failure(root: Path, reason: str) -> int:
    """Report that the build failed and which site remains; return the exit status."""
    shutil.rmtree(root / NEXT, ignore_errors=True)
    site = root / BUILD / SITES[edition()]
    rest = f" The last good site is still in {site}." if site.is_dir() else ""
    print(f"The book was not built: {reason}.{rest}", file=sys.stderr)
    return 1


def invalidate_stamps(root: Path, site: Path, key: str) -> None:
    """Mark sites as out of date before the executed chapters are replaced.

    Both editions share them; a site made from the same sources keeps its stamp.
    """
    for name in SITES.values():
        stamp = root / BUILD / name / STAMP
        with suppress(FileNotFoundError):
            if stamp.parent == site or stamp.read_text() != key:
                stamp.unlink()


def replace(new: Path, old: Path) -> None:
    """Replace a folder, which need not exist, with a new one."""
    if old.exists():
        old.rename(backup_path(old))
    new.rename(old)
    shutil.rmtree(backup_path(old), ignore_errors=True)


@contextmanager
def replacing(folder: Path) -> Iterator[Path]:
    """Give the path of a new folder, which replaces another if all goes well."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    recover(folder)
    new = folder.with_name(f"{folder.name}.new")
    shutil.rmtree(new, ignore_errors=True)  # left by an interrupted run
    try:
        yield new
        replace(new, folder)
    finally:
        shutil.rmtree(new, ignore_errors=True)


def recover(folder: Path) -> None:
    """Undo a replacement that was interrupted halfway."""
    if backup_path(folder).exists() and not folder.exists():
        backup_path(folder).rename(folder)
    shutil.rmtree(backup_path(folder), ignore_errors=True)


def backup_path(folder: Path) -> Path:
    """Return where the old folder is kept while the new one replaces it."""
    return folder.with_name(f"{folder.name}.old")
