"""The built site is served fresh, compressed and with its 404 page."""

import gzip
from collections.abc import Iterator
from http.client import HTTPConnection, HTTPResponse
from pathlib import Path
from threading import Thread

import pytest

from booktools import serve
from booktools.errors import AuthorError


@pytest.fixture
def connection(tmp_path: Path) -> Iterator[HTTPConnection]:
    (tmp_path / "index.html").write_text("the first page")
    (tmp_path / "404.html").write_text("no such page")
    (tmp_path / "dot.png").write_bytes(b"a picture")
    with serve.make_server(tmp_path) as server:
        Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        connection = HTTPConnection("127.0.0.1", server.server_port, timeout=10)
        yield connection
        connection.close()
        server.shutdown()


def ask(connection: HTTPConnection, path: str) -> tuple[HTTPResponse, bytes]:
    connection.request("GET", path)
    answer = connection.getresponse()
    content = answer.read()
    packed = answer.headers["Content-Encoding"] == "gzip"
    assert packed == (not path.endswith(".png"))
    return answer, gzip.decompress(content) if packed else content


@pytest.mark.parametrize(
    ("path", "status", "content"),
    [
        ("/", 200, b"the first page"),
        ("/index.html?digest=1", 200, b"the first page"),
        ("/dot.png", 200, b"a picture"),
        ("/gone.html", 404, b"no such page"),
    ],
)
def test_no_response_may_be_cached(connection, path, status, content) -> None:
    answer, found = ask(connection, path)
    assert (answer.status, found) == (status, content)
    assert answer.headers["Cache-Control"] == "no-store"


def test_a_changed_page_is_served_anew(connection, tmp_path) -> None:
    ask(connection, "/")
    (tmp_path / "index.html").write_text("another one")
    assert ask(connection, "/")[1] == b"another one"


@pytest.mark.parametrize("asked", ["0", "65536", "-1", "80a", "8000.0"])
def test_what_is_not_a_port_is_named(asked, monkeypatch) -> None:
    monkeypatch.setenv("PORT", asked)
    with pytest.raises(
        AuthorError, match=f"^PORT={asked} is not a port from 1 to 65535"
    ):
        serve.requested_port()


@pytest.mark.parametrize(("asked", "port"), [("", 8000), ("1", 1), ("65535", 65535)])
def test_a_port_is_what_is_asked_for(asked, port, monkeypatch) -> None:
    monkeypatch.setenv("PORT", asked)
    assert serve.requested_port() == port


def test_a_site_that_is_not_there_and_a_port_that_is_taken_are_named(
    tmp_path, monkeypatch
) -> None:
    monkeypatch.delenv("BOOK_EDITION", raising=False)
    with pytest.raises(AuthorError, match=r"Type: make book$"):
        serve.main(tmp_path)
    (tmp_path / "_build" / "html").mkdir(parents=True)
    (tmp_path / "_build" / "html" / "index.html").touch()
    with serve.make_server(tmp_path) as other:
        monkeypatch.setenv("PORT", str(other.server_port))
        with pytest.raises(AuthorError, match=f"^PORT={other.server_port}: "):
            serve.main(tmp_path)
