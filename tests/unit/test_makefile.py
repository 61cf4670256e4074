"""What `make` is asked to do: links to folders work, and all tests are found."""

import fnmatch
import os
import shutil
import subprocess
from pathlib import Path

import pytest
from book import ROOT

SHOW = "show: ; @echo $(installed)"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("MAKEFLAGS", "n")  # as `make` hands on what it was told
    folder = tmp_path / "book"
    folder.mkdir()
    shutil.copy(ROOT / "Makefile", folder)
    return folder


def make(folder: Path, *arguments: str) -> str:
    surroundings = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("MAKE", "MFLAGS"))
    }
    surroundings["PWD"] = str(folder)  # as a shell says it
    command = ["make", "--silent", *arguments]
    return subprocess.run(
        command,
        cwd=folder,
        env=surroundings,
        capture_output=True,
        text=True,
        check=True,
    ).stdout


def test_a_book_entered_through_a_link_is_the_same(
    folder: Path, tmp_path: Path
) -> None:
    link = tmp_path / "link"
    link.symlink_to(folder)
    assert make(link, "--eval", SHOW, "show") == make(folder, "--eval", SHOW, "show")


@pytest.mark.parametrize(
    ("target", "left"), [("clean", {"cache", "results", "lock"}), ("clean-all", set())]
)
def test_a_link_to_what_is_built_is_emptied(
    folder: Path, tmp_path: Path, target: str, left: set[str]
) -> None:
    built = tmp_path / "elsewhere"
    for name in ("html", "cache", "results"):
        (built / name).mkdir(parents=True)
    (built / "lock").touch()
    (folder / "_build").symlink_to(built)
    make(folder, target)
    assert {path.name for path in built.iterdir()} == left


def test_every_folder_of_tests_is_searched(pytestconfig: pytest.Config) -> None:
    folders = {it.parent.name for it in (ROOT / "tests").rglob("test_*.py")}
    assert "build" in folders
    for pattern in pytestconfig.getini("norecursedirs"):
        assert not fnmatch.filter(folders, pattern)
