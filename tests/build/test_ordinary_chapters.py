"""What Jupyter Book documents works in a chapter, and in all that is made of it."""

import nbformat
import pytest
from bs4 import BeautifulSoup
from PIL import Image
from small_book import CHAPTER, SmallBook, write_small_book

from booktools.build import render
from booktools.slides.deck import make_deck

HEADER = CHAPTER.partition("# A small")[0]
BOXES = (
    *("margin", "sidebar Beside", "topic Topic", "epigraph", "pull-quote"),
    *("admonition With $x$", "seealso", "toggle", "dropdown With $x$", "card Card"),
    *("div", "container", "compound", "only html", "versionadded 1.0"),
)
WRITTEN = r"""# All $x$ that `authors` *may* write

{download}`data <a.csv>`, {term}`thing`, {abbr}`MLP`, {kbd}`Ctrl+C`, {pep}`8`,
{menuselection}`A --> B`, {doc}`../index`, {numref}`fig`, {bdg-primary}`badge`,
~~struck~~, https://example.org.

- [ ] to do
- [x] done

Term
: Its definition.

Footnote[^a].

[^a]: The note.

BOXES
::::{grid} 2
:::{grid-item-card} Item
:link: https://example.org
In the grid.
:::
::::

::::{tab-set}
:::{tab-item} Tab
In the tab-set.
:::
::::

```{list-table} In the list-table.
* - 1
```

```{csv-table} In the csv-table.
:file: a.csv
```

```{literalinclude} a.csv
:caption: In the listing.
```

```{figure} ../figures/loss@2x.png
:name: fig
:alt: Red.
In the figure.
```

![Red.](../figures/loss@2x.png)

<img src="../figures/loss@2x.png" alt="Red." width="20px">

```{glossary}
thing
  In the glossary.
```

```{centered} In the centered.
```

```{py:function} f(x)
In the function.
```
"""
CELLS = (
    "%matplotlib inline\nimport numpy as np\nimport sympy",
    "%%capture\nimport pandas",
    "!echo said",
    "%%bash\nif true; then echo true; fi",
    "np?\nimport asyncio\nawait asyncio.sleep(0)",
    "sympy.Symbol('x') / 2",
    "from IPython.display import HTML, Image, Markdown",
    "Markdown('Shown $y$ and **bold**')",
    "HTML('<script>const c = 0x00ff00;</script>')",
    "print('10%\\r100%')\nprint(hex(1065353216), '\\x1b[31mred\\x1b[0m', '你好')",
    "Image('../figures/photo.jpg')",
)
WRONG = ":tags: [raises-exception]\n\n3 * * 4"


@pytest.fixture(scope="module")
def book(tmp_path_factory: pytest.TempPathFactory) -> SmallBook:
    """A small book with a chapter of all that, and one below it."""
    book = write_small_book(tmp_path_factory.mktemp("ordinary"))
    (book.root / "figures").mkdir()
    (book.root / "chapters" / "a.csv").write_text("1.50,2\n")
    for name in ("loss@2x.png", "photo.jpg"):
        Image.new("RGB", (40, 20), "red").save(book.root / "figures" / name)
    boxes = [f":::{{{it}}}\nIn the {it.split()[0]}.\n:::\n" for it in BOXES]
    options = "---\nmystnb:\n  image:\n    alt: A photo.\n---\n"
    cells = [f"{options * ('Image(' in it)}{it}" for it in (*CELLS, WRONG)]
    code = "".join(f"\n```{{code-cell}} ipython3\n{cell}\n```\n" for cell in cells)
    text = WRITTEN.replace("BOXES", "\n".join(boxes))
    book.chapter.write_text(HEADER + text + code, encoding="utf-8")
    below = book.root / "chapters" / "02-below.md"
    below.write_text(f"{HEADER}# Below\n\nOn the page below.\n")
    with (book.root / "_toc.yml").open("a") as toc:
        toc.write("        sections:\n          - file: chapters/02-below\n")
    book.must_build(BOOK_URL="https://example.org/book")
    return book


PLACES = [it.split()[0] for it in BOXES]
PLACES += ["grid", "tab-set", "list-table", "csv-table", "listing", "figure"]
PLACES += ["glossary", "centered", "function"]


def test_the_page_shows_it(book: SmallBook) -> None:
    article = book.article()
    text = article.get_text()
    assert [it for it in PLACES if f"In the {it}." not in text] == []
    for words in ("☐ to do", "☑ done", "Its definition.", "The note.", "said", "true"):
        assert words in text
    assert "\n100%\n0x3f800000 red 你好" in text
    assert "const c = 0x00ff00;" in str(article)
    assert article.select_one(".cell_output .math mfrac")  # of SymPy
    assert article.select_one(".cell_output p .math")  # in the Markdown that is shown
    assert "SyntaxError" in article.select_one(".traceback").get_text()
    assert len(article.select("img")) == 4
    assert "On the page below." in book.article("chapters/02-below").get_text()


def test_the_notebook_shows_it(book: SmallBook) -> None:
    notebook = nbformat.read(book.site / "chapters" / "01-small.ipynb", as_version=4)
    texts = [it.source for it in notebook.cells if it.cell_type == "markdown"]
    text = "\n".join(texts)
    assert [it for it in PLACES if f"In the {it}." not in text] == []
    assert "[`data`](https://example.org/book/_downloads/" in text
    assert "| 1.50" in text
    assert text.count("![Red.](data:image/") == 3
    installed = notebook.cells[0].source
    assert all(f'"{name}"' in installed for name in ("numpy", "pandas", "sympy"))
    assert "asyncio" not in installed


def test_the_print_and_the_slides_show_it(book: SmallBook) -> None:
    folder = book.root / "_build" / "print"
    status, said = book.call(lambda root: int(not render(root, folder, "print")))
    assert status == 0, said
    html = (folder / "_build" / "print" / "index.html").read_text(encoding="utf-8")
    page = BeautifulSoup(html, "html.parser")
    text = page.get_text()
    assert [it for it in PLACES if f"In the {it}." not in text] == []
    assert "On the page below." in text
    assert len(page.select("img[src$='.jpg']")) == 1
    assert r"\displaystyle \frac{x}{2}" in [it.get_text() for it in page("title")]
    deck = book.root / "deck"
    assert make_deck(book.site, "01-small", deck) > 1
    slides = BeautifulSoup((deck / "index.html").read_text("utf-8"), "html.parser")
    for picture in slides.select("img"):
        assert (deck / str(picture["src"])).is_file()
