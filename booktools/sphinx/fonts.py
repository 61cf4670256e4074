"""Serve the fonts of the pages from the site itself.

npm, which comes with Node.js, fetches them from the packages that
``theme/fonts/package.json`` names, and they are kept in the cache of downloads,
so that only the first build needs npm's registry. A build that cannot reach it
says so and uses the fonts of the reader's system. ``fonts.css`` defines the
custom properties ``--serif``, ``--sans`` and ``--mono`` in either case.

The files are served as they are published, each a subset of a font by script.
Reducing them further would save a fifth, but their licence does not allow
modified fonts to keep their name.
"""

import hashlib
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import matplotlib as mpl
from filelock import FileLock
from sphinx.application import Sphinx

from booktools.sphinx.images import PRINT_BUILDER
from booktools.sphinx.math import NODE
from helpers.data import cache_dir

PINS = Path("theme", "fonts")  # in the book: the packages and their checksums
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
# What most lines are set in. Preloading more would delay the first paint.
PRELOADED = (
    "source-serif-4-latin-400-normal.woff2",
    "source-sans-3-latin-600-normal.woff2",
)
LATIN = "U+0-FF,U+131,U+152-153,U+2BB-2BC,U+2C6,U+2DA,U+2DC,U+2000-206F,U+20AC,U+2212"
GREEK = "U+370-3FF"


@dataclass(frozen=True)
class Family:
    """A font family.

    Attributes
    ----------
    name, package : str
        Its name in style sheets, and that of its package.
    styles : dict of str to tuple of str
        The weights and styles that the pages use, as in the names of the files,
        and the fonts that common systems have in their place.
    metrics : tuple of str
        For each of them, the PostScript font with the same widths.
    system : str
        What to use without it, as in ``font-family``.
    """

    name: str
    package: str
    styles: dict[str, tuple[str, ...]]
    metrics: tuple[str, ...]
    system: str


FAMILIES = {
    "serif": Family(
        "Source Serif 4",
        "source-serif-4",
        {
            "400-normal": ("Times New Roman", "Liberation Serif"),
            "400-italic": ("Times New Roman Italic", "Liberation Serif Italic"),
        },
        ("Times-Roman", "Times-Italic"),
        'Charter, "Bitstream Charter", Cambria, Georgia, serif',
    ),
    "sans": Family(
        "Source Sans 3",
        "source-sans-3",
        {
            "400-normal": ("Arial", "Liberation Sans"),
            "600-normal": ("Arial Bold", "Liberation Sans Bold"),
        },
        ("Helvetica", "Helvetica-Bold"),
        "system-ui, sans-serif",
    ),
    "mono": Family(
        "Source Code Pro",
        "source-code-pro",
        {
            "400-normal": ("Menlo Regular", "DejaVu Sans Mono", "Liberation Mono"),
        },
        ("Courier",),
        'ui-monospace, Menlo, Consolas, "DejaVu Sans Mono", monospace',
    ),
}
# The text by which widths are compared.
SAMPLE = (
    "At the end of this book you will have built neural networks yourself, from the "
    "chain rule up, and there will be no line in them that you could not have written."
)


def faces() -> Iterator[tuple[Family, str, str, str]]:
    """Yield family, style, file and range of characters of each font file."""
    for family in FAMILIES.values():
        for style in family.styles:
            file = f"{family.package}-latin-{style}.woff2"
            yield family, style, file, LATIN
        file = f"{family.package}-greek-400-normal.woff2"
        yield family, "400-normal", file, GREEK


def find_fonts(pins: Path) -> Path | None:
    """Return the folder of the font files and their licences.

    It is in the cache, and filled if it was not; None if that failed. ``pins`` is the
    folder of ``package.json`` and ``package-lock.json``.
    """
    try:
        wanted = (pins / "package-lock.json").read_text(encoding="utf-8")
        wanted += "".join(file for *_, file, _ in faces())
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
        for family, _, file, _ in faces():
            source = packages / family.package
            shutil.copy(source / "files" / file, part)
            shutil.copy(source / "LICENSE", part / f"{family.package}-LICENSE.txt")
        part.rename(folder)


