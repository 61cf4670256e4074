"""The book that the tests are about: this one, as `make book` has built it."""

import os
import re
import subprocess
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any
from unittest import mock

import nbformat
import pytest
from bs4 import BeautifulSoup
from nbformat import NotebookNode

import booktools
from booktools import config, run_chapter, sources, toc

ROOT = Path(booktools.__path__[0]).parent
BUILD = ROOT / sources.BUILD
EXECUTED = ROOT / sources.EXECUTED
SITE = BUILD / "html"
CHAPTERS = [path.stem for path in toc.chapter_files(ROOT)]
FIRST = Path(toc.first_chapter(ROOT)).name  # what stands before it has no number
REDIRECTS = config.read_config(ROOT)["sphinx"]["config"]["redirects"]
IN_CI = os.environ.get("CI", "").lower() not in ("", "0", "false")
PAGES = [  # those of the site
    path.relative_to(SITE).as_posix()
    for path in sorted(SITE.rglob("*.html"))
    if "_static" not in path.relative_to(SITE).parts
    and path.relative_to(SITE).with_suffix("").as_posix() not in REDIRECTS
]

each_chapter = pytest.mark.parametrize("chapter", CHAPTERS)


def chapter_files() -> list[Path]:
    return toc.chapter_files(ROOT)


def read_chapter(path: Path) -> NotebookNode:
    return sources.read_chapter(ROOT, path)


def execute_chapter(stem: str, until: str | None = None) -> dict[str, Any]:
    return run_chapter.execute_chapter(ROOT, stem, until)


def execute_changed_chapter(
    stem: str, change: Callable[[str], str], until: str | None = None
) -> dict[str, Any]:
    """Execute a chapter, up to a cell if asked, after a change to its cells."""
    notebook = read_chapter(ROOT / "chapters" / f"{stem}.md")
    before = [cell.source for cell in notebook.cells]
    for cell in notebook.cells:
        cell.source = change(cell.source)
    assert [cell.source for cell in notebook.cells] != before
    with mock.patch.object(run_chapter, "read_chapter", return_value=notebook):
        return execute_chapter(stem, until)


# What was built is read once. A test that changes it takes a copy.


@cache
def read(page: str) -> BeautifulSoup:
    """Return a page of the site."""
    return BeautifulSoup((SITE / page).read_text(encoding="utf-8"), "html.parser")


@cache
def executed(chapter: str) -> NotebookNode:
    """Return a chapter with what its cells gave."""
    return nbformat.read(EXECUTED / f"{chapter}.ipynb", as_version=4)


@cache
def notebook_of(chapter: str) -> NotebookNode:
    """Return the notebook that the page of a chapter offers."""
    return nbformat.read(SITE / "chapters" / f"{chapter}.ipynb", as_version=4)


def squeeze(text: str) -> str:
    """Drop colours and white space, which pages and notebooks write differently."""
    return re.sub(r"\x1b\[[\d;]*m|\s+", "", text)


def git(folder: Path, *arguments: str) -> str:
    """Run git in a folder, and return its output."""
    who = ("-c", "user.name=A", "-c", "user.email=a@example.org")
    command = ["git", *who, *arguments]
    return subprocess.check_output(command, cwd=folder, text=True).strip()
