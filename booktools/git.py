"""What git knows of the book: its commit, its remote and its branch.

All of it is empty where the book is not in a repository of its own, as in an
unpacked archive.
"""

import subprocess
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


@cache
def revision() -> str:
    """Return the full name of the commit that the files are from."""
    return _git("rev-parse", "HEAD")


@cache
def commit() -> str:
    """Name the commit for a reader, and say whether files were changed since."""
    name = revision()[:12]
    return f"{name} with changes" if name and is_changed() else name


@cache
def is_changed() -> bool:
    """Say whether a file that git knows differs from the commit."""
    return bool(_git("status", "--porcelain", "--untracked-files=no"))


@cache
def origin() -> str:
    """Return the remote that git would push this book to."""
    return _git("remote", "get-url", "origin")


@cache
def branch() -> str:
    """Return the branch that the remote shows first, else the one at work on."""
    first = _git("symbolic-ref", "--short", "refs/remotes/origin/HEAD")
    return first.removeprefix("origin/") or _git("branch", "--show-current")


@cache
def _is_ours() -> bool:
    """Say whether the book is a repository, not a folder in somebody's."""
    return _ask_git("rev-parse", "--is-inside-work-tree", "--show-prefix") == "true"


def _git(*arguments: str) -> str:
    return _ask_git(*arguments) if _is_ours() else ""


def _ask_git(*arguments: str) -> str:
    try:
        return subprocess.run(
            ["git", "--no-optional-locks", *arguments],
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=True,
        ).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return ""
