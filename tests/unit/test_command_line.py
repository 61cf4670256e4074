"""`python -m booktools` says in one line what is wrong with a request."""

import errno
import os
import shutil
from pathlib import Path
from unittest.mock import Mock

import pytest
from small_book import SmallBook, write_small_book

from booktools import lab
from booktools.__main__ import main, run
from booktools.errors import AuthorError


@pytest.fixture
def book(tmp_path: Path) -> Path:
    for name in ("_config.yml", "_toc.yml"):
        (tmp_path / name).touch()
    return tmp_path


@pytest.mark.parametrize("missing", ["_config.yml", "_toc.yml"])
def test_a_folder_that_is_not_a_book_is_named(book, missing, capsys) -> None:
    (book / missing).unlink()
    with pytest.raises(SystemExit) as stopped:
        main(["serve", "--root", str(book)])
    assert stopped.value.code == 2
    assert f"{book} is not a book: it has no {missing}." in capsys.readouterr().err


@pytest.mark.parametrize(("page", "opened"), [("chapters/01-small", 1), ("more", 0)])
def test_lab_opens_the_first_chapter_or_else_the_first_page(
    tmp_path, monkeypatch, page, opened
) -> None:
    root = write_small_book(tmp_path / "book").root
    (root / "more.md").write_text("# More\n")
    (root / "start.md").write_text("# Start\n")
    (root / "_toc.yml").write_text(
        f"format: jb-book\nroot: start\nchapters:\n  - file: {page}\n"
    )
    called: list[list[str]] = []
    monkeypatch.setattr(lab, "prepare_environment", lambda root: None)
    monkeypatch.setattr(os, "execv", lambda path, arguments: called.append(arguments))
    monkeypatch.chdir(tmp_path)
    lab.main(root)
    (arguments,) = called
    assert arguments[-1].endswith(f"/{('start', page)[opened]}.md")


def test_a_full_disk_becomes_one_line_and_no_other_fault(book, capsys) -> None:
    full = OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), book / "page.html")
    assert run(Mock(side_effect=full), book) == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith(f"{book}/page.html: no space is left here; free some")
    in_a_tree = shutil.Error([("from", "to", str(full))])
    assert run(Mock(side_effect=in_a_tree), book) == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith(f"{book}: no space is left here; free some")
    with pytest.raises(OSError, match="page"):
        run(Mock(side_effect=OSError(errno.EIO, "page")), book)


def test_a_folder_that_cannot_be_written_is_named(book) -> None:
    (book / "_build").touch()
    said = SmallBook(book).must_fail()
    assert said.startswith("_build: nothing can be written here: File exists.")


def test_a_command_is_run_in_the_folder_it_is_given(book, monkeypatch) -> None:
    asked: list[Path] = []
    monkeypatch.setattr("booktools.serve.main", lambda root: asked.append(root) or 7)
    monkeypatch.chdir(book)
    assert main(["serve"]) == 7
    assert asked == [book.resolve()]


def test_mistakes_are_reported_and_our_own_faults_are_not_hidden(book, capsys) -> None:
    assert run(Mock(side_effect=AuthorError("Wrong.", "a.md", 3)), book) == 1
    assert capsys.readouterr() == ("", "a.md:3: Wrong.\n")
    with pytest.raises(ZeroDivisionError):
        run(Mock(side_effect=ZeroDivisionError), book)
