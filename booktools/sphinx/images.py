"""Put images on the pages: drawings as part of the page, plots as small files.

A drawing is an SVG, written into the page, where it takes the page's colours and
fonts; one that does more than draw stays a file. PNG files become WebP files of
a third of the size, on white where they are transparent, and the frames of a
slider, which Python embeds in its output, become files. Each image states its
dimensions, so that nothing moves when it loads. An image without alt text gives a
warning, which fails the build.
"""

import base64
import hashlib
import io
import math
import re
from concurrent.futures import ThreadPoolExecutor
from importlib.metadata import version
from pathlib import Path
from threading import get_ident
from urllib.parse import quote, unquote
from xml.etree import ElementTree

from bs4 import BeautifulSoup, Comment
from docutils import nodes
from joblib import Memory
from PIL import Image
from sphinx.application import Sphinx
from sphinx.util.logging import getLogger
from sphinx.writers.html5 import HTML5Translator

from booktools.edition import STUDENT, edition
from booktools.sources import BUILD, is_readable
from booktools.urls import is_external
from helpers import plots
from helpers.plots import to_webp

logger = getLogger(__name__)

COMPRESSED = BUILD / "images"  # compressed images, which are slow to make
CACHE = BUILD / "drawn"  # what has been made of pictures, for later builds
MAX_CACHE_BYTES = 20_000_000
VERSIONS = f"Pillow {version('pillow')}, resvg {version('resvg-py')}"
# Part of their names, so that a change of the compression makes new ones.
ENCODER = Path(plots.__file__).read_bytes() + VERSIONS.encode()
EIGHT_BITS = ("1", "L", "LA", "P", "PA", "RGB", "RGBA")  # modes of a picture
# What Pillow and ElementTree raise, also at an encoding that they do not know.
UNREADABLE = Image.DecompressionBombError, LookupError, OSError, SyntaxError, ValueError
RASTER = (".gif", ".jpeg", ".jpg", ".png", ".webp")
MAX_WEBP_SIDE = 16383  # pixels
FRAME = re.compile("^data:image/webp;base64,")
SVG = "{http://www.w3.org/2000/svg}"
HREF = ("href", "{http://www.w3.org/1999/xlink}href")
# What figures/drawing.py paints with, and the page's names for it.
COLOURS = {
    "#fffffd": "paper",
    "#1d2125": "ink",
    "#5a636b": "muted",
    "#dcdfe2": "line",
    "#00639c": "accent",
    "#a84300": "second",
    "#00704f": "good",
}
DARK_MEDIA = "@media (prefers-color-scheme: dark)"  # in a drawing's own file
DRAWING_ELEMENTS = {  # which do nothing else
    *("svg", "g", "defs", "symbol", "use", "title", "desc", "text", "tspan"),
    *("path", "rect", "circle", "ellipse", "line", "polyline", "polygon"),
    *("clipPath", "mask", "marker", "pattern", "linearGradient"),
    *("radialGradient", "stop"),
}
MIN_LETTER_SIZE = 11  # pixels of a letter, below which a drawing scrolls
PIXELS = re.compile(r"(\d*\.?\d+)(?:px)?")
WIDTH = re.compile(r"\bwidth: ?([\d.]+)px")  # in a style
PRINT_BUILDER = "print"  # the builder whose page is printed
NOT_LINKED = "no-scaled-link"  # what Sphinx must not link to its file
Size = tuple[float, float]


# When a page is read: what the images are


def _prepare_images(app: Sphinx, doctree: nodes.document) -> None:
    """Compress the images of a page, and mark those that its cells have made."""
    kept = Path(app.srcdir) / COMPRESSED
    kept.mkdir(parents=True, exist_ok=True)
    for raw in list(doctree.findall(nodes.raw)):
        _check_sources(app, raw)
        if "data:image/webp;base64," in raw.astext():
            _extract_frames(raw, kept)
    with ThreadPoolExecutor() as pool:  # Pillow does most outside Python's lock
        read = [
            (image, path, pool.submit(_read_picture, path, kept))
            for image in doctree.findall(nodes.image)
            if not is_external(image["uri"])
            and is_readable(path := _find(app, image))  # otherwise Sphinx says so
        ]
    for image, path, result in read:
        try:
            small = result.result()
        except UNREADABLE as error:
            logger.warning("%s cannot be read: %s", path.name, error, location=image)
            continue
        if small is not None:
            image["uri"] = f"/{COMPRESSED.as_posix()}/{small.name}"
        elif _read_drawing_file(path) is not None:
            image["classes"].append(NOT_LINKED)
    for cell in doctree.findall(nodes.container):
        if "cell_output" in cell["classes"]:
            for image in cell.findall(nodes.image):
                image["classes"].append("plot")


