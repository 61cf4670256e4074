"""The book as a PDF: all of it, nothing cut, and made or refused with a word."""

import re
import unicodedata
import warnings
from pathlib import Path

import pytest
from book import BUILD, ROOT, chapter_files, read_chapter
from browser import SITE, require_chromium
from bs4 import BeautifulSoup
from pypdf import PdfReader

from booktools import pdf

pytestmark = pytest.mark.slow

PDF = BUILD / "book.pdf"


def squeeze(text: str) -> str:
    """Drop white space, and take ligatures such as ﬁ apart."""
    return re.sub(r"\s+", "", unicodedata.normalize("NFKC", text))


def titles() -> list[str]:
    found = []
    for path in chapter_files():
        page = (SITE / "chapters" / f"{path.stem}.html").read_text(encoding="utf-8")
        head = BeautifulSoup(page, "html.parser").article.h1
        head.find("a", class_="headerlink").decompose()
        found.append(" ".join(head.get_text().split()))
    return found


@pytest.fixture(scope="module")
def book() -> PdfReader:
    require_chromium()
    with warnings.catch_warnings(action="ignore"):  # Jupyter Book's own
        assert pdf.main(ROOT) == 0
    return PdfReader(PDF)


@pytest.fixture(scope="module")
def texts(book: PdfReader) -> list[str]:
    """Return the text of each page; to extract it takes long."""
    return [page.extract_text() for page in book.pages]


@pytest.fixture(scope="module")
def text(texts: list[str]) -> str:
    pages = [re.sub(r"\s*\d+\s*$", "", page) for page in texts]
    return squeeze("".join(pages))  # code runs on over the page's number


def test_without_chromium_it_says_so_and_touches_nothing(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    before = PDF.stat().st_mtime_ns if PDF.exists() else None
    monkeypatch.setenv("BOOK_CHROMIUM", "/nowhere/chrome")
    assert pdf.main(ROOT) == 1
    said = capsys.readouterr().err
    assert said.count("\n") == 1
    assert "BOOK_CHROMIUM=/nowhere/chrome is not a program" in said
    assert (PDF.stat().st_mtime_ns if PDF.exists() else None) == before


def test_it_has_the_size_of_a_book(book: PdfReader) -> None:
    assert 7 * len(chapter_files()) < len(book.pages) < 500
    assert PDF.stat().st_size < 30e6
    for page in book.pages:
        assert [float(side) for side in page.mediabox[2:]] == pytest.approx(
            [595.3, 841.9], abs=1
        )  # A4, in points


def test_pages_are_numbered(texts: list[str]) -> None:
    for number, page in enumerate(texts, start=1):
        assert re.search(rf"(^|\s){number}\s*$", page), number


def test_each_chapter_is_there_listed_and_a_bookmark(
    book: PdfReader, texts: list[str], text: str
) -> None:
    marks = {
        str(mark.title): book.get_destination_page_number(mark)
        for mark in book.outline
        if not isinstance(mark, list)
    }
    contents = squeeze(texts[1])
    for title in titles():
        assert text.count(squeeze(title)) >= 2
        assert squeeze(title) in contents
        assert title in marks
        page = squeeze(texts[marks[title]])
        assert page.startswith(squeeze(title)), "a chapter begins a page"
    order = [marks[title] for title in titles()]
    assert order == sorted(set(order))


@pytest.mark.parametrize("path", chapter_files(), ids=lambda path: path.stem)
def test_no_line_of_code_is_cut(path: Path, text: str) -> None:
    for cell in read_chapter(path).cells:
        if cell.cell_type == "code" and "remove-cell" not in cell.metadata.get(
            "tags", []
        ):
            for line in cell.source.splitlines():
                assert squeeze(line) in text, line


def test_links_inside_the_book_stay_inside(book: PdfReader) -> None:
    inside = 0
    for page in book.pages:
        for note in page.get("/Annots") or []:
            action = note.get_object().get("/A", {})
            assert not str(action.get("/URI", "")).startswith("file:"), action
            inside += "/Dest" in note.get_object()
    assert inside > 7 * len(chapter_files())


def test_nothing_to_click_is_printed(text: str) -> None:
    for word in ("Hidecodecell", "Showcodecell", "Clicktoshow", "Skiptomain"):
        assert word not in text
