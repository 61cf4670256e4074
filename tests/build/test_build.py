"""What is executed again and what is not; a build never shows anything stale."""

import json
import os
import re
import shutil
import socket
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote, urlsplit

import nbformat
import pytest
from book import ROOT
from bs4 import BeautifulSoup
from small_book import CHAPTER, SmallBook, write_small_book

from booktools import build as building
from booktools.build import (
    backup_path,
    execute,
    hash_sources,
    prune_caches,
    read_records,
    recover,
)
from booktools.environment import prepare_environment
from booktools.execute import cached_record, open_cache
from booktools.sources import read_chapter

SENTENCE = "# A small chapter\n\nWith a new sentence."


# What is executed, and what is not


def test_a_built_book_has_nothing_to_do(book: SmallBook) -> None:
    # Rendering executes what it does not find in the cache, and says nothing.
    assert len(list((book.root / "_build" / "cache").rglob("base.ipynb"))) == 1
    before = (book.site / "index.html").stat().st_mtime_ns
    assert "Nothing has changed" in book.must_build()
    assert (book.site / "index.html").stat().st_mtime_ns == before


@pytest.mark.parametrize(
    "damage", ["notebook", "no notebook", "database", "empty database"]
)
def test_a_damaged_cache_is_made_anew(book: SmallBook, damage: str) -> None:
    pattern = "base.ipynb" if "notebook" in damage else "global.db"
    (victim,) = (book.root / "_build" / "cache").rglob(pattern)
    if damage == "no notebook":
        victim.unlink()
    else:
        victim.write_bytes(b"" if "empty" in damage else b"rubbish" * 100)
    (book.root / "_build" / "chapters.json").write_text("null")
    book.replace("# A small chapter", SENTENCE)
    said = book.must_build()
    assert "01-small.md executed in" in said


@pytest.mark.parametrize(
    "stored", ["", "null", "[]", '{"a": 1}', '{"a": {"seconds": 1}}']
)
def test_damaged_records_are_ignored(tmp_path: Path, stored: str) -> None:
    (tmp_path / "_build").mkdir()
    (tmp_path / "_build" / "chapters.json").write_text(stored)
    assert read_records(tmp_path) == {}


def test_a_changed_chapter_executes_alone_and_the_longest_first(
    book: SmallBook,
) -> None:
    book.add_cell("import time; print(time.time()); time.sleep(1); print(time.time())")
    for name in ("02-quick", "03-slow"):
        text = book.chapter.read_text()
        book.add_chapter(name, text.replace("[0, 1]", f"[{int(name[:2])}, 9]"))
    records = {"03-slow": 9, "01-small": 5, "02-quick": 1}
    stored = {name: {"seconds": s, "megabytes": 1} for name, s in records.items()}
    (book.root / "_build" / "chapters.json").write_text(json.dumps(stored))
    shutil.rmtree(book.root / "_build" / "cache")
    book.replace(":.6f", ":.5f")
    said = book.must_build(JOBS="1", BOOK_FRESH_KERNELS="1")
    assert re.findall(r"chapters/(\S+)\.md executed in", said) == list(records)
    times = []  # of each chapter, beginning and end
    for name in records:
        path = book.root / "_build" / "executed" / f"{name}.ipynb"
        said = nbformat.read(path, 4).cells[-1].outputs[0].text
        times += map(float, said.split())
    assert times == sorted(times)
    book.replace(":.5f", ":.4f")
    said = book.must_build()
    assert re.findall(r"chapters/(\S+)\.md executed in", said) == ["01-small"]


def test_another_environment_executes_again_and_the_old_is_remembered(
    book: SmallBook,
) -> None:
    for threads, executed in (("2", True), ("1", False), ("2", False)):
        said = book.must_build(OMP_NUM_THREADS=threads)
        assert ("executed in" in said) == executed


def test_what_a_chapter_reads_is_read_again_when_it_has_changed(
    book: SmallBook,
) -> None:
    data = book.root / "data" / "mydata.csv"
    data.parent.mkdir()
    data.write_text("x\n1\n2\n")
    code = "import pandas as pd\nprint(pd.read_csv('../data/mydata.csv').x.mean())"
    book.append(f"\n```{{code-cell}} ipython3\n{code}\n```\n")
    for numbers, mean in (("1\n2", "1.5"), ("1\n7", "4.0")):
        data.write_text(f"x\n{numbers}\n")
        assert "01-small.md executed in" in book.must_build()
        assert book.article().select(".output")[-1].get_text().strip() == mean
    assert "Nothing has changed" in book.must_build()


def test_python_runs_the_code_as_it_is_written(book: SmallBook) -> None:
    book.replace("plt.plot([0, 1]);", "assert 1 == 2")
    assert "AssertionError" in book.must_fail(PYTHONOPTIMIZE="1")


