"""The site knows its address, or does without; and has a page for what is not."""

import os
import re
import shutil
import subprocess
import sys
from functools import cache
from pathlib import Path
from urllib.parse import urljoin, urlsplit
from xml.etree import ElementTree

import pytest
from bs4 import BeautifulSoup

from booktools import urls as addresses
from booktools.environment import BUILD, ROOT
from booktools.urls import (
    describe,
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


def test_a_description_ends_with_a_sentence_if_it_can() -> None:
    first = "A sentence of some length, which is the first of all sentences here."
    assert describe(f"{first}\nTwo.") == f"{first} Two."
    assert describe(f"{first} {'And more of it ' * 20}") == first
    cut = describe("word " * 100)
    assert cut.endswith("word…")
    assert len(cut) <= addresses.LONGEST


# A small site, made by Sphinx with this extension and the book's theme alone.


class SmallSite:
    def __init__(self, root: Path) -> None:
        self.root = root
        self.folder = root / "site"
        (root / "_ext").mkdir(parents=True)
        for name in ("addresses.py", "repository.py"):
            shutil.copy(ROOT / "_ext" / name, root / "_ext")
        (root / "pages").mkdir()
        (root / "conf.py").write_text(
            "import sys\nfrom pathlib import Path\n"
            "sys.path.insert(0, str(Path(__file__).parent / '_ext'))\n"
            "extensions = ['addresses']\n"
            "html_theme = 'sphinx_book_theme'\n"
            "smartquotes = False\n"
            "html_title = 'Small & \"short\"'\n"
            "html_static_path = ['_static']\n"
            "exclude_patterns = ['site']\n"
        )
        (root / "_static").mkdir()
        (root / "index.rst").write_text(
            'First & foremost\n================\n\nThe *first* "page".\n\n'
            ".. toctree::\n   :caption: Rest\n\n   pages/other\n"
        )
        (root / "pages" / "other.rst").write_text(
            "Other\n=====\n\n.. note:: Not this.\n\nNor :math:`x` this.\n\nBut this.\n"
        )

    def build(self, **variables: str) -> tuple[int, str]:
        ours = ("PYTHONPATH", "BOOK_URL", "BOOK_REPOSITORY")
        kept = {k: v for k, v in os.environ.items() if k not in ours}
        done = subprocess.run(
            [sys.executable, "-m", "sphinx", "-WnqaE", ".", "site"],
            cwd=self.root,
            env=kept | variables,
            capture_output=True,
            text=True,
            check=False,
        )
        return done.returncode, done.stdout + done.stderr

    def page(self, name: str) -> BeautifulSoup:
        return read(self.folder / name)


@cache
def read(path: Path) -> BeautifulSoup:
    return BeautifulSoup(path.read_text(encoding="utf-8"), "html.parser")


def tags_of(page: BeautifulSoup) -> dict[str, str]:
    found = [(tag.get("name") or tag.get("property"), tag) for tag in page("meta")]
    return {name: tag["content"] for name, tag in found if name}


@pytest.fixture(scope="module")
def known(tmp_path_factory: pytest.TempPathFactory) -> SmallSite:
    site = SmallSite(tmp_path_factory.mktemp("known") / "book")
    (site.root / "_static" / "card.png").write_bytes(b"a placeholder")
    status, said = site.build(BOOK_URL=BOOK.rstrip("/"))
    assert status == 0, said
    return site


@pytest.fixture(scope="module")
def unknown(tmp_path_factory: pytest.TempPathFactory) -> SmallSite:
    site = SmallSite(tmp_path_factory.mktemp("unknown") / "book")
    (site.root / "_static" / "card.png").write_bytes(b"a placeholder")
    status, said = site.build()
    assert status == 0, said
    return site


def test_each_entry_of_the_sitemap_is_a_page(known: SmallSite) -> None:
    tree = ElementTree.parse(known.folder / "sitemap.xml")
    places = [place.text or "" for place in tree.iter() if place.tag.endswith("loc")]
    assert places == [f"{BOOK}index.html", f"{BOOK}pages/other.html"]
    for place in places:
        name = place.removeprefix(BOOK)
        assert (known.folder / name).is_file()
        (link,) = known.page(name)("link", rel="canonical")
        assert link["href"] == tags_of(known.page(name))["og:url"] == place
    robots = (known.folder / "robots.txt").read_text()
    assert f"\nSitemap: {BOOK}sitemap.xml\n" in robots
    assert "Disallow" not in robots


def test_a_preview_has_title_text_and_picture(known: SmallSite) -> None:
    tags = tags_of(known.page("index.html"))
    assert tags["og:title"] == "First & foremost"
    assert tags["og:site_name"] == 'Small & "short"'
    assert tags["description"] == tags["og:description"] == 'The first "page".'
    assert tags["og:type"] == "website"
    picture = tags["og:image"]
    assert picture == f"{BOOK}_static/card.png"
    assert (known.folder / picture.removeprefix(BOOK)).is_file()
    assert tags_of(known.page("pages/other.html"))["description"] == "But this."


def test_without_an_address_nothing_leads_to_one(unknown: SmallSite) -> None:
    files = {path.name for path in unknown.folder.iterdir()}
    assert not {"sitemap.xml", "robots.txt"} & files
    for path in unknown.folder.rglob("*.html"):
        if "_static" not in path.parts:
            assert not read(path)("link", rel="canonical")
            tags = tags_of(read(path))
            assert tags["description"]
            assert tags["og:title"]
            assert not {"og:url", "og:image", "og:image:alt"} & tags.keys()


def test_without_a_picture_none_is_named(tmp_path: Path) -> None:
    site = SmallSite(tmp_path / "book")
    status, said = site.build(BOOK_URL=BOOK)
    assert status == 0, said
    assert "og:image" not in tags_of(site.page("index.html"))


def test_a_wrong_address_stops_sphinx(tmp_path: Path) -> None:
    status, said = SmallSite(tmp_path / "book").build(BOOK_URL="example.org")
    assert status != 0
    assert "BOOK_URL=example.org is not an http or https address" in said


def test_the_remote_of_its_own_repository_counts_alone(tmp_path: Path) -> None:
    def git(*arguments: str, folder: Path) -> None:
        subprocess.run(["git", *arguments], cwd=folder, check=True, capture_output=True)

    site = SmallSite(tmp_path / "book")
    git("init", folder=tmp_path)  # somebody's, around it
    git("remote", "add", "origin", REMOTES[0], folder=tmp_path)
    assert site.build()[0] == 0
    assert not (site.folder / "sitemap.xml").exists()
    git("init", folder=site.root)
    git("remote", "add", "origin", REMOTES[0], folder=site.root)
    assert site.build()[0] == 0
    assert "https://ada.github.io/book/" in (site.folder / "sitemap.xml").read_text()


@pytest.mark.parametrize("shown_at", ["nothing.html", "very/deep/inside/nothing"])
@pytest.mark.parametrize("address", [BOOK, ""])
def test_the_missing_page_works_wherever_it_is_shown(
    shown_at: str, address: str, known: SmallSite, unknown: SmallSite
) -> None:
    site = known if address else unknown
    top = address or "http://localhost:8000/"
    page = site.page("404.html")
    (base,) = page("base")
    assert page.find(href=True) == base, "an address stands before the base"
    start = urljoin(top + shown_at, base["href"])
    links = [tag.get("href") or tag.get("src") for tag in page(href=True)[1:]]
    links += [tag["src"] for tag in page(src=True)]
    links += [form["action"] for form in page("form")]
    assert len(links) > 10
    for link in links:
        if re.match("(https?:)?//", link):
            continue
        target = urljoin(start, link)
        assert target.startswith(top), link
        name = urlsplit(target.removeprefix(top)).path
        assert (site.folder / (name or "index.html")).exists(), link
        if anchor := urlsplit(target).fragment:
            assert site.page(name).find(id=anchor), link


def test_the_missing_page_says_so_and_shows_ways_out(known: SmallSite) -> None:
    page = known.page("404.html")
    body = page.find("section", id="no-such-page")
    assert "no page at the address" in body.get_text()
    assert {"index.html", "pages/other.html"} <= {a["href"] for a in body("a")}
    form = body.find("form", action="search.html")
    assert form.find("input", attrs={"name": "q"})["id"] == form.label["for"]
    assert tags_of(page)["robots"] == "noindex"
    assert "og:url" not in tags_of(page)
    assert not page("link", rel="canonical")


# The book itself, as it was built last, with whatever address.

PAGES = sorted(
    path.relative_to(SITE).as_posix()
    for path in SITE.rglob("*.html")
    if "_static" not in path.parts
)


@pytest.mark.parametrize("page", PAGES)
def test_each_page_is_described(page: str) -> None:
    tags = tags_of(read(SITE / page))
    assert 20 < len(tags["description"]) <= addresses.LONGEST
    assert tags["og:description"] == tags["description"]
    assert tags["og:title"]
    assert not re.search(r"[\\$\n]|\{\w+\}", tags["description"])


def test_no_two_pages_are_described_alike() -> None:
    seen = [tags_of(read(SITE / page))["description"] for page in PAGES]
    assert len(set(seen)) == len(seen)


def test_the_missing_page_of_the_book_lists_all_pages() -> None:
    page = read(SITE / "404.html")
    listed = {a["href"] for a in page.find("section", id="no-such-page")("a")}
    made_by_sphinx = {"404.html", "genindex.html", "search.html"}
    assert set(PAGES) - made_by_sphinx == listed


def test_another_address_builds_again() -> None:
    code = "from build_book import hash_of_sources; print(hash_of_sources('alike'))"

    def key(**variables: str) -> str:
        paths = {"PYTHONPATH": f"{ROOT / 'tools'}{os.pathsep}{ROOT}"}
        return subprocess.run(
            [sys.executable, "-W", "ignore", "-c", code],
            env=os.environ | paths | variables,
            capture_output=True,
            text=True,
            check=True,
        ).stdout

    keys = [key(), key(BOOK_URL=BOOK), key(BOOK_REPOSITORY=BOOK)]
    assert len(set(keys)) == len(keys)
    assert key() == keys[0]
