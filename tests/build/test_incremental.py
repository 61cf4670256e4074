"""After a good build the pages that have changed are made again, and no others.

What comes out is what a fresh build of the same sources gives, to the byte.
"""

import os
import shutil
from pathlib import Path

import pytest
from book import ROOT
from small_book import CHAPTER, SmallBook, replace_in, write_small_book
from test_build import SENTENCE
from test_same_bytes import contents

TARGETS = """
$$
a
$$ (eq-first)

$$
b
$$ (eq-second)

```{figure} ../_static/logo.svg
:name: fig-logo
:alt: The logo.

A logo.
```

```{exercise-start} To do
:label: ex-do
```

Do.

```{exercise-end}
```

A {term}`word`, as {cite}`godoy2019` has it.
"""
LINKS = """# Another chapter

See [](#small), {eq}`eq-second`, {numref}`fig-logo` and {numref}`ex-do`.
"""
REFERENCE = {
    "glossary": "# Glossary\n\n```{glossary}\nword\n  What is said.\n```\n",
    "helpers": "# Helpers\n\n```{eval-rst}\n.. automodule:: helpers.checks\n"
    "   :members:\n```\n",
    "references": "# References\n\n```{bibliography}\n```\n",
}
SMALL, OTHER = ("chapters/01-small", "chapters/02-other")
REFERENCES = "reference/references"
FIGURE = "```{figure} ../_static/logo.svg\n:alt: Once more.\n\nNew.\n```\n"


@pytest.fixture(scope="module")
def built_linked(tmp_path_factory: pytest.TempPathFactory) -> SmallBook:
    book = write_small_book(tmp_path_factory.mktemp("linked") / "book")
    book.replace("# A small", "(small)=\n# A small")
    book.append(TARGETS)
    book.add_chapter("02-other", CHAPTER.replace("# A small chapter\n", LINKS))
    shutil.copy(ROOT / "reference" / "references.bib", book.root / "reference")
    with (book.root / "_toc.yml").open("a") as toc:
        for name, text in REFERENCE.items():
            (book.root / "reference" / f"{name}.md").write_text(text)
            toc.write(f"      - file: reference/{name}\n")
    book.save()
    return book


@pytest.fixture
def linked(built_linked: SmallBook) -> SmallBook:
    """A built book whose second chapter mentions what is in the first."""
    return built_linked.restore()


def read_and_written(book: SmallBook, monkeypatch: pytest.MonkeyPatch) -> list[set]:
    """Build, and return the pages that Sphinx has read, and those it has written."""
    from sphinx.builders import Builder
    from sphinx.builders.html import StandaloneHTMLBuilder

    found: list[set[str]] = [set(), set()]
    read, write = Builder.read_doc, StandaloneHTMLBuilder.write_doc

    def read_doc(self: Builder, page: str, **options: bool) -> None:
        found[0].add(page)
        read(self, page, **options)

    def write_doc(self: StandaloneHTMLBuilder, page: str, doctree: object) -> None:
        found[1].add(page)
        write(self, page, doctree)

    with monkeypatch.context() as patched:
        patched.setattr(Builder, "read_doc", read_doc)
        patched.setattr(StandaloneHTMLBuilder, "write_doc", write_doc)
        said = book.must_build()
    assert "executed in" not in said
    return found


def assert_fresh(book: SmallBook) -> None:
    """Assert that a fresh build gives the same."""
    before = contents(book.root)
    for name in ("sphinx", "html", "images"):
        shutil.rmtree(book.root / "_build" / name)
    book.must_build()
    after = contents(book.root)
    assert [
        name for name in before | after if before.get(name) != after.get(name)
    ] == []


