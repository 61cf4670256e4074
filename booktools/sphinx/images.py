"""Compress the images of a page, and load them lazily.

Matplotlib's PNG files become WebP files of a third of the size, the frames of a
slider become separate files, and each image states its dimensions, so that
nothing moves when it loads. An image without alt text gives a warning, which
fails the build.
"""

import base64
import hashlib
import io
import re
from importlib.metadata import version
from pathlib import Path

from docutils import nodes
from PIL import Image
from sphinx.application import Sphinx
from sphinx.util.logging import getLogger

from helpers import plots
from helpers.plots import to_webp

logger = getLogger(__name__)

PICTURE = re.compile(r'<img\b[^>]*\bsrc="([^"]+\.(?:png|svg))"[^>]*>')
FRAME = re.compile(r'src="data:image/webp;base64,([^"]+)"')
# Part of the cache key: if the compression changes, cached images are not used.
ENCODER = Path(plots.__file__).read_bytes() + version("pillow").encode()
LINK = re.compile(r'(<a\b[^>]*\bhref="[^":]*_images/[^":]+)\.png"')
CONTENT_IMAGE = re.compile(r'<img(?=[^>]*\bsrc="[^"]*_images/)')


def size_of(content: bytes) -> tuple[int, int]:
    """Return the width and height of an image, in pixels."""
    with Image.open(io.BytesIO(content)) as picture:
        return picture.size


def pages_of(site: Path) -> list[Path]:
    """Return the pages of a site, in order."""
    return sorted(
        path
        for path in site.rglob("*.html")
        if "_static" not in path.relative_to(site).parts
    )


class Images:
    """Compresses the images of a site and adds their dimensions.

    Parameters
    ----------
    site : Path
        The folder of the site.
    kept : Path
        The folder that caches compressed images, which are slow to make.
    top : str
        The path of the site on its host, between slashes.
    """

    def __init__(self, site: Path, kept: Path, top: str) -> None:
        self.site = site
        self.kept = kept
        self.top = top
        self.used: set[Path] = set()

    def rewrite(self, found: re.Match[str], page: Path) -> str:
        """Return an ``<img>`` tag with dimensions, and with WebP in place of PNG."""
        tag, address = found.group(), found.group(1)
        path = (page.parent / address).resolve()
        if address.startswith("/"):  # on the 404 page
            path = self.site / address.removeprefix(self.top)
        if path.suffix == ".svg":
            size = re.search(r'viewBox="0 0 ([\d.]+) ([\d.]+)"', path.read_text())
            width, height = (round(float(n)) for n in size.groups()) if size else (0, 0)
        else:
            if path.parent.name == "_images":  # not one of the theme's logos
                tag = tag.replace(address, self._shrink(path, address))
            width, height = size_of(path.read_bytes())
        shown = re.search(r'\s*style="width: ([\d.]+)px; height: ([\d.]+)px;?"', tag)
        if shown:  # Matplotlib's images have twice the pixels
            tag = tag.replace(shown.group(), "")
            width, height = (round(float(n)) for n in shown.groups())
        if 'width="' in tag or not width:
            return tag
        return tag.replace("<img", f'<img width="{width}" height="{height}"', 1)

    def _shrink(self, path: Path, address: str) -> str:
        """Write a PNG as WebP beside it, and return its address."""
        content = path.read_bytes()
        name = hashlib.sha256(content + ENCODER).hexdigest()
        kept = self.kept / f"{name}.webp"
        if not kept.exists():
            part = kept.with_suffix(".part")
            part.write_bytes(to_webp(Image.open(io.BytesIO(content))))
            part.replace(kept)
        self.used.add(kept)
        path.with_suffix(".webp").write_bytes(kept.read_bytes())
        return address.removesuffix(".png") + ".webp"

    def extract(self, found: re.Match[str], root: str) -> str:
        """Move an image embedded in the page to a file of its own.

        A page with a slider has many, of which only one is visible at first.
        """
        content = base64.b64decode(found.group(1))
        name = f"_images/{hashlib.sha256(content).hexdigest()}.webp"
        (self.site / name).write_bytes(content)
        width, height = size_of(content)
        return f'width="{width}" height="{height}" src="{root}{name}"'


def optimise_images(site: Path, kept: Path, top: str, *, lazy: bool) -> set[Path]:
    """Compress the images of a site, and state their dimensions on its pages.

    Parameters
    ----------
    site : Path
        The folder of the site.
    kept : Path
        The folder that caches compressed images, which are slow to make.
    top : str
        The path of the site on its host, which links on the 404 page begin
        with.
    lazy : bool
        Whether images are loaded lazily.

    Returns
    -------
    set of Path
        The cached images that the site uses.
    """
    kept.mkdir(parents=True, exist_ok=True)
    images = Images(site, kept, top)
    for page in pages_of(site):
        html = page.read_text(encoding="utf-8")
        root = "../" * (len(page.relative_to(site).parts) - 1)
        html = FRAME.sub(lambda found: images.extract(found, root), html)  # noqa: B023
        html = PICTURE.sub(lambda found: images.rewrite(found, page), html)  # noqa: B023
        html = LINK.sub(r'\1.webp"', html)
        if lazy:
            html = CONTENT_IMAGE.sub('<img loading="lazy"', html)
        page.write_text(html, encoding="utf-8")
    for path in (site / "_images").glob("*.webp"):
        path.with_suffix(".png").unlink(missing_ok=True)
    return images.used


def _check_alt_text(app: Sphinx, doctree: nodes.document, page: str) -> None:
    for image in doctree.findall(nodes.image):
        if not image.get("alt", "").strip():
            logger.warning(
                "this image has no alt text; describe what it shows",
                location=image,
                type="alt",
            )


def setup(app: Sphinx) -> dict[str, bool]:
    """Connect to Sphinx."""
    app.connect("doctree-resolved", _check_alt_text, priority=990)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
