"""Slides: what goes on them, and that nothing is lost."""

import copy
import re
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest
from book import CHAPTERS, ROOT, SITE, each_chapter, read, read_chapter, squeeze
from bs4 import BeautifulSoup, Tag

from booktools import build
from booktools.slides import deck
from booktools.slides.arrange import LONGEST_CODE, Slide, arrange
from booktools.slides.deck import ChapterError, choose_chapters

FIRST = CHAPTERS[0]

CODE = (
    '<div class="cell {tags}"><div class="cell_input"><pre>{code}</pre></div>'
    '<div class="cell_output">{output}</div></div>'
)
FIGURE = '<figure><img src="a.webp"><figcaption>What it shows</figcaption></figure>'
PRINTED = '<div class="output stream"><pre>printed</pre></div>'


def page(body: str) -> list[list[Slide]]:
    html = (
        "<article><section id='chapter'><h1>Chapter</h1>"
        f"<section id='part'><h2>Part</h2>{body}</section></section></article>"
    )
    article = BeautifulSoup(html, "html.parser").article
    assert article
    return arrange(article)


def shown(slide: Slide) -> str:
    return " ".join(piece.get_text() for piece in slide.pieces)


def said(slide: Slide) -> str:
    return " ".join(note.get_text() for note in slide.notes)


def cell(code: str = "x = 1", output: str = PRINTED, tags: str = "") -> str:
    return CODE.format(code=code, output=output, tags=tags)


def test_a_section_begins_a_stack_and_a_part_of_it_goes_down() -> None:
    stacks = page("<p>A.</p><section id='below'><h3>Below</h3><p>B.</p></section>")
    titles = [[slide.title.get_text() for slide in stack] for stack in stacks]
    assert titles == [["Chapter"], ["Part", "Below"]]
    assert stacks[1][1].names == ["below"]


def test_prose_is_for_the_speaker_but_for_what_opens_and_leads_on() -> None:
    table = "<table><tr><td>x</td></tr></table>"
    (slide,) = page(f"<p>It opens.\nIt goes on.\nThis leads to:</p>{table}")[1]
    assert [piece.get_text().strip() for piece in slide.pieces] == [
        "It opens.",
        "This leads to:",
        "x",
    ]
    assert said(slide) == "It opens.\nIt goes on.\nThis leads to:"


def test_code_stands_with_what_it_prints_and_a_figure_alone() -> None:
    first, second = page(cell() + cell("a\nb\nc\nd", FIGURE))[1]
    assert shown(first).split() == ["x", "=", "1", "printed", "a", "b", "c", "d"]
    assert shown(second) == "What it shows"


def test_long_code_is_cut_where_it_has_a_blank_line() -> None:
    block = "\n".join(f"line_{number}" for number in range(20))
    slides = page(cell(f"{block}\n\n{block}", ""))[1]
    assert [len(shown(slide).split()) for slide in slides] == [20, 20]
    assert LONGEST_CODE < 40


def test_of_a_traceback_the_error_is_shown() -> None:
    output = (
        '<div class="output traceback"><pre>-----\nCell In[1], line 2\n----> 2 f()\n'
        "ValueError: too\nlong</pre></div>"
    )
    (slide,) = page(cell(output=output))[1]
    assert shown(slide) == "x = 1 ValueError: too\nlong"


def test_long_output_scrolls_and_can_be_reached_by_keyboard() -> None:
    output = "<div class='output'><pre>" + "line\n" * 60 + "</pre></div>"
    *_, slide = page(cell(output=output))[1]
    pre = slide.pieces[-1].find("pre")
    assert isinstance(pre, Tag)
    assert (pre["tabindex"], pre["role"]) == ("0", "region")


def test_exercises_are_asked_and_solutions_kept() -> None:
    stacks = page(
        '<div class="exercise admonition" id="ex"><p class="admonition-title">Try</p>'
        "<section><p>Do it.</p></section></div>"
        f'<div class="solution admonition"><p>Done.</p>{cell("secret()")}</div>'
    )
    (slide,) = [slide for slide in stacks[1] if slide.pieces]
    assert (slide.title.get_text(), shown(slide), slide.names) == (
        "Try",
        "Do it.",
        ["part", "ex"],
    )


