"""Rebuild the book at each save, and show it in the browser.

The library livereload serves the site, watches the sources and reloads the
page. Each build runs in a process of its own, so that changes to the helpers
take effect as well.
"""

import os
import subprocess
import sys
import webbrowser
from pathlib import Path

from livereload import Server

from booktools.edition import SITES, edition
from booktools.serve import requested_port
from booktools.sources import BUILD

WATCHED = (
    "_config.yml",
    "_toc.yml",
    "index.md",
    "chapters/*",
    "reference/*",
    "figures/*.svg",
    "helpers/*.py",
    "interactive/**/*",
    "_static/*",
)


def rebuild(root: Path) -> None:
    """Build the book; if that fails, the last good site remains."""
    subprocess.run([sys.executable, "-m", "booktools", "build"], cwd=root, check=False)


def main(root: Path) -> int:
    """Build, serve and watch until Ctrl-C is pressed."""
    port, site = requested_port(), root / BUILD / SITES[edition()]
    rebuild(root)
    server = Server()
    server.setHeader("Cache-Control", "no-store")
    for pattern in WATCHED:
        server.watch(str(root / pattern), lambda: rebuild(root))
    if os.environ.get("BROWSER", "x"):
        webbrowser.open_new_tab(f"http://127.0.0.1:{port}/")
    server.serve(port=port, host="127.0.0.1", root=str(site))
    return 0
