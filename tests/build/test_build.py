"""The build must fail on what it is there to find, and never show anything stale.

Each test breaks one thing in a small book and looks at what the build says.
"""

import hashlib
import json
import os
import re
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from urllib.parse import quote, unquote, urlsplit

import psutil
import pytest
from book import BUILD, EXECUTED, ROOT, chapter_files, git
from bs4 import BeautifulSoup
from small_book import CHAPTER, SmallBook, lay_out, surroundings

from booktools import build as building
from booktools.build import (
    backup_path,
    hash_sources,
    prune_caches,
    read_records,
    recover,
)

SENTENCE = "# A small chapter\n\nWith a new sentence."


def broken(book: SmallBook) -> None:
    """Let a cell fail."""
    book.replace('print(f"', 'raise ArithmeticError("too small")\nprint(f"')


# What fails the build


@pytest.mark.parametrize(
    ("code", "complaint"),
    [
        ("import os; os._exit(3)", "Kernel died"),
        ("import time; time.sleep(60)", "timed out"),
        ("1 / 1;", "raised nothing"),
    ],
)
def test_a_cell_that_does_not_end_as_it_should_is_named(
    book: SmallBook, code: str, complaint: str
) -> None:
    config = book.root / "_config.yml"
    config.write_text(re.sub(r"timeout: 900", "timeout: 5", config.read_text()))
    line = len(book.chapter.read_text().splitlines()) + 2
    tags = ":tags: [raises-exception]\n\n"
    book.append(f"\n```{{code-cell}} ipython3\n{tags}{code}\n```\n")
    said = book.must_fail()
    assert f"chapters/01-small.md:{line} Cell 3" in said
    assert complaint in said
    assert "The last good site is still in" in said


def test_a_failing_cell_fails_the_build_and_leaves_the_last_site(
    book: SmallBook,
) -> None:
    page = book.page()
    broken(book)
    line = book.chapter.read_text().splitlines().index("```{code-cell} ipython3", 15)
    for _ in range(2):  # the second time must not be greener than the first
        said = book.must_fail()
        assert f"chapters/01-small.md:{line + 1} Cell 1" in said
        assert "ArithmeticError" in said
        assert "too small" in said
        assert "The last good site is still in" in said
    assert book.page() == page
    assert not (book.root / "_build" / "next").exists()


def test_one_chapter_that_fails_or_cannot_be_read_does_not_stop_the_others(
    book: SmallBook,
) -> None:
    book.add_chapter("02-other", CHAPTER.replace("    alt: A line", "    alt: [A line"))
    book.add_chapter("03-good", CHAPTER.replace(":.6f", ":.5f"))
    broken(book)
    said = book.must_fail(JOBS="1")
    assert "chapters/01-small.md FAILED" in said
    assert "FAILED chapters/02-other.md:27: this is not YAML" in said
    assert "chapters/03-good.md executed in" in said
    assert "Traceback" not in said.partition("ArithmeticError")[0]
    assert "chapters/03-good.md executed in" not in book.must_fail()  # it was kept


WRONG = {
    "cross-reference target not found: 'nowhere'": (
        "# A small chapter",
        "# A small chapter\n\nSee [](#nowhere).",
    ),
    "this image has no alt text": ("    alt: A line that rises.\n", "    width: 9px\n"),
    r"Missing close brace in the formula \frac{1}{": (
        "# A small chapter",
        "# A small chapter\n\nIt is $\\frac{1}{$ here.",
    ),
    "Cell 1\nIt wrote to stderr:\ncareful": (
        'print(f"',
        'import sys; print("careful", file=sys.stderr)\nprint(f"',
    ),
}


@pytest.mark.parametrize("complaint", WRONG)
def test_what_is_wrong_on_a_page_fails_the_build_again_and_again(
    book: SmallBook, complaint: str
) -> None:
    page = book.page()
    book.replace(*WRONG[complaint])
    for _ in range(2):
        said = book.must_fail()
        assert complaint in said
        assert "01-small.md" in said
    assert book.page() == page


