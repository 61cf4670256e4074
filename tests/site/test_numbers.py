"""A chapter has one number, wherever it is named."""

import re
from itertools import pairwise

import pytest
from book import CHAPTERS, FIRST, notebook_of, read

from booktools.export import title_of

NUMBERED = CHAPTERS[CHAPTERS.index(FIRST) :]
NUMBER = re.compile(r"(\d+)\. ")

each_numbered = pytest.mark.parametrize("chapter", NUMBERED)


def number_of(text: str) -> str:
    found = NUMBER.match(text.strip())
    assert found, text
    return found[1]


@each_numbered
def test_file_heading_sidebar_title_and_notebook_agree(chapter: str) -> None:
    page = read(f"chapters/{chapter}.html")
    (here,) = page.select(".sidebar-tree .current-page > a")
    numbers = {
        str(int(chapter.partition("-")[0])),
        number_of(page.h1.get_text()),
        number_of(here.get_text()),
        number_of(page.title.get_text()),
        number_of(title_of(notebook_of(chapter))),
    }
    assert numbers == {str(NUMBERED.index(chapter) + 1)}


@each_numbered
def test_figures_equations_and_exercises_begin_with_it(chapter: str) -> None:
    page = read(f"chapters/{chapter}.html").article
    number = NUMBERED.index(chapter) + 1
    shown = page.select(".caption-number, .eqno, .exercise > .admonition-title")
    assert shown
    for part in shown:
        assert re.search(rf"(?<![\d.]){number}\.\d", part.get_text()), part


def test_next_and_previous_carry_it() -> None:
    for number, (before, after) in enumerate(pairwise(NUMBERED), 1):
        onward = read(f"chapters/{before}.html").select_one("a.next-page")
        back = read(f"chapters/{after}.html").select_one("a.prev-page")
        assert f"Next {number + 1}. " in onward.get_text(" ", strip=True)
        assert f"Previous {number}. " in back.get_text(" ", strip=True)


@pytest.mark.parametrize("chapter", CHAPTERS[: CHAPTERS.index(FIRST)])
def test_what_stands_before_the_first_chapter_has_none(chapter: str) -> None:
    page = read(f"chapters/{chapter}.html")
    assert chapter.startswith("00-")
    assert not NUMBER.match(page.h1.get_text())
    assert not NUMBER.match(title_of(notebook_of(chapter)))
