"""Make pages load faster, and fix their accessibility.

The theme loads every Font Awesome icon, a kernel client that the book does not
use, and the search index on each page. Here icons are inlined when the book is
built, all style sheets are merged into one, scripts are deferred, and what is
not used is not loaded.

Some of what the theme, docutils and pandas write is wrong for screen readers;
it is fixed on the finished page.
"""

import hashlib
import json
import logging
import os
import re
import subprocess
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from fontTools.subset import Subsetter
from fontTools.ttLib import TTFont
from sphinx.application import Sphinx
from sphinx.errors import ExtensionError

from booktools.sphinx.math import NODE

logging.getLogger("fontTools").setLevel(logging.WARNING)

UNUSED = ("thebe", "design-tabs", "DOCUMENTATION_OPTIONS.")
SEARCH = "search.html"  # other pages only have its form
NOT_FOUND = "404.html"  # shown at any address, so its links are absolute
UNUSED_TAGS = re.compile(
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
TOKEN = re.compile(r'<span class="(\w{1,3})">([^<]*)</span>')
TOKEN_RULE = re.compile(r"^(\S+ )?\.highlight(?: \.(\w+))? \{([^}]*)\}", re.MULTILINE)
ICON = re.compile(r"<(i|span)\s([^>]*\bfa-[^>]*)>\s*</\1>")
# Patterns that axe-core reports, or that the theme handles too late, with fixes.
ACCESSIBILITY_FIXES = [
    (re.compile(wrong), right)
    for wrong, right in (
        # Choose light or dark before the first paint, not after it.
        (r'(<html[^>]*) data-theme="auto"', r"\1"),
        (
            r'(dataset\.theme = ).*"auto";',
            r'\1{light: "light", dark: "dark"}[document.documentElement.dataset.mode]'
            r' || (matchMedia("(prefers-color-scheme: dark)").matches ?'
            r' "dark" : "light");',
        ),
        # An empty header cell is not a header.
        (r"<th((?:\s[^>]*)?)>(?:<p></p>|&nbsp;|\s*)</th>", r"<td\1></td>"),
        # The logo and the search button are outside the list of pages.
        (
            r'<div (id="pst-primary-sidebar")',
            r'<div role="navigation" aria-label="Book" \1',
        ),
        # A label that says less than the button's own text.
        (r'(<summary) aria-label="Toggle hidden content"', r"\1"),
        (r'(<button class="[^"]*search-button-field[^>]*) aria-label="Search"', r"\1"),
        # docutils uses roles that are deprecated.
        (r' role="doc-biblioentry"', ""),
        (r'<div role="list" (class="citation-list")', r"<div \1"),
    )
]
STYLE = re.compile(r'\s*<link\b(?=[^>]*rel="stylesheet")[^>]*href="([^"?:]+)[^>]*>')
STYLES = "_static/styles/book.css"  # all of them merged
URL = re.compile(r"""url\(["']?(?!data:)([^)"']+)["']?\)""")
IMPORT = re.compile(r'@import "([^"]+)";')
COMMENT = re.compile(r"/\*.*?\*/", re.DOTALL)
RULE = re.compile(r"([^{}]+)\{([^{}]*)\}")
EMPTY = re.compile(r"@(?:media|supports)[^{}]*\{\s*\}")
BETWEEN_SELECTORS = re.compile(r",(?![^(]*\))")
IN_BRACKETS = re.compile(r"\([^()]*(?:\([^()]*\)[^()]*)*\)|\[[^\]]*\]")
CLASS_IN_SELECTOR = re.compile(r"\.(-?(?:[A-Za-z_]|\\.)(?:[\w-]|\\.)*)")
CLASS = re.compile(r"""\bclass=["']([^"']*)["']""")
WORD = re.compile(r"[\w-]+")
DYNAMIC = ("bs-",)  # of class names that Bootstrap builds at run time
# The theme measures all code and outputs as soon as a page is ready, which makes
# the browser lay out what is not visible yet; pages.js observes them instead.
SCROLL_CHECK = (
    "e.tabIndex=e.scrollWidth>e.clientWidth||e.scrollHeight>e.clientHeight?0:-1"
)
ICON_RULE = re.compile(r"(?:\.fa-[\w-]+:before,?)+\{content:[^}]*\}")
# Reads the theme's file of icons in Node.js, given the `window` it expects.
READ_ICONS = """
globalThis.window = globalThis;
require(process.argv[1]);
process.stdout.write(JSON.stringify(window.___FONT_AWESOME___.styles));
"""

Icons = dict[str, dict[str, list[Any]]]


def read_icons(script: Path) -> Icons:
    """Read the icons from Font Awesome's script.

    Parameters
    ----------
    script : Path
        Font Awesome's "all.js", or the theme's copy of it.

    Returns
    -------
    dict
        By style (``"fas"``), then by name (``"bars"``): width, height, older
        names, an unused entry, and the path.

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
    icons: Icons = json.loads(done.stdout)
    for shapes in icons.values():
        for shape in list(shapes.values()):
            for name in shape[2]:
                shapes.setdefault(str(name), shape)
    return icons


def draw_icon(attributes: str, icons: Icons) -> str:
    """Return an icon as SVG, hidden from screen readers.

    Parameters
    ----------
    attributes : str
        Those of the ``<i>`` element in the page.
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


def fix_accessibility(html: str) -> str:
    """Return a page, or part of one, with its accessibility fixed."""
    for wrong, right in ACCESSIBILITY_FIXES:
        html = wrong.sub(right, html)
    return html


def read_plain_tokens(css: str) -> set[str]:
    """Return the classes of the tokens in code that have no colour of their own.

    Parameters
    ----------
    css : str
        The style sheet that Pygments makes, with one rule per line.
    """
    styles: dict[str, set[tuple[str, str]]] = {}
    for theme, token, style in TOKEN_RULE.findall(css):
        styles.setdefault(token, set()).add((theme, style.strip()))
    base = {
        (theme, style.rpartition(";")[2].strip()) for theme, style in styles.pop("", [])
    }
    return {token for token, style in styles.items() if style == base}


def lighten(html: str, icons: Icons, plain: set[str], *, search: bool) -> str:
    """Return a page without what it does not need.

    Parameters
    ----------
    html : str
        The page, as the theme made it.
    icons : dict
        From `read_icons`.
    plain : set of str
        From `read_plain_tokens`: tokens of code that need no element.
    search : bool
        Whether this is the search page.
    """
    html = TOKEN.sub(
        lambda found: found.group(2) if found.group(1) in plain else found.group(), html
    )
    html = UNUSED_TAGS.sub("", html)
    if search:  # defer its scripts, like the ones they need
        html = html.replace("<script src=", "<script defer src=")
    else:
        html = SEARCH_SCRIPTS.sub("", html)
    html = VIEWPORT.sub("", html).replace(CHARSET, HEAD, 1)
    html = fix_accessibility(html)
    return ICON.sub(lambda found: draw_icon(found.group(2), icons), html)


def keep_used_icons(styles: Path, font: Path) -> None:
    """Reduce a style sheet and its font to the icons that style rules draw.

    Parameters
    ----------
    styles : Path
        The theme's style sheet: a rule for each Font Awesome icon, which is not
        needed once icons are inlined, and rules that draw some icons with the
        font.
    font : Path
        The font, as WOFF2.
    """
    css = ICON_RULE.sub("", styles.read_text(encoding="utf-8"))
    styles.write_text(css, encoding="utf-8")
    letters = {ord(letter) for letter in css if "\ue000" <= letter <= "\uf8ff"}
    letters |= {int(code, 16) for code in re.findall(r"\\(f[0-9a-f]{3})\b", css)}
    shapes = TTFont(font, recalcTimestamp=False)
    subsetter = Subsetter()
    subsetter.populate(unicodes=letters)
    subsetter.subset(shapes)
    shapes.save(font)


def remove_scroll_check(script: Path) -> None:
    """Remove from the theme's script the check of everything that may scroll.

    Parameters
    ----------
    script : Path
        The script, changed in place.

    Raises
    ------
    ExtensionError
        If the script does not contain the check that we know.
    """
    text = script.read_text(encoding="utf-8")
    if text.count(SCROLL_CHECK) != 1:
        raise ExtensionError(
            f"{script.name} is not the script that light_pages.py knows: see how it"
            " makes scrolling elements focusable, and update SCROLL_CHECK."
        )
    script.write_text(text.replace(SCROLL_CHECK, ""), encoding="utf-8")


def names_in(pages: Iterable[str], scripts: Iterable[str]) -> set[str]:
    """Return every possible class name: those on pages, and any word in a script."""
    names = {
        name
        for html in pages
        for found in CLASS.findall(html)
        for name in found.split()
    }
    return names | {word for script in scripts for word in WORD.findall(script)}


def keep_used_rules(css: str, names: set[str]) -> str:
    """Return the rules of a style sheet that some page may use.

    Parameters
    ----------
    css : str
        A style sheet, without comments.
    names : set of str
        The possible class names, from `names_in`. Selectors with other classes
        are dropped; what is in brackets, as after ``:not``, does not count.
    """

    def used(selector: str) -> bool:
        classes = CLASS_IN_SELECTOR.findall(IN_BRACKETS.sub("", selector))
        return all(name in names or name.startswith(DYNAMIC) for name in classes)

    def keep(found: re.Match[str]) -> str:
        selectors = found.group(1)
        if selectors.lstrip().startswith("@"):
            return found.group()
        kept = [one for one in BETWEEN_SELECTORS.split(selectors) if used(one)]
        return f"{','.join(kept)}{{{found.group(2)}}}" if kept else ""

    return EMPTY.sub("", RULE.sub(keep, css))


def sheets_of(html: str, page: Path) -> list[Path]:
    """Return the style sheets that a page links, in order."""
    return [(page.parent / link.group(1)).resolve() for link in STYLE.finditer(html)]


def write_styles(sheets: list[Path], target: Path, names: set[str]) -> str:
    """Merge the used rules of several style sheets into one; return its hash.

    Parameters
    ----------
    sheets : list of Path
        What to join, in order.
    target : Path
        The sheet to write; addresses in it are made relative to it.
    names : set of str
        The possible class names on the site, from `names_in`.
    """
    css = "\n".join(read_styles(sheet, target.parent) for sheet in sheets)
    css = keep_used_rules(COMMENT.sub("", css), names)
    target.write_text(css, encoding="utf-8")
    return hashlib.sha256(css.encode()).hexdigest()[:8]


def link_styles(html: str, address: str) -> str:
    """Replace the style sheets of a page with one, in the place of the first."""
    first = STYLE.search(html)
    if first is None:
        return html
    rest = STYLE.sub("", html[first.end() :])
    link = f'\n    <link rel="stylesheet" href="{address}">'
    return html[: first.start()] + link + rest


def read_styles(sheet: Path, folder: Path) -> str:
    """Return the rules of a style sheet, with addresses relative to a folder."""

    def move(found: re.Match[str]) -> str:
        address = os.path.relpath(sheet.parent / found.group(1), folder)
        return f"url({address})"

    css = URL.sub(move, sheet.read_text(encoding="utf-8"))
    return IMPORT.sub(
        lambda found: read_styles(sheet.parent / found.group(1), folder), css
    )


def pages_of(site: Path) -> list[Path]:
    """Return the pages of a site, in order."""
    return sorted(
        path
        for path in site.rglob("*.html")
        if "_static" not in path.relative_to(site).parts
    )


def _choose_scripts(
    app: Sphinx, page: str, template: str, context: dict[str, Any], doctree: Any
) -> None:
    """Leave out unused scripts and styles, and let no script block a page."""

    def used(asset: Any) -> bool:
        text = f"{getattr(asset, 'filename', asset)} {asset.attributes.get('body', '')}"
        return not any(name in text for name in UNUSED)

    chosen = []
    for script in filter(used, context["script_files"]):
        if script.filename:
            script.attributes.setdefault("defer", "defer")
        if script not in chosen:  # the theme adds some twice
            chosen.append(script)
    context["script_files"] = chosen
    context["css_files"] = [style for style in context["css_files"] if used(style)]


def lighten_pages(folder: Path, top: str) -> None:
    """Make the pages of a site load faster.

    Parameters
    ----------
    folder : Path
        The site, changed in place.
    top : str
        The path of the site on its host.
    """
    scripts = folder / "_static" / "scripts"
    icons = read_icons(scripts / "fontawesome.js")
    fonts = folder / "_static" / "vendor" / "fontawesome" / "webfonts"
    theme = folder / "_static" / "styles" / "pydata-sphinx-theme.css"
    keep_used_icons(theme, fonts / "fa-solid-900.woff2")
    css = (folder / "_static" / "pygments.css").read_text("utf-8")
    plain = read_plain_tokens(css)
    pages = {
        path: lighten(path.read_text("utf-8"), icons, plain, search=path.name == SEARCH)
        for path in pages_of(folder)
    }
    (scripts / "fontawesome.js").unlink()
    remove_scroll_check(scripts / "pydata-sphinx-theme.js")
    used = (path.read_text("utf-8") for path in (folder / "_static").rglob("*.js"))
    names = names_in(pages.values(), used)
    # With this theme, all pages have the same style sheets as the first.
    home = folder / "index.html"
    sheets = sheets_of(pages[home], home)
    version = write_styles(sheets, folder / STYLES, names)
    for path, html in pages.items():
        if path.name == NOT_FOUND:
            address = top + STYLES
        elif sheets_of(html, path) in ([], sheets):
            address = os.path.relpath(folder / STYLES, path.parent)
        else:
            raise ExtensionError(f"{path} has other style sheets than other pages.")
        path.write_text(link_styles(html, f"{address}?v={version}"), encoding="utf-8")
    unused = {*fonts.iterdir(), *folder.rglob("*.map")}
    for path in unused - {fonts / "fa-solid-900.woff2"}:
        path.unlink()


def setup(app: Sphinx) -> dict[str, bool]:
    """Connect to Sphinx, after what adds scripts to a page."""
    app.connect("html-page-context", _choose_scripts, priority=990)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
