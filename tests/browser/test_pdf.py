"""The book as a PDF: bound like a book, and nothing of it cut."""

import re
import subprocess
import sys
import unicodedata
import warnings
from collections import defaultdict
from collections.abc import Iterator
from functools import cached_property
from pathlib import Path
from typing import Any
from unittest import mock

import pytest
from book import BUILD, CHAPTERS, ROOT, each_chapter, read, read_chapter
from nbformat import NotebookNode
from pypdf import PdfReader
from small_book import EXERCISE, SmallBook, write_small_book
from weasyprint import Document

from booktools import pdf
from booktools.edition import PDFS
from booktools.errors import AuthorError

pytestmark = pytest.mark.slow

PDF = BUILD / PDFS["instructor"]
FOLDED = {"hide-input", "hide-cell", "remove-input", "remove-cell"}
FOLDED |= {"check-it"}  # in the notebook alone
MARGIN = 0.5  # CSS pixels by which letters may reach out, as accents do


def squeeze(text: str) -> str:
    """Drop white space, and take ligatures apart."""
    return re.sub(r"\s+", "", unicodedata.normalize("NFKC", text))


def boxes_of(sheet: Any) -> Iterator[Any]:
    """Yield all boxes on a page, without those in its margins."""
    for part in sheet.children:
        if not hasattr(part, "at_keyword"):
            yield from part.descendants(placeholders=True)  # of absolute positions


def middle_of(box: Any) -> float:
    """Return at which height the middle of a box is."""
    return float(box.position_y + box.height / 2)


def lines_of(sheet: Any) -> Iterator[str]:
    """Yield the pieces of text on a page, with line feeds between lines.

    The line after the last one of a column is higher on the page.
    """
    last = 0.0
    for box in boxes_of(sheet):
        if hasattr(box, "text"):
            if abs(box.position_y - last) > box.height / 2:
                yield "\n"
            last = box.position_y
            yield box.text


class Book:
    """A printed book.

    Attributes
    ----------
    reader : PdfReader
        Its PDF.
    sheets : list
        The pages as WeasyPrint laid them out.
    """

    def __init__(self, sheets: list[Any]) -> None:
        self.reader = PdfReader(PDF)
        self.sheets = sheets

    @cached_property
    def texts(self) -> list[str]:
        """The text of each page, without what stands in its margins."""
        return ["".join(lines_of(sheet)) for sheet in self.sheets]

    @cached_property
    def targets(self) -> dict[str, int]:
        """The page on which each name stands, counted from 1."""
        return {
            str(name): self.reader.get_destination_page_number(place) + 1
            for name, place in self.reader.named_destinations.items()
        }

    @cached_property
    def links(self) -> list[list[str]]:
        """The names that each page links to."""
        return [
            [
                str(note.get_object()["/Dest"])
                for note in page.get("/Annots") or []
                if "/Dest" in note.get_object()
            ]
            for page in self.reader.pages
        ]

    def bookmarks(self) -> list[tuple[int, str, int]]:
        """The level, title and page of each bookmark."""

        def walk(items: list[Any], level: int) -> Iterator[tuple[int, str, int]]:
            for item in items:
                if isinstance(item, list):
                    yield from walk(item, level + 1)
                else:
                    page = self.reader.get_destination_page_number(item) + 1
                    yield level, str(item.title), page

        return list(walk(self.reader.outline, 1))


def print_book(root: Path) -> list[Any]:
    """Print a book, and return the pages as they were laid out."""
    sheets: list[Any] = []
    write = Document.write_pdf

    def keep(document: Document, *arguments: Any, **options: Any) -> Any:
        sheets.extend(page._page_box for page in document.pages)
        return write(document, *arguments, **options)

    with (
        mock.patch.object(Document, "write_pdf", keep),
        warnings.catch_warnings(action="ignore"),  # Jupyter Book's own
    ):
        assert pdf.main(root) == 0
    return sheets


@pytest.fixture(scope="module")
def book() -> Book:
    return Book(print_book(ROOT))


