"""The site knows its address, or does without; and has a page for what is not."""

import re
import subprocess
from collections.abc import Callable
from functools import cache
from io import StringIO
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from book import BUILD
from bs4 import BeautifulSoup
from sphinx.application import Sphinx
from sphinx.errors import ExtensionError
from sphinx.util.docutils import docutils_namespace

from booktools import git as repository
from booktools import urls as addresses
from booktools.sphinx.web import MAX_DESCRIPTION
from booktools.urls import (
    github_project,
    pages_address,
    repository_address,
    site_address,
)

SITE = BUILD / "html"
BOOK = "https://example.org/a/book/"
REMOTES = [
    "https://github.com/Ada/book",
    "https://github.com/Ada/book.git",
    "https://github.com/Ada/book/",
    "https://www.github.com/Ada/book.git",
    "https://user@github.com/Ada/book.git",
    "https://user:secret@github.com/Ada/book.git",
    "http://github.com/Ada/book",
    "git://github.com/Ada/book.git",
    "git@github.com:Ada/book.git",
    "git@github.com:Ada/book",
    "git@github.com:/Ada/book.git",
    "github.com:Ada/book.git",
    "ssh://git@github.com/Ada/book.git",
    "ssh://git@github.com:22/Ada/book",
    "ssh://git@ssh.github.com:443/Ada/book.git",
    "git@GitHub.com:Ada/book.git\n",
]
ELSEWHERE = [
    "",
    "/home/ada/book",
    "../book.git",
    "file:///srv/github.com/Ada/book.git",
    "https://gitlab.com/ada/book.git",
    "https://github.com.example.org/ada/book",
    "https://example.org/github.com/ada/book",
    "https://notgithub.com/ada/book",
    "git@example.org:github.com/ada/book",
    "git@github-work:ada/book.git",
    "https://github.com/ada",
    "https://github.com/ada/book/tree/main",
    "https://gist.github.com/ada/0123456789",
    'https://github.com/ada/bo"ok',
]


