"""Make slides from the chapters: ``_build/slides/NAME/index.html``.

The site is built first, and the slides are made from its pages (see
arrange.py), so nothing is executed twice. A deck is a self-contained folder: it
can be opened as a file, put on any server, or copied to a USB stick. The files
of reveal.js come from the package sphinx-revealjs.
"""

import copy
import os
import shutil
from html import escape
from pathlib import Path
from string import ascii_uppercase
from urllib.parse import quote, unquote

import sphinx_revealjs
from bs4 import BeautifulSoup, Tag
from filelock import FileLock

from booktools import build
from booktools.build import replacing
from booktools.edition import SITES, edition
from booktools.slides.arrange import Slide, arrange
from booktools.sources import BUILD, LOCK
from booktools.toc import find_chapters
from booktools.urls import is_external

SLIDES = BUILD / "slides"
HERE = Path(__file__).parent
REVEAL = Path(sphinx_revealjs.__file__).parent / "_static" / "revealjs"
SCRIPTS = (
    REVEAL / "dist" / "reveal.js",
    REVEAL / "plugin" / "notes" / "notes.js",
    HERE / "slides.js",
)
STYLES = (REVEAL / "dist" / "reset.css", REVEAL / "dist" / "reveal.css")
OWN_STYLES = HERE / "slides.css"
SITE_STYLES = ("pygments.css", "palette.css", "formulas.css")
DECK = """<!DOCTYPE html>
<html lang="en" data-theme="light">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light">
<title>{title}</title>
{icon}
{styles}
</head>
<body>
<main><div class="reveal"><div class="slides">
{stacks}
</div></div></main>
{scripts}
</body>
</html>
"""


def main(root: Path) -> int:
    """Build the site, then the requested decks; return the exit status."""
    names = find_chapters(root, os.environ.get("CHAPTER", ""))
    if status := build.main(root):
        return status
    site = root / BUILD / SITES[edition()]
    with FileLock(root / LOCK):  # one at a time, as for builds
        for name in names:
            deck = root / SLIDES / name
            with replacing(deck) as new:
                n_slides = make_deck(site, name, new)
            print(f"{n_slides:3} slides: {deck / 'index.html'}")
    print("Open one in a browser. Keys: arrows to move, S for notes, ? for help.")
    return 0


def make_deck(site: Path, name: str, folder: Path) -> int:
    """Write the deck of a chapter into a new folder; return its number of slides.

    Raise FileNotFoundError if the site lacks the page, or a picture on it.
    """
    static = site / "_static"
    styles = (*STYLES, *(static / sheet for sheet in SITE_STYLES), OWN_STYLES)
    source = site / "chapters" / f"{name}.html"
    page = BeautifulSoup(source.read_text(encoding="utf-8"), "html.parser")
    assert page.article
    article = merge_sections(page.article)
    assert page.title
    _, _, book = page.title.get_text().partition(" — ")
    clean(article)
    stacks = arrange(article)
    slides = [slide for stack in stacks for slide in stack]
    unwrap_dead_links(slides)
    files = folder / "files"
    files.mkdir(parents=True)
    for path in (*styles, *SCRIPTS):
        shutil.copy(path, files)
    icons = [
        copy_asset(str(it["href"]), source.parent, files)
        for it in page.select('link[rel~="icon"]')
    ]
    logos = [
        copy_asset(str(it["src"]), source.parent, files)
        for it in page.select("img.sidebar-logo")
    ]
    pieces = [piece for slide in slides for piece in slide.pieces]
    for shown in [it for piece in pieces for it in (piece, *piece.find_all(src=True))]:
        if shown.get("src"):
            shown["src"] = copy_asset(str(shown["src"]), source.parent, files)
    drawn = [[draw_slide(slide) for slide in stack] for stack in stacks]
    drawn[0][0] = draw_title_slide(slides[0], book, logos)
    html = DECK.format(
        title=escape(page.title.get_text()),
        icon="".join(f'<link rel="icon" href="{escape(it)}">' for it in icons),
        styles="\n".join(
            f'<link rel="stylesheet" href="files/{path.name}">' for path in styles
        ),
        stacks="\n".join(f"<section>{''.join(stack)}</section>" for stack in drawn),
        scripts="\n".join(
            f'<script src="files/{path.name}"></script>' for path in SCRIPTS
        ),
    )
    (folder / "index.html").write_text(html, encoding="utf-8")
    return len(slides)


def copy_asset(address: str, here: Path, files: Path) -> str:
    """Copy a file that a page shows to the deck's, and return its address there.

    ``here`` is the folder of the page. An address on another site stays as it is.
    """
    if is_external(address):
        return address
    path = here / unquote(address)
    shutil.copy(path, files)
    return f"files/{quote(path.name)}"