def title_of(chapter: str) -> str:
    """Return the title of a chapter with its number, as the book writes it."""
    heading = read(f"chapters/{chapter}.html").article.h1
    *words, _ = heading.find_all(string=True)
    if heading.select_one(".section-number"):
        words[0] = words[0].strip().rstrip(".") + " "
    return "".join(words).strip()


def clean(text: str) -> str:
    """Write every white space as one blank."""
    return " ".join(text.split())


def cells_of(chapter: str) -> list[NotebookNode]:
    return read_chapter(ROOT / "chapters" / f"{chapter}.md").cells


def is_folded(cell: NotebookNode) -> bool:
    return bool(FOLDED & set(cell.metadata.get("tags", [])))


def open_code(chapter: str) -> list[str]:
    """Return the code that a page shows without a click.

    Of what the reader writes this is the head: paper has the book's version.
    """
    return [
        cell.source.removesuffix("\n    ...")
        for cell in cells_of(chapter)
        if cell.cell_type == "code" and not is_folded(cell)
    ]


def test_it_has_the_size_of_a_book(book: Book) -> None:
    assert 10 <= len(book.reader.pages) / len(CHAPTERS) <= 11.7
    assert PDF.stat().st_size < 20e6
    for page in book.reader.pages:
        assert [float(side) for side in page.mediabox[2:]] == pytest.approx(
            [595.3, 841.9], abs=1
        )  # A4, in points


def test_it_says_what_it_is_and_is_tagged_for_screen_readers(book: Book) -> None:
    config = (ROOT / "_config.yml").read_text()
    title, author = (
        re.search(rf"^{key}: (.*)$", config, re.MULTILINE)[1]
        for key in ("title", "author")
    )
    assert (book.reader.metadata.title, book.reader.metadata.author) == (title, author)
    # As a reader of the file gets it, and not only as it is laid out.
    cover = squeeze(book.reader.pages[0].extract_text())
    assert squeeze(title) in cover
    assert squeeze(author) in cover
    root = book.reader.trailer["/Root"]
    assert root["/Lang"] == "en"
    assert root["/MarkInfo"]["/Marked"]
    assert root["/StructTreeRoot"]["/K"]
    assert "pdfuaid" in root["/Metadata"].get_object().get_data().decode()


def test_words_are_divided_by_a_hyphen_that_the_fonts_have(book: Book) -> None:
    texts = "\n".join(book.texts)
    assert "\N{HYPHEN}" not in texts
    assert len(re.findall("[a-z]-\n[a-z]", texts)) > 100


def test_the_contents_give_the_page_where_each_entry_is(book: Book) -> None:
    first, end = (book.targets[name] - 1 for name in ("contents", "index"))
    listed = [
        (name, int(number))
        for page in range(first, end)
        for name, number in zip(
            dict.fromkeys(book.links[page]),
            re.findall(r"\. (\d+)$", book.texts[page], re.MULTILINE),
            strict=True,
        )
    ]
    assert listed == [(name, book.targets[name]) for name, _ in listed]
    assert [page for _, page in listed] == sorted(page for _, page in listed)
    names = {name for name, _ in listed}
    assert names >= {f"chapters/{name}" for name in CHAPTERS}
    assert names >= {"answers", "solutions"}
    assert len(listed) > 5 * len(CHAPTERS)  # sections as well


@each_chapter
def test_a_chapter_begins_a_page_and_is_a_bookmark(book: Book, chapter: str) -> None:
    page = book.targets[f"chapters/{chapter}"]
    marks = [(level, clean(title), page) for level, title, page in book.bookmarks()]
    assert (2, title_of(chapter), page) in marks
    assert squeeze(title_of(chapter)) in squeeze(book.texts[page - 1])[:120]


