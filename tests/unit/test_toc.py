"""What `_toc.yml` lists is read, or its line is named."""

from collections.abc import Callable
from pathlib import Path

import pytest
from small_book import CHAPTER, SmallBook, replace_in, write_small_book

from booktools.errors import AuthorError
from booktools.toc import chapter_files, find_chapters, first_chapter, pages, parts

ITEM = "      - file: chapters/01-small\n"


@pytest.fixture
def book(tmp_path: Path) -> SmallBook:
    return write_small_book(tmp_path / "book")


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("All", "All"),
        ("01-small", "01-small.md"),
        ("root: index", "root: index.md"),
        ("      - file", "    - file"),
        ("caption: All", 'caption: "Part 1: All"'),
        (ITEM, f"{ITEM}      - url: https://example.org\n        title: More\n"),
    ],
)
def test_pages_may_be_listed_in_any_way_that_jupyter_book_knows(
    book: SmallBook, old: str, new: str
) -> None:
    replace_in(book.root / "_toc.yml", old, new)
    assert pages(book.root) == ["index", "chapters/01-small"]
    assert chapter_files(book.root) == [book.chapter]


def test_pages_belong_to_parts_sections_and_all(book: SmallBook) -> None:
    for name in ("a/01-intro", "b/01-intro"):
        path = book.root / "chapters" / f"{name}.md"
        path.parent.mkdir()
        path.write_text(CHAPTER)
    more = (
        "        sections:\n          - file: chapters/a/01-intro\n"
        "  - chapters:\n      - file: chapters/b/01-intro\n"
    )
    toc = book.root / "_toc.yml"
    replace_in(toc, ITEM, ITEM + more)
    assert parts(book.root) == [
        ("All", ["chapters/01-small", "chapters/a/01-intro"]),
        ("", ["chapters/b/01-intro"]),
    ]
    assert first_chapter(book.root) == "chapters/01-small"
    replace_in(toc, "  - chapters:", "  - numbered: true\n    chapters:")
    assert first_chapter(book.root) == "chapters/b/01-intro"
    assert find_chapters(book.root, "") == ["01-small", "a/01-intro", "b/01-intro"]


@pytest.mark.parametrize(
    ("old", "new", "complaint"),
    [
        ("caption: All", "caption: Part 1: All", "4: this is not YAML: mapping"),
        ("caption:", "captoin:", "4: there is no key “captoin”; did you mean “cap"),
        ("chapters:", "chapter:", "5: there is no key “chapter”"),
        ("root: index\n", "", "1: write “root: index”"),
        ("format: jb-book\n", "", "1: write “format: jb-book”"),
        ("jb-book", "jb-bok", "1: 'format' key value not recognised: 'jb-bok'"),
        ("01-small", "02-none", "6: chapters/02-none.md does not exist"),
        ("01-small", "01-Small", "Did you mean chapters/01-small?"),
        (ITEM, ITEM + ITEM, "7: “chapters/01-small” is on line 6 as well"),
        (ITEM, ITEM + ITEM.replace("small", "small.md"), "7: “chapters/01-small” is"),
        (ITEM, f"{ITEM}  - caption: B\n    chapters:\n", "7: 'chapters' not a non-em"),
        (ITEM, f"{ITEM}  - caption: B\n", "7: entry not a mapping"),
        ("file: chapters/01-small", "glob: chapters/*", "6: “glob” cannot be used"),
        ("- file: ", "- ", "6: write “- file: chapters/01-small”"),
        ("- file: ", "- file:", "6: write “- file: chapters/01-small”"),
        ("file: chapters/01-small", "file:", "6: name a page, as in “file: chapters/"),
        ("root: index", "root:", "2: write “root: index” at"),
        ("caption: All", "caption: 1", "4: toctree validation: 'caption' must be"),
        ("root: index", "root: index\ndefaults: 5", "3: write lines “key: value”"),
        ("root: index", "root: index\ndefaults:", "lue” below “defaults”"),
        ("root: index", "root: index\noptions: [a]", "lue” below “options”"),
        ("format: jb-book", "format: [jb-book]", "1: write “format: jb-book”"),
        # Which fault is reported first does not depend on the order in a set.
        ("caption: All", "zzz: 1\n    aaa: 2\n    mmm: 3", "there is no key “aaa”"),
        ("caption: All", "options: 1\n    defaults: 2", "below “defaults”, or delete"),
        (ITEM, f"{ITEM}      - title: a\n", "one of 'file', 'glob', 'url'"),
        (ITEM, ITEM + "        url: https://a.org\n", "keys 'file', 'url'"),
        (ITEM, ITEM + "        caption: a\n", "allowed: 'defaults', 'file', 'format'"),
    ],
)
def test_what_is_wrong_is_named_with_its_line(
    book: SmallBook, old: str, new: str, complaint: str
) -> None:
    replace_in(book.root / "_toc.yml", old, new)
    with pytest.raises(AuthorError) as caught:
        pages(book.root)
    assert str(caught.value).startswith("_toc.yml:")
    assert complaint in str(caught.value)


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        (b"# nothing\n", "1: write lines"),
        (b"format: jb-book\nroot: \xfcber\n", "2: save this file as UTF-8"),
        (b"format: jb-book\nroot: index\n", " list a page besides"),
    ],
)
def test_what_is_not_a_table_of_contents_is_named(
    book: SmallBook, content: bytes, complaint: str
) -> None:
    (book.root / "_toc.yml").write_bytes(content)
    with pytest.raises(AuthorError, match=f"^_toc.yml:{complaint}"):
        pages(book.root)


@pytest.mark.parametrize("ending", ["", ".ipynb"])
def test_a_notebook_is_told_how_to_become_a_chapter(
    book: SmallBook, ending: str
) -> None:
    replace_in(book.root / "_toc.yml", "01-small", f"01-small{ending}")
    book.chapter.rename(book.chapter.with_suffix(".ipynb"))
    with pytest.raises(AuthorError) as caught:
        pages(book.root)
    assert "jupytext --to myst chapters/01-small.ipynb" in str(caught.value)


def test_code_that_no_test_would_run_is_refused(book: SmallBook) -> None:
    (book.root / "index.md").write_text(CHAPTER)
    line = CHAPTER.splitlines().index("```{code-cell} ipython3") + 1
    with pytest.raises(AuthorError, match=f"^index.md:{line}: only what is below"):
        pages(book.root)


NAMES: list[Callable[[SmallBook], str]] = [
    lambda book: "1",
    lambda book: "01",
    lambda book: "01-small",
    lambda book: "01-small.md",
    lambda book: "chapters/01-small",
    lambda book: "./chapters/01-small.md",
    lambda book: str(book.chapter),
]


@pytest.mark.parametrize("asked", NAMES)
def test_a_chapter_is_named_in_many_ways(
    book: SmallBook, asked: Callable[[SmallBook], str]
) -> None:
    assert find_chapters(book.root, asked(book)) == ["01-small"]


@pytest.mark.parametrize("asked", ["x", "99", "small", "01-", "../01", "a" * 300])
def test_an_unknown_chapter_is_refused_with_a_list(book: SmallBook, asked: str) -> None:
    with pytest.raises(AuthorError) as caught:
        find_chapters(book.root, asked)
    assert f"CHAPTER={asked}" in str(caught.value)
    assert "01-small" in str(caught.value)