def _read_picture(path: Path, kept: Path) -> Path | None:
    """Return a PNG as WebP, if that keeps all of it; None for any other picture.

    Raise an error in `UNREADABLE` if browsers could not show it.
    """
    if path.suffix.lower() == ".svg":
        ElementTree.parse(path)
    elif path.suffix.lower() in RASTER:
        with Image.open(path) as picture:
            picture.verify()
    return _compress(path, kept) if path.suffix.lower() == ".png" else None


def _find(app: Sphinx, image: nodes.image) -> Path:
    """Return the file of an image, whose name MyST may have quoted."""
    page = app.env.docname
    if not is_readable(app.env.relfn2path(image["uri"], page)[1]):
        image["uri"] = unquote(image["uri"])
    return Path(app.env.relfn2path(image["uri"], page)[1])


def _check_sources(app: Sphinx, raw: nodes.raw) -> None:
    """Warn if HTML names a file that will not be on the site."""
    html = raw.astext()
    if "src=" not in html:
        return  # most of them; to parse one takes a while
    for tag in BeautifulSoup(html, "html.parser").find_all(src=True):
        source = str(tag["src"])
        if is_external(source):
            continue
        name, path = app.env.relfn2path(unquote(source), app.env.docname)
        if not name.startswith("_static/") or not is_readable(path):
            logger.warning(
                "%s, which HTML names, would not be on the site; write a picture as "
                "![what it shows](its-file), and keep other files in _static/",
                source,
                location=raw,
            )


def _extract_frames(raw: nodes.raw, kept: Path) -> None:
    """Turn the images that are embedded in HTML into images of the page.

    A page with a slider has many, of which only one is visible at first.
    """
    classes = " ".join(raw["classes"])  # for the box around it
    html = BeautifulSoup(f'<div class="{classes}">{raw.astext()}</div>', "html.parser")
    images = []
    for tag in html.find_all("img", src=FRAME):
        content = base64.b64decode(FRAME.sub("", str(tag["src"])))
        path = kept / f"{hashlib.sha256(content).hexdigest()}.webp"
        _write(path, content)
        uri = f"/{COMPRESSED.as_posix()}/{path.name}"
        image = nodes.image(uri=uri, alt=tag.get("alt", ""), classes=[NOT_LINKED])
        if shown := WIDTH.search(str(tag.get("style", ""))):
            image["width"] = f"{shown[1]}px"
        image["decorative"] = tag.get("alt") == ""
        images.append(image)
        tag.replace_with(Comment("image"))
    first, *rest = (
        nodes.raw("", part, format="html") for part in str(html).split("<!--image-->")
    )
    parent = raw.parent
    assert parent
    place = parent.index(raw)
    pairs = zip(images, rest, strict=True)
    new = [first, *(node for pair in pairs for node in pair)]
    parent[place : place + 1] = new


def drawing_cache(root: str | Path) -> Memory:
    """Return the cache of what was made of pictures, in a book's folder.

    Its keys are all arguments of a function, so one of them is `VERSIONS`.
    """
    return Memory(Path(root) / CACHE, verbose=0)


def _compress(path: Path, kept: Path) -> Path | None:
    """Return a PNG as WebP, from the cache if possible; None if WebP cannot keep it."""
    content = path.read_bytes()
    target = kept / f"{hashlib.sha256(content + ENCODER).hexdigest()}.webp"
    if not target.exists():
        picture = Image.open(io.BytesIO(content))
        if not _fits_webp(picture):
            return None
        _write(target, to_webp(on_white(picture)))
    return target


def _fits_webp(picture: Image.Image) -> bool:
    """Return whether WebP keeps all of a picture: its shades, frames and colours."""
    return (
        picture.mode in EIGHT_BITS
        and max(picture.size) <= MAX_WEBP_SIDE
        and getattr(picture, "n_frames", 1) == 1
        and "icc_profile" not in picture.info
    )


def on_white(picture: Image.Image) -> Image.Image:
    """Return a picture without transparency, since pages may be dark."""
    if not picture.has_transparency_data:
        return picture.convert("RGB")
    white = Image.new("RGBA", picture.size, "white")
    return Image.alpha_composite(white, picture.convert("RGBA")).convert("RGB")


