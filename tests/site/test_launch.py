"""Buttons lead to what was exported, and what was exported runs anywhere."""

import re
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import nbformat
import pytest
import yaml
from book import (
    CHAPTERS,
    FIRST,
    PAGES,
    ROOT,
    SITE,
    each_chapter,
    git,
    notebook_of,
    read,
)

from booktools import build, export
from booktools.errors import AuthorError
from booktools.sphinx.book import Book, load_book
from booktools.sphinx.buttons import (
    BRANCH,
    launch_addresses,
    source_addresses,
    source_on_site,
)
from booktools.sphinx.notebooks import about, own_package

REPOSITORY = "https://github.com/example/book"
FILES = re.compile(r"\b(open|load|save|savefig|loadtxt|savetxt|\w+_text|read_csv)\(")


def links_of(page: str) -> dict[str, str]:
    """Return where the links to run, download and edit a page lead, by name."""
    links = read(page).select(".page-links a, .bottom-of-page a")
    return {link.get_text().strip(): link["href"] for link in links}


# The book itself


def test_every_button_of_the_book_leads_to_a_file_that_the_export_writes(
    book: Book, tmp_path: Path
) -> None:
    export.export(book, SITE, tmp_path / "branch", outputs=False)
    for name in PAGES:
        path = SITE / name
        page = name.removesuffix(".html")
        links = links_of(f"{page}.html")
        launched = {
            service: links[name]
            for service in ("Colab", "Binder")
            if (name := f"Run on {service}") in links
        }
        if page in book.chapters:
            assert launched == launch_addresses(book.repository, page)
            assert (tmp_path / "branch" / f"{page}.ipynb").is_file()
            assert links["Notebook"] == f"{path.stem}.ipynb"
            assert (path.parent / links["Source"]).is_file()
        else:
            assert not launched
        edit, report = source_addresses(book.repository, book.branch, page)
        is_ours = (ROOT / f"{page}.md").is_file()
        assert links.get("Edit this page", "") == edit * is_ours
        assert links.get("Report a mistake", "") == report * is_ours


@each_chapter
def test_files_of_a_notebook_lie_in_a_folder_of_their_own(chapter: str) -> None:
    # Three notebooks run in an empty folder: see test_binder.py.
    cells = notebook_of(chapter).cells
    code = "\n".join(cell.source for cell in cells if cell.cell_type == "code")
    if FILES.search(code):
        assert "tempfile.TemporaryDirectory()" in code


def test_the_branch_that_is_pushed_is_the_one_that_is_launched() -> None:
    workflow = (ROOT / ".github" / "workflows" / "publish.yml").read_text()
    steps = yaml.safe_load(workflow)["jobs"]["notebooks"]["steps"]
    (pushed,) = re.findall(r"--branch (\S+) .* (\S+)$", str(steps[-1]["run"]), re.M)
    assert pushed == (BRANCH, str(export.NOTEBOOKS))


@pytest.mark.parametrize("outputs", [False, True])
def test_exported_notebooks_are_without_outputs_unless_asked_for(
    outputs: bool, book: Book, tmp_path: Path
) -> None:
    export.export(book, SITE, tmp_path / "branch", outputs=outputs)
    for chapter in CHAPTERS:
        path = tmp_path / "branch" / "chapters" / f"{chapter}.ipynb"
        ours, theirs = nbformat.read(path, as_version=4), notebook_of(chapter)
        nbformat.validate(ours)
        assert [cell.id for cell in ours.cells] == [cell.id for cell in theirs.cells]
        assert any(cell.get("outputs") for cell in ours.cells) == outputs
        assert not outputs or ours == theirs
    assert len(list(path.parent.glob("*.ipynb"))) == len(CHAPTERS)


@pytest.mark.parametrize(
    ("repository", "addresses"),
    [
        (
            REPOSITORY,
            {
                "Colab": "https://colab.research.google.com/github/example/book/blob/"
                "notebooks/a/b.ipynb",
                "Binder": "https://mybinder.org/v2/gh/example/book/notebooks"
                "?urlpath=lab/tree/a/b.ipynb",
            },
        ),
        (
            "https://gitlab.com/example/book",
            {
                "Binder": "https://mybinder.org/v2/git/"
                "https%3A%2F%2Fgitlab.com%2Fexample%2Fbook/notebooks"
                "?urlpath=lab/tree/a/b.ipynb"
            },
        ),
        ("", {}),
    ],
)
def test_each_host_is_launched_where_it_can_be(
    repository: str, addresses: dict[str, str]
) -> None:
    assert launch_addresses(repository, "a/b") == addresses