@pytest.mark.parametrize(
    ("name", "value", "complaint"),
    [
        ("BOOK_DEVICE", "gpu", "DEVICE=gpu is not a device"),
        ("MNIST_DIR", "/nowhere", "/nowhere holds neither"),
        ("JOBS", "0", "JOBS=0 is not a number of chapters"),
        ("OMP_NUM_THREADS", "many", "OMP_NUM_THREADS=many is not a number of threads"),
        ("BOOK_RUN", "soon", "BOOK_RUN=soon is not one of quick, full, long"),
        ("BOOK_EDITION", "teacher", "EDITION=teacher is not an edition"),
    ],
)
def test_what_is_not_there_stops_before_any_chapter(
    book: SmallBook, name: str, value: str, complaint: str
) -> None:
    shutil.rmtree(book.root / "_build" / "cache")
    said = book.must_fail(**{name: value})
    assert complaint in said
    assert "executed in" not in said
    assert "Traceback" not in said


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
    for name in ("02-quick", "03-slow"):
        book.add_chapter(name, CHAPTER.replace("[0, 1]", f"[{int(name[:2])}, 9]"))
    records = {"03-slow": 9, "01-small": 5, "02-quick": 1}
    stored = {name: {"seconds": s, "megabytes": 1} for name, s in records.items()}
    (book.root / "_build" / "chapters.json").write_text(json.dumps(stored))
    shutil.rmtree(book.root / "_build" / "cache")
    book.replace(":.6f", ":.5f")
    said = book.must_build(JOBS="1", BOOK_FRESH_KERNELS="1")
    assert re.findall(r"chapters/(\S+)\.md executed in", said) == list(records)
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
    assert complaint in book.must_fail()
    book.chapter.write_text(text.replace(f"; {change}", "; plt.plot([0, 2])"))
    said = book.must_build()
    assert "01-small.md executed in" in said


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
    book = lay_out(tmp_path / "book")
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


# Stopped, or two at once, in separate processes

STOPPED = """
import os, signal, sys, threading, time
from pathlib import Path
from unittest import mock
from booktools import build

def die():
    os.kill(os.getpid(), signal.{signal})
    time.sleep(30)

def execute(run, cell, cell_index):
    if cell.source.startswith("import time"):
        threading.Timer(1.0, die).start()  # the kernel is asleep by then

def render(*arguments, **options):
    die()

def replace(new, old):
    if old.name == "html":
        old.rename(build.backup_path(old))
        die()
    there(new, old)

there = build.replace
with mock.patch("{target}", {moment}):
    build.main(Path.cwd())
"""
MOMENTS = {
    "execute": "booktools.execute.Run._note_cell",
    "render": "sphinx.builders.html.StandaloneHTMLBuilder.write_doc",
    "replace": "booktools.build.replace",
}


def start(
    book: SmallBook, *arguments: str, **variables: str
) -> "subprocess.Popen[str]":
    with surroundings({"PYTHONPATH": str(ROOT)} | variables):
        return subprocess.Popen(
            [sys.executable, *arguments],
            cwd=book.root,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )


def processes_in(folder: Path) -> list[psutil.Process]:
    found = psutil.process_iter(["cwd"])
    return [process for process in found if process.info["cwd"] == str(folder)]


@pytest.mark.parametrize(
    ("moment", "name"),
    [
        ("execute", "SIGKILL"),
        ("render", "SIGKILL"),
        ("replace", "SIGKILL"),
        ("execute", "SIGINT"),
        ("render", "SIGINT"),
    ],
)
def test_a_build_that_is_stopped_can_be_run_again(
    book: SmallBook, moment: str, name: str
) -> None:
    page = book.page()
    wait = "import time; time.sleep(60)" if moment == "execute" else "1"
    book.replace("plt.plot([0, 1]);", f"{wait};")
    code = STOPPED.format(signal=name, target=MOMENTS[moment], moment=moment)
    with start(book, "-c", code) as process:
        said = process.communicate(timeout=100)[0]
    assert process.returncode == -getattr(signal, name), said
    assert ("it was interrupted" in said) == (name == "SIGINT")
    kernels = processes_in(book.root / "chapters")  # they end with it
    assert psutil.wait_procs(kernels, timeout=10)[1] == []
    book.must_fail(JOBS="0")  # a failure; the last good site is there
    assert book.page() == page
    book.replace(f"{wait};", "plt.plot([0, 1]);")
    book.must_build()
    assert book.page() == page
    left = {path.name for path in (book.root / "_build").iterdir()}
    assert not {"next", "html.old", "executed.old"} & left


def test_two_builds_at_once_wait_for_each_other(book: SmallBook) -> None:
    book.replace("plt.plot([0, 1])", "import time; time.sleep(3)")
    with start(book, "-m", "booktools", "build") as process:
        assert process.stdout is not None
        for line in process.stdout:
            if "chapters/01-small.md at cell" in line:
                break
        said = book.must_build()
        assert process.wait(timeout=60) == 0, process.stdout.read()
    assert "waiting for it" in said
    assert "Nothing has changed" in said


