"""Open JupyterLab in the environment used to build the chapters.

Notebooks then find the results that a build has computed, and what they compute
is there for the next build.
"""

import os
import sys
from pathlib import Path

from booktools.environment import prepare_environment
from booktools.toc import first_chapter, pages


def main(root: Path) -> int:
    """Replace this process with JupyterLab, opened at the first chapter."""
    prepare_environment(root)
    first = f"{first_chapter(root) or pages(root)[0]}.md"
    os.chdir(root)
    lab = [sys.executable, "-m", "jupyter", "lab"]
    os.execv(sys.executable, [*lab, f"--LabApp.default_url=/lab/tree/{first}"])
