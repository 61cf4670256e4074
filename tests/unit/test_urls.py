"""Where site and repository are is read from the environment, or from git."""

import re
import subprocess

import pytest
from book import ROOT

from booktools import urls
from booktools.build import commit_and_addresses
from booktools.errors import AuthorError
from booktools.git import origin
from booktools.urls import (
    is_external,
    pages_address,
    repository_address,
    site_address,
)

BOOK = "https://example.org/a/book/"
REMOTES = [
    "https://github.com/Ada/book",
    "https://github.com/Ada/book.git",
    "https://www.github.com/Ada/book.git/",
    "https://user:secret@github.com/Ada/book.git",
    "http://github.com/Ada/book",
    "git://github.com/Ada/book.git",
    "git@github.com:Ada/book.git",
    "git@github.com:/Ada/book.git",
    "github.com:Ada/book",
    "ssh://git@github.com:22/Ada/book",
    "ssh://git@ssh.github.com:443/Ada/book.git",
    "git@GitHub.com:Ada/book.git\n",
]
ELSEWHERE = [
    "",
    "../book.git",
    "file:///srv/github.com/Ada/book.git",
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
def test_a_remote_on_github_gives_both_addresses(remote, monkeypatch) -> None:
    monkeypatch.setattr(urls, "origin", lambda root: remote)
    assert site_address(ROOT) == "https://ada.github.io/book/"
    assert repository_address(ROOT) == "https://github.com/Ada/book"


@pytest.mark.parametrize("remote", ELSEWHERE)
def test_any_other_remote_gives_none(remote, monkeypatch) -> None:
    monkeypatch.setattr(urls, "origin", lambda root: remote)
    assert site_address(ROOT) == repository_address(ROOT) == ""


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
def test_what_is_set_takes_precedence(asked, site, monkeypatch) -> None:
    monkeypatch.setattr(urls, "origin", lambda root: REMOTES[0])
    monkeypatch.setenv("BOOK_URL", asked)
    assert site_address(ROOT) == site
    assert repository_address(ROOT) == "https://github.com/Ada/book"
    monkeypatch.setenv("BOOK_REPOSITORY", "https://example.org/ada/book.git/")
    assert repository_address(ROOT) == "https://example.org/ada/book"


@pytest.mark.parametrize(
    "asked",
    [
        "example.org/book",
        "ftp://example.org",
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
def test_what_is_not_an_address_is_refused(asked, monkeypatch) -> None:
    for variable, read in (
        ("BOOK_URL", site_address),
        ("BOOK_REPOSITORY", repository_address),
    ):
        monkeypatch.setenv(variable, asked)
        with pytest.raises(AuthorError, match=re.escape(f"{variable}={asked} is not")):
            read(ROOT)


def test_the_remote_of_its_own_repository_counts_alone(tmp_path) -> None:
    book = tmp_path / "book"
    book.mkdir()
    for folder, found in ((tmp_path, ""), (book, REMOTES[0])):  # the first is around it
        for arguments in (["init"], ["remote", "add", "origin", REMOTES[0]]):
            subprocess.run(["git", *arguments], cwd=folder, check=True)
        assert origin(book) == found


def test_another_address_builds_again(monkeypatch) -> None:
    found = [commit_and_addresses(ROOT)]
    for variable in ("BOOK_URL", "BOOK_REPOSITORY"):
        monkeypatch.setenv(variable, BOOK)
        found.append(commit_and_addresses(ROOT))
    assert len(set(found)) == 3


@pytest.mark.parametrize(
    ("address", "external"),
    [
        ("https://example.org/a.png", True),
        ("//example.org/a.png", True),
        ("mailto:ada@example.org", True),
        ("data:image/gif;base64,R0lGOD", True),
        ("/figures/a.png", False),
        ("../a//b.png", False),
        ("1:2.png", False),
        ("", False),
    ],
)
def test_what_has_a_scheme_or_a_host_is_external(address, external) -> None:
    assert is_external(address) is external
