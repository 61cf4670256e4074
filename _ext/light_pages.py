"""Make pages light to load, and right for those who do not see them.

The theme comes with every icon there is, with a client for kernels that the
book does not use, and with its search index on each page. Here icons are
drawn into the pages when the book is built, pictures are made small and say
how large they are, scripts wait until the page stands, and what is not used
is not loaded.

Some of what the theme, docutils and pandas write is not right for screen
readers; it is put right on the finished page. A picture without alt text
gives a warning, which fails the build.
"""

import base64
import hashlib
import io
import json
import re
import subprocess
from pathlib import Path
from typing import Any

from docutils import nodes
from execution import BUILD
from mathematics import NODE
from PIL import Image
from sphinx.application import Sphinx
from sphinx.util.logging import getLogger

from helpers.plots import to_webp

logger = getLogger(__name__)

UNUSED = ("thebe", "design-tabs", "DOCUMENTATION_OPTIONS.")
SEARCH = ("search.html", "404.html")  # what of it stands on other pages is a form
NOT_LOADED = re.compile(
    r'\s*<script [^>]*src="[^"]*/fontawesome\.js[^>]*></script>'
    r'|\s*<link rel="preload" as="script"[^>]*>'
    r'|\s*<meta name="docsearch:[^>]*>'
)
SEARCH_SCRIPTS = re.compile(
    r'\s*<script src="[^"]*(?:searchtools|language_data|searchindex)\.js[^>]*></script>'
)
VIEWPORT = re.compile(r'\s*<meta name="viewport"[^>]*>')
CHARSET = '<meta charset="utf-8" />'
SIZE = "width=device-width, initial-scale=1"
HEAD = f'{CHARSET}\n    <meta name="viewport" content="{SIZE}">'
ICON = re.compile(r"<(i|span)\s([^>]*\bfa-[^>]*)>\s*</\1>")
# What axe-core complains of, and what it should be.
PUT_RIGHT = [
    (re.compile(wrong), right)
    for wrong, right in (
        # A header cell without a word is no header.
        (r"<th((?: class=\"[^\"]*\")?)>(?:<p></p>|&nbsp;|\s*)</th>", r"<td\1></td>"),
        # The logo and the search button stand outside of the list of pages.
        (
            r'<div (id="pst-primary-sidebar")',
            r'<div role="navigation" aria-label="Book" \1',
        ),
        # docutils uses roles that have gone out of the standard.
        (r' role="doc-biblioentry"', ""),
        (r'<div role="list" (class="citation-list")', r"<div \1"),
    )
]
PICTURE = re.compile(r'<img\b[^>]*\bsrc="([^"]+\.(?:png|svg))"[^>]*>')
FRAME = re.compile(r'src="data:image/webp;base64,([^"]+)"')
# The theme's own file of icons, read by Node.js, where it finds its window.
READ_ICONS = """
globalThis.window = globalThis;
require(process.argv[1]);
process.stdout.write(JSON.stringify(window.___FONT_AWESOME___.styles));
"""

Icons = dict[str, dict[str, list[Any]]]


def read_icons(script: Path) -> Icons:
    """Read the icons of Font Awesome out of its script.

    Parameters
    ----------
    script : Path
        Font Awesome's "all.js", or the theme's copy of it.

    Returns
    -------
    dict
        By style (``"fas"``), then by name (``"bars"``): width, height, two
        things that are of no use here, and the path.

    Raises
    ------
    subprocess.CalledProcessError
        If Node.js finds no icons in it.
    """
    done = subprocess.run(
        [NODE, "--eval", READ_ICONS, script],
        check=True,
        stdout=subprocess.PIPE,
    )
    return json.loads(done.stdout)


def draw_icon(attributes: str, icons: Icons) -> str:
    """Return an icon as SVG, hidden from screen readers.

    Parameters
    ----------
    attributes : str
        Those of the ``<i>`` that stands for it, as in the page.
    icons : dict
        From `read_icons`.

    Raises
    ------
    ValueError
        If there is no such icon.
    """
    classes = re.search(r'class="([^"]*)"', attributes)
    names = classes.group(1).split() if classes else []
    style = next((name for name in names if name in icons), "fa-solid")
    for name in names:
        shape = icons[style].get(name.removeprefix("fa-"))
        if shape and name.startswith("fa-"):
            mode = re.search(r'data-mode="\w+"', attributes)
            return (
                f'<svg class="icon {" ".join(names)}" {mode.group() if mode else ""} '
                f'aria-hidden="true" focusable="false" '
                f'viewBox="0 0 {shape[0]} {shape[1]}">'
                f'<path fill="currentColor" d="{shape[4]}"/></svg>'
            )
    raise ValueError(f"Font Awesome has no icon for <i {attributes}>.")


def lighten(html: str, icons: Icons, *, search: bool) -> str:
    """Return a page without what it does not need.

    Parameters
    ----------
    html : str
        The page, as the theme has made it.
    icons : dict
        From `read_icons`.
    search : bool
        Whether one searches on this page.
    """
    html = NOT_LOADED.sub("", html)
    if not search:
        html = SEARCH_SCRIPTS.sub("", html)
    html = VIEWPORT.sub("", html).replace(CHARSET, HEAD, 1)
    for wrong, right in PUT_RIGHT:
        html = wrong.sub(right, html)
    return ICON.sub(lambda found: draw_icon(found.group(2), icons), html)


