"""Serve the fonts of the pages from the site itself.

npm, which comes with Node.js, fetches them from the packages that
``theme/fonts/package.json`` names, and they are kept in the cache of downloads,
so that only the first build needs npm's registry. A build that cannot reach it
says so and uses the fonts of the reader's system. The style sheets in that folder
are joined to ``fonts.css``, which defines the custom properties ``--serif``, ``--sans``
and ``--mono`` in either case.

The files are served as they are published, each a subset of a font by script.
Reducing them further would save a fifth, but their licence does not allow
modified fonts to keep their name.
"""

import hashlib
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from filelock import FileLock
from sphinx.application import Sphinx

from booktools.sphinx.images import PRINT_BUILDER
from booktools.sphinx.math import NODE
from helpers.data import cache_dir

PINS = Path("theme", "fonts")  # in the book: style sheets, packages, checksums
NPM = NODE.parent.parent / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
INSTALL = (
    *("ci", "--ignore-scripts", "--no-audit", "--no-fund"),
    *("--fetch-retries=1", "--fetch-retry-mintimeout=1000"),
)
NPM_TIMEOUT = 60  # seconds that npm may take
STYLES = "fonts.css"
FOLDER = "fonts"  # both in the site's _static
NOTE = """\
Note: the pages use the fonts of the reader's system, since npm could not fetch ours.
"""
PACKAGES = {  # which files of each the pages use
    "source-serif-4": ("latin-400-normal", "latin-400-italic", "greek-400-normal"),
    "source-sans-3": ("latin-400-normal", "latin-600-normal", "greek-400-normal"),
    "source-code-pro": ("latin-400-normal", "greek-400-normal"),
}
FILES = {
    f"{package}-{part}.woff2": package
    for package, parts in PACKAGES.items()
    for part in parts
}
# What most lines are set in. Preloading more would delay the first paint.
PRELOADED = (
    "source-serif-4-latin-400-normal.woff2",
    "source-sans-3-latin-600-normal.woff2",
)


def find_fonts(pins: Path) -> Path | None:
    """Return the folder of the font files and their licences.

    It is in the cache, and filled if it was not; None if that failed. ``pins`` is the
    folder of ``package.json`` and ``package-lock.json``.
    """
    try:
        wanted = (pins / "package-lock.json").read_text(encoding="utf-8")
        wanted += "".join(FILES)
        key = hashlib.sha256(wanted.encode()).hexdigest()[:16]
        folder = cache_dir() / "fonts" / key
        folder.parent.mkdir(parents=True, exist_ok=True)
        with FileLock(folder.parent / "lock"):
            if not folder.exists():
                _fetch(pins, folder)
    except (OSError, subprocess.SubprocessError):
        return None
    return folder


def _fetch(pins: Path, folder: Path) -> None:
    """Install the packages in a temporary folder, and keep what the site needs."""
    with tempfile.TemporaryDirectory() as name:
        work = Path(name)
        for file in ("package.json", "package-lock.json"):
            shutil.copy(pins / file, work)
        subprocess.run(
            [NODE, NPM, *INSTALL],
            cwd=work,
            check=True,
            capture_output=True,
            timeout=NPM_TIMEOUT,
        )
        part = folder.with_suffix(".part")
        shutil.rmtree(part, ignore_errors=True)  # left by an interrupted build
        part.mkdir()
        packages = work / "node_modules" / "@fontsource"
        for file, package in FILES.items():
            shutil.copy(packages / package / "files" / file, part)
            licence = packages / package / "LICENSE"
            shutil.copy(licence, part / f"{package}-LICENSE.txt")
        part.rename(folder)


def style_sheet(pins: Path, *, fetched: bool, paper: bool) -> str:
    """Return what the pages load: our fonts only if they could be fetched."""
    names = ["families.css"]
    if fetched:
        names.append("faces.css")
    if fetched and not paper:
        names.append("fallbacks.css")
    return "".join((pins / name).read_text(encoding="utf-8") for name in names)


def _add_fonts(app: Sphinx) -> None:
    """Put the fonts on the site; later builds of the same folder keep them."""
    if app.builder.format != "html":
        return
    static = Path(app.outdir) / "_static"
    if not (static / STYLES).exists():
        pins = Path(app.srcdir) / PINS
        fonts = find_fonts(pins)
        shutil.rmtree(static / FOLDER, ignore_errors=True)
        if fonts:
            shutil.copytree(fonts, static / FOLDER)
        else:
            sys.stderr.write(NOTE)
        static.mkdir(parents=True, exist_ok=True)
        paper = app.builder.name == PRINT_BUILDER
        css = style_sheet(pins, fetched=fonts is not None, paper=paper)
        (static / STYLES).write_text(css)


def _put_on_page(
    app: Sphinx, page: str, template: str, context: dict[str, Any], doctree: Any
) -> None:
    """Hand the style sheet to the template, so that no page waits for a file.

    Nor does it wait for the fonts: they take the place of others of the same size
    when they are there. The first of them come in time, so that no line is wrapped
    again; a page opened as a file has them later, since browsers preload no font from
    a file.
    """
    static = Path(app.outdir) / "_static"
    folder = context["pathto"](f"_static/{FOLDER}/", resource=True)
    css = (static / STYLES).read_text(encoding="utf-8")
    context["font_styles"] = css.replace(f'url("{FOLDER}/', f'url("{folder}')
    links = [
        f'<link rel="preload" as="font" crossorigin href="{folder}{file}">'
        for file in PRELOADED
        if (static / FOLDER / file).exists()
    ]
    context["metatags"] = context.get("metatags", "") + "\n".join(links)


def setup(app: Sphinx) -> None:
    """Connect to Sphinx."""
    app.connect("builder-inited", _add_fonts)
    app.connect("html-page-context", _put_on_page, priority=700)  # after the 404 page's
