"""The notebooks beside the pages: whole, right, and plain enough for Jupyter."""

import base64
import copy
import io
import re
import subprocess
from dataclasses import replace
from functools import cache
from importlib.metadata import PackageNotFoundError
from pathlib import Path
from types import SimpleNamespace

import nbformat
import pytest
from book import (
    CHAPTERS,
    ROOT,
    SITE,
    each_chapter,
    executed,
    notebook_of,
    read,
    read_chapter,
    squeeze,
)
from bs4 import BeautifulSoup
from markdown_it import MarkdownIt
from mdit_py_plugins.dollarmath import dollarmath_plugin
from nbformat import NotebookNode
from PIL import Image
from small_site import render, warnings_of

from booktools.sphinx.book import Book
from booktools.sphinx.notebooks import (
    INSTALL,
    first_cell,
    make_notebook,
    needed_packages,
)

MYST = re.compile(r"\{[\w:+-]+\}`|^\s*(:{3}|`{3})\{|^\([\w-]+\)=$|\]\(#", re.M)


@cache
def page_of(chapter: str) -> BeautifulSoup:
    """Return what a page says, without what Jupyter adds by itself."""
    article = copy.copy(read(f"chapters/{chapter}.html").article)
    for part in article.select(
        ".cell_output > :not(figure), .headerlink, mjx-container, "
        ".collapsed, .expanded, .solution > .admonition-title"
    ):
        part.decompose()
    return article


def texts(chapter: str) -> list[str]:
    return [c.source for c in notebook_of(chapter).cells if c.cell_type == "markdown"]


@cache
def rendered(chapter: str) -> BeautifulSoup:
    """Render the text cells as Jupyter does: GitHub's Markdown, with formulas."""
    markdown = MarkdownIt("gfm-like", {"linkify": False}).use(dollarmath_plugin)
    html = "".join(markdown.render(text) for text in texts(chapter))
    return BeautifulSoup(html, "html.parser")


@each_chapter
def test_is_a_valid_notebook_with_every_code_cell_and_what_it_gave(
    chapter: str,
) -> None:
    notebook = notebook_of(chapter)
    nbformat.validate(notebook)
    first, *names = [cell.id for cell in notebook.cells]
    assert first == "install"
    assert len(set(names)) == len(names)
    assert all(re.fullmatch(r"(text|code)-\d+|references", name) for name in names)
    theirs, ours = (
        [
            (cell.source, cell.outputs, cell.execution_count)
            for cell in cells
            if cell.cell_type == "code"
        ]
        for cells in (executed(chapter).cells, notebook.cells[1:])
    )
    assert ours == theirs


@each_chapter
def test_has_no_trace_of_myst(chapter: str) -> None:
    for text in texts(chapter):
        assert not MYST.search(text), MYST.search(text)


@each_chapter
def test_says_all_that_the_page_says_in_boxes_and_tables(chapter: str) -> None:
    page, ours = page_of(chapter), rendered(chapter)
    here = squeeze(ours.get_text())
    paragraphs = [
        part
        for part in page.select("p, li > p, figcaption, td, th, h1, h2, h3")
        if not part.select(".math, .caption-number")
    ]
    assert len(paragraphs) > 20
    for part in paragraphs:
        assert squeeze(part.get_text()) in here, part.get_text()
    boxes = page.select(".admonition:not(.exercise, .solution, details)")
    quotes = [quote for quote in ours.find_all("blockquote") if quote.find("strong")]
    assert len(quotes) == len(boxes)
    assert len(ours.find_all("table")) == len(page.select("table"))


@each_chapter
def test_has_the_formulas_of_the_chapter(chapter: str) -> None:
    cells = read_chapter(ROOT / "chapters" / f"{chapter}.md").cells
    source = "\n".join(cell.source for cell in cells if cell.cell_type == "markdown")
    # In a fork that has left out the next chapter, nothing leads there.
    source = re.sub(r"^\*\*Next:\*\*.*", "", source, flags=re.M)
    blocks = re.findall(r"^\$\$\n(.*?)^\$\$", source, re.M | re.S)
    ours = squeeze("".join(texts(chapter)))
    for block in blocks:
        assert squeeze(block) in ours
    inline = re.sub(r"\$\$.*?\$\$", "", source, flags=re.S)
    for formula in re.findall(r"(?<![\\$])\$([^$]+)\$", inline):
        assert f"${squeeze(formula)}$" in ours


@each_chapter
def test_numbers_things_as_the_page_does(chapter: str) -> None:
    page, ours = page_of(chapter), "\n".join(texts(chapter))
    equations = [
        re.sub(r"\D", "", part.get_text()) for part in page.select("span.eqno")
    ]
    assert re.findall(r"\\tag\{([\d.]+)\}", ours) == equations
    captions = page.select("figcaption .caption-number")
    figures = [part.get_text().strip() for part in captions]
    assert re.findall(r"^\*\*(Fig\. [\d.]+)\*\*", ours, re.M) == figures
    exercises = [
        squeeze(part.get_text())
        for part in page.select(".exercise > .admonition-title")
    ]
    headings = re.findall(r"^### (Exercise .*)", ours, re.M)
    assert list(map(squeeze, headings)) == exercises


