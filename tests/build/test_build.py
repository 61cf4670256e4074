"""The build and the chapter tests must go red for what they are there to find.

Each test breaks one thing in a small book of its own, which is built and
tested by the project's own tools, and looks at what they say.
"""

import base64
import hashlib
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

import nbformat
import numpy as np
import psutil
import pytest
import torch
from book import EXECUTED, ROOT, chapter_files
from bs4 import BeautifulSoup
from test_data_sources import IMAGES, LABELS, N_TRAIN, SIDE, write_idx_folder

from booktools import environment as execution
from booktools.environment import number_of_jobs

CHAPTER = """\
---
jupytext:
  text_representation:
    format_name: myst
kernelspec:
  display_name: Python 3
  name: python3
---

# A small chapter

```{code-cell} ipython3
import matplotlib.pyplot as plt

from helpers import make_line_data
```

```{code-cell} ipython3
print(f"{make_line_data().y_train.mean():.6f}")
```

```{code-cell} ipython3
---
mystnb:
  image:
    alt: A line that rises.
---
plt.plot([0, 1]);
```
"""


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

```{code-cell} ipython3
---
mystnb:
  image:
    alt: How time goes.
    width: 300px
    height: 200px
tags: [nbval-ignore-output]
---
plt.plot([0, perf_counter()]);
```
"""

# Loaded by every Python that has its folder on the path: the surroundings
# that cannot be changed for a test are changed in name.
STAND_INS = """
import os

if "STAND_IN_PYTHON" in os.environ:
    import platform

    platform.python_version = lambda: "3.99.0"
if "STAND_IN_MPS" in os.environ:
    import torch

    torch.backends.mps.is_available = lambda: True
if "STAND_IN_MNIST" in os.environ:
    import helpers.data

    *sizes, pixels, labels = os.environ["STAND_IN_MNIST"].split()
    record = helpers.data.MnistRecord(*map(int, sizes), pixels, labels)
    helpers.data.MNIST = record
