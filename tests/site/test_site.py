"""The built site, as a reader gets it: what the pages show and what they load."""

import base64
import io
import re
from collections import Counter
from pathlib import Path
from urllib.parse import urlsplit

import numpy as np
import pytest
from book import (
    CHAPTERS,
    PAGES,
    REDIRECTS,
    SITE,
    each_chapter,
    executed,
    read,
    squeeze,
)
from bs4 import BeautifulSoup
from nbformat import NotebookNode
from PIL import Image

from booktools.sphinx.book import Book

each_page = pytest.mark.parametrize("page", PAGES)


def outputs_of(chapter: str) -> list[NotebookNode]:
    """Return what the cells of a page gave; checks are in the notebook alone."""
    return [
        output
        for cell in executed(chapter).cells
        if "check-it" not in cell.metadata.get("tags", [])
        for output in cell.get("outputs", [])
    ]


def texts_of(output: NotebookNode) -> list[str]:
    """Return what an output says in words and numbers, pictures left out."""
    if output.output_type == "stream":
        return [output["text"]]
    if output.output_type == "error":
        return [f"{output['ename']}: {output['evalue']}"]
    if "text/html" in output["data"]:
        table = BeautifulSoup(output["data"]["text/html"], "html.parser")
        for style in table.find_all("style"):
            style.decompose()
        return [table.get_text()]
    return []


def test_there_are_pages() -> None:
    assert {"index.html", "reference/notation.html"} < set(PAGES)


@each_chapter
def test_page_shows_every_text_its_cells_gave(chapter: str) -> None:
    shown = squeeze(read(f"chapters/{chapter}.html").get_text())
    texts = [text for output in outputs_of(chapter) for text in texts_of(output)]
    assert texts
    for text in texts:
        is_outcome = text.startswith("Outcome: ")  # see test_prediction_boxes.py
        assert is_outcome or squeeze(text) in shown


def pixels(picture: io.BytesIO | Path) -> np.ndarray:
    with Image.open(picture) as opened:
        return np.asarray(opened.convert("RGB"), dtype=float)


@each_chapter
def test_page_shows_every_picture_its_cells_gave(chapter: str) -> None:
    page = SITE / "chapters"
    shown = [
        pixels(page / image["src"])
        for image in read(f"chapters/{chapter}.html").find_all("img")
        if image["src"].endswith(".webp")
    ]
    given = [
        pixels(io.BytesIO(base64.b64decode(output["data"]["image/png"])))
        for output in outputs_of(chapter)
        if "image/png" in output.get("data", {})
    ]
    assert given
    for picture in given:
        # Those of the site have fewer colours, see helpers.plots.to_webp.
        assert any(
            other.shape == picture.shape and np.abs(other - picture).mean() <= 1
            for other in shown
        )


@each_page
def test_page_says_how_it_was_made(page: str, book: Book) -> None:
    if page in ("404.html", "genindex.html", "search.html"):
        pytest.skip("made by Sphinx alone, not from our sources")
    (footer,) = read(page).find_all(class_="build-facts")
    here = book.environment
    for fact in (
        f"Executed on {here.device} with {here.digits}",
        f"Python {here.python}",
        f"torch {here.versions['torch']}",
        book.revision[:12],
    ):
        assert fact in footer.get_text()
    assert footer.find("a")["href"].endswith("build-report.html") or (
        page == "reference/build-report.html"
    )


def test_the_report_says_it_all(book: Book) -> None:
    report = read("reference/build-report.html")
    shown = report.get_text()
    here = book.environment
    for fact in (here.device, here.digits, here.python, here.fingerprint):
        assert fact in shown
    rows = {row.th.get_text(): row.find_all("td") for row in report.find_all("tr")}
    for chapter in CHAPTERS:
        seconds, megabytes = (float(cell.get_text()) for cell in rows[chapter])
        assert 0 < seconds < 2000
        assert 50 < megabytes < 5000


@each_page
def test_page_loads_nothing_from_elsewhere(page: str) -> None:
    loaded = [tag["src"] for tag in read(page).find_all(src=True)]
    loaded += [
        tag["href"]
        for tag in read(page).find_all("link", href=True)
        if "canonical" not in tag.get("rel", [])
    ]
    assert not [url for url in loaded if re.match(r"(https?:)?//", url)]


@each_page
def test_every_local_address_leads_somewhere(page: str, book: Book) -> None:
    for tag in read(page).find_all(["a", "link", "script", "img"]):
        address = tag.get("href") or tag.get("src") or ""
        if not address or re.match(r"[a-z]+:|//", address):
            continue
        name, _, anchor = address.partition("#")
        name = name.partition("?")[0]
        target = (SITE / page).parent / name if name else SITE / page
        if name.startswith("/"):  # on the page that a host shows at any address
            top = urlsplit(book.site).path or "/"
            target = SITE / name.removeprefix(top)
        assert target.exists(), address
        if anchor and target.suffix == ".html":
            relative = target.resolve().relative_to(SITE).as_posix()
            assert read(relative).find(id=anchor), address


@each_page
def test_an_id_is_on_a_page_once(page: str) -> None:
    ids = Counter(tag["id"] for tag in read(page).find_all(id=True))
    assert [name for name, times in ids.items() if times > 1] == []


@each_page
def test_page_loads_no_script_of_the_themes_that_are_not_used(page: str) -> None:
    for script in read(page).find_all("script", src=True):
        assert not re.search("thebe|mathjax|togglebutton", script["src"])


@each_page
def test_no_script_holds_up_the_page(page: str) -> None:
    assert all(script.has_attr("defer") for script in read(page).select("script[src]"))


@each_chapter
def test_plots_are_marked_and_drawings_are_part_of_the_page(chapter: str) -> None:
    article = read(f"chapters/{chapter}.html").article
    plots = article.select(".head-picture img, .cell_output img")
    assert plots
    assert article.select("img.plot") == plots
    for figure in article.find_all("figure"):
        assert figure.select_one("img.plot, .drawing > svg[role=img][aria-label]")


@pytest.mark.parametrize("old", REDIRECTS)
def test_an_old_address_leads_to_a_page(old: str) -> None:
    page = read(f"{old}.html")
    refresh = page.select_one("meta[http-equiv=refresh]")
    assert refresh
    target = str(refresh["content"]).removeprefix("0; url=")
    assert (Path("chapters") / target).as_posix() in PAGES
    assert [link["href"] for link in page.find_all("a")] == [target]
