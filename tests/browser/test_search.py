"""The search finds pages and their sections, each once, and is led by keys."""

import pytest
from browser import FIRST_CHAPTER, NARROW, SITE, Visit, find_violations, look
from playwright.sync_api import BrowserContext, Page, expect

pytestmark = pytest.mark.slow

RESULTS = "#search-results a"


def search(page: Page, root: str, query: str) -> list[list[str]]:
    """Search, and return the address and the text of each result."""
    page.goto(f"{root}search.html?q={query}")
    expect(page.locator("#search-status")).not_to_be_empty()
    found: list[list[str]] = page.locator(RESULTS).evaluate_all(
        "(links) => links.map((a) => [a.pathname + a.hash, a.textContent])"
    )
    return found


@pytest.mark.parametrize("query", ["momentum", "glossary", "learning rates", "seed"])
def test_no_page_and_no_section_is_found_twice(
    page: Page, site: str, query: str
) -> None:
    addresses = [address for address, _ in search(page, site, query)]
    assert addresses
    assert len(set(addresses)) == len(addresses)


def test_sections_stand_below_their_page(page: Page, site: str) -> None:
    assert search(page, site, "momentum")
    for entry in page.locator("#search-results > li").all():
        whole, *parts = entry.locator("a").evaluate_all(
            "(links) => links.map((a) => a.pathname + a.hash)"
        )
        assert all(part.startswith(f"{whole}#") for part in parts)
        title, *headings = entry.locator("a").all_text_contents()
        assert title.split(". ")[-1] not in headings
        # No excerpt begins with the heading above it.
        for heading, text in entry.locator("li:has(p)").evaluate_all(
            "(all) => all.map((it) => ['a', 'p'].map((a) => "
            "it.querySelector(a).textContent))"
        ):
            assert not text.startswith(heading) or len(heading) < 20


@pytest.mark.parametrize("offline", [False, True], ids=["served", "from a file"])
def test_results_lead_to_what_was_searched(
    context: BrowserContext, site: str, offline: bool
) -> None:
    visit = Visit(context.new_page())
    page, root = visit.page, f"{SITE.as_uri()}/" if offline else site
    visit.open(f"{root}search.html?q=Add momentum")
    result = page.get_by_role("link", name="Add momentum")
    expect(result.locator("xpath=..").locator("p")).to_contain_text("velocity")
    result.click()
    assert page.url.endswith("06-momentum-and-noise.html#add-momentum")
    assert not visit.complaints


@pytest.mark.parametrize("key", ["Control+k", "/"])
@pytest.mark.parametrize("width", [1280, NARROW])
def test_keys_lead_from_any_page_to_a_result(
    page: Page, site: str, key: str, width: int
) -> None:
    page.goto(site + FIRST_CHAPTER)
    look(page, "light", width)
    page.keyboard.press(key)
    expect(page.locator(".sidebar-search")).to_be_focused()
    page.keyboard.type("sigmoid/")  # in the field a slash is a slash
    page.keyboard.press("Enter")
    page.wait_for_url("**/search.html?q=sigmoid*")
    field = page.locator("#search-field")
    page.keyboard.press(key)
    expect(field).to_be_focused()
    expect(page.locator(RESULTS).first).to_be_visible()
    page.keyboard.press("ArrowDown")
    expect(page.locator(RESULTS).first).to_be_focused()
    page.keyboard.press("ArrowUp")
    expect(field).to_be_focused()


def test_what_is_typed_is_searched_at_once(page: Page, site: str) -> None:
    search(page, site, "zzzz")
    expect(page.locator("#search-status")).to_have_text(
        "Nothing was found. Every word must be on the page: "
        "try fewer words, or the beginning of one."
    )
    page.locator("#search-field").fill("<b>softmax")
    expect(page.locator(RESULTS).first).to_be_visible()
    assert page.url.endswith("?q=%3Cb%3Esoftmax")
    assert find_violations(page, {"include": ["article"]}) == []
