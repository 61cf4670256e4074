"""What is obfuscated runs as before, and shows nothing."""

import sys
from pathlib import Path
from types import ModuleType

import pytest
import tasks
from book import SITE

from booktools import export
from booktools.sphinx.book import Book
from helpers import judge, mutate
from helpers.obfuscation import obfuscate

MODULES = [it for it in Path(tasks.__path__[0]).glob("*.py") if it.stem != "__init__"]
each_module = pytest.mark.parametrize("path", MODULES, ids=lambda path: path.stem)


def run_module(path: Path, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """Return the module that an obfuscated copy of a file makes."""
    module = ModuleType(f"obfuscated.{path.stem}")
    monkeypatch.setitem(sys.modules, module.__name__, module)
    exec(obfuscate(path.read_text(encoding="utf-8")), vars(module))
    return module


@each_module
def test_an_obfuscated_module_still_knows_the_mistakes(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for task in run_module(path, monkeypatch).TASKS:
        assert judge.judge(task, task.solution)[0] == ""
        mistake = task.mistakes[0]
        mutant = mutate(task.solution, mistake.old, mistake.new)
        assert judge.judge(task, mutant)[0].endswith(mistake.message)


def exported(folder: Path, book: Book) -> str:
    """Return all that the files about tasks say in an export."""
    export.export(book, SITE, folder, outputs=False)
    return "".join(it.read_text() for it in (folder / export.TASKS).glob("*.py"))


def test_only_the_students_edition_is_obfuscated(
    book: Book, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lines = {
        line
        for path in MODULES
        for line in map(str.strip, path.read_text().splitlines())
        if len(line) > 20
    }
    for edition in ("instructor", "student"):
        monkeypatch.setenv("BOOK_EDITION", edition)
        text = exported(tmp_path / edition, book)
        assert all((line in text) == (edition == "instructor") for line in lines)
    assert len(lines) > 50
