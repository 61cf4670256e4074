"""A book of one chapter, which a test may build and break.

It is built in this process, by the program that builds the real one. Before
each test a built copy is put back in one place, since Sphinx rereads all
pages of a book that has moved.
"""

import gc
import os
import shutil
import subprocess
import sys
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from io import StringIO
from pathlib import Path
from unittest import mock

from book import ROOT
from bs4 import BeautifulSoup
from small_site import sphinx_namespace

from booktools.__main__ import run
from booktools.build import main
from helpers.data import find_mnist

CHAPTER = """\
---
jupytext:
  text_representation:
    extension: .md
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
EXERCISE = """
## Exercises

```{exercise-start} Find it
:label: ex-find
```

It is small.

```{exercise-end}
```

```{solution-start} ex-find
:class: dropdown
```

Nobody guesses **marzipan**.

$$
a = 42
$$ (eq-answer)

```{figure} ../_static/logo.svg
:name: fig-nougat
:alt: A picture in a solution.

Made of toffee.
```

```{code-cell} ipython3
---
mystnb:
  image:
    alt: A curve that only solutions show.
---
plt.plot([3, 1, 2]);
```

```{code-cell} ipython3
:tags: [nbval-ignore-output]

print("liquorice")
```

```{solution-end}
```

## Summary
"""
# Variables about the real book, or about the test that is running, do not apply.
NOT_INHERITED = ("BOOK_", "MNIST_DIR", "JOBS", "PYTEST_")


class SmallBook:
    """A book in a folder.

    Attributes
    ----------
    root, chapter, executed, site : Path
        Its folder, its chapter, the executed chapter, and its built pages.
    """

    def __init__(self, root: Path) -> None:
        self.root = root
        self.chapter = root / "chapters" / "01-small.md"
        self.executed = root / "_build" / "executed" / "01-small.ipynb"
        self.site = root / "_build" / "html"

    def save(self) -> None:
        """Build it, and keep it as it is then for `restore`."""
        self.must_build()
        shutil.copytree(self.root, self.root.with_name("saved"))

    def restore(self) -> "SmallBook":
        """Make it what it was when it was saved; times of files are kept."""
        shutil.rmtree(self.root)
        shutil.copytree(self.root.with_name("saved"), self.root)
        return self

    def must_build(self, **variables: str) -> str:
        """Build it in this process, which must succeed; return its output."""
        status, said = self.call(main, **variables)
        assert status == 0, said
        return said

    def must_fail(self, **variables: str) -> str:
        """Build it in this process, which must fail; return its output."""
        status, said = self.call(main, **variables)
        assert status == 1, said
        return said

    def call(self, main: Callable[[Path], int], **variables: str) -> tuple[int, str]:
        """Call a command of the book; return the status and the output."""
        said = StringIO()
        with restored_process(variables), redirect_stdout(said), redirect_stderr(said):
            status = run(main, self.root)
        return status, said.getvalue()

    def start(self, *arguments: str, **variables: str) -> "subprocess.Popen[str]":
        """Start Python in its folder, in a process of its own."""
        with restored_process({"PYTHONPATH": str(ROOT)} | variables):
            return subprocess.Popen(
                [sys.executable, *arguments],
                cwd=self.root,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                start_new_session=True,
            )

    def page(self, name: str = "chapters/01-small") -> str:
        """Return a page as it was built."""
        return (self.site / f"{name}.html").read_text(encoding="utf-8")

    def article(self, name: str = "chapters/01-small") -> BeautifulSoup:
        """Return what stands on a page, without what is around it."""
        article = BeautifulSoup(self.page(name), "html.parser").article
        assert article
        return article

    def add_chapter(self, name: str, text: str) -> None:
        """Add a chapter to the folder and to the table of contents."""
        (self.root / "chapters" / f"{name}.md").write_text(text)
        with (self.root / "_toc.yml").open("a") as toc:
            toc.write(f"      - file: chapters/{name}\n")

    def append(self, text: str) -> None:
        """Write more at the end of the chapter."""
        with self.chapter.open("a") as file:
            file.write(text)

    def add_cell(self, code: str) -> None:
        """Write a cell at the end of the chapter."""
        self.append(f"\n```{{code-cell}} ipython3\n{code}\n```\n")

    def replace(self, old: str, new: str) -> None:
        """Replace what stands just once in the chapter."""
        replace_in(self.chapter, old, new)


def replace_in(file: Path, old: str, new: str) -> None:
    """Replace what stands just once in a file."""
    text = file.read_text()
    assert text.count(old) == 1
    file.write_text(text.replace(old, new))


def variables_of_small_book() -> dict[str, str]:
    """Return the environment variables that a small book is built with."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(NOT_INHERITED)
    }
    return kept | {"BOOK_OFFLINE": "1"}


@contextmanager
def restored_process(variables: dict[str, str]) -> Iterator[None]:
    """Put back, at the end, what a build changes in this process."""
    with (
        mock.patch.dict(os.environ, variables_of_small_book() | variables, clear=True),
        mock.patch.object(sys, "path", sys.path[:]),
        mock.patch.object(warnings, "formatwarning"),
        sphinx_namespace(),
        warnings.catch_warnings(),
    ):
        warnings.simplefilter("default")
        for kind in (DeprecationWarning, PendingDeprecationWarning, ResourceWarning):
            warnings.simplefilter("ignore", kind)  # as outside of tests
        find_mnist.cache_clear()
        gc.freeze()  # so that only what follows is searched for garbage
        yield
        find_mnist.cache_clear()
        gc.collect()  # event loops of the threads that have ended
        gc.unfreeze()


def write_small_book(root: Path) -> SmallBook:
    """Write a book of one chapter into a folder, and do not build it."""
    for name in ("_static", "reference", "chapters"):
        (root / name).mkdir(parents=True)
    shutil.copy(ROOT / "pyproject.toml", root)
    config, _, _ = (ROOT / "_config.yml").read_text().partition("    redirects:")
    (root / "_config.yml").write_text(config)
    shutil.copy(ROOT / "_static" / "logo.svg", root / "_static")
    shutil.copytree(ROOT / "theme", root / "theme")
    (root / "reference" / "references.bib").touch()
    (root / "index.md").write_text("# A small book\n")
    (root / "_toc.yml").write_text(
        "format: jb-book\nroot: index\nparts:\n  - caption: All\n"
        "    chapters:\n      - file: chapters/01-small\n"
    )
    book = SmallBook(root)
    book.chapter.write_text(CHAPTER)
    return book
