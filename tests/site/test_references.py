"""Every source is cited, every term is used, and both are found by a reader."""

import re
from functools import cache

import pytest
from book import ROOT, read
from pybtex.database import parse_file

SOURCES = parse_file(str(ROOT / "reference" / "references.bib")).entries
GLOSSARY = (ROOT / "reference" / "glossary.md").read_text(encoding="utf-8")
TERMS = re.findall(r"^(\w.*)\n  \S", GLOSSARY, re.M)

each_source = pytest.mark.parametrize("key", sorted(SOURCES))
each_term = pytest.mark.parametrize("term", TERMS)


@cache
def prose() -> dict[str, str]:
    """Return what the chapters say in words, in order: no code, no headings."""
    return {
        path.stem: re.sub(
            r"^(?:---\n.*?^---|```(?:python|\{(?:code-cell|figure)).*?^```|"
            r"```\{prediction\}|#.*?)$",
            "",
            path.read_text(encoding="utf-8"),
            flags=re.M | re.S,
        )
        for path in sorted((ROOT / "chapters").glob("*.md"))  # those left out as well
    }


def links(term: str, text: str) -> bool:
    """Say whether a text links a term of the glossary."""
    name = re.escape(term)
    return bool(re.search(rf"\{{term\}}`(?:{name}|[^`<]+<{name}>)`", text))


@each_source
def test_every_source_is_cited(key: str) -> None:
    pages = [*prose().values()]
    pages.append((ROOT / "reference" / "references.md").read_text(encoding="utf-8"))
    cited = re.findall(r"\{cite(?::\w+)?\}`([^`]+)`", "\n".join(pages))
    assert key in {name.strip() for names in cited for name in names.split(",")}


@cache
def shown() -> dict[str, str]:
    """Return the entries on the page of references, by their letters alone."""
    page = read("reference/references.html")
    entries = [entry.get_text() for entry in page.select("div.citation")]
    return {letters(entry): entry for entry in entries}


def letters(text: str) -> str:
    return re.sub(r"[^a-z]", "", text.lower())


@each_source
def test_every_source_is_shown_with_year_and_title(key: str) -> None:
    title = letters(SOURCES[key].fields["title"])
    (text,) = [text for found, text in shown().items() if title in found]
    assert SOURCES[key].fields["year"] in text


@each_source
def test_an_identifier_has_the_form_of_one(key: str) -> None:
    fields = SOURCES[key].fields
    assert re.fullmatch(r"10\.\d{4,9}/\S+", fields.get("doi", "10.1000/none"))
    assert re.fullmatch(r"\d{4}\.\d{4,5}", fields.get("eprint", "0000.0000"))
    assert fields.get("url", "https://").startswith("https://")


def test_the_glossary_is_in_order() -> None:
    assert len(TERMS) > 40
    assert sorted(TERMS, key=str.lower) == TERMS


@each_term
def test_every_term_is_linked_from_the_first_chapter_that_uses_it(term: str) -> None:
    used = re.compile(rf"(?<![\w-]){re.escape(term)}(?:s|es)?(?![\w-])", re.I)
    chapters = [stem for stem, text in prose().items() if used.search(text)]
    linking = [stem for stem, text in prose().items() if links(term, text)]
    assert linking, f"no chapter links {term}"
    assert linking[0] <= chapters[0]  # the stems are numbered
