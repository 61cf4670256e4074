"""Buttons lead to what was exported, and what was exported runs anywhere."""

import re
import shutil
import subprocess
import warnings
from pathlib import Path
from urllib.parse import parse_qs, unquote, urlsplit

import nbformat
import push_notebooks
import pytest
from book import BUILD, ROOT
from bs4 import BeautifulSoup
from test_build import SmallBook, book, built  # noqa: F401

from booktools.sphinx.buttons import (
    BRANCH,
    binder_address,
    colab_address,
    configure_repository,
)
from booktools.sphinx.light_pages import pages_of
from booktools.sphinx.notebooks import pages_with_notebook
from booktools.urls import github_project, repository_address

with warnings.catch_warnings(action="ignore"):  # Jupyter Book's own
    from booktools import export as export_notebooks

SITE = BUILD / "html"
REPOSITORY = "https://github.com/example/book"
FILES = re.compile(r"\b(open|load|save|savefig|loadtxt|savetxt|\w+_text|read_csv)\(")


def links_of(page: Path) -> dict[str, str]:
    """Return where the buttons of a page lead, by what stands on them."""
    html = BeautifulSoup(page.read_text(encoding="utf-8"), "html.parser")
    return {
        link.get_text().strip(): link["href"]
        for link in html.select(".article-header-buttons a")
    }


def exported_file(address: str, project: tuple[str, str]) -> str:
    """Return the file on the branch that Colab or Binder would open."""
    parts = urlsplit(address)
    owner, name = project
    if parts.netloc == "colab.research.google.com":
        where = f"/github/{owner}/{name}/blob/{BRANCH}/"
        assert parts.path.startswith(where), address
        return unquote(parts.path.removeprefix(where))
    assert f"{parts.netloc}{parts.path}" == (
        f"mybinder.org/v2/gh/{owner}/{name}/{BRANCH}"
    )
    (opened,) = parse_qs(parts.query)["urlpath"]
    assert opened.startswith("lab/tree/")
    return opened.removeprefix("lab/tree/")


def check_buttons(site: Path, sources: Path, branch: Path, repository: str) -> int:
    """Resolve every button of a site; return how many launch something."""
    launched = 0
    project = github_project(repository)
    for page in pages_of(site):
        links = links_of(page)
        name = page.relative_to(site).with_suffix("").as_posix()
        for button in {"Colab", "Binder"} & set(links):
            file = exported_file(links[button], project)
            assert file == f"{name}.ipynb"
            nbformat.validate(nbformat.read(branch / file, as_version=4))
            launched += 1
        if ".ipynb" in links:
            download = nbformat.read(page.parent / links[".ipynb"], as_version=4)
            assert any(cell.get("outputs") for cell in download.cells)
        if "Suggest edit" in links:
            edited = re.fullmatch(
                re.escape(repository)
                + r"/edit/[\w/-]+?/((?:chapters/|reference/)?[^/]+)",
                links["Suggest edit"],
            )
            assert (sources / edited[1]).is_file(), links["Suggest edit"]
            assert links["Open issue"].startswith(f"{repository}/issues/new?")
            assert links["Repository"] == repository
    return launched


# The book itself


def test_every_button_of_the_book_leads_to_a_file_that_the_export_writes(
    tmp_path: Path,
) -> None:
    export_notebooks.export(SITE, tmp_path / "branch", outputs=False)
    repository = repository_address()
    launched = check_buttons(SITE, ROOT, tmp_path / "branch", repository)
    services = sum(map(bool, (repository, github_project(repository))))
    assert launched == services * len(pages_with_notebook())


@pytest.mark.parametrize("page", pages_with_notebook())
def test_files_of_a_notebook_lie_in_a_folder_of_their_own(page: str) -> None:
    # Three notebooks run in an empty folder: see test_binder.py.
    notebook = nbformat.read(SITE / f"{page}.ipynb", as_version=4)
    code = "\n".join(cell.source for cell in notebook.cells if cell.cell_type == "code")
    if FILES.search(code):
        assert "tempfile.TemporaryDirectory()" in code


def test_the_branch_that_is_pushed_is_the_one_that_is_launched() -> None:
    assert push_notebooks.BRANCH == BRANCH
    assert push_notebooks.NOTEBOOKS == export_notebooks.NOTEBOOKS