def style_sheet(fonts: Path | None, *, paper: bool = False) -> str:
    """Return the style sheet of the fonts, which are in a folder from `find_fonts`.

    The Greek letters of a font are a separate family: if a family had two files,
    WeasyPrint would take glyphs from either. On paper no font takes the place of
    another.
    """
    rules, stacks = [], []
    for kind, family in FAMILIES.items():
        names = [family.name, f"{family.name} Greek"] if fonts else []
        if fonts and not paper:
            names.append(f"{family.name} fallback")
            for font, afm in zip(family.styles, family.metrics, strict=True):
                rules.append(_fallback_rule(family, font, afm, fonts))
        stack = ", ".join([*(f'"{name}"' for name in names), family.system])
        stacks.append(f"  --{kind}: {stack};\n")
    if fonts:
        for family, style, file, characters in faces():
            rules.append(
                _rule(
                    family.name + " Greek" * (characters == GREEK),
                    style,
                    src=f'url("{FOLDER}/{file}") format("woff2")',
                    # On a slow line a page keeps the lines it was first broken into.
                    font_display="optional" if file in PRELOADED else "swap",
                    unicode_range=characters,
                )
            )
    return "".join(rules) + ":root {\n" + "".join(stacks) + "}\n"


def _rule(name: str, style: str, **descriptors: str) -> str:
    """Return an ``@font-face`` rule."""
    weight, slant = style.split("-")
    lines = {"font-family": f'"{name}"', "font-weight": weight, "font-style": slant}
    lines |= {key.replace("_", "-"): value for key, value in descriptors.items()}
    body = "".join(f"  {key}: {value};\n" for key, value in lines.items())
    return f"@font-face {{\n{body}}}\n"


def _fallback_rule(family: Family, style: str, afm: str, fonts: Path) -> str:
    """Return a rule that gives a system's font the widths and heights of ours.

    So hardly anything moves when ours takes its place.
    """
    from fontTools.ttLib import TTFont  # late: a build seldom makes the fonts anew

    font: Any = TTFont(fonts / f"{family.package}-latin-{style}.woff2")
    em = font["head"].unitsPerEm
    letters, widths = font["cmap"].getBestCmap(), font["hmtx"]
    ours = sum(widths[letters[ord(letter)]][0] for letter in SAMPLE) / em
    scale = ours / (_width_of_sample(afm) / 1000)
    lines = font["hhea"]

    def percent(height: int) -> str:
        return f"{100 * height / em / scale:.2f}%"

    return _rule(
        f"{family.name} fallback",
        style,
        src=", ".join(f'local("{name}")' for name in family.styles[style]),
        size_adjust=f"{100 * scale:.2f}%",
        ascent_override=percent(lines.ascent),
        descent_override=percent(-lines.descent),
        line_gap_override=percent(lines.lineGap),
    )


def _width_of_sample(afm: str) -> float:
    """Return the width of `SAMPLE` in one of PostScript's fonts, in 1/1000 em."""
    from fontTools.afmLib import AFM

    metrics = AFM(mpl.get_data_path() + f"/fonts/pdfcorefonts/{afm}.afm")
    glyphs = [metrics[name] for name in metrics.chars()]
    widths = {code: width for code, width, _ in glyphs}
    return float(sum(widths[ord(letter)] for letter in SAMPLE))


def _add_fonts(app: Sphinx) -> None:
    """Put the fonts on the site; later builds of the same folder keep them."""
    if app.builder.format != "html":
        return
    static = Path(app.outdir) / "_static"
    if not (static / STYLES).exists():
        fonts = find_fonts(Path(app.srcdir) / PINS)
        shutil.rmtree(static / FOLDER, ignore_errors=True)
        if fonts:
            shutil.copytree(fonts, static / FOLDER)
        else:
            sys.stderr.write(NOTE)
        static.mkdir(parents=True, exist_ok=True)
        paper = app.builder.name == PRINT_BUILDER
        (static / STYLES).write_text(style_sheet(fonts, paper=paper))


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