def test_chapters_of_the_same_name_in_two_folders_are_kept_apart(
    book: SmallBook,
) -> None:
    for folder in ("a", "b"):
        (book.root / "chapters" / folder).mkdir()
        text = CHAPTER.replace(":.6f}", f":.6f}} in {folder}")
        book.add_chapter(f"{folder}/01-intro", text)
    book.must_build()
    for folder in ("a", "b"):
        name = f"{folder}/01-intro"
        assert f" in {folder}\n" in book.article(f"chapters/{name}").get_text()
        assert (book.root / "_build" / "executed" / f"{name}.ipynb").is_file()
        assert name in read_records(book.root)
    assert "Nothing has changed" in book.must_build()


def test_the_same_code_in_two_folders_is_refused(book: SmallBook) -> None:
    (book.root / "chapters" / "a").mkdir()
    book.add_chapter("a/01-intro", CHAPTER)
    said = book.must_fail()
    assert "01-intro.md: its code is the same as that of chapters/01-small.md" in said


@pytest.mark.parametrize(
    ("file", "complaint"),
    [
        ("data.csv", "chapters/data.csv changed meanwhile; try again"),
        ("01-small.md", "a chapter was edited meanwhile; try again"),
    ],
)
def test_what_changes_while_it_is_executed_fails_the_build(
    book: SmallBook, file: str, complaint: str
) -> None:
    # In pieces, since a chapter counts as reading each file that it names.
    change = f"open('.'.join({file.split('.')}), 'a').write('changed')"
    book.replace("plt.plot([0, 1])", f"len('here'); {change}")
    text = book.chapter.read_text()
    kept = list((book.root / "_build" / "cache").rglob("base.ipynb"))
    assert complaint in book.must_fail()
    assert all(path.exists() for path in kept)  # from before the change
    book.chapter.write_text(text.replace(f"; {change}", "; plt.plot([0, 2])"))
    said = book.must_build()
    assert "01-small.md executed in" in said


def test_what_may_have_seen_a_change_is_not_kept(book: SmallBook) -> None:
    change = "open('.'.join(['data', 'csv']), 'a').write('changed')"
    book.replace("plt.plot([0, 1])", f"len('here'); {change}")

    def kept(root: Path) -> int:
        environment = prepare_environment(root)
        assert execute(root, [book.chapter], environment, jobs=1, timeout=60)
        cache = open_cache(root, environment.fingerprint)
        return cached_record(cache, read_chapter(root, book.chapter)) is not None

    status, said = book.call(kept)
    assert "01-small.md executed in" in said
    assert not status


def test_a_plain_build_leaves_nothing_that_harms(book: SmallBook) -> None:
    def build_plainly(root: Path) -> int:
        from jupyter_book.cli.main import main as jupyter_book

        try:
            jupyter_book(["build", str(root)], standalone_mode=False)
        except SystemExit as stop:
            return int(bool(stop.code))
        return 0

    text = book.chapter.read_text()
    book.append("\n```{code-cell} ipython3\nobject()\n```\n")
    status, said = book.call(build_plainly)
    assert status == 0, said
    assert "<object at" in book.article().get_text()
    said = book.must_build()
    assert "01-small.md executed in" in said
    assert "<object at 0x…" in book.article().get_text()
    book.append("\nSome words.\n")
    assert book.call(build_plainly)[0] == 0
    book.chapter.write_text(text)
    book.must_build()
    assert "Some words" not in book.page()


