"""A chapter that `_toc.yml` does not name is mentioned without a dead link."""

import re
from pathlib import Path

import pytest
import yaml
from book import ROOT, chapter_files
from bs4 import BeautifulSoup
from small_book import CHAPTER, SmallBook

from booktools.sphinx.excluded_chapters import labels_of, prose_of


def read(page: Path) -> BeautifulSoup:
    return BeautifulSoup(page.read_text(encoding="utf-8"), "html.parser")


def text_of(page: Path) -> str:
    return " ".join(read(page).article.get_text().split())


OTHER = (
    CHAPTER.replace("# A small chapter", "(other)=\n# The *other* chapter")
    + """
(other-part)=
## A part of it

$$
a = 1
$$ (eq-other)

```{exercise-start} Do it
:label: ex-other
```

Now.

```{exercise-end}
```

:::{math}
:label: eq-written
b = 2
:::
"""
)
LINKS = """

See [](#other), [those words](#other), {ref}`other-part`, {eq}`eq-other`,
[an exercise](#ex-other), {numref}`ex-other`, {eq}`eq-written` and
[the file](02-other.md).

**Next:** [](#other) comes next, and [](#other-part).
"""


@pytest.fixture
def two(book: SmallBook) -> SmallBook:
    """Return a book whose table of contents names one of its two chapters."""
    (book.root / "chapters" / "02-other.md").write_text(OTHER)
    book.replace("# A small chapter", "(small)=\n# A small chapter" + LINKS)
    return book


def test_links_to_an_excluded_chapter_become_text(two: SmallBook) -> None:
    with (two.root / "_config.yml").open("a") as config:
        config.write("    redirects:\n      1: chapters/01-small.html\n")
        config.write("      2: chapters/02-other.html\n")
        config.write("      3: https://a.org\n")
    two.must_build()
    assert "01-small.html" in (two.site / "1.html").read_text()
    assert not (two.site / "2.html").exists()
    assert "https://a.org" in (two.site / "3.html").read_text()
    page = two.site / "chapters" / "01-small.html"
    assert (
        "See The other chapter, those words, A part of it, "
        "“The other chapter”, an exercise, “The other chapter”, "
        "“The other chapter” and the file."
    ) in text_of(page)
    assert "Next:" not in text_of(page)
    assert not read(page).article.find_all("a", href=re.compile("other"))
    assert not (two.site / "chapters" / "02-other.html").exists()


def test_links_to_an_included_chapter_stay_links_despite_a_copy_of_it(
    two: SmallBook,
) -> None:
    two.add_chapter("02-other", OTHER)
    (two.root / "chapters" / "02-other copy.md").write_text(OTHER)
    two.must_build()
    page = read(two.site / "chapters" / "01-small.html")
    assert len(page.article.find_all("a", href=re.compile("02-other.html"))) >= 10


def test_a_mistyped_label_still_fails_the_build(two: SmallBook) -> None:
    two.replace("[](#other),", "[](#othr),")
    said = two.must_fail()
    assert "cross-reference target not found: 'othr'" in said
    assert "'other" not in said


def test_labels_of_all_kinds_are_found_and_none_in_code_or_header(
    tmp_path: Path,
) -> None:
    code = "```{code-cell} ipython3\n# in code\n'''\n(no)=\n# No\n'''\n```\n"
    path = tmp_path / "other.md"
    header = "---\n# a comment\njupytext:"
    path.write_text(OTHER.replace("---\njupytext:", header, 1) + code)
    assert labels_of(prose_of(tmp_path, path)) == {
        "": "The other chapter",
        "other": "The other chapter",
        "other-part": "A part of it",
        "eq-other": "“The other chapter”",
        "ex-other": "“The other chapter”",
        "eq-written": "“The other chapter”",
    }


def test_any_chapter_may_be_excluded() -> None:
    """Every link between chapters has a label that is found without building."""
    known = {
        label for path in chapter_files() for label in labels_of(prose_of(ROOT, path))
    }
    link = re.compile(r"\]\(#([\w-]+)\)|\{(?:ref|eq|numref)\}`(?:[^`<]*<)?([\w-]+)>?`")
    elsewhere = {"notation", "glossary", "helpers", "references", "build-report"}
    for path in chapter_files():
        targets = {"".join(pair).lower() for pair in link.findall(prose_of(ROOT, path))}
        assert targets
        assert targets - elsewhere <= known, path.name


def test_no_chapter_promises_what_the_site_offers_only_with_another() -> None:
    """Without the other the promise is false; an explorable can find out."""
    link = re.compile(r"\]\(#([\w-]+)\)")
    for path in chapter_files():
        prose = prose_of(ROOT, path)
        own = labels_of(prose)
        for line in prose.splitlines():
            if "the book's site" in line:
                assert own.keys() >= set(link.findall(line)), line


# What the original says about itself


def test_the_citation_agrees_with_the_configuration() -> None:
    config = yaml.safe_load((ROOT / "_config.yml").read_text())
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text())
    assert citation["title"] == config["title"]
    assert ", ".join(one["name"] for one in citation["authors"]) == config["author"]


def test_the_licences_name_the_original() -> None:
    config = yaml.safe_load((ROOT / "_config.yml").read_text())
    original = config["sphinx"]["config"]["original"]
    licence = " ".join((ROOT / "LICENSE-TEXT").read_text().split())
    assert f'credit to "{original["title"]}"' in licence
    assert original["author"] in (ROOT / "LICENSE").read_text()


# Title and authors on the pages

NASTY = 'Über “A” & B: “C” \\E #1 "D"'


def typed(text: str) -> str:
    """Write quotes as they are typed."""
    return text.replace("“", '"').replace("”", '"')


def rename(book: SmallBook, title: str, authors: str) -> None:
    path = book.root / "_config.yml"
    config = yaml.safe_load(path.read_text()) | {"title": title, "author": authors}
    path.write_text(yaml.safe_dump(config))


def test_a_fork_has_its_own_title_and_credits_the_original(book: SmallBook) -> None:
    config = yaml.safe_load((book.root / "_config.yml").read_text())
    original = config["sphinx"]["config"]["original"]
    index = book.root / "index.md"
    index.write_text("# {book}`title`\n\nBy {book}`author`.\n")
    rename(book, original["title"], original["author"])
    book.must_build()
    assert "adapted" not in text_of(book.site / "index.html")
    rename(book, NASTY, "A. One, B. Two")
    book.must_build(BOOK_URL="https://example.org/book")
    page = read(book.site / "index.html")
    assert typed(page.article.h1.get_text()).startswith(typed(NASTY))
    assert "By A. One, B. Two." in page.article.get_text()
    assert NASTY in page.title.get_text()
    shown = page.find("meta", property="og:title")["content"]
    assert typed(shown) == typed(NASTY)
    (credit,) = page.select("p.adapted-from")
    for part in (original["title"], original["author"], "CC BY 4.0", "been changed"):
        assert part in credit.get_text()
    assert credit.find("a", href=re.compile("creativecommons.org/licenses/by/4.0"))
    chapter = read(book.site / "chapters" / "01-small.html")
    assert chapter.find("meta", property="og:site_name")["content"] == NASTY
    assert "adapted" not in chapter.article.get_text()


def test_the_book_is_asked_for_what_it_knows(book: SmallBook) -> None:
    (book.root / "index.md").write_text("# {book}`price`\n")
    said = book.must_fail()
    assert "knows title and author, but not 'price'" in said