class Pictures:
    """The pictures of a site, made small, with the size of each.

    Parameters
    ----------
    site : Path
        The folder of the site.
    kept : Path
        Where those of earlier builds are; they take a while to make.
    """

    def __init__(self, site: Path, kept: Path) -> None:
        self.site = site
        self.kept = kept
        self.used: set[Path] = set()

    def place(self, found: re.Match[str], page: Path) -> str:
        """Return the ``<img>`` of a picture with its size, as WebP if it was PNG."""
        tag, address = found.group(), found.group(1)
        path = (page.parent / address).resolve()
        if path.suffix == ".svg":
            size = re.search(r'viewBox="0 0 ([\d.]+) ([\d.]+)"', path.read_text())
            width, height = (round(float(n)) for n in size.groups()) if size else (0, 0)
        else:
            tag = tag.replace(address, self._shrink(path, address))
            width, height = Image.open(path).size
        shown = re.search(r'\s*style="width: ([\d.]+)px; height: ([\d.]+)px;?"', tag)
        if shown:  # Matplotlib's pictures have two pixels for one
            tag = tag.replace(shown.group(), "")
            width, height = (round(float(n)) for n in shown.groups())
        if 'width="' in tag or not width:
            return tag
        return tag.replace("<img", f'<img width="{width}" height="{height}"', 1)

    def _shrink(self, path: Path, address: str) -> str:
        """Write a PNG as WebP beside it, and return its address."""
        content = path.read_bytes()
        kept = self.kept / f"{hashlib.sha256(content).hexdigest()}.webp"
        if not kept.exists():
            part = kept.with_suffix(".part")
            part.write_bytes(to_webp(Image.open(io.BytesIO(content))))
            part.replace(kept)
        self.used.add(kept)
        path.with_suffix(".webp").write_bytes(kept.read_bytes())
        return address.removesuffix(".png") + ".webp"

    def take_out(self, found: re.Match[str], root: str) -> str:
        """Write a picture that stands in the page as a file of its own.

        A page with a slider has many, and only one of them is seen at first.
        """
        content = base64.b64decode(found.group(1))
        name = f"_images/{hashlib.sha256(content).hexdigest()}.webp"
        (self.site / name).write_bytes(content)
        width, height = Image.open(io.BytesIO(content)).size
        return f'loading="lazy" width="{width}" height="{height}" src="{root}{name}"'

    def forget_unused(self) -> None:
        """Delete the PNG files, and what no page has used of what was kept."""
        for path in (self.site / "_images").glob("*.webp"):
            path.with_suffix(".png").unlink(missing_ok=True)
        for path in self.kept.iterdir():
            if path not in self.used:
                path.unlink()


def _choose_scripts(
    app: Sphinx, page: str, template: str, context: dict[str, Any], doctree: Any
) -> None:
    """Leave out scripts and styles of no use, and let no script block a page."""

    def used(asset: Any) -> bool:
        text = f"{getattr(asset, 'filename', asset)} {asset.attributes.get('body', '')}"
        return not any(name in text for name in UNUSED)

    chosen = []
    for script in filter(used, context["script_files"]):
        if script.filename:
            script.attributes.setdefault("defer", "defer")
        if script not in chosen:  # the theme's bring some twice
            chosen.append(script)
    context["script_files"] = chosen
    context["css_files"] = [style for style in context["css_files"] if used(style)]


def _lighten_pages(app: Sphinx, exception: Exception | None) -> None:
    if exception or app.builder.format != "html":
        return
    folder = Path(app.outdir)
    scripts = folder / "_static" / "scripts"
    icons = read_icons(scripts / "fontawesome.js")
    kept = BUILD / "pictures"
    kept.mkdir(parents=True, exist_ok=True)
    pictures = Pictures(folder, kept)
    for path in sorted(folder.rglob("*.html")):
        parts = path.relative_to(folder).parts
        if "_static" in parts:
            continue
        html = path.read_text(encoding="utf-8")
        html = lighten(html, icons, search=path.name in SEARCH)
        root = "../" * (len(parts) - 1)
        html = FRAME.sub(lambda found: pictures.take_out(found, root), html)  # noqa: B023
        html = PICTURE.sub(lambda found: pictures.place(found, path), html)  # noqa: B023
        path.write_text(html, encoding="utf-8")
    pictures.forget_unused()
    for useless in [scripts / "fontawesome.js", *folder.rglob("*.map")]:
        useless.unlink()


def _want_alt_text(app: Sphinx, doctree: nodes.document, page: str) -> None:
    for image in doctree.findall(nodes.image):
        if not image.get("alt", "").strip():
            logger.warning(
                "this image has no alt text, which says what it shows",
                location=image,
                type="alt",
            )


def setup(app: Sphinx) -> dict[str, bool]:
    """Connect to Sphinx, last of all that changes a page."""
    app.connect("html-page-context", _choose_scripts, priority=990)
    app.connect("doctree-resolved", _want_alt_text, priority=990)
    app.connect("build-finished", _lighten_pages, priority=800)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
