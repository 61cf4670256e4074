"""The book that the tests are about: this one, as `make book` has built it."""

from pathlib import Path
from typing import Any

from nbformat import NotebookNode

import booktools
from booktools import run_chapter, sources

ROOT = Path(booktools.__path__[0]).parent
BUILD = ROOT / sources.BUILD
EXECUTED = ROOT / sources.EXECUTED
SITE = BUILD / "html"


def chapter_files() -> list[Path]:
    return sources.chapter_files(ROOT)


def read_chapter(path: Path) -> NotebookNode:
    return sources.read_chapter(ROOT, path)


def run_page(stem: str, until: str | None = None) -> dict[str, Any]:
    return run_chapter.run_page(ROOT, stem, until)