"""


class SmallBook:
    def __init__(self, root: Path) -> None:
        self.root = root
        self.chapter = root / "chapters" / "01-small.md"
        self.executed = root / "_build" / "executed" / "01-small.ipynb"
        self.site = root / "_build" / "html"

    def run(self, *arguments: str, **variables: str) -> tuple[int, str]:
        inherited = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith(
                ("PYTEST_", "MNIST_DIR", "BOOK_URL", "BOOK_REPO", "BOOK_KEPT")
            )
        }
        ours = {
            "BOOK_OFFLINE": "1",
            "BOOK_FRESH_KERNELS": "1",  # for one small chapter that is sooner
            "PYTHONPATH": str(self.root),
        }
        done = subprocess.run(
            [sys.executable, *arguments],
            cwd=self.root,
            env=inherited | ours | variables,
            capture_output=True,
            text=True,
            timeout=240,
        )
        return done.returncode, done.stdout + done.stderr

    def build(self, **variables: str) -> tuple[int, str]:
        return self.run("-m", "booktools", "build", **variables)

    def test(self, *options: str) -> tuple[int, str]:
        fixed = ("-q", "-p", "no:cacheprovider", "--color=no", "chapters")
        return self.run("-m", "pytest", *fixed, *options)

    def add_chapter(self, name: str, text: str) -> None:
        (self.root / "chapters" / f"{name}.md").write_text(text)
        with (self.root / "_toc.yml").open("a") as toc:
            toc.write(f"      - file: chapters/{name}\n")

    def replace(self, old: str, new: str) -> None:
        text = self.chapter.read_text()
        assert text.count(old) == 1
        self.chapter.write_text(text.replace(old, new))


def lay_out(root: Path) -> SmallBook:
    """Write a book of one chapter into a folder that is there, and not build it."""
    for name in ("booktools", "helpers", "interactive"):
        shutil.copytree(ROOT / name, root / name)
    for name in ("_config.yml", "conftest.py", "pyproject.toml"):
        shutil.copy(ROOT / name, root)
    for name in ("_static", "reference", "chapters"):
        (root / name).mkdir()
    shutil.copy(ROOT / "_static" / "logo.svg", root / "_static")
    (root / "reference" / "references.bib").touch()
    (root / "index.md").write_text("# A small book\n")
    (root / "_toc.yml").write_text(
        "format: jb-book\nroot: index\nparts:\n  - caption: All\n"
        "    chapters:\n      - file: chapters/01-small\n"
    )
    book = SmallBook(root)
    book.chapter.write_text(CHAPTER)
    return book


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    book = lay_out(tmp_path_factory.mktemp("small"))
    status, said = book.build()
    assert status == 0, said
    return book.root


@pytest.fixture
def book(built: Path, tmp_path: Path) -> SmallBook:
    """A copy of the built book, to be broken."""
    shutil.copytree(built, tmp_path / "book")
    return SmallBook(tmp_path / "book")


def test_each_chapter_is_executed_once(book: SmallBook) -> None:
    # Rendering executes what it does not find in the cache, and says nothing.
    executed = list((book.root / "_build" / "cache").rglob("base.ipynb"))
    assert len(executed) == 1


def test_an_unbroken_book_passes(book: SmallBook) -> None:
    status, said = book.test()
    assert status == 0, said
    assert "4 passed" in said  # the reference and three cells
    built = (book.site / "index.html").stat().st_mtime_ns
    status, said = book.build()
    assert status == 0, said
    assert "Nothing has changed" in said
    assert (book.site / "index.html").stat().st_mtime_ns == built


def test_the_cells_of_a_chapter_stay_together_in_parallel(book: SmallBook) -> None:
    status, said = book.test("--numprocesses", "2")
    assert status == 0, said


@pytest.mark.parametrize(
    ("code", "complaint"),
    [
        ("import os; os._exit(3)", "Kernel died"),
        ("import time; time.sleep(60)", "timed out"),
    ],
)
@pytest.mark.parametrize("tags", ["", ":tags: [raises-exception]\n\n"])
def test_a_cell_that_never_ends_well_is_named(
    book: SmallBook, code: str, complaint: str, tags: str
) -> None:
    config = book.root / "_config.yml"
    config.write_text(
        re.sub(r"timeout: \d+ ", "timeout: 5 ", config.read_text(), count=1)
    )
    text = book.chapter.read_text()
    book.chapter.write_text(f"{text}\n```{{code-cell}} ipython3\n{tags}{code}\n```\n")
    status, said = book.build()
    assert status == 1
    line = len(text.splitlines()) + 2
    assert f"chapters/01-small.md:{line} Cell 3" in said
    assert complaint in said
    assert "The last good site is still in" in said


def test_a_cell_that_does_not_fail_as_it_should_fails_the_build(
    book: SmallBook,
) -> None:
    text = book.chapter.read_text()
    cell = "```{code-cell} ipython3\n:tags: [raises-exception]\n\n1 / 1;\n```"
    book.chapter.write_text(f"{text}\n{cell}\n")
    status, said = book.build()
    assert status == 1
    assert "Cell 3" in said
    assert "raised nothing" in said


@pytest.mark.parametrize(
    "damage", ["notebook", "no notebook", "database", "empty database"]
)
def test_a_damaged_cache_is_made_anew(book: SmallBook, damage: str) -> None:
    cache = book.root / "_build" / "cache"
    pattern = "base.ipynb" if "notebook" in damage else "global.db"
    (victim,) = cache.rglob(pattern)
    if damage == "no notebook":
        victim.unlink()
    else:
        victim.write_bytes(b"" if "empty" in damage else b"rubbish" * 100)
    (book.root / "_build" / "durations.json").write_text("null")
    book.replace("# A small chapter", "# A small chapter\n\nIn other words.")
    status, said = book.build()
    assert status == 0, said
    assert "01-small.md executed in" in said


def test_a_failing_cell_fails_the_build_and_leaves_the_last_site(
    book: SmallBook,
) -> None:
    page = (book.site / "chapters" / "01-small.html").read_bytes()
    book.replace('print(f"', 'raise ArithmeticError("too small")\nprint(f"')
    line = book.chapter.read_text().splitlines().index("```{code-cell} ipython3", 15)
    for _ in range(2):  # the second time must not be greener than the first
        status, said = book.build()
        assert status == 1
        assert f"chapters/01-small.md:{line + 1} Cell 1" in said
        assert "ArithmeticError" in said
        assert "too small" in said
        assert "The last good site is still in" in said
    assert (book.site / "chapters" / "01-small.html").read_bytes() == page
    assert not (book.root / "_build" / "next").exists()
    status, said = book.test()
    assert status == 1
    assert f"chapters/01-small.md:{line + 1} Cell 1" in said


def test_a_plain_build_leaves_nothing_that_harms(book: SmallBook) -> None:
    book.chapter.write_text(book.chapter.read_text() + MEASURED)
    command = "from jupyter_book.cli.main import main; main()"
    status, said = book.run("-c", command, "build", ".")
    assert status == 0, said
    page = (book.site / "chapters" / "01-small.html").read_text()
    assert "set-of-words" in page
    status, said = book.build()
    assert status == 0, said
    assert "01-small.md executed in" in said
    text = book.chapter.read_text()
    book.chapter.write_text(f"{text}\nSome words.\n")
    book.run("-c", command, "build", ".")
    book.chapter.write_text(text)
    status, said = book.build()
    assert status == 0, said
    assert "Some words" not in (book.site / "chapters" / "01-small.html").read_text()


def test_a_dead_reference_fails_the_build_again_and_again(book: SmallBook) -> None:
    book.replace("# A small chapter", "# A small chapter\n\nSee [](#nowhere).")
    for _ in range(2):
        status, said = book.build()
        assert status == 1
        assert "nowhere" in said
    assert "nowhere" not in (book.site / "chapters" / "01-small.html").read_text()


def test_a_warning_on_a_page_fails_the_build(book: SmallBook) -> None:
    book.replace('print(f"', 'import sys; print("careful", file=sys.stderr)\nprint(f"')
    status, said = book.build()
    assert status == 1
    assert "Cell 1\nIt wrote to stderr:\ncareful" in said


def test_a_picture_without_alt_text_fails_the_build(book: SmallBook) -> None:
    book.replace("    alt: A line that rises.\n", "    width: 300px\n")
    status, said = book.build()
    assert status == 1
    assert "01-small.md" in said
    assert "this image has no alt text" in said


def test_a_formula_that_is_not_tex_fails_the_build(book: SmallBook) -> None:
    book.replace("# A small chapter", "# A small chapter\n\nIt is $\\frac{1}{$ here.")
    status, said = book.build()
    assert status == 1
    assert "01-small.md" in said
    assert r"Missing close brace in the formula \frac{1}{" in said


def test_a_changed_way_to_make_pictures_small_is_never_stale(book: SmallBook) -> None:
    def picture() -> bytes:
        (file,) = (book.site / "_images").glob("*.webp")
        return file.read_bytes()

    before = picture()
    helper = book.root / "helpers" / "plots.py"
    text = helper.read_text()
    assert "        64, method=" in text
    helper.write_text(text.replace("        64, method=", "        3, method="))
    assert book.build()[0] == 0
    assert picture() != before


def test_a_changed_helper_is_never_stale(book: SmallBook) -> None:
    data = book.root / "helpers" / "data.py"
    text = data.read_text()
    assert text.count("y = 1 + 2 * x + 0.1") == 1
    data.write_text(text.replace("y = 1 + 2 * x + 0.1", "y = 1 + 3 * x + 0.1"))
    status, said = book.test()
    assert status == 1
    assert "built with other helpers, data, device, threads or versions" in said
    before = nbformat.read(book.executed, as_version=4).cells[2].outputs
    status, said = book.build()
    assert status == 0, said
    assert "01-small.md executed in" in said
    assert nbformat.read(book.executed, as_version=4).cells[2].outputs != before


def test_one_changed_chapter_executes_alone_and_longest_first(
    book: SmallBook,
) -> None:
    for name, seconds in (("02-quick", 0.0), ("03-slow", 3.0)):
        text = CHAPTER.replace("# A small", f"# {name}: a small")
        text = text.replace("plt.plot([0, 1])", f"import time; time.sleep({seconds})")
        book.add_chapter(name, text)
    status, said = book.build(BOOK_FRESH_KERNELS="0")  # sooner for many chapters
    assert status == 0, said
    assert said.count("executed in") == 2
    book.replace(":.6f", ":.5f")
    status, said = book.build()
    assert status == 0, said
    assert "chapters/01-small.md executed in" in said
    assert said.count("executed in") == 1
    shutil.rmtree(book.root / "_build" / "cache")
    book.replace("# A small chapter", "# A small chapter\n\nIn other words.")
    status, said = book.build(JOBS="1", BOOK_FRESH_KERNELS="0")
    assert said.count("executed in") == 3
    assert said.index("03-slow") < said.index("02-quick")


def test_a_chapter_that_fails_does_not_stop_the_others(book: SmallBook) -> None:
    book.add_chapter("02-other", CHAPTER + "\nMore.\n")
    shutil.rmtree(book.root / "_build" / "cache")
    book.replace('print(f"', 'raise ArithmeticError("too small")\nprint(f"')
    status, said = book.build()
    assert status == 1
    assert "chapters/01-small.md FAILED" in said
    assert "chapters/02-other.md executed in" in said


def start_build(book: SmallBook, **variables: str) -> subprocess.Popen[str]:
    ours = {"BOOK_OFFLINE": "1", "PYTHONPATH": str(book.root)}
    return subprocess.Popen(
        [sys.executable, "-m", "booktools", "build"],
        cwd=book.root,
        env=os.environ | ours | variables,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )


def processes_in(folder: Path) -> list[psutil.Process]:
    found = []
    for process in psutil.process_iter(["cwd"]):
        if process.info["cwd"] == str(folder):
            found.append(process)
    return found


@pytest.mark.parametrize("signal_number", [signal.SIGINT, signal.SIGKILL])
def test_a_build_that_is_stopped_can_be_run_again(
    book: SmallBook, signal_number: int
) -> None:
    book.replace("plt.plot([0, 1])", "import time; time.sleep(60)")
    with start_build(book, BOOK_FRESH_KERNELS="0") as process:
        assert process.stdout is not None
        for line in process.stdout:  # until the kernel is asleep, and a log says so
            if "chapters/01-small.md at cell 3 of 3" in line:
                break
        kernels = processes_in(book.root / "chapters")
        assert kernels
        os.killpg(process.pid, signal_number)
        assert process.wait(timeout=20) != 0
    assert (book.site / "index.html").is_file()
    assert psutil.wait_procs(kernels, timeout=10)[1] == []  # they end with it
    book.replace("import time; time.sleep(60)", "plt.plot([0, 1])")
    status, said = book.build()
    assert status == 0, said


def test_a_replacement_that_was_stopped_half_way_is_undone(book: SmallBook) -> None:
    book.site.rename(book.site.with_name("html.old"))
    book.replace('print(f"', 'raise ArithmeticError("too small")\nprint(f"')
    status, said = book.build()
    assert status == 1
    assert "The last good site is still in" in said
    assert (book.site / "index.html").is_file()


def test_two_builds_at_once_wait_for_each_other(book: SmallBook) -> None:
    book.replace(":.6f", ":.5f")
    with ThreadPoolExecutor(2) as pool:
        builds = [pool.submit(book.build) for _ in range(2)]
        results = [build.result() for build in builds]
    assert [status for status, _ in results] == [0, 0], results
    said = "".join(text for _, text in results)
    assert said.count("waiting for it") == 1
    assert said.count("executed in") == 1  # the second has nothing left to do


def test_edited_prose_does_not_execute(book: SmallBook) -> None:
    book.replace("# A small chapter", "# A small chapter\n\nWith a new sentence.")
    status, said = book.build()
    assert status == 0, said
    assert "executed in" not in said
    assert "new sentence" in (book.site / "chapters" / "01-small.html").read_text()


def edit_number(notebook: nbformat.NotebookNode) -> None:
    output = notebook.cells[2].outputs[0]
    output.text = output.text.replace("1", "7", 1)


def edit_picture(notebook: nbformat.NotebookNode) -> None:
    data = notebook.cells[3].outputs[0].data
    pixels = base64.b64decode(data["image/png"])
    data["image/png"] = base64.b64encode(pixels[:-1] + b"\x00").decode()


def strip_outputs(notebook: nbformat.NotebookNode) -> None:
    notebook.cells[2].outputs = []


def strip_counts(notebook: nbformat.NotebookNode) -> None:
    for cell in notebook.cells:
        cell.execution_count = None
        cell.outputs = []


@pytest.mark.parametrize(
    ("spoil", "place"),
    [
        (edit_number, "Cell 1"),
        (edit_picture, "Cell 2"),
        (strip_outputs, "Cell 1"),
        (strip_counts, "reference"),
    ],
)
def test_a_reference_that_differs_goes_red(book: SmallBook, spoil, place: str) -> None:
    notebook = nbformat.read(book.executed, as_version=4)
    spoil(notebook)
    nbformat.write(notebook, book.executed)
    status, said = book.test()
    assert status == 1
    failed = [line for line in said.splitlines() if line.startswith("FAILED")]
    assert len(failed) == 1
    assert f"chapters/01-small.md::{place}" in failed[0]


def test_changed_code_has_no_reference(book: SmallBook) -> None:
    book.replace(":.6f", ":.5f")
    status, said = book.test()
    assert status == 1
    assert "the code was changed after it was built" in said


def test_a_missing_reference_goes_red(book: SmallBook) -> None:
    book.executed.unlink()
    status, said = book.test()
    assert status == 1
    assert "make book has not built this chapter" in said
    status, said = book.build()  # as the complaint advises
    assert status == 0, said
    status, said = book.test()
    assert status == 0, said


@pytest.mark.parametrize(
    ("name", "value", "complaint"),
    [
        ("BOOK_DEVICE", "cuda", "DEVICE=cuda was asked for, but this machine has"),
        ("BOOK_DEVICE", "gpu", "DEVICE=gpu is not a device"),
        ("MNIST_DIR", "/nowhere", "MNIST_DIR=/nowhere holds neither"),
        ("JOBS", "0", "JOBS=0 is not a number of chapters"),
        ("OMP_NUM_THREADS", "many", "OMP_NUM_THREADS=many is not a number of threads"),
    ],
)
def test_what_is_not_there_stops_before_any_chapter(
    book: SmallBook, name: str, value: str, complaint: str
) -> None:
    if value == "cuda" and torch.cuda.is_available():
        pytest.skip("this machine has a CUDA device")
    shutil.rmtree(book.root / "_build" / "cache")
    status, said = book.run("-m", "booktools", "build", **{name: value})
    assert status == 1
    assert complaint in said
    assert "executed in" not in said
    assert "Traceback" not in said


# What the outputs depend on


def imitate_mnist(folder: Path) -> dict[str, str]:
    write_idx_folder(folder, "")
    sums = [hashlib.sha256(array.tobytes()).hexdigest() for array in (IMAGES, LABELS)]
    sizes = [str(size) for size in (N_TRAIN, len(IMAGES) - N_TRAIN, SIDE)]
    return {"MNIST_DIR": str(folder), "STAND_IN_MNIST": " ".join(sizes + sums)}


@pytest.mark.slow
def test_other_surroundings_execute_again_and_the_old_ones_are_remembered(
    book: SmallBook, tmp_path: Path
) -> None:
    there = tmp_path / "on the path"
    there.mkdir()
    (there / "sitecustomize.py").write_text(STAND_INS)
    book.replace('print(f"', 'from helpers import load_digits\n\nprint(f"')
    book.replace(":.6f}", ":.6f} {load_digits().name}")

    def build(**variables: str) -> tuple[bool, str]:
        """Build, and return whether the chapter executed, and its page."""
        path = f"{there}{os.pathsep}{book.root}"
        status, said = book.build(PYTHONPATH=path, **variables)
        assert status == 0, said
        page = (book.site / "chapters" / "01-small.html").read_text()
        return "01-small.md executed in" in said, page

    assert build()[0]
    for variables in (
        {"BOOK_DEVICE": "mps", "STAND_IN_MPS": "1"},
        {"STAND_IN_PYTHON": "1"},
        {"OMP_NUM_THREADS": "2"},
        {"MKL_CBWR": "COMPATIBLE"},
        imitate_mnist(tmp_path / "mnist"),
    ):
        executed, page = build(**variables)
        assert executed, f"{variables} did not execute the chapter again"
    assert " MNIST\n" in page
    executed, page = build()
    assert not executed
    assert " MNIST\n" not in page
    package = there / "something-1.0.dist-info"
    package.mkdir()
    (package / "METADATA").write_text("Name: something\nVersion: 1.0\n")
    assert build()[0], "a version did not execute the chapter again"


def test_every_thread_of_every_chapter_has_a_core(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(execution, "cpu_count", lambda: 8)
    monkeypatch.delenv("JOBS", raising=False)
    for threads, jobs in (("1", 8), ("2", 4), ("3", 2), ("16", 1)):
        monkeypatch.setenv("OMP_NUM_THREADS", threads)
        assert number_of_jobs() == jobs
    monkeypatch.setenv("JOBS", "5")
    assert number_of_jobs() == 5
    monkeypatch.setenv("JOBS", "two")
    with pytest.raises(ValueError, match="JOBS=two is not a number of chapters"):
        number_of_jobs()


# Two builds, the same bytes


def contents(book: Path) -> dict[str, str]:
    """Map every file of a site, and every executed chapter, to its hash."""
    files = [
        path
        for part in ("html", "executed")
        for path in (book / "_build" / part).rglob("*")
        if path.is_file()
    ]
    return {
        str(path.relative_to(book)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in files
    }


def differences(one: Path, other: Path) -> list[str]:
    ours, theirs = contents(one), contents(other)
    return sorted(
        name
        for name in ours.keys() | theirs.keys()
        if ours.get(name) != theirs.get(name)
    )


def without_measurements(page: Path) -> str:
    """Return a page without what the cells that measure gave."""
    html = BeautifulSoup(page.read_text(), "html.parser")
    for output in html.select(".tag_nbval-ignore-output .cell_output"):
        output.decompose()
    return str(html)


def test_two_builds_give_the_same_bytes_but_for_measurements(
    book: SmallBook, tmp_path: Path
) -> None:
    text = book.chapter.read_text() + MEASURED
    book.chapter.write_text(text)
    book.add_chapter("02-other", CHAPTER.replace("# A small", "# Another"))
    other = SmallBook(tmp_path / "elsewhere" / "another folder")
    shutil.copytree(book.root, other.root)
    shutil.rmtree(other.root / "_build")
    status, said = book.build(BOOK_FRESH_KERNELS="1")
    assert status == 0, said
    # Kernels of the other kind, and libraries that lie in the home folder.
    library = Path(np.__file__).parents[1]
    status, said = other.build(
        BOOK_FRESH_KERNELS="0",
        HOME=str(library.parent),
        XDG_CACHE_HOME=str(tmp_path / "cache"),
        XDG_CONFIG_HOME=str(tmp_path / "config"),
    )
    assert status == 0, said
    assert len(contents(book.root)) > 20
    differ = [
        name for name in differences(book.root, other.root) if "_images" not in name
    ]
    assert differ == [
        "_build/executed/01-small.ipynb",
        "_build/html/chapters/01-small.html",
        "_build/html/chapters/01-small.ipynb",
        "_build/html/searchindex.js",
    ]
    page = "chapters/01-small.html"
    ours, theirs = (one.site / page for one in (book, other))
    assert ours.read_text() != theirs.read_text()
    assert without_measurements(ours) == without_measurements(theirs)
    status, said = other.test()
    assert status == 0, said


@pytest.mark.slow
def test_two_builds_of_the_whole_book_give_the_same_bytes(tmp_path: Path) -> None:
    other = tmp_path / "another folder"
    left_out = shutil.ignore_patterns("_build", ".venv", "*.egg-info", ".*_cache")
    shutil.copytree(ROOT, other, ignore=left_out)
    # Not what the first build has kept: the other computes all of it again.
    inherited = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("PYTEST_", "BOOK_KEPT_DIR"))
    }
    ours = {"PYTHONPATH": str(other), "BOOK_FRESH_KERNELS": "1"}
    done = subprocess.run(
        [sys.executable, "-m", "booktools", "build"],
        cwd=other,
        env=inherited | ours,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert len(list(EXECUTED.iterdir())) == len(chapter_files())
    assert differences(ROOT, other) == []


def wait_for(folder: Path, pattern: str, process: subprocess.Popen[str]) -> None:
    """Wait until a file is there, or the process has ended."""
    while not list(folder.glob(pattern)) and process.poll() is None:
        time.sleep(0.0005)


@pytest.mark.slow
def test_a_build_that_is_killed_at_any_moment_can_be_run_again(
    book: SmallBook,
) -> None:
    built = book.root / "_build"
    moments: list[float | str] = [0.3, 1, 2, 3, 4, 5]  # seconds, or what is there
    moments += ["cache/*/global.db", "cache/*/executed/*"]
    brief = ["next/executed", "*.old"]  # there for milliseconds, so missed at times
    moments += ["next", "next/_build/html/chapters", *brief]
    for number, moment in enumerate(moments):
        shutil.rmtree(built / "cache", ignore_errors=True)
        text = CHAPTER.replace(":.6f", f":.{number + 1}f")
        book.chapter.write_text(text)
        with start_build(book, BOOK_FRESH_KERNELS=str(number % 2)) as process:
            if isinstance(moment, str):
                wait_for(built, moment, process)
                assert process.poll() is None or moment in brief, f"too late: {moment}"
            else:
                time.sleep(moment)
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
        status, said = book.build()
        assert status == 0, f"{moment}: {said}"
    status, said = book.test()
    assert status == 0, said
    left = {path.name for path in (book.root / "_build").iterdir()}
    assert not {"next", "html.old", "executed.old"} & left


@pytest.mark.skipif(sys.platform != "linux", reason="preloading is for Linux")
def test_chapters_do_without_the_preloading_process_if_it_dies(
    book: SmallBook,
) -> None:
    book.replace(":.6f", ":.5f")
    other = CHAPTER.replace("plt.plot([0, 1])", "import time; time.sleep(15)")
    book.add_chapter("02-other", other)  # it begins: how long it takes is not known
    with start_build(book, BOOK_FRESH_KERNELS="0", JOBS="1") as process:
        assert process.stdout is not None
        for line in process.stdout:
            if "at cell 3 of 3" in line:
                break
        (preloader,) = [
            child
            for child in psutil.Process(process.pid).children()
            if any("preloaded_kernels" in part for part in child.cmdline())
        ]
        preloader.kill()
        said = process.stdout.read()
    assert "chapters/02-other.md FAILED" in said  # its kernel went with it
    assert "a kernel starts without it" in said
    assert "chapters/01-small.md executed in" in said


def test_a_changed_executor_executes_again(book: SmallBook) -> None:
    with (book.root / "booktools" / "execute.py").open("a") as file:
        file.write("# changed\n")
    status, said = book.build()
    assert status == 0, said
    assert "01-small.md executed in" in said


def test_a_helper_that_changes_meanwhile_fails_the_build(book: SmallBook) -> None:
    book.replace("plt.plot([0, 1])", "import time; time.sleep(12)")
    with start_build(book, BOOK_FRESH_KERNELS="1") as process:
        assert process.stdout is not None
        for line in process.stdout:
            if "01-small.md at cell" in line:
                break
        with (book.root / "helpers" / "data.py").open("a") as file:
            file.write("# changed\n")
        said = process.stdout.read()
        assert process.wait() == 1
    assert "the chapters depend on changed meanwhile" in said
    status, said = book.build()
    assert status == 0, said
    assert "01-small.md executed in" in said


def test_an_interrupted_rendering_ends_by_the_signal(book: SmallBook) -> None:
    book.replace("# A small chapter", "# A small chapter\n\nIn other words.")
    with start_build(book) as process:
        wait_for(book.root / "_build", "next/_build", process)
        os.killpg(process.pid, signal.SIGINT)
        assert process.stdout is not None
        said = process.stdout.read()
        assert process.wait() == -signal.SIGINT
    assert "it was interrupted" in said
    assert (
        "In other words" not in (book.site / "chapters" / "01-small.html").read_text()
    )
    status, said = book.build()
    assert status == 0, said


def test_a_chapter_that_cannot_be_read_is_named_and_the_others_go_on(
    book: SmallBook,
) -> None:
    broken = CHAPTER.replace("    alt: A line", "    alt: [A line")
    book.add_chapter("02-other", broken)
    book.replace(":.6f", ":.5f")
    status, said = book.build()
    assert status == 1
    assert "chapters/02-other.md FAILED" in said
    assert "chapters/01-small.md executed in" in said
    assert "Traceback" not in said
