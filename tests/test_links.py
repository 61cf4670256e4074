"""What `make linkcheck` says of links that lead somewhere, elsewhere and nowhere.

No test leaves this machine: the links lead to a server on 127.0.0.1.
"""

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import links
import pytest
from notebook_server import free_port
from test_build import SmallBook, lay_out

# Path by path: the status that the server gives, and where it sends one.
ANSWERS = {
    "/good": (200, ""),
    "/temporary": (302, "/good"),
    "/moved": (301, "/good"),
    "/missing": (404, ""),
    "/locked": (401, ""),
}
BODY = b"<p id='there'>A page.</p>"


class Site(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        status, elsewhere = ANSWERS[self.path]
        self.send_response(status)
        if elsewhere:
            self.send_header("Location", elsewhere)
        self.send_header("Content-Length", str(len(BODY)))
        self.end_headers()
        if self.command == "GET":
            self.wfile.write(BODY)

    def do_HEAD(self) -> None:
        self.do_GET()

    def log_message(self, *arguments: object) -> None:
        pass


@pytest.fixture(scope="module")
def site() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Site)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


@pytest.fixture
def book(tmp_path: Path) -> SmallBook:
    book = lay_out(tmp_path)
    cell = "```{code-cell} ipython3\nopen('executed', 'w').close()\n```"
    book.chapter.write_text(f"{book.chapter.read_text()}\n{cell}\n")
    return book


def check(book: SmallBook, *addresses: str) -> tuple[int, str]:
    """Check a book whose chapter ends with these links, one on a line."""
    text = book.chapter.read_text()
    lines = [f"\nThere is [a page]({address}).\n" for address in addresses]
    book.chapter.write_text(text + "".join(lines))
    status, said = book.run("tools/check_links.py")
    assert [path.name for path in (book.root / "_build").iterdir()] == ["lock"]
    assert not (book.root / "chapters" / "executed").exists()
    return status, said


def test_links_that_lead_somewhere_pass(book: SmallBook, site: str) -> None:
    good = [f"{site}/good", f"{site}/good#there", f"{site}/temporary"]
    status, said = check(book, *good, f"{site}/moved")
    assert status == 0, said
    assert f"{site}/moved has moved to {site}/good" in said
    assert said.count("has moved") == 1
    assert "4 links, 0 of them broken." in said


def test_a_link_that_leads_nowhere_is_named_with_page_and_line(
    book: SmallBook, site: str
) -> None:
    broken = [f"{site}/missing", f"{site}/good#gone", f"{site}/locked"]
    line = len(book.chapter.read_text().splitlines()) + 2
    status, said = check(book, *broken, f"{site}/good")
    assert status == 1
    for number, address in enumerate(broken):
        where = f"chapters/01-small.md:{line + 2 * number}"
        assert f"{where}: {address} is broken: " in said
    assert f"{site}/good is" not in said
    assert "4 links, 3 of them broken." in said


def test_without_a_network_it_says_just_that(book: SmallBook) -> None:
    status, said = check(book, f"http://127.0.0.1:{free_port()}/page")
    assert status == 1
    assert "Checking links needs a network." in said
    assert "01-small" not in said


def test_a_page_that_cannot_be_read_is_no_page_without_links(book: SmallBook) -> None:
    book.replace("# A small chapter", "# A small chapter\n\n{ref}`nowhere`")
    status, said = check(book)
    assert status == 1
    assert "undefined label: 'nowhere'" in said
    assert "The links were not checked" in said


def test_a_doi_is_asked_of_the_registry() -> None:
    asked = links._ask_registry(None, "https://doi.org/10.1000/182")
    assert asked == "https://doi.org/api/handles/10.1000/182"
    assert links._ask_registry(None, "https://example.org/10.1000/182") is None
