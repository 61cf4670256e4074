"""The page on the helpers: complete, linked, and saying what the code says."""

import inspect
from functools import cache

import pytest
from book import BUILD
from bs4 import BeautifulSoup, Tag

import helpers

PAGE = BUILD / "html" / "reference" / "helpers.html"
SECTIONS = ("Parameters", "Attributes", "Returns", "Raises")
FUNCTIONS = [
    name for name in helpers.__all__ if inspect.isfunction(getattr(helpers, name))
]


@cache
def read() -> BeautifulSoup:
    return BeautifulSoup(PAGE.read_text(encoding="utf-8"), "html.parser")


def entry(name: str) -> Tag:
    """Return the head of a name: the one with an anchor that ends in it."""
    heads = [
        head
        for head in read().select("dl.py > dt.sig[id]")
        if head["id"].startswith("helpers.") and head["id"].split(".")[2:] == [name]
    ]
    assert len(heads) == 1, f"{name} stands {len(heads)} times on the page"
    return heads[0]


def offered() -> set[str]:
    return {
        head["id"].split(".")[2]
        for head in read().select("dl.py > dt.sig[id]")
        if head["id"].count(".") == 2
    }


def test_it_shows_what_helpers_offers_and_nothing_else() -> None:
    assert offered() == set(helpers.__all__)


@pytest.mark.parametrize("name", helpers.__all__)
def test_each_name_has_an_anchor_a_signature_and_a_text(name: str) -> None:
    thing, head = getattr(helpers, name), entry(name)
    body = head.find_next_sibling("dd")
    assert len(body.get_text().split()) > 2
    if inspect.isfunction(thing):
        for parameter in inspect.signature(thing).parameters:
            assert parameter in head.get_text()
    if not (inspect.isfunction(thing) or inspect.isclass(thing)):
        return  # a value has a sentence and no sections
    documented = inspect.getdoc(thing) or ""
    titles = {
        title.get_text().strip(" :") for title in body.select("dl.field-list > dt")
    }
    for section in SECTIONS:
        if f"\n{section}\n---" in documented:
            assert section in titles, f"{section} of {name} is missing"


@pytest.mark.parametrize("name", FUNCTIONS)
def test_each_error_that_is_documented_is_shown(name: str) -> None:
    _, _, raised = inspect.getdoc(getattr(helpers, name)).partition("Raises\n------\n")
    for kind in raised.partition("\n")[0].split(", "):
        assert kind in entry(name).find_next_sibling("dd").get_text()


def test_its_own_types_are_linked() -> None:
    body = entry("make_line_data").find_next_sibling("dd")
    assert body.find("a", href="#helpers.data.Split")
