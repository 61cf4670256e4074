"""What git knows about the book: its commit, its remote and its branch.

The answers are empty if the book is not a repository itself, as in an
unpacked archive. Every function takes the book's root.
"""

import re
import subprocess
import warnings
from functools import cache
from pathlib import Path

BRANCH = re.compile(r"^refs/(?:heads|remotes/origin)/(.+)$", re.M)


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
    """Return the remote's default branch, or else the one checked out.

    It is empty if neither is known: with a detached HEAD, which is what a service
    checks out, the branch is known if just one contains the commit.
    """
    first = _git(root, "symbolic-ref", "--short", "refs/remotes/origin/HEAD")
    if found := first.removeprefix("origin/") or _git(root, "branch", "--show-current"):
        return found
    refs = _git(root, "for-each-ref", "--contains", "HEAD", "--format=%(refname)")
    names = set(BRANCH.findall(refs))
    return names.pop() if len(names) == 1 else ""


def _git(root: Path, *arguments: str) -> str:
    """Ask git, if the book is the top of a repository and not a folder inside one."""
    inside, fault = _ask_git(
        root, "rev-parse", "--is-inside-work-tree", "--show-prefix"
    )
    if fault and (root / ".git").exists():
        _warn(fault)
    return _ask_git(root, *arguments)[0] if inside == "true" else ""


@cache  # a build asks many times; at each, subprocess lets Python repeat warnings
def _warn(fault: str) -> None:
    warnings.warn(
        f"Pages name no commit and link to no repository, since git failed: {fault}",
        stacklevel=3,
    )


def _ask_git(root: Path, *arguments: str) -> tuple[str, str]:
    """Return git's output, and its error message; one of them is empty."""
    command = ["git", "--no-optional-locks", *arguments]
    try:
        done = subprocess.run(
            command, cwd=root, capture_output=True, text=True, check=False
        )
    except OSError as error:
        return "", str(error)
    return ("", done.stderr.strip()) if done.returncode else (done.stdout.strip(), "")
