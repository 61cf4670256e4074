"""The page on the helpers: complete, and saying what the code says."""

import inspect
from typing import Any

import pytest
from book import read
from bs4 import Tag

import helpers
import interactive

SECTIONS = ("Parameters", "Attributes", "Returns", "Raises")
OFFERED = {
    name: getattr(package, name)
    for package in (helpers, interactive)
    for name in package.__all__
}


def entries() -> list[tuple[str, Tag]]:
    """Return the names that the page explains, each with its head."""
    outer = "dl.py:not(dl.py dl.py)"  # and no members of a class
    heads = read("reference/helpers.html").select(f"{outer} > dt.sig[id]")
    return [(str(head["id"]).rpartition(".")[2], head) for head in heads]


def test_it_shows_each_name_that_is_offered_once_and_nothing_else() -> None:
    assert sorted(name for name, _ in entries()) == sorted(OFFERED)


@pytest.mark.parametrize(("name", "thing"), OFFERED.items(), ids=OFFERED)
def test_each_name_has_a_signature_and_all_sections_of_its_text(
    name: str, thing: Any
) -> None:
    head = dict(entries())[name]
    body = head.find_next_sibling("dd")
    assert len(body.get_text().split()) > 2
    if inspect.isfunction(thing):
        for parameter in inspect.signature(thing).parameters:
            assert parameter in head.get_text()
    if not (inspect.isfunction(thing) or inspect.isclass(thing)):
        return  # a value has a sentence and no sections
    documented = inspect.getdoc(thing) or ""
    titles = body.select("dl.field-list > dt")
    shown = {title.get_text().strip(" :") for title in titles}
    assert {it for it in SECTIONS if f"\n{it}\n---" in documented} <= shown
    _, _, raised = documented.partition("Raises\n------\n")
    for kind in raised.partition("\n")[0].split(", "):
        assert kind in body.get_text()
