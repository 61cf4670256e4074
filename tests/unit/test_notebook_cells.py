"""Cells of notebooks: all that authors may write as text, and the first one."""

import re
import subprocess
from dataclasses import replace
from importlib.metadata import PackageNotFoundError
from pathlib import Path
from types import SimpleNamespace

import nbformat
import pytest
from docutils import nodes
from nbformat import NotebookNode
from small_site import render, warnings_of

from booktools.sphinx.book import Book
from booktools.sphinx.notebooks import (
    INSTALL,
    first_cell,
    imported_modules,
    make_notebook,
    needed_packages,
)

# Texts that no chapter has yet

EXTENSIONS = ("sphinx_design", "sphinx_markdown_builder", "booktools.sphinx.formulas")
WRITTEN = """\
Costs \\$5 or \\$6, a < b, a*b, and ``x`y``. See it[^1].

1. one
2. two

   ```python
   x = 1
   ```

> quoted
>
> twice

:::{warning}
Careful.
:::

:::{dropdown} Open me
inside
:::

::::{tab-set}
:::{tab-item} One
in one
:::
::::

By {abbr}`MLP (multi-layer perceptron)`, {sub}`2`, {math}`x^2` and {eq}`eq-one`.

```{math}
:label: eq-one
a = b

c = d
```

| a | b |
|---|---|
| `x \\| y` | 1.50 |
| $a \\| b$ | $$y$$ |

% not for readers

:::{list-table} Of *things* {download}`here <a.txt>`
:header-rows: 1

* - a
* - $1$
:::

```{sidebar} Beside
Read {abbr}`this`.
```

```{topic} Topic
Words.
```

```{epigraph}
Be brief.

-- Someone
```

```{card} Card
Inside.
```

```{centered} Hi
```

```{code-block} python
:caption: Code
x = 1
```

![Theirs.](https://example.org/a.png) ![Theirs.](data:image/gif;base64,R0lGOD)

\\begin{align}\\label{two}
a &= b
\\end{align}

[^1]: A footnote.
"""
EXPECTED = """\
Costs \\$5 or \\$6, a &lt; b, a\\*b, and `` x`y ``. See it<sup>1</sup>.

1. one
2. two
   ```python
   x = 1
   ```

> quoted
>
> twice

> **Warning**
>
> Careful.

**Open me**

inside

**One**

in one

By MLP (multi-layer perceptron), <sub>2</sub>, $x^2$ and (1).

$$
\\begin{split}
a = b \\\\
c = d
\\end{split}
\\tag{1}
$$

| a            | b                 |
|--------------|-------------------|
| `x \\| y`     | 1.50              |
| $a \\vert  b$ | $\\displaystyle y$ |

**Table 1** Of *things* [`here`](https://example.org/_downloads/SUM/a.txt)

| a   |
|-----|
| $1$ |

> **Beside**
>
> Read this.

> **Topic**
>
> Words.

> Be brief.
>
> — Someone

Card

Inside.

Hi

**Listing 1** Code

```python
x = 1
```

![Theirs.](https://example.org/a.png) ![Theirs.](data:image/gif;base64,R0lGOD)

$$
\\begin{align}
a &= b
\\tag{2}
\\end{align}
$$
"""


SETTINGS = {
    "myst_dmath_double_inline": True,
    "myst_enable_extensions": ["amsmath", "colon_fence", "dollarmath"],
    "numfig": True,
}
MACROS = r"\newcommand{\RR}{\mathbb{R}}"


def chapter_with(*code: str) -> NotebookNode:
    cells = [nbformat.v4.new_code_cell(source) for source in code]
    return nbformat.v4.new_notebook(cells=cells)


def write(folder: Path, text: str, book: Book) -> tuple[NotebookNode, str]:
    """Return the notebook of a page of text alone, and what Sphinx warned of."""
    (folder / "a.txt").touch()
    app = render(folder, text, *EXTENSIONS, **SETTINGS)
    app.config["book"] = book
    app.config["tex_macros"] = MACROS
    page = app.env.get_and_resolve_doctree("index", app.builder)
    notebook = make_notebook(app, page, "index", chapter_with())
    return notebook, warnings_of(app)


@pytest.fixture
def book(book: Book) -> Book:
    """Facts about the book, as if it were on the web."""
    return replace(book, repository=REPOSITORY, revision=REVISION, site=SITE)


def test_writes_all_that_authors_may_write_as_plain_markdown(
    book: Book, tmp_path: Path
) -> None:
    notebook, warned = write(tmp_path, f"# A page\n\n{WRITTEN}", book)
    assert not warned
    source = notebook.cells[1].source.replace("> \n", ">\n")
    source = re.sub("_downloads/[0-9a-f]+", "_downloads/SUM", source)
    _title, _about, macros, source = source.split("\n\n", 3)
    assert macros == f"${MACROS}$"
    text, _, notes = source.partition("\n\n---\n")
    assert text == EXPECTED.strip()
    assert "A footnote." in notes
    assert "<script" not in source


class empty(nodes.General, nodes.Element):  # noqa: N801
    """A node that only HTML can show."""