def _write(path: Path, content: bytes) -> None:
    """Write a new file to the cache; an interrupted build leaves no incomplete one."""
    if path.exists():  # and pages made from it are not older
        return
    part = path.with_suffix(f".{get_ident()}.part")  # other threads may write it, too
    part.write_bytes(content)
    part.replace(path)


# When a page is written: how it shows them


def read_drawing(content: bytes) -> ElementTree.Element | None:
    """Return an SVG that can be part of a page, given the content of its file, or None.

    Its title, and the rules for a drawing that stands alone, are left out. It is None
    if it has no size, or contains anything that could change the page around it or load
    something: styles, scripts, links, HTML.
    """
    try:
        svg = ElementTree.fromstring(content)
    except UNREADABLE:
        return None
    for child in list(svg):
        style = child.text or "" if child.tag == f"{SVG}style" else ""
        if style.startswith(DARK_MEDIA) or child.tag == f"{SVG}title":
            svg.remove(child)
    for element in svg.iter():
        name = str(element.tag).removeprefix(SVG)
        links = [element.get(attribute, "#") for attribute in HREF]
        if (
            name not in DRAWING_ELEMENTS
            or any(attribute.startswith("on") for attribute in element.attrib)
            or not all(link.startswith("#") for link in links)
            or re.search(r"url\((?!#)", " ".join(element.attrib.values()))
        ):
            return None
    return svg if _size_of_drawing(svg) else None


def _size_of_drawing(svg: ElementTree.Element) -> Size | None:
    """Return width and height of a drawing in pixels, if it states them."""
    if (box := _view_box(svg)) is None:
        return None
    width, height = box
    if stated := PIXELS.fullmatch(svg.get("width", "")):
        return float(stated[1]), height * float(stated[1]) / width
    return width, height


def _view_box(svg: ElementTree.Element) -> Size | None:
    """Return width and height of a drawing in its own units, if it states them."""
    try:
        numbers = re.split(r"[\s,]+", svg.get("viewBox", "").strip())
        _, _, width, height = map(float, numbers)
    except ValueError:
        return None
    return (width, height) if min(width, height) > 0 else None


def inline_svg(
    svg: ElementTree.Element, prefix: str, alt: str, *, colours: bool
) -> str:
    """Return a drawing from `read_drawing`, which is changed, as part of a page.

    Its ids begin with the prefix, so that no two on the page are the same. With
    ``colours`` it takes the page's colours and font.
    """
    width, height = _size_of_drawing(svg) or (0, 0)
    unit = width / (_view_box(svg) or (1, 1))[0]
    least = width * MIN_LETTER_SIZE / (unit * _smallest_letter(svg))
    for element in svg.iter():
        element.tag = str(element.tag).removeprefix(SVG)
        attributes = {}
        for name, value in element.attrib.items():
            if name == "id":
                attributes["id"] = prefix + value
            elif name in HREF:
                attributes["href"] = f"#{prefix}{value[1:]}"
            elif colours and name in ("fill", "stroke") and value in COLOURS:
                attributes[name] = f"var(--{COLOURS[value]}, {value})"
            elif colours and name == "font-family":
                attributes[name] = f"var(--sans, {value})"
            elif name != "class" and not name.startswith("{"):
                attributes[name] = value.replace("url(#", f"url(#{prefix}")
        element.attrib = attributes
        if not (element.text or "").strip():
            element.text = None
        if not (element.tail or "").strip():
            element.tail = None
    svg.attrib |= {
        "role": "img",
        "aria-label": alt,
        "width": f"{width:g}",
        "height": f"{height:g}",
        "style": f"min-width: {min(width, least):.0f}px",
    }
    return ElementTree.tostring(svg, encoding="unicode")


def _smallest_letter(svg: ElementTree.Element) -> float:
    """Return the smallest size of text that a drawing states, in its own units."""
    sizes = [PIXELS.fullmatch(it.get("font-size", "")) for it in svg.iter()]
    stated = [float(size[1]) for size in sizes if size]
    return min(filter(None, stated), default=math.inf)


def _visit_image(self: HTML5Translator, node: nodes.image) -> None:
    if not node.get("alt", "").strip() and not node.get("decorative"):
        logger.warning(
            "this image has no alt text; describe what it shows",
            location=node,
            type="alt",
        )
    path = _path_of(node, self.builder.srcdir)
    drawing = _read_drawing_file(path) if path else None
    if drawing is None:
        _write_image(self, node, path)
    else:
        self.builder.images.pop(node["uri"], None)  # the page needs no file
        _write_drawing(self, node, drawing)


