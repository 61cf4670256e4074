"""Open JupyterLab in the environment that chapters are built in.

Notebooks then find the results that a build has computed, and compute new ones
for it.
"""

import os
import sys
from pathlib import Path

from booktools.environment import prepare_environment
from booktools.sources import chapter_files


def main(root: Path) -> int:
    """Replace this process by JupyterLab, at the first chapter."""
    prepare_environment(root)
    first = chapter_files(root)[0].relative_to(root).as_posix()
    os.chdir(root)
    lab = [sys.executable, "-m", "jupyter", "lab"]
    os.execv(sys.executable, [*lab, f"--LabApp.default_url=/lab/tree/{first}"])
