"""At each save the book is built again, and the page reloads in the browser."""

import asyncio
import json
from pathlib import Path

import pytest
from book import ROOT
from livereload.handlers import LiveReloadHandler
from tornado.httpclient import AsyncHTTPClient
from tornado.websocket import websocket_connect

from booktools import live
from booktools.build import hash_sources
from booktools.errors import AuthorError
from booktools.serve import make_server

NOT_ON_PAGES = ("benchmarks/", "binder/", "booktools/")


def free_port(folder: Path) -> int:
    with make_server(folder) as server:
        return server.server_port


def test_a_saved_chapter_is_built_and_reloaded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("BOOK_EDITION", raising=False)
    chapter = tmp_path / "chapters" / "01-small.md"
    page = tmp_path / "_build" / "html" / "index.html"
    for path in (chapter, page):
        path.parent.mkdir(parents=True)
    chapter.write_text("before")
    port = free_port(tmp_path)
    monkeypatch.setenv("PORT", str(port))
    monkeypatch.setattr(
        live,
        "rebuild",
        lambda root: page.write_text(f"<head></head>{chapter.read_text()}"),
    )
    # Otherwise it does not reload within three seconds of its start.
    monkeypatch.setattr(LiveReloadHandler, "DEFAULT_RELOAD_TIME", 0)

    async def read() -> str:
        answer = await AsyncHTTPClient().fetch(f"http://127.0.0.1:{port}/")
        assert answer.headers["Cache-Control"] == "no-store"
        return answer.body.decode()

    async def visit() -> None:
        before = await read()
        assert "before" in before
        assert "livereload.js" in before
        browser = await websocket_connect(f"ws://127.0.0.1:{port}/livereload")
        await browser.write_message('{"command": "info", "url": "here"}')
        await asyncio.sleep(1)  # the watcher looks at all files once
        chapter.write_text("after")
        message = json.loads(await browser.read_message() or "")
        assert message["command"] == "reload"
        assert "after" in await read()

    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    visited = loop.create_task(asyncio.wait_for(visit(), 20))
    visited.add_done_callback(lambda _: loop.stop())
    assert live.main(tmp_path) == 0
    visited.result()


def test_all_that_pages_are_made_from_is_watched() -> None:
    watched = {path for name in live.WATCHED for path in ROOT.glob(name)}
    kinds = (".bib", ".css", ".html", ".js", ".md", ".svg", ".yml")
    assert [
        name
        for name in hash_sources(ROOT)
        if name.endswith(kinds)
        and not name.startswith(NOT_ON_PAGES)
        and ROOT / name not in watched
    ] == []


def test_a_build_is_a_separate_process(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    live.rebuild(tmp_path)
    assert f"{tmp_path} is not a book" in capfd.readouterr().err


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_a_port_that_is_taken_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live, "rebuild", lambda root: None)
    with make_server(tmp_path) as other:
        monkeypatch.setenv("PORT", str(other.server_port))
        with pytest.raises(AuthorError, match=f"^PORT={other.server_port}: "):
            live.main(tmp_path)
