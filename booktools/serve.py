"""Serve the built site as a web host does: compressed, with its 404 page."""

import gzip
import os
from functools import cache
from http import HTTPStatus
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from io import BytesIO
from pathlib import Path
from typing import BinaryIO

from booktools.edition import INSTRUCTOR, SITES, edition
from booktools.errors import AuthorError
from booktools.sources import BUILD, is_readable

COMPRESSED = (".css", ".html", ".js", ".svg", ".txt", ".xml")


@cache
def compress(path: Path, changed: float) -> bytes:
    """Return a file compressed, cached until the file changes."""
    return gzip.compress(path.read_bytes(), mtime=0)


class Handler(SimpleHTTPRequestHandler):
    """Serves the files of the site, which browsers may not cache."""

    protocol_version = "HTTP/1.1"
    cache_control = "no-store"

    def send_head(self) -> BytesIO | BinaryIO | None:
        """Send a file, compressed where that helps, or the 404 page."""
        path = Path(self.translate_path(self.path))
        if path.is_dir() and self.path.partition("?")[0].endswith("/"):
            path /= "index.html"
        status = HTTPStatus.OK
        if not is_readable(path) and not path.is_dir():
            path, status = Path(self.directory) / "404.html", HTTPStatus.NOT_FOUND
        if not path.is_file() or path.suffix not in COMPRESSED:
            return super().send_head()
        content = compress(path, path.stat().st_mtime)
        self.send_response(status)
        self.send_header("Content-Type", self.guess_type(str(path)))
        self.send_header("Content-Encoding", "gzip")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        return BytesIO(content)

    def end_headers(self) -> None:
        """Set how long a browser may cache a response."""
        self.send_header("Cache-Control", self.cache_control)
        super().end_headers()


def make_server(
    folder: Path, port: int = 0, handler: type[Handler] = Handler
) -> ThreadingHTTPServer:
    """Create a server for a folder, on 127.0.0.1, that is ready to start.

    Port 0 is any free one. Raise OSError if the port is taken.
    """

    class FolderHandler(handler):  # type: ignore[misc, valid-type]
        def __init__(self, *arguments: object, **options: object) -> None:
            super().__init__(*arguments, directory=str(folder), **options)

    return ThreadingHTTPServer(("127.0.0.1", port), FolderHandler)


def requested_port() -> int:
    """Return the port given in ``PORT``, by default 8000, or raise AuthorError."""
    asked = os.environ.get("PORT") or "8000"
    if not asked.isdecimal() or not 0 < int(asked) < 65536:
        raise AuthorError(f"PORT={asked} is not a port from 1 to 65535; try PORT=8001.")
    return int(asked)


def main(root: Path) -> int:
    """Serve until Ctrl-C is pressed."""
    port, site = requested_port(), root / BUILD / SITES[edition()]
    if not (site / "index.html").is_file():
        which = "" if edition() == INSTRUCTOR else f" EDITION={edition()}"
        raise AuthorError(f"There is no site yet. Type: make book{which}")
    try:
        server = make_server(site, port)
    except OSError as error:
        message = f"PORT={port}: {error.strerror}. Try: make serve PORT=8001"
        raise AuthorError(message) from None
    print(f"The book is at http://127.0.0.1:{port}/ until you press Ctrl-C.")
    try:
        server.serve_forever()
    except KeyboardInterrupt:
        print()
    return 0