def _write_drawing(
    self: HTML5Translator, node: nodes.image, svg: ElementTree.Element
) -> None:
    """Write a drawing in a box, in which it scrolls if it is too wide."""
    self.drawings = getattr(self, "drawings", 0) + 1  # type: ignore[attr-defined]
    box = {"class": _classes(node, "drawing")}
    if "title" in node:
        box["title"] = node["title"]
    if style := _style(node, _size_of_drawing(svg)):
        box["style"] = style
    printed = self.builder.name == PRINT_BUILDER
    prefix = f"drawing-{self.drawings}-"  # type: ignore[attr-defined]
    html = inline_svg(svg, prefix, node.get("alt", ""), colours=not printed)
    self.body.append(self.starttag(node, "span", "", **box) + html + "</span>")


def _write_image(self: HTML5Translator, node: nodes.image, path: Path | None) -> None:
    """Write an image that is a file, with its dimensions."""
    address = node["uri"]
    if address in self.builder.images:
        address = f"{self.builder.imgpath}/{quote(self.builder.images[address])}"
    tag = {"src": address, "alt": node.get("alt", ""), "class": _classes(node)}
    size = _size_of_file(path) if path else None
    style = _style(node, size)
    if size:
        if shown := WIDTH.search(style):  # Matplotlib's images have twice the pixels
            width, style = float(shown[1]), ""
            size = width, size[1] * width / size[0]
        tag |= {"width": str(round(size[0])), "height": str(round(size[1]))}
    if style:
        tag["style"] = style
    if "title" in node:
        tag["title"] = node["title"]
    if self.builder.name != PRINT_BUILDER:
        tag["loading"] = node.get("loading", "lazy")
        if tag["loading"] == "eager":
            tag["fetchpriority"] = "high"
    self.body.append(self.emptytag(node, "img", "", **tag))


def _path_of(image: nodes.image, folder: str | Path) -> Path | None:
    """Return the file of an image, or None if it is elsewhere."""
    if is_external(image["uri"]):
        return None
    path = Path(folder, image["uri"])
    return path if is_readable(path) else None


def _classes(node: nodes.image, *more: str) -> str:
    align = [f"align-{node['align']}"] if "align" in node else []
    return " ".join([*more, *align])


def _style(node: nodes.image, natural: Size | None) -> str:
    """Return the width that an author gave an image, as CSS, or an empty string."""
    width, height = (str(node.get(name, "")) for name in ("width", "height"))
    if "scale" in node and natural:
        pixels = PIXELS.fullmatch(width)
        whole = float(pixels[1]) if pixels else natural[0]
        width = f"{whole * node['scale'] / 100:g}"
    elif height and not width and natural and (pixels := PIXELS.fullmatch(height)):
        width = f"{float(pixels[1]) * natural[0] / natural[1]:g}"
    if not width:
        return ""
    unit = "px" if PIXELS.fullmatch(width) and not width.endswith("px") else ""
    return f"width: {width}{unit}"


def _read_drawing_file(path: Path) -> ElementTree.Element | None:
    if path.suffix.lower() != ".svg" or not is_readable(path):
        return None
    return read_drawing(path.read_bytes())


def _size_of_file(path: Path) -> Size | None:
    """Return width and height of an image in pixels, if its file states them."""
    try:
        if path.suffix.lower() == ".svg":
            return _size_of_drawing(ElementTree.parse(path).getroot())
        with Image.open(path) as picture:
            return picture.size
    except UNREADABLE:
        return None


# After the last page: what is no longer used


def _delete_unused_images(app: Sphinx, exception: Exception | None) -> None:
    """Delete the images that only an earlier build used."""
    if exception is not None or app.builder.format != "html":
        return
    drawing_cache(app.srcdir).reduce_size(MAX_CACHE_BYTES)
    images = app.env.images
    used = {name for _, name in images.values()}
    _delete_all_but(Path(app.outdir) / "_images", used)
    if app.builder.name == "html" and edition() != STUDENT:  # which has fewer
        listed = {Path(path).name for path in images}
        _delete_all_but(Path(app.srcdir) / COMPRESSED, listed)


def _delete_all_but(folder: Path, names: set[str]) -> None:
    for path in folder.glob("*"):
        if path.name not in names:
            path.unlink()


def setup(app: Sphinx) -> None:
    """Connect to Sphinx."""
    app.registry.add_translation_handlers(nodes.image, html=(_visit_image, None))
    app.connect("doctree-read", _prepare_images, priority=400)  # before they are listed
    app.connect("build-finished", _delete_unused_images)
