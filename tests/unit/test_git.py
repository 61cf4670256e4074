"""What git knows about the book, and what is reported where it refuses to answer."""

import warnings
from pathlib import Path

import pytest
from book import git

from booktools.git import branch, revision


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    git(tmp_path, "init", "--quiet", "--initial-branch", "master")
    git(tmp_path, "commit", "--quiet", "--allow-empty", "--message", "All")
    return tmp_path


def test_the_branch_is_the_one_that_is_checked_out(repository: Path) -> None:
    assert branch(repository) == "master"


def test_the_branch_is_the_default_one_of_the_remote(
    repository: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    clone = tmp_path_factory.mktemp("clone")
    git(clone, "clone", "--quiet", str(repository), ".")
    git(clone, "checkout", "--quiet", "-b", "mine")
    assert branch(clone) == "master"
    git(clone, "remote", "set-head", "origin", "--delete")
    git(clone, "checkout", "--quiet", "--detach")
    git(clone, "branch", "--delete", "--force", "master", "mine")
    assert branch(clone) == "master"


def test_the_branch_of_a_detached_head_is_known_if_there_is_one(
    repository: Path,
) -> None:
    git(repository, "checkout", "--quiet", "--detach")
    assert branch(repository) == "master"
    git(repository, "branch", "other")
    assert branch(repository) == ""


def test_a_folder_without_a_repository_has_no_commit_and_no_branch(
    tmp_path: Path,
) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert revision(tmp_path) == branch(tmp_path) == ""


@pytest.mark.parametrize(
    ("variable", "value", "advice"),
    [
        ("GIT_TEST_ASSUME_DIFFERENT_OWNER", "1", r"safe\.directory"),
        ("PATH", "", "No such file or directory: 'git'"),
    ],
)
def test_the_advice_of_git_is_passed_on(
    repository: Path,
    monkeypatch: pytest.MonkeyPatch,
    variable: str,
    value: str,
    advice: str,
) -> None:
    monkeypatch.setenv(variable, value)
    with pytest.warns(UserWarning, match=advice):
        assert revision(repository) == ""
