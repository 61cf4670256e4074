"""Push ``_build/notebooks`` to the remote ``origin``, as the branch ``notebooks``.

The branch holds one commit, since notebooks are made from the chapters and
their history is there. Needs nothing but Python and git.
"""

import os
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
NOTEBOOKS = ROOT / "_build" / "notebooks"
BRANCH = "notebooks"


def main() -> int:
    """Push them and return the exit status."""
    if not NOTEBOOKS.is_dir():
        print("There are no notebooks yet. Type: make notebooks", file=sys.stderr)
        return 1
    try:
        commit = make_commit(NOTEBOOKS)
        git("push", "--quiet", "--force", "origin", f"{commit}:refs/heads/{BRANCH}")
    except subprocess.CalledProcessError as error:
        print(f"The notebooks were not pushed: {error.stderr}", file=sys.stderr)
        return 1
    print(f"The branch {BRANCH} is {commit}.")
    return 0


def make_commit(folder: Path) -> str:
    """Return a commit without parents that holds a folder, and nothing else.

    Author and time are those of the commit that is checked out.

    Raises
    ------
    subprocess.CalledProcessError
        If git does not do what it should.
    """
    head = git("log", "-1", "--format=%H%n%an%n%ae%n%aI")
    source, name, email, date = head.splitlines()
    signed = {"NAME": name, "EMAIL": email, "DATE": date}
    signed = {
        f"GIT_{who}_{what}": it
        for who in ("AUTHOR", "COMMITTER")
        for what, it in signed.items()
    }
    with tempfile.TemporaryDirectory() as place:
        # An index of its own, so that what is checked out stays as it is.
        elsewhere = {
            "GIT_DIR": git("rev-parse", "--absolute-git-dir"),
            "GIT_WORK_TREE": str(folder),
            "GIT_INDEX_FILE": f"{place}/index",
        }
        git("-C", str(folder), "add", "--all", "--force", ".", **elsewhere)
        tree = git("write-tree", **elsewhere)
    return git("commit-tree", tree, "-m", f"Notebooks of {source}", **signed)


def git(*arguments: str, **variables: str) -> str:
    """Run git in the repository and return what it says."""
    return subprocess.run(
        ["git", *arguments],
        cwd=ROOT,
        env=os.environ | variables,
        capture_output=True,
        text=True,
        check=True,
    ).stdout.strip()


if __name__ == "__main__":
    sys.exit(main())
