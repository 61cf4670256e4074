"""Questions to check oneself with: how they are written, and that they open."""

import re
from collections.abc import Iterator

import pytest
from browser import SITE, serve, start_browser
from bs4 import BeautifulSoup
from playwright.sync_api import Browser, expect
from test_build import SmallBook, lay_out

from booktools.environment import chapter_files

CHAPTERS = [path.stem for path in chapter_files()]
each_chapter = pytest.mark.parametrize("chapter", CHAPTERS)

QUESTIONS = {
    "a question has 3 to 6 answers, not 2": """\
:right: 1

What?

1. One.

   It is.
2. Two.

   It is not.
""",
    "a question says what it asks, and ends with a numbered list": """\
:right: 1

What?

- One.
- Two.
- Three.
""",
    "say by :right: 1 to 3 which answer is right": """\
What?

1. One.

   It is.
2. Two.

   It is not.
3. Three.

   It is not.
""",
    "answer 2 needs a paragraph below it that says why it is right": """\
:right: 2

What?

1. One.

   It is not.
2. Two.
3. Three.

   It is not.
""",
    "answer 3 has a link or a term": """\
:right: 2

What?

1. One.

   It is not.
2. Two.

   It is.
3. See [this](https://example.org).

   It is not.
""",
}


def test_a_question_that_is_not_whole_is_named_with_its_line(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    book: SmallBook = lay_out(tmp_path_factory.mktemp("questions"))
    text, lines = book.chapter.read_text(), {}
    for complaint, question in QUESTIONS.items():
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
    for question in questions:
        answers = question.select("details.answer")
        assert [answer.has_attr("open") for answer in answers] == [False] * len(answers)
        said = [answer.select_one("strong").get_text() for answer in answers]
        assert said.count("Right.") == 1
        assert said.count("No.") == len(said) - 1 >= 2
        for answer, verdict in zip(answers, said, strict=True):
            assert ("right" in answer["class"]) == (verdict == "Right.")
            assert len(answer.select_one("summary + *").get_text()) > 40


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with start_browser() as browser:
        yield browser


@pytest.mark.check
@each_chapter
@pytest.mark.parametrize("scripts", [True, False], ids=["scripts", "no scripts"])
def test_answers_open_and_close_by_keyboard_pointer_and_touch(
    browser: Browser, chapter: str, scripts: bool
) -> None:
    with (
        serve() as site,
        browser.new_context(java_script_enabled=scripts, has_touch=True) as context,
    ):
        page = context.new_page()
        page.goto(f"{site}chapters/{chapter}.html")
        answers = page.locator(".question details.answer")
        assert answers.count() >= 12
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
