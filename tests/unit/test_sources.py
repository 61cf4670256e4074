"""What cannot be read as a chapter is named with its line."""

from pathlib import Path

import pytest
from small_book import CHAPTER, SmallBook, write_small_book

from booktools.errors import AuthorError
from booktools.sources import check_header, read_chapter

TWO_CELLS = b"# T\n\n```{code-cell}\n---\n---\n```\n```{code-cell}\n%s\n\n1\n```\n"
HEADER, TEXT = CHAPTER.split("\n\n", 1)


@pytest.fixture
def book(tmp_path: Path) -> SmallBook:
    return write_small_book(tmp_path / "book")


def test_a_header_with_all_that_jupyter_needs_is_accepted(book: SmallBook) -> None:
    check_header(book.root, book.chapter)
    book.chapter.write_text("# Words\n\nAnd no code.\n")
    check_header(book.root, book.chapter)


@pytest.mark.parametrize(
    ("old", "new", "complaint"),
    [
        ("    extension: .md\n", "", "3: the header needs “extension: .md” below “te"),
        ("extension: .md", "extension: .py", "4: the header needs “extension: .md”"),
        ("    format_name: myst\n", "", "3: the header needs “format_name: myst”"),
        ("  name: python3\n", "", "6: the header needs “name: python3” below “ker"),
        ("  display_name: Python 3\n", "", "6: the header needs “display_name: Py"),
        ("name: python3", "name: julia", "8: the header needs “name: python3” below"),
        (HEADER, "", "1: this chapter has no header"),
        (HEADER, "---\n- a\n---", "2: write lines “key: value” here"),
        ("---\njupy", "---\ndescription: a: b\njupy", "2: this is not YAML"),
        ("---\njupy", "---\ngpu:\njupy", "2: write a text after “gpu:”, or delete"),
        ("---\njupy", "---\ngpu: no\njupy", "2: write a text after “gpu:”, or delete"),
        (CHAPTER, "---\ndescription: 5\n---\n# T\n", "2: write a text after “desc"),
        ("---\njupy", "---  \n\n\na: 2026-02-30\njupy", "4: this is not YAML"),
    ],
)
def test_what_a_header_lacks_is_named(
    book: SmallBook, old: str, new: str, complaint: str
) -> None:
    book.chapter.write_text(CHAPTER.replace(old, new).lstrip("\n"))
    with pytest.raises(AuthorError) as caught:
        check_header(book.root, book.chapter)
    assert str(caught.value).startswith(f"chapters/01-small.md:{complaint}")


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        (b"", ": this file is empty"),
        (b"# Title\n\n\xdcber\n", ":3: save this file as UTF-8"),
        (b"---\na: b: c\n---\n# Title\n", ":2: this is not YAML"),
        (b"--- \n\n \na: b: c\n--- \n\n# Title\n", ":4: this is not YAML"),
        (b"---\na:\n\t- b\n---\n# Title\n", ":3: this is not YAML"),
        (b"# T\n\n```{code-cell}\n---\na: [b\n---\n```\n", ":5: this is not YAML"),
        (b"# T\n\n+++ {a}\n", ":3: Markdown cell 1"),
        (b"# T\n\n```{code-cell}\n:tags: a\n\n1\n```\n", ":4: 'a' is not of type"),
        (b"# T\n\n```{code-cell}\n---\ntags: a\n---\n```\n", ":5: 'a' is not of"),
        (TWO_CELLS % b"---\na: 1\nb: 2026-02-30\n---", ":10: this is not YAML: “202"),
        (TWO_CELLS % b":a: 1\n:b: 2026-02-30", ":9: this is not YAML: “2026-02-30”"),
        (TWO_CELLS % b"---\na: 1\nb: x\x08\n---", ":10: delete the character U+0008"),
        (TWO_CELLS % b":a: 1\n:b: x\x08", ":9: delete the character U+0008"),
    ],
)
def test_what_is_not_a_chapter_is_named(
    book: SmallBook, content: bytes, complaint: str
) -> None:
    book.chapter.write_bytes(content)
    with pytest.raises(AuthorError) as caught:
        read_chapter(book.root, book.chapter)
    assert str(caught.value).startswith(f"chapters/01-small.md{complaint}")
