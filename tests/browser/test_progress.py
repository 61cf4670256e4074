"""What a browser remembers of the answers to questions."""

import json

import pytest
from book import FIRST, SITE, read
from browser import FIRST_CHAPTER, note_complaints
from playwright.sync_api import Browser, Page, expect

pytestmark = pytest.mark.slow

TOTAL = len(read(FIRST_CHAPTER).select(".question"))
AT_FIRST_TRY = "questions right at the first try."


def stored(home: str) -> str:
    return f"localStorage.getItem('first answers {home}')"


def says(page: Page, right: int) -> None:
    expect(page.locator(".progress .count").first).to_contain_text(
        f"{right} of {TOTAL} {AT_FIRST_TRY}"
    )


def answer(page: Page, question: int, kind: str) -> None:
    page.locator(f"#question-{question} .answer.{kind} > summary").first.click()


@pytest.mark.parametrize("place", ["served", "file"])
def test_the_first_answer_counts_and_is_remembered_until_it_is_forgotten(
    browser: Browser, site: str, place: str
) -> None:
    home = site if place == "served" else f"{SITE.as_uri()}/"
    with browser.new_context() as context:
        page = context.new_page()
        complaints = note_complaints(page)
        page.goto(home + FIRST_CHAPTER)
        says(page, 0)
        announced = page.locator(".progress [role=status]")
        answer(page, 1, "right")
        says(page, 1)
        expect(announced).to_have_text(f"Right. 1 of {TOTAL} {AT_FIRST_TRY}")
        answer(page, 2, "wrong")
        expect(announced).to_have_text(f"No. 1 of {TOTAL} {AT_FIRST_TRY}")
        answer(page, 2, "right")
        expect(announced).to_have_text("Right.")
        says(page, 1)
        page.reload()
        says(page, 1)
        marks = page.locator(".question .first-answer")
        expect(marks).to_have_text(["right at the first try", "not at the first try"])
        expect(page.locator(".question ~ .progress")).to_have_text(
            f"2 of {TOTAL} answered: 1 of {TOTAL} {AT_FIRST_TRY}"
        )
        answer(page, 1, "wrong")
        says(page, 1)
        page.goto(f"{home}index.html")
        mark = page.locator(".card-progress")
        expect(mark).to_have_text(f"1 of {TOTAL}")
        link = page.locator(".card", has=mark).locator("a.reference")
        expect(link).to_have_attribute("href", f"chapters/{FIRST}.html")
        page.goto(home + FIRST_CHAPTER)
        button = page.get_by_role("button", name="Forget all chapters")
        button.focus()
        page.keyboard.press("Enter")
        says(page, 0)
        expect(marks).to_have_count(0)
        assert page.evaluate(stored(home)) is None
        page.goto(f"{home}index.html")
        expect(mark).to_have_count(0)
        assert not complaints


def test_nothing_is_sent(page: Page, site: str) -> None:
    page.goto(site + FIRST_CHAPTER, wait_until="networkidle")
    requests: list[str] = []
    page.on("request", lambda request: requests.append(request.url))
    answer(page, 1, "right")
    says(page, 1)
    assert set(json.loads(page.evaluate(stored(site)))) == {f"{FIRST}.html"}
    assert page.context.cookies() == []
    assert requests == []


@pytest.mark.parametrize(
    "found",
    [
        "{",
        "7",
        "null",
        f'{{"{FIRST}.html": 3}}',
        f'{{"{FIRST}.html": {{"total": 99, "first": {{"question-99": true}}}}}}',
    ],
)
def test_what_others_have_stored_does_no_harm(
    page: Page, site: str, found: str
) -> None:
    page.goto(f"{site}index.html")
    page.evaluate(stored(site).replace("get", "set")[:-1] + f", {found!r})")
    page.reload()
    page.goto(site + FIRST_CHAPTER)
    answer(page, 1, "right")
    says(page, 1)
