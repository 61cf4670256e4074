"""The landing page: what it shows is what the chapters have computed and say."""

import json
import re

import pytest
from book import CHAPTERS, FIRST, ROOT, SITE, read, read_chapter
from bs4 import Tag
from PIL import Image

from booktools.sphinx.book import Book
from booktools.sphinx.chapter_cards import WIDTH

LIMIT = 250_000  # bytes of the pictures on all cards: half of a first visit


def cards() -> list[Tag]:
    return read("index.html").select(".chapter-cards > .card")


def test_the_cards_are_numbered_and_lead_to_the_chapters() -> None:
    led = [re.match(r"chapters/(.+)\.html", card.a["href"])[1] for card in cards()]
    assert led == CHAPTERS
    for number, card in enumerate(cards(), start=1 - CHAPTERS.index(FIRST)):
        shown = [it.get_text() for it in card.select(".card-number")]
        assert shown == [str(number)] * (number > 0)


def test_a_card_says_what_the_chapter_says_of_itself() -> None:
    for card, chapter in zip(cards(), CHAPTERS, strict=True):
        header = read_chapter(ROOT / "chapters" / f"{chapter}.md").metadata
        said = card.find_all("p")[-1].get_text()
        assert said == header["description"].replace("`", "")
        title = read(f"chapters/{chapter}.html").article.h1
        assert card.a.get_text() in title.get_text()


def test_a_card_has_the_small_key_picture_of_its_chapter() -> None:
    weight = 0
    for card, chapter in zip(cards(), CHAPTERS, strict=True):
        text = (ROOT / "chapters" / f"{chapter}.md").read_text()
        box = card.select_one(".card-picture")
        assert (box is not None) == ("key-picture" in text), chapter
        if box is None or box.svg:
            continue
        file = SITE / box.img["src"]
        assert box.img["alt"] == ""  # the title says what it is about
        assert box.img["loading"] == "lazy"
        with Image.open(file) as picture:
            assert max(picture.size) <= WIDTH
            shown = int(box.img["width"]), int(box.img["height"])
            assert shown == picture.size
        weight += file.stat().st_size
    assert weight < LIMIT


def pad() -> Tag:
    found = read("index.html").select_one(".digit-pad")
    if found is None:
        pytest.skip("_toc.yml leaves out the chapter with the network")
    return found


def test_the_pad_has_the_network_of_the_chapter(book: Book) -> None:
    script = SITE / pad().select_one(".pad")["data-script"].partition("?")[0]
    said = re.match(r"showPad\((.+)\);\n", script.read_text(encoding="utf-8"))
    given = json.loads(said[1])
    page = read("chapters/14-mlp-pytorch.html")
    box = page.select_one('[data-explorable="draw-digit"] script')
    computed = json.loads(box.get_text())
    for name in ("shape", "layers", "parameters", "box", "centre", "pen"):
        assert given[name] == computed[name]
    assert book.environment.digits in pad().select_one(".pad-facts").get_text()


def test_the_network_comes_only_with_the_pad() -> None:
    loaded = [it["src"] for it in read("index.html").find_all("script", src=True)]
    assert any("landing.js" in name for name in loaded)
    assert not any(re.search("shared|draw-digit|digit-pad", name) for name in loaded)
    other = (SITE / "chapters" / f"{FIRST}.html").read_text(encoding="utf-8")
    assert "landing." not in other


def test_the_buttons_lead_to_the_first_chapter_and_to_the_pad() -> None:
    start, *draw = read("index.html").select(".hero-buttons a")
    assert start["href"] == f"chapters/{FIRST}.html"
    if draw:
        assert read("index.html").select_one(draw[0]["href"]).find(class_="pad")
    assert bool(draw) == bool(read("index.html").select(".digit-pad"))