def test_running_heads_name_chapter_and_section(book: Book) -> None:
    starts = {book.targets[f"chapters/{name}"]: name for name in CHAPTERS}
    sections = {clean(it) for level, it, _ in book.bookmarks() if level == 3}
    chapter, heads = "", defaultdict(list)
    end = book.targets["reference/notation"] - 2
    for number, sheet in enumerate(book.sheets[:end], start=1):
        chapter = starts.get(number, chapter)
        for box in sheet.children:
            if getattr(box, "at_keyword", "").startswith("@top"):
                heads[number] += [
                    it.text for it in box.descendants() if hasattr(it, "text")
                ]
        text = clean(" ".join(heads[number]))
        if chapter and number not in starts and text:
            assert text == title_of(chapter) if number % 2 == 0 else text in sections
    assert sum(map(bool, heads.values())) > 0.75 * end
    assert not any(heads[number] for number in starts if number % 2 == 0)


def test_every_page_number_in_the_text_is_that_of_a_link_there(book: Book) -> None:
    seen = 0
    for text, links in zip(book.texts, book.links, strict=True):
        numbers = {int(number) for number in re.findall(r"\(p\.\s(\d+)\)", text)}
        assert numbers <= {book.targets[name] for name in links}
        seen += len(numbers)
    assert seen > 10 * len(CHAPTERS)


def test_no_link_leads_nowhere_or_to_a_file(book: Book) -> None:
    assert {name for links in book.links for name in links} <= set(book.targets)
    for page in book.reader.pages:
        for note in page.get("/Annots") or []:
            address = str(note.get_object().get("/A", {}).get("/URI", ""))
            assert not address or re.match(r"(https?|mailto):", address)


def check_linked(book: Book, front: str, back: str, part: str) -> None:
    """Check that two places are linked, the second in a part at the back."""
    here, there = book.targets[front], book.targets[back]
    assert here < book.targets[part] <= there
    assert back in book.links[here - 1]
    assert front in book.links[there - 1]


@each_chapter
def test_exercises_and_solutions_link_to_each_other(book: Book, chapter: str) -> None:
    page = read(f"chapters/{chapter}.html")
    pairs = [
        (exercise["id"], solution["id"])
        for exercise in page.select(".exercise")
        if (solution := exercise.find_next_sibling(class_="solution"))
    ]
    assert len(pairs) >= 3
    for pair in pairs:
        check_linked(book, *(f"chapters/{chapter}/{it}" for it in pair), "solutions")


@each_chapter
def test_questions_and_answers_link_to_each_other(book: Book, chapter: str) -> None:
    questions = read(f"chapters/{chapter}.html").select(".question")
    assert questions
    for question in questions:
        asked = f"chapters/{chapter}/{question['id']}"
        answered = f"chapters/{chapter}/back-{question['id']}"
        check_linked(book, asked, answered, "answers")
        kinds = [answer["class"] for answer in question.select(".answer")]
        right = "ABCDEF"[["right" in it for it in kinds].index(True)]
        text = squeeze(book.texts[book.targets[answered] - 1])
        number = question["id"].removeprefix("question-")
        assert f"Question{number}(p.{book.targets[asked]}):{right}" in text


@pytest.fixture(scope="module")
def text(book: Book) -> str:
    """The text of the book, without what stands in the margins."""
    return squeeze("".join(book.texts))


@each_chapter
def test_all_code_that_stands_open_is_there(text: str, chapter: str) -> None:
    sources = open_code(chapter)
    assert len(sources) > 5
    for source in sources:
        assert squeeze(source) in text, source


@each_chapter
def test_no_code_that_the_site_folds_is_there(text: str, chapter: str) -> None:
    shown = [
        it.source for name in CHAPTERS for it in cells_of(name) if not is_folded(it)
    ]
    shown.append(read("reference/helpers.html").text)
    elsewhere = squeeze("".join(shown))
    for source in (it.source for it in cells_of(chapter) if is_folded(it)):
        for line in map(squeeze, source.splitlines()):
            if len(line) > 30 and line not in elsewhere:
                assert line not in text, line


