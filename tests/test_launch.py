"""Buttons lead to what was exported, and what was exported runs anywhere."""

import json
import os
import re
import shutil
import subprocess
import sys
import warnings
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.parse import parse_qs, unquote, urlsplit

import nbformat
import pytest
from book import BUILD, EXECUTED, ROOT
from bs4 import BeautifulSoup
from test_build import SmallBook, book, built  # noqa: F401

from booktools.sphinx import notebooks
from booktools.sphinx.buttons import (
    BRANCH,
    binder_address,
    colab_address,
    name_repository,
)
from booktools.sphinx.light_pages import pages_of
from booktools.sphinx.notebooks import first_cell, pages_with_notebook
from booktools.urls import github_project, repository_address

with warnings.catch_warnings(action="ignore"):  # Jupyter Book's own
    from booktools import export as export_notebooks

SITE = BUILD / "html"
REPOSITORY = "https://github.com/example/book"


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


def test_the_branch_that_is_pushed_is_the_one_that_is_launched() -> None:
    workflow = (ROOT / ".github" / "workflows" / "publish.yml").read_text()
    assert f"--branch {BRANCH} " in workflow


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
    name_repository(None, config)
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
    git("add", "_config.yml", "_toc.yml", "chapters", "helpers", "booktools")
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


# A fresh environment, an empty folder


GIVEN = ("numpy", "scikit-learn", "matplotlib", "seaborn", "torch")  # as in Colab
KERNEL = "fresh"


@pytest.fixture(scope="module")
def given(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A virtual environment with what Colab has, and a kernel to run it."""
    folder = tmp_path_factory.mktemp("given")
    subprocess.run([sys.executable, "-m", "venv", folder], check=True)
    pip = [folder / "bin" / "python", "-m", "pip", "install", "--quiet", "--no-compile"]
    limits = ["--constraint", ROOT / "constraints.txt"]
    subprocess.run([*pip, *GIVEN, "ipykernel", *limits], check=True)
    return folder


@pytest.fixture(scope="module")
def clone(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A clone of this book as it is now, changes included."""
    folder = tmp_path_factory.mktemp("clone") / "book"
    for name in ("helpers", "pyproject.toml", "LICENSE"):
        if (ROOT / name).is_dir():
            leave = shutil.ignore_patterns("__pycache__")
            shutil.copytree(ROOT / name, folder / name, ignore=leave)
        else:
            folder.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, folder)
    who = ("-c", "user.name=A", "-c", "user.email=a@example.org")
    for arguments in (["init", "-q"], ["add", "."], ["commit", "-qm", "All"]):
        subprocess.run(["git", *who, *arguments], cwd=folder, check=True)
    return folder


def make_environment(folder: Path, given: Path) -> None:
    """Make one that has what is given, a place of its own for more, and a kernel."""
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", folder], check=True)
    packages = "lib/python{}.{}/site-packages".format(*sys.version_info)
    (folder / packages / "given.pth").write_text(f"{given / packages}\n")
    kernel = folder / "share" / "jupyter" / "kernels" / KERNEL
    kernel.mkdir(parents=True)
    start = [str(folder / "bin" / "python"), "-m", "ipykernel", "-f"]
    spec = {"argv": [*start, "{connection_file}"], "display_name": KERNEL}
    (kernel / "kernel.json").write_text(json.dumps(spec))


@pytest.mark.check
@pytest.mark.alone
def test_each_notebook_runs_in_an_empty_folder_and_a_fresh_environment(
    given: Path, clone: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = subprocess.run(
        ["git", "rev-parse", "HEAD"], cwd=clone, capture_output=True, check=True
    )
    revision = asked.stdout.decode().strip()
    monkeypatch.setenv("BOOK_REPOSITORY", REPOSITORY)
    monkeypatch.setattr(notebooks, "revision", lambda: revision)
    export_notebooks.export(SITE, tmp_path / "branch", outputs=False)
    kept = ("PATH", "HOME", "LANG", "PIP_", "SSL_", "HTTP", "http", "TMPDIR")
    environment = {k: v for k, v in os.environ.items() if k.startswith(kept)}
    environment |= {
        "BOOK_OFFLINE": "1",
        "OMP_NUM_THREADS": "1",  # as when the book was built
        "OPENBLAS_NUM_THREADS": "1",
        "PYTHONHASHSEED": "0",
        # What pip asks of the repository on the web, the clone answers.
        "GIT_CONFIG_COUNT": "1",
        "GIT_CONFIG_KEY_0": f"url.{clone.as_uri()}.insteadOf",
        "GIT_CONFIG_VALUE_0": REPOSITORY,
    }

    def run(page: str) -> None:
        chapter = Path(page).name
        executed = nbformat.read(EXECUTED / f"{chapter}.ipynb", as_version=4)
        notebook = nbformat.read(tmp_path / "branch" / f"{page}.ipynb", as_version=4)
        notebook.cells[0] = first_cell(executed)  # of this commit, at that address
        again = nbformat.v4.new_code_cell(notebook.cells[0].source)
        notebook.cells.append(again)
        place = tmp_path / chapter
        make_environment(place, given)
        alone = place / "empty" / "notebook.ipynb"
        alone.parent.mkdir()
        nbformat.write(notebook, alone)
        execute = [Path(sys.prefix) / "bin" / "jupyter-execute", "--inplace"]
        execute += ["--timeout=300", f"--kernel_name={KERNEL}", alone]
        done = subprocess.run(
            execute,
            env=environment | {"JUPYTER_PATH": str(place / "share" / "jupyter")},
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, done.stderr
        assert list(alone.parent.iterdir()) == [alone], "a chapter leaves a file"
        notebook = nbformat.read(alone, as_version=4)
        first, *cells = (cell for cell in notebook.cells if cell.cell_type == "code")
        assert f"git+{REPOSITORY}@{revision}" in first.outputs[0].text
        *cells, last = cells
        assert "Installing" not in "".join(o.get("text", "") for o in last.outputs)
        (record,) = place.rglob("gradient_descent_to_mlp-*/direct_url.json")
        assert json.loads(record.read_text())["vcs_info"]["commit_id"] == revision
        theirs = [cell for cell in executed.cells if cell.cell_type == "code"]
        for ours, cell in zip(cells, theirs, strict=True):
            if "nbval-ignore-output" not in cell.metadata.get("tags", []):
                assert streams(ours) == streams(cell), ours.source

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(run, pages_with_notebook()))


def streams(cell: nbformat.NotebookNode) -> str:
    """Return what a cell has printed, addresses in memory left out."""
    text = "".join(o.text for o in cell.outputs if o.output_type == "stream")
    return re.sub(r"\b0x[0-9a-f…]+", "0x…", text)