def test_a_build_asks_nothing_of_the_network(
    book: SmallBook, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = []

    def look_up(host: str, *arguments: Any, **options: Any) -> Any:
        asked.append(host)
        raise socket.gaierror("there is no network")

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    book.replace("make_line_data().y_train.mean()", "make_line_data().x_train.mean()")
    assert "executed in" in book.must_build()
    assert not asked


def test_an_empty_cell_is_left_out(book: SmallBook) -> None:
    book.append("\n```{code-cell} ipython3\n\n```\n")
    book.must_build()
    assert len(book.article().select(".cell_input")) == 3


def test_a_widget_fails_the_build(book: SmallBook) -> None:
    kind = "application/vnd.jupyter.widget-view+json"
    show = f"from IPython.display import display; display({{{kind!r}: 1}}, raw=True)"
    book.replace("plt.plot([0, 1]);", show)
    said = book.must_fail()
    assert "Cell 2\nIt shows a widget, which needs a kernel" in said


def test_pages_may_be_listed_with_their_endings(book: SmallBook) -> None:
    toc = book.root / "_toc.yml"
    text = toc.read_text().replace("01-small", "01-small.md")
    toc.write_text(text.replace("root: index", "root: index.md"))
    (book.root / "index.md").write_text("# A small book\n\n```{chapter-cards}\n```\n")
    book.must_build()
    link = book.article("index").select_one(".card a")
    assert link
    assert link["href"] == "chapters/01-small.html"
    assert "Nothing has changed" in book.must_build()


def test_every_address_on_the_pages_of_any_name_leads_to_a_file(
    book: SmallBook,
) -> None:
    name = "02 & 'more'#1 ü%20"
    text = CHAPTER.replace("---\nmystnb", "---\ntags: [key-picture]\nmystnb")
    book.add_chapter(name, text.replace("A small", "Another"))
    with (book.root / "_toc.yml").open("a") as toc:
        toc.write("      - file: reference/build-report\n")
    shutil.copy(ROOT / "reference" / "build-report.md", book.root / "reference")
    (book.root / "index.md").write_text("# A small book\n\n```{chapter-cards}\n```\n")
    with book.chapter.open("a") as chapter:
        chapter.write(f"\nSee {{doc}}`there </chapters/{name}>`.\n")
    book.must_build()
    notebook = book.site / "chapters" / "01-small.ipynb"
    assert f"[there]({quote(name)}.ipynb)" in notebook.read_text(encoding="utf-8")
    for path in book.site.rglob("*.html"):
        page = BeautifulSoup(path.read_text(encoding="utf-8"), "html.parser")
        for tag in page.select("[href], [src]") if path.name != "404.html" else ():
            address = urlsplit(str(tag.get("href") or tag["src"]))
            if not address.netloc and address.path:
                assert (path.parent / unquote(address.path)).is_file(), tag
    assert book.article(f"chapters/{name}").select_one(".page-links")


# Other people's files


def test_what_others_leave_in_the_folder_does_no_harm(book: SmallBook) -> None:
    chapters = book.root / "chapters"
    (chapters / "._01-small.md").write_bytes(b"\0\5\x16\7\xff")  # by macOS
    (chapters / ".#01-small.md").symlink_to("me@here.4711")  # an editor's lock
    (book.root / "data").symlink_to("/nowhere")
    assert "Nothing has changed" in book.must_build()
    book.replace("# A small chapter", SENTENCE)
    book.must_build()


def test_a_draft_that_cannot_be_read_is_named(book: SmallBook) -> None:
    (book.root / "chapters" / "draft.md").write_bytes(b"# Draft\n\n\xdcber\n")
    said = book.must_fail()
    assert said.count("chapters/draft.md:3: save this file as UTF-8.") == 1
    assert "Traceback" not in said
    assert "Handler" not in said


def test_what_is_built_may_be_a_link(book: SmallBook, tmp_path: Path) -> None:
    shutil.rmtree(book.root / "_build")
    (book.root / "_build").symlink_to(tmp_path / "elsewhere")
    book.must_build()
    assert (tmp_path / "elsewhere" / "html" / "index.html").is_file()


# What a site is made from


def test_every_file_of_the_book_counts_and_no_other(tmp_path: Path) -> None:
    book = write_small_book(tmp_path / "book")
    before = hash_sources(book.root)
    assert {"_config.yml", "_static/logo.svg", "chapters/01-small.md"} <= before.keys()
    for name in ("tests/a.py", "_build/a", ".git/a", "chapters/.a", "a/__pycache__/b"):
        (book.root / name).parent.mkdir(parents=True, exist_ok=True)
        (book.root / name).touch()
    assert hash_sources(book.root) == before
    (book.root / "figures").mkdir()
    (book.root / "figures" / "a.svg").touch()
    assert hash_sources(book.root).keys() - before.keys() == {"figures/a.svg"}


def test_a_replacement_that_was_stopped_half_way_is_undone(tmp_path: Path) -> None:
    old, new = tmp_path / "html", tmp_path / "new"
    for folder in (old, new):
        folder.mkdir()
        (folder / "name").write_text(folder.name)
    old.rename(backup_path(old))  # and killed
    recover(old)
    assert (old / "name").read_text() == "html"
    building.replace(new, old)
    assert (old / "name").read_text() == "new"
    shutil.copytree(old, backup_path(old))  # killed before it was deleted
    recover(old)
    assert [path.name for path in tmp_path.iterdir()] == ["html"]


def test_the_caches_that_were_used_last_are_kept(tmp_path: Path) -> None:
    for number in range(12):
        (tmp_path / str(number)).mkdir()
        os.utime(tmp_path / str(number), (number, number))
    prune_caches(tmp_path / "0")
    assert {path.name for path in tmp_path.iterdir()} == {
        *"0",
        *map(str, range(5, 12)),
    }