def test_nothing_reaches_out_of_its_page(book: Book) -> None:
    for number, sheet in enumerate(book.sheets, start=1):
        left, top = sheet.content_box_x() - MARGIN, sheet.content_box_y() - MARGIN
        right, bottom = left + sheet.width + 2 * MARGIN, top + sheet.height + 2 * MARGIN
        for box in boxes_of(sheet):
            if hasattr(box, "text") or hasattr(box, "replacement"):
                seen = number, getattr(box, "text", box.element_tag)
                assert left <= box.position_x, seen
                assert box.position_x + box.width <= right, seen
                assert top <= box.position_y <= bottom, seen
                assert box.position_y + box.height <= bottom + 3, seen


def test_no_words_stand_on_others(book: Book) -> None:
    for number, sheet in enumerate(book.sheets, start=1):
        boxes = [it for it in boxes_of(sheet) if getattr(it, "text", "").strip()]
        boxes.sort(key=middle_of)
        for place, one in enumerate(boxes, start=1):
            for other in boxes[place:]:
                below = middle_of(other) - middle_of(one)
                if below > 0.4 * one.height:
                    break
                if below < 0.4 * other.height:  # on the same line
                    left, right = sorted((one, other), key=lambda it: it.position_x)
                    end = left.position_x + left.width
                    assert end <= right.position_x + 1, (number, left.text, right.text)


def test_a_plot_has_the_width_that_the_page_states(book: Book) -> None:
    widths = [
        (box.width, float(box.element.get("width")))
        for sheet in book.sheets
        for box in boxes_of(sheet)
        if box.element_tag == "img" and "plot" in (box.element.get("class") or "")
    ]
    assert len(widths) > 2 * len(CHAPTERS)
    assert all(shown <= stated + 0.1 for shown, stated in widths)
    kept = [shown for shown, stated in widths if shown > 0.99 * stated]
    assert len(kept) > 0.9 * len(widths)


def test_nothing_to_click_is_printed(book: Book, text: str) -> None:
    words = ("Showcodecell", "Hidecodecell", "Clicktoshow", "Skiptomain", "Clickortap")
    for word in words:
        assert word not in text
    tags = {box.element_tag for sheet in book.sheets for box in boxes_of(sheet)}
    assert "img" in tags
    assert "button" not in tags


# On a small book


@pytest.fixture
def small(tmp_path: Path) -> SmallBook:
    return write_small_book(tmp_path / "small")


def words_of(path: Path) -> str:
    return squeeze("".join(page.extract_text() for page in PdfReader(path).pages))


def test_the_student_edition_has_no_solution(small: SmallBook) -> None:
    small.append(EXERCISE)
    for edition, name in PDFS.items():
        status, said = small.call(pdf.main, BOOK_EDITION=edition)
        assert status == 0, said
        words = words_of(small.root / "_build" / name)
        assert "Itissmall." in words
        for trace in ("marzipan", "Solution"):
            assert (trace in words) == (edition == "instructor")
        assert ("Studentedition" in words) == (edition == "student")


def test_a_book_with_a_mistake_leaves_the_last_pdf(small: SmallBook) -> None:
    target = small.root / "_build" / "book.pdf"
    target.parent.mkdir()
    target.write_text("the last one")
    small.append("\n[Nowhere](#no-such-place)\n")
    assert small.call(pdf.main)[0] == 1
    assert target.read_text() == "the last one"
    assert [path.name for path in target.parent.glob("book*")] == ["book.pdf"]


def test_printing_says_nothing(tmp_path: Path) -> None:
    """A style for Pygments has all libraries log to the terminal."""
    page = tmp_path / "page.html"
    page.write_text('<html lang="en"><title>T</title><p>Words.')
    code = (
        "import a11y_pygments, pathlib, sys; from booktools.pdf import print_page; "
        "print_page(*map(pathlib.Path, sys.argv[1:]))"
    )
    command = [sys.executable, "-c", code, page, tmp_path / "book.pdf"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    assert not done.stdout + done.stderr


def test_without_pango_it_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "weasyprint", None)
    with pytest.raises(AuthorError, match="Pango"):
        pdf.print_page(tmp_path / "index.html", tmp_path / "book.pdf")
