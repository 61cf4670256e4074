"""Slides of the chapters: nothing is lost, and a deck needs no other files."""

import copy
import re
import shutil
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest
from book import FIRST, ROOT, SITE, each_chapter, read, read_chapter, squeeze
from bs4 import BeautifulSoup

from booktools import build
from booktools.slides import deck


@pytest.fixture
def last_deck(fork: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(build, "main", lambda root: 0)
    monkeypatch.setenv("CHAPTER", FIRST)
    last = fork / deck.SLIDES / FIRST / "index.html"
    last.parent.mkdir(parents=True)
    last.write_text("the last good deck")
    return last


def test_a_deck_takes_the_place_of_the_last(fork: Path, last_deck: Path) -> None:
    assert deck.main(fork) == 0
    assert "Gradient descent" in last_deck.read_text()
    assert [path.name for path in (fork / deck.SLIDES).iterdir()] == [FIRST]


MORE = '<section id="more"><h1>More</h1><p>Below:</p></section>'


def deck_of_edited_page(folder: Path, **changes: tuple[str, str]) -> str:
    """Return the deck of the first chapter after changes to its page."""
    site = folder / "site"
    for name in ("_static", "_images"):
        shutil.copytree(SITE / name, site / name)
    (site / "_static" / "logo.svg").rename(site / "_static" / "my-mark.svg")
    text = (SITE / "chapters" / f"{FIRST}.html").read_text(encoding="utf-8")
    for old, new in (("logo.svg", "my-mark.svg"), *changes.values()):
        assert old in text
        text = text.replace(old, new)
    (site / "chapters").mkdir()
    (site / "chapters" / f"{FIRST}.html").write_text(text, encoding="utf-8")
    deck.make_deck(site, FIRST, folder / "deck")
    return (folder / "deck" / "index.html").read_text(encoding="utf-8")


def test_the_logo_is_that_of_the_page(tmp_path: Path) -> None:
    assert '<img src="files/my-mark.svg"' in deck_of_edited_page(tmp_path)
    assert (tmp_path / "deck" / "files" / "my-mark.svg").is_file()


def test_what_stands_beside_the_section_with_the_title_is_shown(
    tmp_path: Path,
) -> None:
    html = deck_of_edited_page(
        tmp_path,
        above=('<section class="tex2jax', '<p>Above:</p><section class="tex2jax'),
        below=("</article>", MORE + "</article>"),
    )
    for words in ("Above:", "More", "Below:"):
        assert words in html


def test_where_book_or_slides_fail_the_last_deck_stays_and_nothing_half_made(
    fork: Path, last_deck: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(deck, "OWN_STYLES", Path("nowhere.css"))
    with pytest.raises(FileNotFoundError):
        deck.main(fork)
    monkeypatch.setattr(build, "main", lambda root: 1)
    assert deck.main(fork) == 1
    assert last_deck.read_text() == "the last good deck"
    assert [path.name for path in (fork / deck.SLIDES).iterdir()] == [FIRST]


@each_chapter
def test_tags_of_text_blocks_reach_the_page_and_change_nothing_seen(
    chapter: str,
) -> None:
    wanted = Counter(
        tag
        for block in read_chapter(ROOT / "chapters" / f"{chapter}.md").cells
        if not re.fullmatch(r"Outcome\(.*\)", block.source)  # which the page takes out
        for tag in block.metadata.get("tags", [])
        if tag != "check-it"  # in the notebook alone
    )
    found = Counter(
        name.removeprefix("tag_")
        for part in read(f"chapters/{chapter}.html").select("[class*=tag_]")
        for name in part["class"]
        if name.startswith("tag_")
    )
    for tag in wanted:
        assert found[tag] >= wanted[tag]
    assert set(found) <= {*wanted, "continued"}
    for sheet in (SITE / "_static").rglob("*.css"):
        assert not re.search(
            r"\.tag_(slide|subslide|fragment|skip|notes|continued)", sheet.read_text()
        )


@each_chapter
def test_all_that_a_page_says_is_on_slides_or_in_the_notes(
    chapter: str, deck_of: Callable[[str], Path]
) -> None:
    slides = BeautifulSoup(deck_of(chapter).read_text(), "html.parser")
    article = copy.copy(read(f"chapters/{chapter}.html").article.section)
    for left_out in article.select(
        ".solution, .tag_skip, .tag_hide-cell, .headerlink, .traceback, "
        "details:not(.cause, [data-prediction]), .at-a-glance, .head-picture"
    ):
        left_out.decompose()
    for drawn in [*article.select("svg"), *slides.select("svg")]:
        drawn.decompose()
    there = squeeze(slides.get_text())
    for part in article.select("p, li, figcaption, td, div.math, div.exercise"):
        assert squeeze(part.get_text()) in there


@each_chapter
def test_a_deck_needs_nothing_but_its_own_files(
    chapter: str, deck_of: Callable[[str], Path]
) -> None:
    path = deck_of(chapter)
    slides = BeautifulSoup(path.read_text(), "html.parser")
    needed = [
        str(element.get("src") or element.get("href"))
        for element in slides.select("[src], link[href]")
    ]
    assert needed
    assert not [name for name in needed if not (path.parent / name).is_file()]
    assert not slides.select("aside a, .headerlink, button, script:not([src])")
    names = Counter(str(element["id"]) for element in slides.select("[id]"))
    assert not [name for name, times in names.items() if times > 1]
    for link in slides.select("a[href]"):
        address = str(link["href"])
        assert address.startswith("http") or address.removeprefix("#") in names
    for sheet in path.parent.glob("files/*.css"):
        outside = re.findall(r"(?:url\(|@import)\s*['\"]?(?!data:)", sheet.read_text())
        assert not outside, sheet.name
