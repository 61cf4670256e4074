"""Predictions in a browser: asked for, kept, and compared with what comes out."""

import pytest
from browser import FIRST_CHAPTER, NARROW, find_violations, look, page_of
from playwright.sync_api import Browser, Locator, Page, expect

pytestmark = pytest.mark.slow

NUMBER = "04-logistic-regression"  # whose first prediction is one, ln 2
VERDICTS = {
    "ln 2": "Right: it is 0.693.",
    "-log(1/2)": "Right: it is 0.693.",
    "\N{MINUS SIGN} ln 0.5": "Right: it is 0.693.",
    "ln(4)/2": "Right: it is 0.693.",
    "0.7": "Close: it is 0.693.",
    "2^-1": "No: it is 0.693; 1.4 times yours.",
    "1,000": "No: it is 0.693; yours is 1,400 times as large.",
    "-1": "No: it is 0.693.",
}
DENY = """Object.defineProperty(window, "localStorage", {
  get() { throw new DOMException("denied", "SecurityError"); } });"""
SMALLEST = 24  # pixels, for a finger


def results(page: Page, number: int) -> Locator:
    return page.locator(f"[data-prediction=prediction-{number}]")


def box(page: Page, number: int) -> Locator:
    return page.locator(f"#prediction-{number}")


def button(part: Locator, name: str = "Show what happens") -> Locator:
    return part.get_by_role("button", name=name)


def expect_open(page: Page, number: int, *, said: str) -> None:
    for result in results(page, number).all():
        expect(result).to_have_attribute("open", "")
    expect(results(page, number).first.locator(".verdict")).to_contain_text(said)
    expect(button(box(page, number))).to_be_hidden()


def test_it_is_kept_over_a_reload_and_forgotten_with_the_answers(
    page: Page, site: str
) -> None:
    page.goto(site + FIRST_CHAPTER)
    counts = page.locator(".progress .count").first
    total = page.locator(".prediction").count()
    # By mouse, a choice; by keyboard, a text.
    expect(results(page, 1).locator(".cell_output").first).to_be_hidden()
    button(box(page, 1)).click()  # nothing is chosen yet
    expect(results(page, 1).first).not_to_have_attribute("open", "")
    box(page, 1).get_by_text("local search").click()
    button(box(page, 1)).click()
    wrong = "“local search”. No: the answer is “following the slope”."
    expect_open(page, 1, said=wrong)
    expect(page.locator(".verdict")).to_be_focused()
    box(page, 2).get_by_role("textbox", name="Your prediction").focus()
    page.keyboard.type("the stochastic one")
    page.keyboard.press("Enter")
    expect_open(page, 2, said="You predicted: “the stochastic one”.")
    for picture in results(page, 2).locator("figure .enlarge").all():
        picture.click()
        expect(page.locator("dialog.enlarged img")).to_be_visible()
        page.keyboard.press("Escape")
    expect(counts).to_contain_text(f"2 of {total} predictions made.")
    page.reload()
    expect_open(page, 1, said=wrong)
    expect_open(page, 2, said="the stochastic one")
    expect(results(page, 3).first).not_to_have_attribute("open", "")
    page.get_by_role("button", name="Forget all chapters").click()
    expect(counts).to_contain_text(f"0 of {total} predictions made.")
    for number in (1, 2):
        expect(results(page, number).first).not_to_have_attribute("open", "")
        expect(button(box(page, number))).to_be_visible()
    expect(page.locator(".verdict")).to_have_count(0)
    # What was typed is gone as well.
    expect(box(page, 2).get_by_role("textbox")).to_have_value("")


def test_a_number_is_compared(page: Page, site: str) -> None:
    page.goto(site + page_of(NUMBER))
    field = box(page, 1).get_by_role("textbox")
    field.fill("a lot")
    field.press("Enter")
    assert "Write a number" in field.evaluate("(it) => it.validationMessage")
    for guess, verdict in VERDICTS.items():
        field.fill(guess)
        field.press("Enter")
        expect_open(page, 1, said=f"“{guess}”. {verdict}")
        page.evaluate("memory.forget()")


def test_one_can_look_without_and_a_finger_finds_everything(
    page: Page, site: str
) -> None:
    page.goto(site + FIRST_CHAPTER)
    look(page, "dark", NARROW)
    for part in page.locator(".prediction :is(button, label, input[type=text])").all():
        size = part.bounding_box()
        assert size
        assert min(size["height"], size["width"]) >= SMALLEST
    button(box(page, 1), "Show without a prediction").tap()
    expect_open(page, 1, said="You have seen this without a prediction.")
    results(page, 2).first.locator("summary").tap()
    expect_open(page, 2, said="without a prediction")
    box(page, 3).get_by_role("textbox").fill("it diverges")
    button(box(page, 3)).tap()
    expect_open(page, 3, said="it diverges")
    expect(page.locator(".progress .count").first).to_contain_text("1 of 3 pred")
    results(page, 3).first.locator("summary").tap()  # as any other
    expect(results(page, 3).first).not_to_have_attribute("open", "")
    assert not find_violations(page, ".prediction, [data-prediction]")
    page.reload()
    expect_open(page, 2, said="without a prediction")


def test_without_scripts_the_output_opens_and_nothing_asks(
    browser: Browser, site: str
) -> None:
    with browser.new_context(java_script_enabled=False) as context:
        page = context.new_page()
        page.goto(site + FIRST_CHAPTER)
        expect(box(page, 1).get_by_text("local search")).to_be_visible()
        for part in page.locator(".prediction :is(input, button)").all():
            expect(part).to_be_hidden()
        output = results(page, 1).first.locator(".cell_output")
        expect(output).to_be_hidden()
        results(page, 1).first.locator("summary").click()
        expect(output).to_be_visible()


def test_where_nothing_may_be_stored_answers_and_predictions_work(
    browser: Browser, site: str
) -> None:
    with browser.new_context() as context:
        context.add_init_script(DENY)
        page = context.new_page()
        errors: list[str] = []
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.goto(site + FIRST_CHAPTER)
        page.locator("#question-1 .answer.right > summary").click()
        expect(page.locator("#question-1 .answer.right > div")).to_be_visible()
        expect(page.locator(".progress")).to_have_count(0)
        box(page, 3).get_by_role("textbox").fill("it diverges")
        button(box(page, 3)).click()
        expect_open(page, 3, said="it diverges")
        assert errors == []
