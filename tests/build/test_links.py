"""What the builder `linkcheck` says about good links and broken ones.

No test leaves this machine: the links lead to a server on 127.0.0.1.
"""

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from small_book import write_small_book

from booktools.build import render
from booktools.sphinx import linkcheck


class Site(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200 if self.path == "/good" else 404)
        self.send_header("Content-Length", "0")
        self.end_headers()

    do_HEAD = do_GET  # noqa: N815

    def log_message(self, *arguments: object) -> None:
        pass


@pytest.fixture
def site() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Site)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


def test_a_broken_link_is_named_with_its_page_and_nothing_is_executed(
    tmp_path: Path, site: str
) -> None:
    book = write_small_book(tmp_path / "book")
    cell = "```{code-cell} ipython3\nopen('executed', 'w').close()\n```\n"
    text = f"{book.chapter.read_text()}\n{cell}\n[a]({site}/good)\n"
    links = tmp_path / "links"

    def check(root: Path) -> int:
        return int(not render(root, links, "linkcheck"))

    book.chapter.write_text(text)
    status, said = book.call(check)
    assert status == 0, said
    line = len(text.splitlines()) + 2
    book.chapter.write_text(f"{text}\n[b]({site}/missing)\n")
    status, said = book.call(check)
    assert status == 1
    (output,) = (path.read_text() for path in tmp_path.rglob("output.txt"))
    assert output.startswith(f"chapters/01-small.md:{line}: [broken] {site}/missing")
    assert output.count("\n") == 1
    assert not list(tmp_path.rglob("executed"))


def test_a_doi_is_asked_of_the_registry() -> None:
    asked = linkcheck._ask_registry(None, "https://doi.org/10.1000/182")
    assert asked == "https://doi.org/api/handles/10.1000/182"
    assert linkcheck._ask_registry(None, "https://example.org/10.1000/182") is None