def test_a_page_whose_prose_was_edited_is_read_alone(
    linked: SmallBook, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = linked.root / f"{OTHER}.md"
    path.write_text(path.read_text() + "\nMore is said.\n")
    read, written = read_and_written(linked, monkeypatch)
    assert read == {OTHER}
    assert written == {OTHER, "index"}  # which belongs to all
    assert "More is said" in linked.page(OTHER)
    assert_fresh(linked)


@pytest.mark.parametrize(
    ("file", "old", "new", "page", "shown"),
    [
        (SMALL, "# A small chapter", "# A tiny one", OTHER, "See A tiny one, (2),"),
        (
            *(SMALL, "$$ (eq-first)", "$$ (eq-first)\n\n$$\nc\n$$ (eq-zero)"),
            *(OTHER, "chapter, (3),"),
        ),
        (
            *(SMALL, "```{figure} ", f"{FIGURE}\n```{{figure}} "),
            *(OTHER, "Fig. 2"),
        ),
        (SMALL, "has it", "and {cite}`johnson2017` have it", REFERENCES, "Johnson"),
        ("reference/glossary", "is said", "is written", SMALL, "What is written."),
    ],
)
def test_what_others_say_of_a_page_changes_with_it(
    linked: SmallBook,
    monkeypatch: pytest.MonkeyPatch,
    file: str,
    old: str,
    new: str,
    page: str,
    shown: str,
) -> None:
    assert shown not in linked.article(page).get_text()
    replace_in(linked.root / f"{file}.md", old, new)
    read, written = read_and_written(linked, monkeypatch)
    assert read == {file}
    assert page in written
    assert shown in linked.article(page).get_text()
    assert_fresh(linked)


def test_the_search_forgets_a_word_that_is_gone(linked: SmallBook) -> None:
    index = linked.site / "searchindex.js"
    assert "A logo." in index.read_text()
    linked.replace("A logo.", "A sign.")
    linked.must_build()
    assert "A logo." not in index.read_text()
    assert_fresh(linked)


def test_a_link_goes_dead_with_what_it_led_to(linked: SmallBook) -> None:
    linked.replace("(small)=\n", "")
    for _ in range(2):
        said = linked.must_fail()
        assert "cross-reference target not found: 'small'" in said
        assert "02-other.md" in said


def test_an_older_version_of_a_file_is_a_change(book: SmallBook) -> None:
    book.replace("# A small chapter", SENTENCE)
    os.utime(book.chapter, (1, 1))
    book.must_build()
    assert "new sentence" in book.page()


@pytest.mark.parametrize(
    "name", ["_config.yml", "_toc.yml", "_static/logo.svg", "reference/references.bib"]
)
def test_if_anything_but_a_page_changes_all_are_read(
    book: SmallBook, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    path = book.root / name
    comment = {".yml": "\n# More.\n", ".svg": "\n<!-- -->", ".bib": "\n"}[path.suffix]
    path.write_text(path.read_text() + comment)
    read, written = read_and_written(book, monkeypatch)
    assert read == written == {"index", "chapters/01-small"}


def test_a_chapter_that_was_executed_again_is_read_again(book: SmallBook) -> None:
    book.add_chapter("02-other", CHAPTER.replace("# A small", "# Another"))
    book.replace("0, 1", "0, 2")
    book.must_build()
    # The other edition executes it, with code that goes again, and its output stays.
    text = book.chapter.read_text()
    shutil.rmtree(book.root / "_build" / "cache")
    book.chapter.write_text(text.replace("0, 2", "0, 3"))
    book.must_build(BOOK_EDITION="student")
    book.chapter.write_text(text)
    said = book.must_build()
    assert "01-small.md executed in" in said
    assert "0, 2" in book.executed.read_text()
    assert "Nothing has changed" in book.must_build()


def test_without_the_saved_outputs_all_is_made_again(book: SmallBook) -> None:
    book.executed.unlink()
    book.must_build()
    assert book.executed.is_file()


def test_a_book_that_has_moved_is_executed_before_it_is_read_again(
    book: SmallBook, tmp_path: Path
) -> None:
    moved = SmallBook(tmp_path / "moved")
    shutil.copytree(book.root, moved.root)
    shutil.rmtree(moved.root / "_build" / "cache")
    (moved.root / "index.md").write_text("# Another first page\n")
    said = moved.must_build()
    assert "01-small.md executed in" in said  # and not in silence, by Sphinx


def test_a_changed_way_to_make_pictures_small_is_never_stale(
    book: SmallBook, monkeypatch: pytest.MonkeyPatch
) -> None:
    from booktools.sphinx import images

    def pictures() -> set[str]:
        return {path.name for path in (book.root / "_build" / "images").iterdir()}

    before = pictures()
    monkeypatch.setattr(images, "ENCODER", b"another")
    book.append("\nMore.\n")
    book.must_build()
    assert len(before) == len(pictures()) == 1
    assert pictures() != before