@each_chapter
def test_pictures_and_links_work_where_the_notebook_stands_alone(chapter: str) -> None:
    ours = rendered(chapter)
    drawn = page_of(chapter).select("figure:not(.cell_output figure) img")
    assert len(ours.find_all("img")) == len(drawn)
    for image in ours.find_all("img"):
        head, _, content = image["src"].partition(",")
        assert head == "data:image/png;base64"
        assert Image.open(io.BytesIO(base64.b64decode(content))).width >= 1000
        assert len(image["alt"]) > 40
    for link in ours.find_all("a"):
        address = link["href"]
        if not re.match(r"https?://", address):
            assert (SITE / "chapters" / address).is_file(), address


@each_chapter
def test_folds_away_every_solution(chapter: str) -> None:
    notebook = notebook_of(chapter)
    headings = [
        number
        for number, cell in enumerate(notebook.cells)
        if cell.cell_type == "markdown" and "# Solution" in cell.source
    ]
    assert len(headings) == len(page_of(chapter).select(".solution"))
    for number in headings:
        cell, before = notebook.cells[number], notebook.cells[:number]
        level, _, rest = cell.source.partition(" ")
        assert rest == "Solution"  # alone: Jupyter hides what is in other cells
        assert cell.metadata["jp-MarkdownHeadingCollapsed"] is True
        exercise = next(c for c in reversed(before) if c.source.startswith("#"))
        assert len(exercise.source.partition(" ")[0]) < len(level)
        assert notebook.cells[number + 1].cell_type in ("markdown", "code")
        assert not notebook.cells[number + 1].source.startswith("#")
    folded = [notebook.cells[number].metadata["id"] for number in headings]
    assert notebook.metadata["colab"]["collapsed_sections"] == folded


def test_hides_the_code_that_the_page_hides() -> None:
    hidden = set()
    for chapter in CHAPTERS:
        for cell in notebook_of(chapter).cells[1:]:
            tags = {*cell.metadata.get("tags", [])}
            jupyter = cell.metadata.get("jupyter", {})
            is_hidden = jupyter.get("source_hidden", False)
            assert is_hidden == bool({"hide-input", "hide-cell"} & tags)
            assert is_hidden == (cell.metadata.get("cellView") == "form")
            assert jupyter.get("outputs_hidden", False) == ("hide-cell" in tags)
            hidden.add(is_hidden)
    assert hidden == {True, False}


@each_chapter
def test_lists_what_it_cites(chapter: str) -> None:
    *_, last = notebook_of(chapter).cells
    links = page_of(chapter).select(".bibtex-citation a")
    assert (last.id == "references") == bool(links)
    for link in links:
        assert f"[{link.get_text()}] {link['title']}" in last.source


# What no chapter has yet, but authors may write

EXTENSIONS = ("sphinx_design", "sphinx_markdown_builder")
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
| `x \\| y` | z |

% not for readers

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
a = b
c = d
\\tag{1}
$$

| a        | b   |
|----------|-----|
| `x \\| y` | z   |
"""


def chapter_with(*code: str) -> NotebookNode:
    cells = [nbformat.v4.new_code_cell(source) for source in code]
    return nbformat.v4.new_notebook(cells=cells)


def write(folder: Path, text: str, book: Book) -> tuple[NotebookNode, str]:
    """Return the notebook of a page of text alone, and what Sphinx warned of."""
    app = render(folder, text, *EXTENSIONS)
    app.config["book"] = book
    page = app.env.get_and_resolve_doctree("index", app.builder)
    notebook = make_notebook(app, page, "index", chapter_with())
    return notebook, warnings_of(app)


@pytest.fixture
def book(book: Book) -> Book:
    """Facts about the book, as if it were on the web."""
    return replace(book, repository=REPOSITORY, revision=REVISION)


def test_writes_all_that_authors_may_write_as_plain_markdown(
    book: Book, tmp_path: Path
) -> None:
    notebook, warned = write(tmp_path, f"# A page\n\n{WRITTEN}", book)
    assert not warned
    source = notebook.cells[1].source.replace("> \n", ">\n")
    _title, _about, source = source.split("\n\n", 2)
    text, _, notes = source.partition("\n\n---\n")
    assert text == EXPECTED.strip()
    assert "A footnote." in notes
    assert "<script" not in source


def test_warns_of_what_no_notebook_can_show(book: Book, tmp_path: Path) -> None:
    _, warned = write(tmp_path, "# A page\n\n```{centered} Hi\n```", book)
    assert re.search(r"index\.md:3.*cannot be put into a notebook", warned)


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
