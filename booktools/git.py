"""What git knows about the book: its commit, its remote and its branch.

The answers are empty if the book is not in a repository of its own, as in an
unpacked archive. Every function takes the book's root.
"""

import subprocess
from pathlib import Path


def revision(root: Path) -> str:
    """Return the full hash of the commit that is checked out."""
    return _git(root, "rev-parse", "HEAD")


def commit(root: Path) -> str:
    """Return a short name of the commit, noting whether files have changed since."""
    name = revision(root)[:12]
    return f"{name} with changes" if name and is_changed(root) else name


def is_changed(root: Path) -> bool:
    """Return whether a tracked file differs from the commit."""
    return bool(_git(root, "status", "--porcelain", "--untracked-files=no"))


def origin(root: Path) -> str:
    """Return the address of the remote ``origin``."""
    return _git(root, "remote", "get-url", "origin")


def branch(root: Path) -> str:
    """Return the remote's default branch, or else the one checked out."""
    first = _git(root, "symbolic-ref", "--short", "refs/remotes/origin/HEAD")
    return first.removeprefix("origin/") or _git(root, "branch", "--show-current")


def _git(root: Path, *arguments: str) -> str:
    """Ask git, if the book is the top of a repository and not a folder inside one."""
    inside = _ask_git(root, "rev-parse", "--is-inside-work-tree", "--show-prefix")
    return _ask_git(root, *arguments) if inside == "true" else ""


def _ask_git(root: Path, *arguments: str) -> str:
    try:
        return subprocess.run(
            ["git", "--no-optional-locks", *arguments],
            cwd=root,
            capture_output=True,
            text=True,
            check=True,
        ).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return ""
