"""What is published from a build: the branch `notebooks` and the archives."""

import hashlib
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import make_archives
import pytest
from execution import ROOT


def git(folder: Path, *arguments: str) -> str:
    return subprocess.run(
        ["git", *arguments], cwd=folder, capture_output=True, text=True, check=True
    ).stdout.strip()


def push(folder: Path) -> tuple[int, str]:
    done = subprocess.run(
        [sys.executable, "tools/push_notebooks.py"],
        cwd=folder,
        capture_output=True,
        text=True,
    )
    return done.returncode, done.stdout + done.stderr


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """A repository with notebooks, and a remote that is empty."""
    folder, remote = tmp_path / "clone", tmp_path / "remote"
    git(tmp_path, "init", "--bare", str(remote))
    git(tmp_path, "init", str(folder))
    (folder / "tools").mkdir()
    shutil.copy(ROOT / "tools" / "push_notebooks.py", folder / "tools")
    (folder / ".gitignore").write_text("_build/\n")
    (folder / ".git" / "info" / "exclude").write_text("*.ipynb\n")
    git(folder, "add", ".")
    who = ("-c", "user.name=Ada", "-c", "user.email=ada@example.org")
    git(folder, *who, "commit", "-m", "All of it")
    git(folder, "remote", "add", "origin", str(remote))
    chapters = folder / "_build" / "notebooks" / "chapters"
    chapters.mkdir(parents=True)
    (chapters / "01.ipynb").write_text("{}")
    return folder


def test_the_branch_holds_the_notebooks_and_nothing_else(clone: Path) -> None:
    status, said = push(clone)
    assert status == 0, said
    remote = clone.parent / "remote"
    assert (
        git(remote, "ls-tree", "-r", "--name-only", "notebooks") == "chapters/01.ipynb"
    )
    head = git(clone, "rev-parse", "HEAD")
    assert git(remote, "log", "--format=%an %s", "notebooks") == (
        f"Ada Notebooks of {head}"
    )
    assert git(clone, "status", "--porcelain") == ""
    assert git(clone, "branch", "--list", "notebooks") == ""


def test_the_branch_is_replaced_and_the_same_notebooks_make_the_same(
    clone: Path,
) -> None:
    chapter = clone / "_build" / "notebooks" / "chapters" / "01.ipynb"
    remote = clone.parent / "remote"
    push(clone)
    first = git(remote, "rev-parse", "notebooks")
    chapter.write_text('{"changed": true}')
    push(clone)
    assert git(remote, "show", "notebooks:chapters/01.ipynb") == '{"changed": true}'
    assert git(remote, "rev-list", "--count", "notebooks") == "1"
    chapter.write_text("{}")
    push(clone)
    assert git(remote, "rev-parse", "notebooks") == first


def test_without_notebooks_or_remote_nothing_is_pushed(clone: Path) -> None:
    shutil.rmtree(clone.parent / "remote")
    status, said = push(clone)
    assert status == 1
    assert "The notebooks were not pushed: fatal: " in said
    shutil.rmtree(clone / "_build")
    status, said = push(clone)
    assert status == 1
    assert "There are no notebooks yet. Type: make notebooks" in said


PARTS = {
    "book": "html/index.html",
    "notebooks": "notebooks/chapters/01.ipynb",
    "pdf": "book.pdf",
}


@pytest.fixture
def built(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder in place of `_build`, with something of all that is packed."""
    for name, place in PARTS.items():
        file = tmp_path / place
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(name)
    monkeypatch.setattr(make_archives, "BUILD", tmp_path)
    monkeypatch.setattr(make_archives, "ARCHIVES", tmp_path / "archives")
    monkeypatch.setattr(make_archives, "site_folder", lambda: tmp_path / "html")
    return tmp_path


def test_archives_hold_all_and_their_sums_are_right(built: Path) -> None:
    for _ in range(2):  # again, in the place of the first
        assert make_archives.main() == 0
    archives = built / "archives"
    assert zipfile.Path(archives / "site.zip", "html/index.html").read_text() == "book"
    notebook = zipfile.Path(archives / "notebooks.zip", "notebooks/chapters/01.ipynb")
    assert notebook.read_text() == "notebooks"
    assert (archives / "book.pdf").read_text() == "pdf"
    sums = dict(
        reversed(line.split("  "))
        for line in (archives / "SHA256SUMS").read_text().splitlines()
    )
    assert sums.keys() == {"book.pdf", "notebooks.zip", "site.zip"}
    for name, known in sums.items():
        content = (archives / name).read_bytes()
        assert hashlib.sha256(content).hexdigest() == known


@pytest.mark.parametrize("target", ["pdf", "book"])
def test_nothing_is_packed_if_something_is_missing(
    target: str, built: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    make_archives.main()
    before = sorted(path.name for path in (built / "archives").iterdir())
    part = built / Path(PARTS[target]).parts[0]
    part.rename(part.with_name("elsewhere"))
    assert make_archives.main() == 1
    assert f"Type: make {target}" in capsys.readouterr().err
    assert sorted(path.name for path in (built / "archives").iterdir()) == before
