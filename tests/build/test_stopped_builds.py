"""Builds that are stopped, or two at once, in separate processes."""

import signal
from pathlib import Path

import psutil
import pytest
from small_book import SmallBook

STOPPED = """
import os, signal, sys, threading, time
from pathlib import Path
from unittest import mock
from booktools import build

def die():
    os.kill(os.getpid(), signal.{signal})
    time.sleep(30)

def execute(run, cell, cell_index):
    if cell.source.startswith("import time"):
        threading.Timer(1.0, die).start()  # the kernel is asleep by then

def render(*arguments, **options):
    die()

def replace(new, old):
    if old.name == "html":
        old.rename(build.backup_path(old))
        die()
    there(new, old)

there = build.replace
signal.signal(signal.SIGINT, signal.default_int_handler)  # it may be ignored here
with mock.patch("{target}", {moment}):
    build.main(Path.cwd())
"""
MOMENTS = {
    "execute": "booktools.execute.Run._note_cell",
    "render": "sphinx.builders.html.StandaloneHTMLBuilder.write_doc",
    "replace": "booktools.build.replace",
}


def processes_in(folder: Path) -> list[psutil.Process]:
    found = psutil.process_iter(["cwd"])
    return [process for process in found if process.info["cwd"] == str(folder)]


@pytest.mark.parametrize(
    ("moment", "name"),
    [
        ("execute", "SIGKILL"),
        ("render", "SIGKILL"),
        ("replace", "SIGKILL"),
        ("execute", "SIGINT"),
        ("render", "SIGINT"),
    ],
)
def test_a_build_that_is_stopped_can_be_run_again(
    book: SmallBook, moment: str, name: str
) -> None:
    page = book.page()
    wait = "import time; time.sleep(60)" if moment == "execute" else "1"
    book.replace("plt.plot([0, 1]);", f"{wait};")
    code = STOPPED.format(signal=name, target=MOMENTS[moment], moment=moment)
    with book.start("-c", code) as process:
        said = process.communicate(timeout=100)[0]
    assert process.returncode == -getattr(signal, name), said
    assert ("it was interrupted" in said) == (name == "SIGINT")
    kernels = processes_in(book.root / "chapters")  # they end with it
    assert psutil.wait_procs(kernels, timeout=10)[1] == []
    book.must_fail(JOBS="0")  # a failure; the last good site is there
    assert book.page() == page
    book.replace(f"{wait};", "plt.plot([0, 1]);")
    book.must_build()
    assert book.page() == page
    left = {path.name for path in (book.root / "_build").iterdir()}
    assert not {"next", "html.old", "executed.old"} & left


def test_two_builds_at_once_wait_for_each_other(book: SmallBook) -> None:
    book.replace("plt.plot([0, 1])", "import time; time.sleep(3)")
    with book.start("-m", "booktools", "build") as process:
        assert process.stdout is not None
        for line in process.stdout:
            if "chapters/01-small.md at cell" in line:
                break
        said = book.must_build()
        assert process.wait(timeout=60) == 0, process.stdout.read()
    assert "waiting for it" in said
    assert "Nothing has changed" in said
