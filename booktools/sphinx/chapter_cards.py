"""Cards for the chapters, made from the chapters themselves.

The directive ``{chapter-cards}`` shows a card for each chapter that ``_toc.yml``
lists, under the titles of its parts: the number, the title, the sentence
``description`` in the chapter's header, and a small picture. That is the output
of the cell with the tag ``key-picture``, or the drawing with that class. The
titles say what the pictures are about, so these have no alternative text. Cards
are for the first page, which Sphinx writes again whenever a chapter has changed.
"""

import io
import re
from html import escape, unescape
from pathlib import Path
from urllib.parse import quote

from docutils import nodes
from PIL import Image, ImageChops
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

from booktools.sources import is_readable
from booktools.sphinx.chapter_head import chapter_number, key_picture
from booktools.sphinx.formulas import IN_HTML
from booktools.sphinx.images import (
    VERSIONS,
    drawing_cache,
    inline_svg,
    on_white,
    read_drawing,
)

PICTURE = "key_picture"  # in a page's metadata: the file
FOLDER = "_static/cards"
CODE = re.compile(r"`([^`]+)`")
WIDTH = 400  # pixels: more than a card has, for screens of high resolution


class chapter_cards(nodes.General, nodes.Element):  # noqa: N801
    """Where the cards will be."""


class ChapterCards(SphinxDirective):
    """A card for each chapter."""

    def run(self) -> list[nodes.Node]:
        """Mark the place; titles and pictures are known when all pages are read."""
        return [chapter_cards()]


def make_thumbnail(content: bytes, width: int, versions: str = VERSIONS) -> bytes:
    """Return a picture without its white margin, at most ``width`` pixels a side."""
    small = on_white(Image.open(io.BytesIO(content)))
    small = small.crop(ImageChops.invert(small).getbbox())
    small.thumbnail((width, width), Image.Resampling.LANCZOS)
    file = io.BytesIO()
    small.save(file, "WEBP", quality=60, method=6)
    return file.getvalue()


def _note_picture(app: Sphinx, doctree: nodes.document) -> None:
    picture = key_picture(doctree)
    if picture is not None and app.env.docname in app.config.book.chapters:
        app.env.metadata[app.env.docname][PICTURE] = picture["uri"]


def _draw(app: Sphinx, chapter: str) -> str:
    """Return the key picture of a chapter as HTML, or an empty string."""
    uri = app.env.metadata[chapter].get(PICTURE, "")
    path = Path(app.srcdir, uri)
    name = chapter.removeprefix("chapters/").replace("/", "-")
    if not uri or not is_readable(path) or app.builder.name != "html":
        return ""
    if path.suffix == ".svg":
        drawing = read_drawing(path.read_bytes())
        if drawing is None:
            return ""
        html = inline_svg(drawing, f"card-{name}-", "", colours=True)
        return f'<div class="card-picture" aria-hidden="true">{html}</div>'
    small = drawing_cache(app.srcdir).cache(make_thumbnail)(path.read_bytes(), WIDTH)
    file = f"{FOLDER}/{name}.webp"
    target = Path(app.outdir, file)
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_bytes(small)
    with Image.open(io.BytesIO(small)) as picture:
        width, height = picture.size
    return (
        f'<div class="card-picture"><img src="{quote(file)}" alt="" loading="lazy" '
        f'class="plot" width="{width}" height="{height}"></div>'
    )


def _card(app: Sphinx, page: str, chapter: str) -> nodes.list_item:
    metadata = app.env.metadata[chapter]
    card = nodes.list_item(classes=["card"])
    if picture := _draw(app, chapter):
        card += nodes.raw("", picture, format="html")
    address = app.builder.get_relative_uri(page, chapter)
    link = nodes.reference("", "", internal=True, refuri=address)
    link += [it.deepcopy() for it in app.env.titles[chapter].children]
    number = chapter_number(app.env, chapter)
    title = nodes.paragraph("", "", classes=["card-title"])
    if number:
        title += [nodes.inline("", number, classes=["card-number"]), nodes.Text(" ")]
    title += link
    card += title
    if sentence := metadata.get("description"):
        card += nodes.paragraph("", "", *_parse_inline(sentence))
    return card


def _parse_inline(text: str) -> list[nodes.Node]:
    """Parse a text with code between backticks and formulas between dollar signs."""
    found: list[nodes.Node] = []
    for number, part in enumerate(CODE.split(text)):
        if number % 2:
            found.append(nodes.literal("", part))
            continue
        pieces = IN_HTML.split(escape(part, quote=False))
        for place, piece in enumerate(map(unescape, pieces)):
            found.append(nodes.math("", piece) if place % 2 else nodes.Text(piece))
    return found


def _show_cards(app: Sphinx, doctree: nodes.document, page: str) -> None:
    for place in list(doctree.findall(chapter_cards)):
        shown: list[nodes.Node] = []
        for title, names in app.config.book.parts:
            chapters = [it for it in names if it in app.config.book.chapters]
            if not chapters:
                continue
            if title:
                heading = f'<h3 class="rubric">{escape(title)}</h3>'
                shown.append(nodes.raw("", heading, format="html"))
            cards = [_card(app, page, chapter) for chapter in chapters]
            shown.append(nodes.bullet_list("", *cards, classes=["chapter-cards"]))
        place.replace_self(shown)


def setup(app: Sphinx) -> None:
    """Connect to Sphinx."""
    app.add_directive("chapter-cards", ChapterCards)
    app.connect("doctree-read", _note_picture, priority=900)  # addresses are known
    app.connect("doctree-resolved", _show_cards)
