"""Previews, sitemap and 404 page, with and without an address of the site."""

import re
from functools import cache
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from bs4 import BeautifulSoup
from small_site import render, warnings_of

from booktools.sphinx.descriptions import MAX_DESCRIPTION

PARTS = ("descriptions", "not_found", "redirects", "sitemap")
BOOK = "https://example.org/a/book/"
INDEX = """\
# First & foremost

The *first* "page".

```{toctree}
:caption: Rest

pages/other
```
"""


def build(folder: Path, address: str) -> Path:
    """Build the site in a folder, without a warning; return where it is."""
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("BOOK_REPOSITORY", raising=False)
        patch.setenv("BOOK_URL", address)
        app = render(
            folder,
            INDEX,
            *(f"booktools.sphinx.{part}" for part in PARTS),
            html_show_sphinx=False,
            html_static_path=["_static"],
            html_title='Small & "short"',
            smartquotes=False,
        )
    assert warnings_of(app) == ""
    return folder / "_site"


def write_sources(folder: Path) -> Path:
    """Write two pages and a card into a folder; return it."""
    for name in ("_static", "pages"):
        (folder / name).mkdir()
    (folder / "_static" / "card.png").write_bytes(b"a placeholder")
    (folder / "pages" / "other.md").write_text(
        "# Other\n\n:::{note}\nNot this.\n:::\n\nNor $x$ this.\n\n"
        f"But these{' words' * 100}.\n"
    )
    return folder


@pytest.fixture(scope="module")
def known(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build(write_sources(tmp_path_factory.mktemp("known")), BOOK)


@pytest.fixture(scope="module")
def unknown(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build(write_sources(tmp_path_factory.mktemp("unknown")), "")


@cache
def read(path: Path) -> BeautifulSoup:
    return BeautifulSoup(path.read_text(encoding="utf-8"), "html.parser")


def tags_of(path: Path) -> dict[str, str]:
    found = [
        (tag.get("name") or tag.get("property"), tag) for tag in read(path)("meta")
    ]
    return {name: tag["content"] for name, tag in found if name}


def pages_of_sitemap(site: Path) -> list[str]:
    return (site / "sitemap.txt").read_text().splitlines()


def test_each_entry_of_the_sitemap_is_a_page(known) -> None:
    assert pages_of_sitemap(known) == [f"{BOOK}index.html", f"{BOOK}pages/other.html"]
    for place in pages_of_sitemap(known):
        page = known / place.removeprefix(BOOK)
        (link,) = read(page)("link", rel="canonical")
        assert link["href"] == tags_of(page)["og:url"] == place
    robots = (known / "robots.txt").read_text()
    assert f"\nSitemap: {BOOK}sitemap.txt\n" in robots
    assert "Disallow" not in robots


def test_the_sitemap_keeps_pages_that_a_build_does_not_write_again(tmp_path) -> None:
    folder = write_sources(tmp_path)
    build(folder, BOOK)
    (folder / "pages" / "other.md").write_text("# Other\n\nChanged.\n")
    (folder / "_static" / "card.png").unlink()
    site = build(folder, BOOK)
    assert len(pages_of_sitemap(site)) == 2
    tags = tags_of(site / "pages" / "other.html")
    assert tags["description"].startswith("Changed.")
    assert "og:image" not in tags  # and a picture that is not there is not named


def test_a_preview_has_title_text_and_picture(known) -> None:
    tags = tags_of(known / "index.html")
    assert tags["og:title"] == "First & foremost"
    assert tags["og:site_name"] == tags["og:image:alt"] == 'Small & "short"'
    assert tags["description"] == tags["og:description"] == 'The first "page".'
    assert tags["og:type"] == "website"
    assert tags["og:image"] == f"{BOOK}_static/card.png"
    assert (known / "_static" / "card.png").is_file()
    other = tags_of(known / "pages" / "other.html")["og:description"]
    assert re.fullmatch("But these( words)+ …", other)
    assert MAX_DESCRIPTION - 10 < len(other) <= MAX_DESCRIPTION


def test_without_an_address_nothing_leads_to_one(unknown) -> None:
    assert not {"sitemap.txt", "robots.txt"} & {path.name for path in unknown.iterdir()}
    for path in unknown.rglob("*.html"):
        assert not read(path)("link", rel="canonical")
        tags = tags_of(path)
        assert tags["description"]
        assert not [name for name in tags if name.startswith("og:")]


@pytest.mark.parametrize(("site", "top"), [("known", "/a/book/"), ("unknown", "/")])
def test_the_missing_page_works_at_any_address(site, top, request) -> None:
    folder: Path = request.getfixturevalue(site)
    page = read(folder / "404.html")
    links = [tag.get("href") or tag.get("src") for tag in page(["a", "link", "script"])]
    links += [form["action"] for form in page("form")]
    local = [link for link in links if link and not link.startswith("#")]
    assert len(local) > 10
    for link in local:
        assert link.startswith(top)
        assert (folder / urlsplit(link).path.removeprefix(top)).is_file(), link


def test_the_missing_page_says_so_and_shows_ways_out(known) -> None:
    body = read(known / "404.html").find("section", id="no-such-page")
    assert "no page at the address" in body.get_text()
    assert {a["href"] for a in body("a")} == {
        "/a/book/index.html",
        "/a/book/pages/other.html",
    }
    form = body.find("form", action="/a/book/search.html")
    assert form.find("input", attrs={"name": "q"})["id"] == form.label["for"]
    tags = tags_of(known / "404.html")
    assert tags["robots"] == "noindex"
    assert "og:url" not in tags
    assert not read(known / "404.html")("link", rel="canonical")
