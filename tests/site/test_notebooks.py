"""The notebooks beside the pages: whole, right, and plain enough for Jupyter."""

import base64
import copy
import io
import re
from functools import cache

import nbformat
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
from PIL import Image

MYST = re.compile(r"\{[\w:+-]+\}`|^\s*(:{3}|`{3})\{|^\([\w-]+\)=$|\]\(#", re.M)


@cache
def page_of(chapter: str) -> BeautifulSoup:
    """Return what a page says, without what Jupyter adds by itself."""
    article = copy.copy(read(f"chapters/{chapter}.html").article.section)
    for part in article.select(
        ".cell_output > :not(figure), .headerlink, mjx-container, "
        ".collapsed, .expanded, .solution > summary, .head-picture"
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
    boxes = page.select(".admonition:not(.exercise, .solution, .try-it, details)")
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
        re.sub(r"[^\d.]", "", part.get_text()) for part in page.select("span.eqno")
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
    drawn = page_of(chapter).select("figure:not(.cell_output figure) .drawing")
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
