"""Cards for the chapters, made from the chapters themselves.

The directive ``{chapter-cards}`` shows a card for each chapter that ``_toc.yml``
lists, under the titles of its parts: the number, the title, the sentence
``description`` in the chapter's header, and a small picture. That is the output
of the cell with the tag ``key-picture``, or the drawing with that class. The
titles say what the pictures are about, so these have no alternative text.
"""

import base64
import io
import re
from dataclasses import dataclass
from html import escape
from pathlib import Path

from docutils import nodes
from PIL import Image, ImageChops
from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment
from sphinx.util.docutils import SphinxDirective
from sphinx_external_toc.parsing import parse_toc_yaml

from booktools.sphinx.chapter_head import chapter_number

TAG = "key-picture"
PICTURE, HAS_CARDS = "key_picture", "has_cards"  # in what Sphinx knows of a page
WIDTH = 400  # pixels: more than a card has, for screens of high resolution
EMBEDDED = re.compile(r'<img\b[^>]*\bsrc="data:image/webp;base64,([^"]+)"')
# A page in another colour scheme inverts pictures, and a drawing like the others.
DARK_RULES = re.compile(r"@media \(prefers-color-scheme: dark\)\{.*?\n\}\n?", re.S)
VIEW_BOX = re.compile(r'viewBox="0 0 ([\d.]+) ([\d.]+)"')


@dataclass(frozen=True)
class Picture:
    """A small picture, as it is written to a file.

    Attributes
    ----------
    suffix : str
        Of the file's name.
    content : bytes
        What is in the file.
    size : tuple of int
        Width and height in pixels.
    """

    suffix: str
    content: bytes
    size: tuple[int, int]


class chapter_cards(nodes.General, nodes.Element):  # noqa: N801
    """Where the cards will be."""


class ChapterCards(SphinxDirective):
    """A card for each chapter."""

    def run(self) -> list[nodes.Node]:
        """Mark the place; titles and pictures are known when all pages are read."""
        self.env.metadata[self.env.docname][HAS_CARDS] = True
        return [chapter_cards()]


def shrink(content: bytes) -> Picture:
    """Return a picture without its white margin, as WebP of the width of a card."""
    with Image.open(io.BytesIO(content)) as opened:
        picture = Image.new("RGB", opened.size, "white")
        mask = opened.getchannel("A") if opened.mode == "RGBA" else None
        picture.paste(opened, mask=mask)
    picture = picture.crop(ImageChops.invert(picture).getbbox())
    picture.thumbnail((WIDTH, WIDTH), Image.Resampling.LANCZOS)
    file = io.BytesIO()
    picture.save(file, "WEBP", quality=60, method=6)
    return Picture(".webp", file.getvalue(), picture.size)


def simplify(drawing: str) -> Picture:
    """Return a drawing in the colours of a light page."""
    found = VIEW_BOX.search(drawing)
    width, height = (round(float(n)) for n in found.groups()) if found else (0, 0)
    drawing = DARK_RULES.sub("", drawing)
    return Picture(".svg", drawing.encode(), (width, height))


def find_picture(root: Path, page: nodes.document) -> Picture | None:
    """Return the key picture of a page that has been read, or None.

    Parameters
    ----------
    root : Path
        The folder of the sources, which the addresses of images start from.
    page : document
        The page.
    """
    for node in page.findall(nodes.Element):
        if not {TAG, f"tag_{TAG}"} & set(node.get("classes", [])):
            continue
        for image in node.findall(nodes.image):
            path = root / image["uri"]
            if path.suffix == ".svg":
                return simplify(path.read_text(encoding="utf-8"))
            return shrink(path.read_bytes())
        for raw in node.findall(nodes.raw):
            if found := EMBEDDED.search(raw.astext()):
                return shrink(base64.b64decode(found[1]))
    return None


def _note_picture(app: Sphinx, doctree: nodes.document) -> None:
    page = app.env.docname
    if page in app.config.book.chapters:
        app.env.metadata[page][PICTURE] = find_picture(Path(app.srcdir), doctree)


def _pages_with_cards(app: Sphinx, env: BuildEnvironment) -> list[str]:
    """Return the pages to write again, whichever chapter has changed."""
    return [page for page, it in env.metadata.items() if it.get(HAS_CARDS)]


def _card(app: Sphinx, page: str, chapter: str) -> nodes.list_item:
    metadata = app.env.metadata[chapter]
    card = nodes.list_item(classes=["card"])
    picture = metadata.get(PICTURE)
    if picture and app.builder.name == "html":
        file = Path("_images") / f"card-{Path(chapter).name}{picture.suffix}"
        (Path(app.outdir) / file).parent.mkdir(exist_ok=True)
        (Path(app.outdir) / file).write_bytes(picture.content)
        width, height = picture.size
        tag = f'<img src="{file.as_posix()}" width="{width}" height="{height}" alt="">'
        card += nodes.raw("", f'<div class="card-picture">{tag}</div>', format="html")
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
        card += nodes.paragraph("", "", *_words_and_code(sentence))
    return card


def _words_and_code(text: str) -> list[nodes.Node]:
    """Return a text in which code is between backticks."""
    return [
        nodes.literal("", part) if i % 2 else nodes.Text(part)
        for i, part in enumerate(text.split("`"))
    ]


def _show_cards(app: Sphinx, doctree: nodes.document, page: str) -> None:
    for place in list(doctree.findall(chapter_cards)):
        shown: list[nodes.Node] = []
        for part in parse_toc_yaml(Path(app.srcdir) / "_toc.yml").root.subtrees:
            chapters = [it for it in part.items if it in app.config.book.chapters]
            if not chapters:
                continue
            if part.caption:
                heading = f'<h3 class="rubric">{escape(part.caption)}</h3>'
                shown.append(nodes.raw("", heading, format="html"))
            cards = [_card(app, page, str(chapter)) for chapter in chapters]
            shown.append(nodes.bullet_list("", *cards, classes=["chapter-cards"]))
        place.replace_self(shown)


def setup(app: Sphinx) -> dict[str, bool]:
    """Connect to Sphinx."""
    app.add_directive("chapter-cards", ChapterCards)
    app.connect("doctree-read", _note_picture, priority=900)  # addresses are known
    app.connect("env-get-updated", _pages_with_cards)
    app.connect("doctree-resolved", _show_cards)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