def test_a_question_stands_alone_before_its_answer() -> None:
    question = '<div class="hint admonition"><p>Which?</p></div>'
    slides = page(cell() + question + cell())[1]
    assert [shown(slide) for slide in slides] == [
        "x = 1 printed",
        "Which?",
        "x = 1 printed",
    ]


def test_skipped_cells_are_left_out_and_hidden_input_too() -> None:
    for tag in ("skip", "hide-cell"):
        (slide,) = page(cell("a") + cell("b", tags=f"tag_{tag}"))[1]
        assert shown(slide) == "a printed"
    code = '<details><div class="cell_input"><pre>plot()</pre></div></details>'
    output = f'<div class="cell_output">{FIGURE}</div>'
    (slide,) = page(f'<div class="cell tag_hide-input">{code}{output}</div>')[1]
    assert shown(slide) == "What it shows"


def test_tags_begin_slides_show_prose_and_send_to_the_notes() -> None:
    stacks = page(
        '<p>One. Two.</p><p class="tag_slide">New.\nAll of it.</p>'
        '<p class="tag_continued">And this.</p><p class="tag_subslide">Below.</p>'
        '<p class="tag_fragment">Later.</p><ul class="tag_notes"><li>Aside.</li></ul>'
    )
    assert [[shown(slide) for slide in stack] for stack in stacks[1:]] == [
        ["One. Two."],
        ["New.\nAll of it. And this.", "Below. Later."],
    ]
    last = stacks[2][1]
    assert "fragment" in last.pieces[-1]["class"]
    assert said(last) == "Aside."
    (slide,) = page(cell(tags="tag_fragment"))[1]  # the output comes after the code
    assert ["fragment" in piece["class"] for piece in slide.pieces] == [False, True]


def test_a_chapter_can_be_named_in_short_and_none_means_all() -> None:
    for asked in ("1", "01", FIRST, f"chapters/{FIRST}.md"):
        assert choose_chapters(ROOT, asked) == [FIRST]
    assert choose_chapters(ROOT, "") == CHAPTERS


@pytest.mark.parametrize("asked", ["0", "99", "gradient", "01-", "../01"])
def test_an_unknown_chapter_is_refused_with_a_list(asked: str) -> None:
    with pytest.raises(ChapterError) as caught:
        choose_chapters(ROOT, asked)
    assert f"CHAPTER={asked}" in str(caught.value)
    assert all(chapter in str(caught.value) for chapter in CHAPTERS)


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


def test_where_the_book_fails_the_last_deck_stays(
    fork: Path, last_deck: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(build, "main", lambda root: 1)
    assert deck.main(fork) == 1
    assert last_deck.read_text() == "the last good deck"


def test_where_slides_fail_the_last_deck_stays_and_nothing_half_made(
    fork: Path, last_deck: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(deck, "LOGO", Path("nowhere.svg"))
    with pytest.raises(FileNotFoundError):
        deck.main(fork)
    assert last_deck.read_text() == "the last good deck"
    assert [path.name for path in (fork / deck.SLIDES).iterdir()] == [FIRST]


@each_chapter
def test_tags_of_text_blocks_reach_the_page_and_change_nothing_seen(
    chapter: str,
) -> None:
    wanted = Counter(
        tag
        for block in read_chapter(ROOT / "chapters" / f"{chapter}.md").cells
        for tag in block.metadata.get("tags", [])
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
    styles = (SITE / "_static" / "styles" / "book.css").read_text()
    assert not re.search(r"tag_(slide|subslide|fragment|skip|notes|continued)", styles)


@each_chapter
def test_all_that_a_page_says_is_on_slides_or_in_the_notes(
    chapter: str, deck_of: Callable[[str], Path]
) -> None:
    slides = BeautifulSoup(deck_of(chapter).read_text(), "html.parser")
    article = copy.copy(read(f"chapters/{chapter}.html").article)
    for left_out in article.select(
        ".solution, .tag_skip, .tag_hide-cell, .headerlink, .traceback, details"
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