def test_warns_of_what_no_notebook_can_show(book: Book, tmp_path: Path) -> None:
    app = render(tmp_path, "# A page\n", *EXTENSIONS)
    app.config["book"], app.config["tex_macros"] = book, ""
    page = app.env.get_doctree("index")
    page[0] += empty()
    page[0][-1].source, page[0][-1].line = str(tmp_path / "index.md"), 3
    make_notebook(app, page, "index", chapter_with())
    complaint = "index.md:3: WARNING: this page has a empty, which a notebook cannot"
    assert complaint in warnings_of(app)


# The first cell


def run(
    cell: NotebookNode,
    installed: set[str],
    monkeypatch: pytest.MonkeyPatch,
    status: int = 0,
) -> list[list[str]]:
    """Run a first cell where just these packages are; return what pip is told."""
    told = []

    def version(name: str) -> str:
        if name not in installed:
            raise PackageNotFoundError(name)
        return "1.0"

    def pip(command: list[str], **_: object) -> SimpleNamespace:
        told.append(command[1:])
        return SimpleNamespace(returncode=status, stderr="no such host")

    monkeypatch.setattr("importlib.metadata.version", version)
    monkeypatch.setattr(subprocess, "run", pip)
    exec(cell.source, {})
    return told


SITE = "https://example.org/"
REPOSITORY, REVISION = "https://github.com/example/book", "0123abcd" * 5
HELPERS = f"gradient-descent-to-mlp @ git+{REPOSITORY}@{REVISION}"
CODE = (
    "import numpy as np\nfrom sklearn.svm import SVC\nimport os\nfrom helpers import x"
)
ALL = {"gradient-descent-to-mlp", "numpy", "scikit-learn"}


def test_finds_what_a_chapter_needs_and_does_not_guess(book: Book) -> None:
    chapter = chapter_with(CODE, "def f():\n    import torch.nn.functional as F")
    assert needed_packages(book, chapter) == [HELPERS, "numpy", "scikit-learn", "torch"]
    with pytest.raises(ValueError, match="no_such_module"):
        needed_packages(book, chapter_with("import no_such_module"))


def test_needs_what_a_file_imports_that_a_chapter_writes_but_not_the_file(
    book: Book,
) -> None:
    chapter = chapter_with("%%writefile mine.py\nimport numpy", "import mine")
    assert needed_packages(book, chapter) == [HELPERS, "numpy"]


@pytest.mark.parametrize(
    ("cell", "modules"),
    [
        ("%matplotlib inline\nimport numpy", {"numpy"}),
        ("%%time\nimport numpy", {"numpy"}),
        ("!pip list\nimport numpy.linalg as la\nla?", {"numpy"}),
        ("import numpy\nawait run()", {"numpy"}),
        ("%load_ext a\nfrom numpy import *\nx = %sql select 1", {"numpy"}),
        ("3 * * 4", set()),
        ("%%bash\nif [ x ]", set()),
        ("from . import x", set()),
        ("", set()),
    ],
)
def test_sees_what_is_imported_among_magics(cell: str, modules: set[str]) -> None:
    assert imported_modules(cell) == modules


def test_installs_just_what_is_missing_or_says_what_pip_could_not_do(
    book: Book, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    cell = first_cell(book, chapter_with(CODE))
    assert max(map(len, INSTALL.splitlines())) <= 80  # the width of a cell
    assert run(cell, ALL, monkeypatch) == []
    assert capsys.readouterr().out == ""
    told = run(cell, {"numpy"}, monkeypatch)
    pip = ["-m", "pip", "install", "--quiet"]
    assert told == [[*pip, HELPERS, "scikit-learn"]]
    with pytest.raises(RuntimeError, match=r"(?s)no such host.*network.*pip install"):
        run(cell, {"numpy"}, monkeypatch, status=1)


def test_does_not_install_a_stranger_of_the_same_name(
    book: Book, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Without an address pip would look for the helpers on the package index.
    cell = first_cell(replace(book, repository=""), chapter_with(CODE))
    assert run(cell, ALL, monkeypatch) == []
    with pytest.raises(RuntimeError, match="gradient-descent-to-mlp is not installed"):
        run(cell, {"numpy", "scikit-learn"}, monkeypatch)


@pytest.mark.parametrize("asked", [None, "cpu"])
def test_lets_pytorch_choose_the_device_unless_one_was_asked_for(
    book: Book,
    asked: str | None,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    devices = []

    def select_device() -> str:
        import os

        devices.append(os.environ["BOOK_DEVICE"])
        return "cuda"

    monkeypatch.setattr("helpers.select_device", select_device)
    monkeypatch.setenv("BOOK_DEVICE", asked or "cpu")
    if asked is None:
        monkeypatch.delenv("BOOK_DEVICE")
    cell = first_cell(book, chapter_with(CODE, "device = select_device()"))
    assert run(cell, ALL, monkeypatch) == []
    assert devices == [asked or "auto"]
    assert "computes on: cuda" in capsys.readouterr().out
    assert "BOOK_DEVICE" not in first_cell(book, chapter_with(CODE)).source
