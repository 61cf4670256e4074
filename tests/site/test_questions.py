"""Questions and predictions: how they are written; what pages say of questions."""

import re
from pathlib import Path

import pytest
from book import each_chapter, read
from small_site import render, warnings_of

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
PREDICTION = """\
Which is larger?

- one
- two
"""
WHOLE = {"question": QUESTION, "prediction": PREDICTION}
LINK = "[this](https://example.org)"
# What is said where a part is replaced.
FAULTS = {
    "a question has 3 to 6 answers, not 2": ("3. Three.\n\n   It is not.\n", ""),
    "a question says what it asks, and ends with a numbered list": ("What?\n\n", ""),
    "set :right: to the right answer, 1 to 3": (":right: 2\n\n", ""),
    "answer 2 needs a paragraph below it that says why": ("   It is.\n", ""),
    "answer 3 has a link or a term": ("Three.", f"See {LINK}."),
    "a prediction says what it asks": ("Which is larger?\n\n", ""),
    "a prediction has 2 to 6 choices": ("- two\n", ""),
    "a prediction has choices or a :number:, not both": ("Which", ":number:\n\nWhich"),
    "a choice has a link or a term": ("two", LINK),
}


@pytest.mark.parametrize("complaint", FAULTS)
def test_a_question_or_prediction_that_is_not_whole_is_named_with_its_line(
    complaint: str, tmp_path: Path
) -> None:
    part, replacement = FAULTS[complaint]
    (kind,) = (name for name, text in WHOLE.items() if part in text)
    changed = WHOLE[kind].replace(part, replacement)
    text = f"# A page\n\n```{{{kind}}}\n{changed}```\n"
    said = warnings_of(render(tmp_path, text, f"booktools.sphinx.{kind}s"))
    assert re.search(rf"index\.md:3: .*{re.escape(complaint)}", said), said


@each_chapter
def test_each_answer_says_whether_it_is_right_and_why(chapter: str) -> None:
    questions = read(f"chapters/{chapter}.html").select(".question")
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
