"""Rebuild the book at each save, and reload the page in the browser.

The library livereload serves the site, watches the sources and reloads the
page. Each build is a separate process, so that changes to helpers take effect.
"""

import subprocess
import sys
from pathlib import Path

from livereload import Server

from booktools.edition import SITES, edition
from booktools.errors import AuthorError
from booktools.serve import requested_port
from booktools.sources import BUILD

WATCHED = (
    "_config.yml",
    "_toc.yml",
    "*.md",
    "_static/*",
    "chapters/*",
    "figures/*.svg",
    "helpers/*.py",
    "interactive/*.py",
    "interactive/static/*",
    "reference/*",
    "theme/*/*",
    "theme/templates/sidebar/*",
)


def rebuild(root: Path) -> None:
    """Build the book; if that fails, the last good site remains."""
    command = [sys.executable, "-m", "booktools", "build", "--root", str(root)]
    subprocess.run(command, check=False)


def main(root: Path) -> int:
    """Build, serve and watch until Ctrl-C is pressed."""
    port, site = requested_port(), root / BUILD / SITES[edition()]
    rebuild(root)
    server = Server()
    server.setHeader("Cache-Control", "no-store")
    for pattern in WATCHED:
        server.watch(str(root / pattern), lambda: rebuild(root))
    try:
        server.serve(port=port, host="127.0.0.1", root=str(site))
    except OSError as error:
        message = f"PORT={port}: {error.strerror}. Try: make live PORT=8001"
        raise AuthorError(message) from None
    return 0
