"""Time what an author waits for, as ratios to plain `jupyter-book build`.

Everything runs on a copy of the book, one step after another: a plain build,
which executes the chapters in turn, then a cold build with `make book`, one
with nothing changed, one after an edit of prose, one after an edit of code, and
the chapters with nbval. Exit status 1 means that a limit was exceeded.
"""

import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from joblib import cpu_count

from booktools.toc import chapter_files

ROOT = Path()  # `make bench` runs in the book's folder
EXCLUDED = ("_build", ".venv", ".git", "*.egg-info", ".*_cache", ".hypothesis")
BUILD = ("-m", "booktools", "build")
IMPORT = "import numpy as np\n"  # in a cell of each chapter


def main() -> int:
    """Run the benchmark and return the exit status."""
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        book = Path(folder) / "book"
        shutil.copytree(ROOT, book, ignore=shutil.ignore_patterns(*EXCLUDED))
        seconds = measure(book)
    plain, cold = seconds["plain jupyter-book build"], seconds["cold build"]
    limits = {
        "cold build": 0.4 * plain,
        "nothing changed": 0.02 * cold,
        "one edit of prose": 0.05 * cold,
        "chapters with nbval": cold,
    }
    print(f"\n{'':27}  seconds  of plain  of cold  at most")
    passed = True
    for name, took in seconds.items():
        limit, mark = limits.get(name), ""
        if limit is not None:
            passed &= took <= limit
            mark = f"{limit:7.1f}  {'met' if took <= limit else 'MISSED'}"
        ratios = f"{took / plain:8.3f}  {took / cold:7.3f}"
        print(f"{name:27}  {took:7.1f}  {ratios}  {mark}".rstrip())
    return 0 if passed else 1


def measure(book: Path) -> dict[str, float]:
    """Run everything and return the seconds each step took."""
    chapter = book / chapter_files(ROOT)[0]
    text = chapter.read_text(encoding="utf-8")
    seconds = {}
    command = "from jupyter_book.cli.main import main; main()"
    plain = ("-c", command, "build", ".", "--quiet")
    # Chapters run one at a time, so each may use all cores.
    cores = str(cpu_count())
    seconds["plain jupyter-book build"] = run(book, *plain, OMP_NUM_THREADS=cores)
    shutil.rmtree(book / "_build")
    seconds["cold build"] = run(book, *BUILD)
    seconds["nothing changed"] = run(book, *BUILD, says="Nothing has changed")
    prose = f"{text.rstrip()}\nOne more sentence.\n"  # far from any label
    chapter.write_text(prose, encoding="utf-8")
    seconds["one edit of prose"] = run(book, *BUILD, says="The book is built")
    code = prose.replace(IMPORT, f"{IMPORT}# A comment.\n", 1)
    chapter.write_text(code, encoding="utf-8")
    seconds["one edit of code"] = run(book, *BUILD, says=f"{chapter.name} executed in")
    tests = ("-m", "pytest", "-q", "--numprocesses", "auto", "--dist", "loadfile")
    seconds["chapters with nbval"] = run(book, *tests, "chapters")
    return seconds


def run(book: Path, *arguments: str, says: str = "", **variables: str) -> float:
    """Run Python in the copy and return the seconds.

    Raises
    ------
    SystemExit
        If Python fails or does not print what it should, since the times would
        then be meaningless.
    """
    print(f"… python {' '.join(arguments)}", end=" ", flush=True)
    started = time.perf_counter()
    done = subprocess.run(
        [sys.executable, *arguments],
        cwd=book,
        env=os.environ | {"PYTHONPATH": str(book)} | variables,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    if done.returncode or says not in done.stdout:
        sys.exit(
            f"{done.stdout}\nThis step failed, or did not say {says!r}, so there is "
            "nothing to compare."
        )
    seconds = time.perf_counter() - started
    print(f"{seconds:.1f} s", flush=True)
    return seconds


if __name__ == "__main__":
    sys.exit(main())
