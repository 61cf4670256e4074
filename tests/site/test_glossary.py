"""Each page carries the definitions of the terms that it links, and no others."""

import pytest
from book import PAGES, read
from bs4 import Tag

GLOSSARY = "reference/glossary.html"


def words(part: Tag) -> str:
    return " ".join(part.get_text().split())


@pytest.mark.parametrize("page", [page for page in PAGES if page != GLOSSARY])
def test_every_term_has_its_definition(page) -> None:
    definitions = read(page).article.select(".definition")
    linked = {
        link.parent["href"].partition("#")[2]
        for link in read(page).article.select("a > .std-term")
        if not link.find_parent(class_="definition")
    }
    assert sorted(f"about-{anchor}" for anchor in linked) == [
        definition["id"] for definition in definitions
    ]
    for definition in definitions:
        anchor = definition["id"].removeprefix("about-")
        term = read(GLOSSARY).article.find("dt", id=anchor)
        assert "popover" in definition.attrs
        assert words(term.find_next_sibling("dd")) in words(definition)
        last = definition.find_all("a")[-1]
        assert last["href"].endswith(f"glossary.html#{anchor}")


def test_formulas_of_definitions_are_typeset_on_the_page() -> None:
    defined = [
        definition
        for page in PAGES
        for definition in read(page).article.select(".definition:has(svg)")
    ]
    assert defined
    assert not any("$" in words(definition) for definition in defined)


def test_definitions_are_small() -> None:
    for page in PAGES:
        size = sum(len(str(it)) for it in read(page).article.select(".definition"))
        assert size <= 20_000, page