@pytest.mark.parametrize(
    ("repository", "edit", "report"),
    [
        (REPOSITORY, "/edit/b/a/p.md", "/issues/new?title=Mistake%20in%20a/p"),
        (
            "https://gitlab.example.org/x/y",
            "/-/edit/b/a/p.md",
            "/-/issues/new?issue[title]=Mistake%20in%20a/p",
        ),
        ("https://git.example.org/book", None, None),
    ],
)
def test_pages_are_edited_where_we_know_how(
    repository: str, edit: str | None, report: str | None
) -> None:
    expected = (repository + edit, repository + str(report)) if edit else ("", "")
    assert source_addresses(repository, "b", "a/p") == expected
    assert source_addresses(repository, "", "a/p") == ("", expected[1])


@pytest.mark.parametrize(
    ("page", "settings", "address"),
    [
        ("index", {}, "_sources/index.md"),
        ("chapters/a b#c", {}, "../_sources/chapters/a%20b%23c.md"),
        ("a/p", {"html_sourcelink_suffix": ".txt"}, "../_sources/a/p.md.txt"),
        ("a/p", {"html_sourcelink_suffix": ".md"}, "../_sources/a/p.md"),
        ("a/p", {"html_show_sourcelink": False}, ""),
        ("a/p", {"html_copy_source": False}, ""),
    ],
)
def test_the_source_is_shown_where_sphinx_has_put_it(
    page: str, settings: dict[str, object], address: str
) -> None:
    config = SimpleNamespace(
        html_copy_source=True, html_show_sourcelink=True, html_sourcelink_suffix=""
    )
    vars(config).update(settings)
    assert source_on_site(config, page) == address


def test_a_page_of_any_name_is_named_by_its_address(tmp_path: Path) -> None:
    site = "https://example.org/"
    book: Any = SimpleNamespace(repository="", commit="", site=site)
    export.write_readme(book, tmp_path / "README.md", {"chapters/a b#": "T"})
    assert "[T](chapters/a%20b%23.ipynb)" in (tmp_path / "README.md").read_text()
    config = SimpleNamespace(html_title="T", book=book, tex_macros="")
    app: Any = SimpleNamespace(config=config)
    note = about(app, "chapters/a b#", nbformat.v4.new_notebook())
    assert f"[this page]({site}chapters/a%20b%23.html)" in note


# A fork


@pytest.fixture
def its_remote(fork: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """Make a repository of the fork, with its own branch and remote."""
    monkeypatch.delenv("BOOK_REPOSITORY", raising=False)
    git(fork, "init", "--quiet", "--initial-branch", "trunk")
    git(fork, "add", "_config.yml")
    git(fork, "commit", "--quiet", "--message", "All")
    git(fork, "remote", "add", "origin", "git@github.com:ada/book.git")
    return "https://github.com/ada/book"


def test_a_fork_launches_and_edits_its_own_and_changes_no_file(
    fork: Path, its_remote: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    book = load_book(fork)
    branch = tmp_path_factory.mktemp("exported") / "branch"
    export.export(book, SITE, branch, outputs=False)
    readme = (branch / "README.md").read_text()
    for page in book.chapters:
        launched = launch_addresses(book.repository, page)
        assert launched == launch_addresses(its_remote, page)
        assert all(address in readme for address in launched.values())
    assert book.branch == "trunk"
    assert f"git+{its_remote}@{book.revision}" in own_package(book)


def test_an_export_says_that_it_installs_no_later_changes(
    fork: Path,
    its_remote: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(build, "main", lambda root: 0)
    monkeypatch.delenv("OUTPUTS", raising=False)
    config = fork / "_config.yml"
    text = config.read_text(encoding="utf-8")
    for is_changed in (False, True):
        if is_changed:
            config.unlink()  # a link, which was committed
            config.write_text(text, encoding="utf-8")
        assert export.main(fork) == 0
        assert ("without later changes" in capsys.readouterr().out) == is_changed


def test_a_failed_export_leaves_the_last_one(
    fork: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("BOOK_REPOSITORY", raising=False)
    monkeypatch.setattr(build, "main", lambda root: 0)
    monkeypatch.setenv("OUTPUTS", "1")
    assert export.main(fork) == 0
    assert (
        "git remote add" in capsys.readouterr().out
    )  # otherwise it installs no helpers
    exported = fork / "_build" / "notebooks" / "chapters" / f"{FIRST}.ipynb"
    before = exported.read_text()
    assert any(cell.get("outputs") for cell in nbformat.reads(before, 4).cells)
    monkeypatch.setenv("OUTPUTS", "all")
    with pytest.raises(AuthorError, match="OUTPUTS=all says neither yes nor no"):
        export.main(fork)
    monkeypatch.setenv("OUTPUTS", "")
    monkeypatch.setattr(build, "main", lambda root: 1)
    assert export.main(fork) == 1
    assert exported.read_text() == before