def test_exported_notebooks_are_without_outputs_unless_asked_for(
    tmp_path: Path,
) -> None:
    for outputs in (False, True):
        folder = tmp_path / str(outputs)
        export_notebooks.export(SITE, folder, outputs=outputs)
        for page in pages_with_notebook():
            ours = nbformat.read(folder / f"{page}.ipynb", as_version=4)
            theirs = nbformat.read(SITE / f"{page}.ipynb", as_version=4)
            nbformat.validate(ours)
            assert [cell.id for cell in ours.cells] == [c.id for c in theirs.cells]
            has_outputs = any(cell.get("outputs") for cell in ours.cells)
            assert has_outputs == outputs
            if outputs:
                assert ours == theirs
    pages = list((tmp_path / "False" / "chapters").iterdir())
    assert len(pages) == len(pages_with_notebook())


@pytest.mark.parametrize(
    ("repository", "colab", "binder"),
    [
        (
            REPOSITORY,
            "https://colab.research.google.com/github/example/book/blob/notebooks/a/b.ipynb",
            "https://mybinder.org/v2/gh/example/book/notebooks?urlpath=lab/tree/a/b.ipynb",
        ),
        (
            "https://gitlab.com/example/book",
            "",
            "https://mybinder.org/v2/git/https%3A%2F%2Fgitlab.com%2Fexample%2Fbook/"
            "notebooks?urlpath=lab/tree/a/b.ipynb",
        ),
    ],
)
def test_each_host_is_launched_where_it_can_be(
    repository: str, colab: str, binder: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BOOK_REPOSITORY", repository)
    assert colab_address("a/b") == colab
    assert binder_address("a/b") == binder


@pytest.mark.parametrize(
    ("repository", "is_known"),
    [
        (REPOSITORY, True),
        ("https://gitlab.com/example/book", True),
        ("https://git.example.org/book", False),  # the theme would stop the build
    ],
)
def test_pages_are_edited_where_the_theme_knows_how(
    repository: str, is_known: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BOOK_REPOSITORY", repository)
    config = {"html_theme_options": {}}
    configure_repository(None, config)
    options = config["html_theme_options"]
    assert options["use_edit_page_button"] == is_known
    assert options["use_issues_button"] == is_known
    assert options["repository_url"] == (repository if is_known else "")


# A small book, which has no address until it has a remote


def export(book: SmallBook, **variables: str) -> tuple[int, str]:  # noqa: F811
    for name in export_notebooks.FOR_BINDER:
        if not (book.root / name).exists():
            copy = shutil.copytree if (ROOT / name).is_dir() else shutil.copy
            copy(ROOT / name, book.root / name)
    return book.run("-m", "booktools", "notebooks", **variables)


def test_a_fork_has_its_own_buttons_and_changes_no_file(
    book: SmallBook,  # noqa: F811
) -> None:
    def git(*arguments: str) -> None:
        who = ("-c", "user.name=A", "-c", "user.email=a@example.org")
        subprocess.run(["git", *who, *arguments], cwd=book.root, check=True)

    assert set(links_of(book.site / "chapters" / "01-small.html")) == {".ipynb", ".md"}
    git("init", "--quiet", "--initial-branch", "trunk")
    git("add", "_config.yml", "_toc.yml", "chapters", "helpers", "_ext", "tools")
    git("commit", "--quiet", "--message", "All")
    git("remote", "add", "origin", "git@github.com:ada/book.git")
    status, said = export(book)
    assert status == 0, said
    branch = book.root / "_build" / "notebooks"
    address = "https://github.com/ada/book"
    assert check_buttons(book.site, book.root, branch, address) == 2
    links = links_of(book.site / "chapters" / "01-small.html")
    assert "/edit/trunk/" in links["Suggest edit"]
    notebook = nbformat.read(branch / "chapters" / "01-small.ipynb", as_version=4)
    assert f"git+{address}@" in notebook.cells[0].source
    assert address in (branch / "README.md").read_text()


def test_a_failed_export_leaves_the_last_one(book: SmallBook) -> None:  # noqa: F811
    status, said = export(book, OUTPUTS="1")
    assert status == 0, said
    exported = book.root / "_build" / "notebooks" / "chapters" / "01-small.ipynb"
    before = exported.read_text()
    assert any(cell.get("outputs") for cell in nbformat.reads(before, 4).cells)
    assert "git remote add" in said  # or it could install no helpers
    book.replace("plt.plot([0, 1]);", "plt.plot(")
    assert export(book)[0] == 1
    assert exported.read_text() == before
    status, said = export(book, OUTPUTS="yes")
    assert status == 1
    assert "OUTPUTS=1" in said
    assert exported.read_text() == before


def test_what_no_notebook_can_show_fails_the_build(
    book: SmallBook,  # noqa: F811
) -> None:
    book.replace("# A small chapter", "# A small chapter\n\n```{centered} Hi\n```")
    status, said = book.build()
    assert status == 1
    assert "01-small.md" in said
    assert "cannot be put into a notebook" in said
