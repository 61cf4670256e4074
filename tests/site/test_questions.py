"""Questions to check oneself with: how they are written, and that they open."""

import re

import pytest
from book import chapter_files
from browser import SITE
from bs4 import BeautifulSoup
from playwright.sync_api import Browser, expect
from test_build import SmallBook, lay_out

CHAPTERS = [path.stem for path in chapter_files()]
each_chapter = pytest.mark.parametrize("chapter", CHAPTERS)

QUESTION = """\
:right: 2

What?

1. One.

   It is not.
2. Two.

   It is.
3. Three.

   It is not.
"""
# What is said where a part is replaced.
FAULTS = {
    "a question has 3 to 6 answers, not 2": ("3. Three.\n\n   It is not.\n", ""),
    "a question says what it asks, and ends with a numbered list": ("What?\n\n", ""),
    "set :right: to the right answer, 1 to 3": (":right: 2\n\n", ""),
    "answer 2 needs a paragraph below it that says why it is right": ("It is.\n", ""),
    "answer 3 has a link or a term": ("Three.", "See [this](https://example.org)."),
}


def test_a_question_that_is_not_whole_is_named_with_its_line(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    book: SmallBook = lay_out(tmp_path_factory.mktemp("questions"))
    text, lines = book.chapter.read_text(), {}
    for complaint, (part, replacement) in FAULTS.items():
        assert part in QUESTION
        question = QUESTION.replace(part, replacement)
        lines[complaint] = text.count("\n") + 2
        text += f"\n```{{question}}\n{question}```\n"
    book.chapter.write_text(text)
    status, said = book.build()
    assert status != 0
    said = re.sub(r"\x1b\[[\d;]*m", "", said)
    for complaint, line in lines.items():
        assert re.search(rf"01-small\.md:{line}\b.*{re.escape(complaint)}", said), said


@each_chapter
def test_each_answer_says_whether_it_is_right_and_why(chapter: str) -> None:
    html = (SITE / "chapters" / f"{chapter}.html").read_text(encoding="utf-8")
    questions = BeautifulSoup(html, "html.parser").select(".question")
    titles = [question.select_one(".admonition-title") for question in questions]
    assert [title.get_text() for title in titles] == [
        f"Question {number + 1}" for number in range(len(questions))
    ]
    assert len(questions) >= 3
    for question in questions:
        answers = question.select("details.answer")
        assert [answer.has_attr("open") for answer in answers] == [False] * len(answers)
        said = [answer.select_one("strong").get_text() for answer in answers]
        assert said.count("Right.") == 1
        assert said.count("No.") == len(said) - 1 >= 2
        for answer, verdict in zip(answers, said, strict=True):
            assert ("right" in answer["class"]) == (verdict == "Right.")
            assert len(answer.select_one("summary + *").get_text()) > 40


@pytest.mark.slow
@pytest.mark.parametrize("scripts", [True, False], ids=["scripts", "no scripts"])
def test_answers_open_and_close_by_keyboard_pointer_and_touch(
    browser: Browser, site: str, scripts: bool
) -> None:
    with browser.new_context(java_script_enabled=scripts, has_touch=True) as context:
        page = context.new_page()
        page.goto(f"{site}chapters/{CHAPTERS[0]}.html")
        answers = page.locator(".question details.answer")
        for number, answer in enumerate(answers.all()):
            summary, said = answer.locator("summary"), answer.locator("> div")
            expect(said).to_be_hidden()
            if number % 3 == 0:
                summary.focus()
                page.keyboard.press("Enter")
            elif number % 3 == 1:
                summary.click()
            else:
                summary.tap()
            expect(said).to_be_visible()
        summary.focus()
        page.keyboard.press("Space")
        expect(said).to_be_hidden()
