"""The landing page follows the chapters that the book has, without an edit."""

import pytest
from small_book import CHAPTER, SmallBook

LANDING = """# A small book

:::::{hero}
:start: Start
:draw: Draw

Words.

::::{descent}
A caption.
::::
:::::

## Try it

:::{digit-pad}
As in [](#reader).
:::

## The way

```{chapter-cards}
```

## The end
"""
READER = (
    CHAPTER.replace("# A small chapter", "(reader)=\n# One that `reads`")
    .replace("jupytext:", "description: Read `digits`, soon.\njupytext:", 1)
    .replace("mystnb:", "tags: [key-picture]\nmystnb:")
    + """
```{code-cell} ipython3
from IPython.display import HTML

HTML(
    '<div class="explorable" data-explorable="draw-digit"><img alt="A digit.">'
    '<script type="application/json">{"shape": [8, 8], "layers": [[5, 64], [2, 5]]}'
    "</script></div>"
)
```
"""
)


@pytest.fixture
def landing(book: SmallBook) -> SmallBook:
    """Return a book with all that a landing page can have, and a second chapter."""
    (book.root / "index.md").write_text(LANDING)
    toc = (book.root / "_toc.yml").read_text()
    toc = toc.replace("    chapters:", "    numbered: 1\n    chapters:")
    toc += "  - caption: Second\n    numbered: 1\n    chapters:\n"
    (book.root / "_toc.yml").write_text(toc)
    book.add_chapter("02-reader", READER)
    return book


def titles(book: SmallBook) -> list[str]:
    cards = book.article("index").select(".card")
    return [card.select_one(".card-title").get_text() for card in cards]


def test_it_shows_what_the_chapters_have(landing: SmallBook) -> None:
    landing.must_build()
    page = landing.article("index")
    assert titles(landing) == ["1 A small chapter", "2 One that reads"]
    assert [it.get_text() for it in page.select("h3")] == ["All", "Second"]
    first, second = page.select(".card")
    assert first.img is None
    assert second.img["src"] == "_static/cards/02-reader.webp"
    assert (landing.site / second.img["src"]).is_file()
    assert "Read digits, soon." in second.get_text()
    (start, draw) = page.select(".hero-buttons a")
    assert (start["href"], draw["href"]) == ("chapters/01-small.html", "#try-it")
    assert "5 hidden units" in page.select_one(".pad-facts").get_text()
    assert (landing.site / "_static" / "digit-pad.js").is_file()
    # A change of the chapter alone changes its card.
    path = landing.root / "chapters" / "02-reader.md"
    path.write_text(path.read_text().replace("soon", "now"))
    landing.must_build()
    assert "Read digits, now." in landing.article("index").get_text()


def test_it_leaves_out_what_an_excluded_chapter_would_give(landing: SmallBook) -> None:
    toc = (landing.root / "_toc.yml").read_text()
    (landing.root / "_toc.yml").write_text(toc.partition("  - caption: Second")[0])
    landing.must_build()
    page = landing.article("index")
    assert titles(landing) == ["1 A small chapter"]
    assert [it.get_text() for it in page.select("h3")] == ["All"]
    assert [it.get_text() for it in page.select(".hero-buttons a")] == ["Start"]
    assert not page.select(".digit-pad, #try-it")
    assert "The end" in page.get_text()