# Two builds, the same bytes

MEASURED = """
```{code-cell} ipython3
:tags: [nbval-ignore-output]

from time import perf_counter

print(perf_counter())
```

```{code-cell} ipython3
:tags: [raises-exception]

import numpy as np

np.linalg.inv(np.zeros((2, 2)))  # raised in a library
```

```{code-cell} ipython3
print(object(), "-".join(["set", "of", "words"]), {"of", "words"})
```
"""


def contents(root: Path) -> dict[str, str]:
    """Map every file of a site, and every executed chapter, to its hash."""
    return {
        path.relative_to(root).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for part in ("html", "executed")
        for path in (root / "_build" / part).rglob("*")
        if path.is_file()
    }


def differences(one: Path, other: Path) -> list[str]:
    ours, theirs = contents(one), contents(other)
    names = ours.keys() | theirs.keys()
    return sorted(name for name in names if ours.get(name) != theirs.get(name))


def without_measurements(book: SmallBook) -> str:
    html = BeautifulSoup(book.page(), "html.parser")
    for output in html.select(".tag_nbval-ignore-output .cell_output"):
        output.decompose()
    return str(html)


def test_two_builds_give_the_same_bytes_but_for_measurements(
    book: SmallBook, tmp_path: Path
) -> None:
    book.append(MEASURED)
    book.add_chapter("02-other", CHAPTER.replace("# A small", "# Another"))
    other = SmallBook(tmp_path / "elsewhere" / "another folder")
    shutil.copytree(book.root, other.root, ignore=shutil.ignore_patterns("_build"))
    for each in (book, other):
        each.must_build()
    assert len(contents(book.root)) > 20
    assert differences(book.root, other.root) == [
        "_build/executed/01-small.ipynb",
        "_build/html/chapters/01-small.html",
        "_build/html/chapters/01-small.ipynb",
    ]
    assert without_measurements(book) == without_measurements(other)


def test_pages_say_that_files_have_changed_only_as_long_as_they_have(
    book: SmallBook,
) -> None:
    book.add_chapter("02-other", CHAPTER.replace("# A small", "# Another"))
    git(book.root, "init", "--quiet")
    git(book.root, "add", "chapters", "_toc.yml")
    git(book.root, "commit", "--quiet", "--message", "All")
    text = book.chapter.read_text()
    for words in ("\nA new sentence.\n", ""):
        book.chapter.write_text(text + words)
        book.must_build()
        for page in ("chapters/01-small", "chapters/02-other"):
            assert ("with changes" in book.page(page)) == bool(words)


@pytest.mark.slow
def test_the_whole_book_rendered_again_elsewhere_gives_the_same_bytes(
    tmp_path: Path,
) -> None:
    # From the same executed chapters; the tests of chapters say that these repeat.
    other = SmallBook(tmp_path / "another folder")
    left_out = shutil.ignore_patterns("_build", ".venv", "*.egg-info", ".*_cache")
    shutil.copytree(ROOT, other.root, ignore=left_out)
    for name in ("cache", "results"):
        shutil.copytree(BUILD / name, other.root / "_build" / name)
    shutil.copy(BUILD / "chapters.json", other.root / "_build")
    ours = {name: it for name, it in os.environ.items() if name.startswith("BOOK_")}

    def build() -> None:
        # In a process of its own: Sphinx remembers settings of earlier builds in this
        # one, notes a hash of them in .buildinfo, and writes all pages if it differs.
        with start(other, "-m", "booktools", "build", **ours) as process:
            said, _ = process.communicate()
        assert process.returncode == 0, said
        assert "executed in" not in said

    build()
    assert len(list(EXECUTED.iterdir())) == len(chapter_files())
    assert differences(ROOT, other.root) == []
    # And again after a sentence that came and went; git does not say that it did,
    # for then all pages would be written.
    chapter = other.root / chapter_files()[0].relative_to(ROOT)
    git(other.root, "update-index", "--assume-unchanged", str(chapter))
    text = chapter.read_text()
    for words in ("\nA whole new sentence.\n", ""):
        chapter.write_text(text + words)
        build()
        assert ("whole new" in other.page(f"chapters/{chapter.stem}")) == bool(words)
    assert differences(ROOT, other.root) == []
