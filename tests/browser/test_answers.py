"""Questions for self-checking, in a browser: their answers open."""

import pytest
from book import FIRST
from playwright.sync_api import Browser, expect


@pytest.mark.slow
@pytest.mark.parametrize("scripts", [True, False], ids=["scripts", "no scripts"])
def test_answers_open_and_close_by_keyboard_pointer_and_touch(
    browser: Browser, site: str, scripts: bool
) -> None:
    with browser.new_context(java_script_enabled=scripts, has_touch=True) as context:
        page = context.new_page()
        page.goto(f"{site}chapters/{FIRST}.html")
        answers = page.locator(".question details.answer")
        for number, answer in enumerate(answers.all()[:6]):
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