def merge_sections(article: Tag) -> Tag:
    """Return the section with the title, with the sections beside it moved into it."""
    first, *others = article.find_all("section", recursive=False)
    assert first.h1
    for piece in first.find_previous_siblings(True):  # text above the title
        if "part" not in piece.get_attribute_list("class"):
            first.h1.insert_after(piece.extract())
    first.extend(other.extract() for other in others)
    return first


def clean(article: Tag) -> None:
    """Remove what is of use on a page but not on a slide."""
    for question in article.select(".question"):
        list_answers(question)
    for cause in article.select("details.cause"):  # which is folded on the page only
        cause.summary.decompose()  # type: ignore[union-attr]
        cause.unwrap()
    for shown in article.select("details[data-prediction]"):  # with the prose after it
        shown.summary.decompose()  # type: ignore[union-attr]
        cell = shown.parent
        for part in reversed(shown.find_all(recursive=False)):
            if "cell_output" not in part.get_attribute_list("class"):
                cell.insert_after(part.extract())  # type: ignore[union-attr]
        shown.unwrap()
    for picture in article.select(".explorable > img"):
        del picture["style"]
    for element in article.select(
        "a.headerlink, script, style, button, details, .explorable > span"
    ):
        element.decompose()
    for box in article.select("a.image-reference, .math-wrapper, .table-wrapper"):
        box.unwrap()
    for picture in article.select("img"):
        del picture["loading"]


def list_answers(question: Tag) -> None:
    """List the answers to a question, and move their explanations to the notes."""
    answers = BeautifulSoup('<ol type="A"></ol>', "html.parser")
    notes = []
    for letter, folded in zip(
        ascii_uppercase, question.select("details.answer"), strict=False
    ):
        answer, explanation = folded.extract().find_all(recursive=False)
        answer.name = "li"
        answers.ol.append(answer)  # type: ignore[union-attr]
        explanation["class"] = "tag_notes"
        explanation.insert(0, BeautifulSoup(f"<p>{letter}</p>", "html.parser"))
        notes.append(explanation)
    question.extend([answers, *notes])


def unwrap_dead_links(slides: list[Slide]) -> None:
    """Keep only the links to other slides and other sites."""
    names = {name for slide in slides for name in slide.names}
    pieces = [piece for slide in slides for piece in slide.pieces]
    for piece in pieces:
        names |= {str(piece.get("id"))}
        names |= {str(element["id"]) for element in piece.find_all(id=True)}
    for piece in pieces:
        for link in piece.find_all("a"):
            address = str(link.get("href"))
            if not is_external(address) and address.lstrip("#") not in names:
                link.unwrap()


def draw_slide(slide: Slide) -> str:
    """Return a slide as HTML, with its speaker notes."""
    again = "" if slide.first else ' class="again"'
    body = "".join(map(str, slide.pieces))
    level = slide.title.name
    title = f"<{level}{again}>{slide.title.decode_contents()}</{level}>"
    return _section(slide, f'{title}<div class="body">{body}</div>')


def draw_title_slide(slide: Slide, book: str, logos: list[str]) -> str:
    """Return the title slide of a chapter as HTML, with the book's logo if any."""
    body = "".join(map(str, slide.pieces))
    pictures = "".join(f'<img src="{escape(it)}" alt="">' for it in logos)
    return _section(
        slide,
        f'<div class="body opening">{pictures}'
        f'<p class="book">{escape(book)}</p>'
        f"<h1>{slide.title.decode_contents()}</h1>{body}</div>",
    )


def _section(slide: Slide, content: str) -> str:
    name, *others = [*filter(None, slide.names)] or [""]
    identity = f' id="{name}"' if name else ""
    targets = "".join(f'<span id="{other}"></span>' for other in others)
    notes = "".join(map(draw_note, slide.notes))
    if notes:
        notes = f'<aside class="notes">{notes}</aside>'
    sheet = f'<div class="sheet">{content}</div>'
    return f"<section{identity}>{targets}{sheet}{notes}</section>"


def draw_note(paragraph: Tag) -> str:
    """Return a paragraph as HTML that does not depend on the deck.

    The speaker window has neither the deck's styles nor its files, so formulas
    are MathML there, and pictures become their alternative text.
    """
    note = copy.copy(paragraph)
    for formula in note.select(".math"):
        if found := formula.find("math"):
            formula.replace_with(found)
    for picture in note.select("img"):
        picture.replace_with(str(picture.get("alt", "")))
    for element in [note, *note.find_all(True)]:
        del element["id"]
        if element.name == "a":
            element.unwrap()
    return str(note)