@pytest.fixture(autouse=True)
def nothing_is_set(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("BOOK_URL", "BOOK_REPOSITORY"):
        monkeypatch.delenv(name, raising=False)


@pytest.mark.parametrize("remote", REMOTES)
def test_a_remote_on_github_gives_both_addresses(
    remote: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(addresses, "origin", lambda: remote)
    assert site_address() == "https://ada.github.io/book/"
    assert repository_address() == "https://github.com/Ada/book"


@pytest.mark.parametrize("remote", ELSEWHERE)
def test_any_other_remote_gives_none(
    remote: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(addresses, "origin", lambda: remote)
    assert github_project(remote) is None
    assert site_address() == repository_address() == ""


def test_a_repository_named_after_its_host_is_at_the_top() -> None:
    for name in ("ada.github.io", "Ada.GitHub.io"):
        assert pages_address(f"git@github.com:Ada/{name}.git") == (
            "https://ada.github.io/"
        )
    assert pages_address("git@github.com:Ada/other.github.io") == (
        "https://ada.github.io/other.github.io/"
    )


@pytest.mark.parametrize(
    ("asked", "site"),
    [
        ("https://example.org", "https://example.org/"),
        ("https://example.org/a/book", BOOK),
        (" https://example.org/a/book// ", BOOK),
        ("http://localhost:8000", "http://localhost:8000/"),
        ("", "https://ada.github.io/book/"),
    ],
)
def test_what_is_set_goes_first(
    asked: str, site: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(addresses, "origin", lambda: REMOTES[0])
    monkeypatch.setenv("BOOK_URL", asked)
    assert site_address() == site
    assert repository_address() == "https://github.com/Ada/book"
    monkeypatch.setenv("BOOK_REPOSITORY", "https://example.org/ada/book.git/")
    assert repository_address() == "https://example.org/ada/book"


@pytest.mark.parametrize(
    "asked",
    [
        "example.org/book",
        "//example.org",
        "ftp://example.org",
        "file:///srv/book",
        "https://",
        "https:///book",
        "https://example.org/?page=1",
        "https://example.org/#top",
        "https://ada:secret@example.org/",
        "https://example.org:port/",
        "https://[example.org/",
        "https://example.org/a book",
        'https://example.org/"><script>',
    ],
)
@pytest.mark.parametrize("variable", ["BOOK_URL", "BOOK_REPOSITORY"])
def test_what_is_no_address_is_refused(
    variable: str, asked: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(variable, asked)
    call = site_address if variable == "BOOK_URL" else repository_address
    with pytest.raises(ValueError, match=variable) as error:
        call()
    assert asked in str(error.value)


def test_the_remote_of_its_own_repository_counts_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def remote_after_init(folder: Path) -> str:
        for arguments in (["init"], ["remote", "add", "origin", REMOTES[0]]):
            subprocess.run(["git", *arguments], cwd=folder, check=True)
        return repository.origin.__wrapped__()

    (tmp_path / "book").mkdir()
    monkeypatch.setattr(repository, "ROOT", tmp_path / "book")
    monkeypatch.setattr(repository, "_is_ours", repository._is_ours.__wrapped__)
    assert remote_after_init(tmp_path) == ""  # somebody's, around it
    assert remote_after_init(tmp_path / "book") == REMOTES[0]


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # Jupyter Book's import
def test_another_address_builds_again(monkeypatch: pytest.MonkeyPatch) -> None:
    from booktools.build import hash_of_sources

    keys = [hash_of_sources("alike")]
    for variable in ("BOOK_URL", "BOOK_REPOSITORY"):
        monkeypatch.setenv(variable, BOOK)
        keys.append(hash_of_sources("alike"))
    assert len(set(keys)) == 3


# A small site, made with this extension alone.


def build(folder: Path, address: str) -> Path:
    """Build the site in a folder, which stops at a warning; return where it is."""
    with pytest.MonkeyPatch.context() as patch, docutils_namespace():
        patch.setattr(addresses, "origin", str)
        patch.setenv("BOOK_URL", address)
        app = Sphinx(
            folder,
            None,
            folder / "_site",
            folder / "_doctrees",
            "html",
            {
                "extensions": ["booktools.sphinx.web"],
                "exclude_patterns": ["_*"],
                "html_static_path": ["_static"],
                "html_show_sphinx": False,
                "html_theme": "basic",
                "html_title": 'Small & "short"',
                "smartquotes": False,
            },
            status=None,
            warning=StringIO(),
            warningiserror=True,
        )
        app.build()
    assert app.statuscode == 0
    return folder / "_site"


@pytest.fixture(scope="module")
def new_sources(tmp_path_factory: pytest.TempPathFactory) -> Callable[[], Path]:
    def write() -> Path:
        folder = tmp_path_factory.mktemp("book")
        (folder / "_static").mkdir()
        (folder / "_static" / "card.png").write_bytes(b"a placeholder")
        (folder / "index.rst").write_text(
            'First & foremost\n================\n\nThe *first* "page".\n\n'
            ".. toctree::\n   :caption: Rest\n\n   pages/other\n"
        )
        (folder / "pages").mkdir()
        (folder / "pages" / "other.rst").write_text(
            "Other\n=====\n\n.. note:: Not this.\n\nNor :math:`x` this.\n\n"
            f"But these{' words' * 100}.\n"
        )
        return folder

    return write


@pytest.fixture(scope="module")
def known(new_sources: Callable[[], Path]) -> Path:
    return build(new_sources(), BOOK)


@pytest.fixture(scope="module")
def unknown(new_sources: Callable[[], Path]) -> Path:
    return build(new_sources(), "")


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


def test_each_entry_of_the_sitemap_is_a_page(known: Path) -> None:
    assert pages_of_sitemap(known) == [f"{BOOK}index.html", f"{BOOK}pages/other.html"]
    for place in pages_of_sitemap(known):
        page = known / place.removeprefix(BOOK)
        (link,) = read(page)("link", rel="canonical")
        assert link["href"] == tags_of(page)["og:url"] == place
    robots = (known / "robots.txt").read_text()
    assert f"\nSitemap: {BOOK}sitemap.txt\n" in robots
    assert "Disallow" not in robots


def test_the_sitemap_keeps_pages_that_a_build_does_not_write_again(
    new_sources: Callable[[], Path],
) -> None:
    folder = new_sources()
    build(folder, BOOK)
    (folder / "pages" / "other.rst").write_text("Other\n=====\n\nChanged.\n")
    (folder / "_static" / "card.png").unlink()
    site = build(folder, BOOK)
    assert len(pages_of_sitemap(site)) == 2
    tags = tags_of(site / "pages" / "other.html")
    assert tags["description"].startswith("Changed.")
    assert "og:image" not in tags  # and a picture that is not there is not named


def test_a_preview_has_title_text_and_picture(known: Path) -> None:
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


def test_without_an_address_nothing_leads_to_one(unknown: Path) -> None:
    assert not {"sitemap.txt", "robots.txt"} & {path.name for path in unknown.iterdir()}
    for path in unknown.rglob("*.html"):
        assert not read(path)("link", rel="canonical")
        tags = tags_of(path)
        assert tags["description"]
        assert not [name for name in tags if name.startswith("og:")]


def test_a_wrong_address_stops_sphinx(tmp_path: Path) -> None:
    with pytest.raises(ExtensionError, match=r"BOOK_URL=example\.org is not an http"):
        build(tmp_path, "example.org")


@pytest.mark.parametrize(("site", "top"), [("known", "/a/book/"), ("unknown", "/")])
def test_the_missing_page_works_at_any_address(
    site: str, top: str, request: pytest.FixtureRequest
) -> None:
    folder: Path = request.getfixturevalue(site)
    page = read(folder / "404.html")
    links = [tag.get("href") or tag.get("src") for tag in page(["a", "link", "script"])]
    links += [form["action"] for form in page("form")]
    local = [link for link in links if link and not link.startswith("#")]
    assert len(local) > 10
    for link in local:
        assert link.startswith(top)
        assert (folder / urlsplit(link).path.removeprefix(top)).is_file(), link


def test_the_missing_page_says_so_and_shows_ways_out(known: Path) -> None:
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


# The book itself, as it was built last, with whatever address.

PAGES = sorted(
    path.relative_to(SITE).as_posix()
    for path in SITE.rglob("*.html")
    if "_static" not in path.parts
)


@pytest.mark.parametrize("page", PAGES)
def test_each_page_is_described(page: str) -> None:
    tags = tags_of(SITE / page)
    assert 20 < len(tags["description"]) <= MAX_DESCRIPTION
    assert tags.get("og:description", tags["description"]) == tags["description"]
    assert not re.search(r"[\\$\n]|\{\w+\}", tags["description"])


def test_no_two_pages_are_described_alike() -> None:
    seen = [tags_of(SITE / page)["description"] for page in PAGES]
    assert len(set(seen)) == len(seen)


def test_the_missing_page_of_the_book_lists_all_pages() -> None:
    section = read(SITE / "404.html").find("section", id="no-such-page")
    listed = {a["href"] for a in section("a")}
    top = section.form["action"].removesuffix("search.html")
    made_by_sphinx = {"404.html", "genindex.html", "search.html"}
    assert {top + page for page in {*PAGES} - made_by_sphinx} == listed
