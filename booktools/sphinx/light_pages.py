"""Make pages light to load, and right for those who do not see them.

The theme comes with every icon there is, with a client for kernels that the
book does not use, and with its search index on each page. Here icons are
drawn into the pages when the book is built, all rules of style are in one
file, scripts wait until the page stands, and what is not used is not loaded.

Some of what the theme, docutils and pandas write is not right for screen
readers; it is put right on the finished page.
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
SEARCH = "search.html"  # what of it stands on other pages is a form
NOT_FOUND = "404.html"  # shown at any address, so its links begin with a slash
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
TOKEN = re.compile(r'<span class="(\w{1,3})">([^<]*)</span>')
RULE_OF_TOKEN = re.compile(
    r"^(\S+ )?\.highlight(?: \.(\w+))? \{([^}]*)\}", re.MULTILINE
)
ICON = re.compile(r"<(i|span)\s([^>]*\bfa-[^>]*)>\s*</\1>")
# What the theme does too late, or axe-core complains of, and how it should be.
PUT_RIGHT = [
    (re.compile(wrong), right)
    for wrong, right in (
        # Light or dark is settled before the first paint, not after it.
        (r'(<html[^>]*) data-theme="auto"', r"\1"),
        (
            r'(dataset\.theme = ).*"auto";',
            r'\1{light: "light", dark: "dark"}[document.documentElement.dataset.mode]'
            r' || (matchMedia("(prefers-color-scheme: dark)").matches ?'
            r' "dark" : "light");',
        ),
        # A header cell without a word is no header.
        (r"<th((?:\s[^>]*)?)>(?:<p></p>|&nbsp;|\s*)</th>", r"<td\1></td>"),
        # The logo and the search button stand outside of the list of pages.
        (
            r'<div (id="pst-primary-sidebar")',
            r'<div role="navigation" aria-label="Book" \1',
        ),
        # A name that says less than the text on the button.
        (r'(<summary) aria-label="Toggle hidden content"', r"\1"),
        (r'(<button class="[^"]*search-button-field[^>]*) aria-label="Search"', r"\1"),
        # docutils uses roles that have gone out of the standard.
        (r' role="doc-biblioentry"', ""),
        (r'<div role="list" (class="citation-list")', r"<div \1"),
    )
]
STYLE = re.compile(r'\s*<link\b(?=[^>]*rel="stylesheet")[^>]*href="([^"?:]+)[^>]*>')
STYLES = "_static/styles/book.css"  # all of them together
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
MADE_UP = ("bs-",)  # names that Bootstrap puts together when it needs them
# The theme measures all code and all outputs as soon as a page stands, and so
# makes the browser lay out what nobody sees yet; pages.js observes them.
MEASURES_ALL = (
    "e.tabIndex=e.scrollWidth>e.clientWidth||e.scrollHeight>e.clientHeight?0:-1"
)
RULE_OF_ICON = re.compile(r"(?:\.fa-[\w-]+:before,?)+\{content:[^}]*\}")
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
        By style (``"fas"``), then by name (``"bars"``): width, height, older
        names, a thing that is of no use here, and the path.

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


def put_right(html: str) -> str:
    """Return a page, or a part of one, that is right for screen readers."""
    for wrong, right in PUT_RIGHT:
        html = wrong.sub(right, html)
    return html


def read_plain_tokens(css: str) -> set[str]:
    """Return the classes of the words in code that have no colour of their own.

    Parameters
    ----------
    css : str
        The style sheet that Pygments makes, with one rule on each line.
    """
    styles: dict[str, set[tuple[str, str]]] = {}
    for theme, token, style in RULE_OF_TOKEN.findall(css):
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
        The page, as the theme has made it.
    icons : dict
        From `read_icons`.
    plain : set of str
        From `read_plain_tokens`: words of code that need no element.
    search : bool
        Whether one searches on this page.
    """
    html = TOKEN.sub(
        lambda found: found.group(2) if found.group(1) in plain else found.group(), html
    )
    html = NOT_LOADED.sub("", html)
    if search:  # its scripts wait for those that they need
        html = html.replace("<script src=", "<script defer src=")
    else:
        html = SEARCH_SCRIPTS.sub("", html)
    html = VIEWPORT.sub("", html).replace(CHARSET, HEAD, 1)
    html = put_right(html)
    return ICON.sub(lambda found: draw_icon(found.group(2), icons), html)


def keep_used_icons(styles: Path, font: Path) -> None:
    """Leave in a style sheet and its font only the icons that rules draw.

    Parameters
    ----------
    styles : Path
        The theme's style sheet: a rule for each icon of Font Awesome, which
        is of no use once icons are drawn into the pages, and rules that draw
        some with the font.
    font : Path
        The font, as WOFF2.
    """
    css = RULE_OF_ICON.sub("", styles.read_text(encoding="utf-8"))
    styles.write_text(css, encoding="utf-8")
    letters = {ord(letter) for letter in css if "\ue000" <= letter <= "\uf8ff"}
    letters |= {int(code, 16) for code in re.findall(r"\\(f[0-9a-f]{3})\b", css)}
    shapes = TTFont(font, recalcTimestamp=False)
    subsetter = Subsetter()
    subsetter.populate(unicodes=letters)
    subsetter.subset(shapes)
    shapes.save(font)


def measure_nothing(script: Path) -> None:
    """Take out of the theme's script that it measures all that may scroll.

    Parameters
    ----------
    script : Path
        The script, changed in place.

    Raises
    ------
    ExtensionError
        If it does not do so, or not as it used to.
    """
    text = script.read_text(encoding="utf-8")
    if text.count(MEASURES_ALL) != 1:
        raise ExtensionError(
            f"{script.name} is not the script that light_pages.py knows: look how it"
            " makes what scrolls focusable, and change MEASURES_ALL."
        )
    script.write_text(text.replace(MEASURES_ALL, ""), encoding="utf-8")


def names_in(pages: Iterable[str], scripts: Iterable[str]) -> set[str]:
    """Return all that may be a class on a page: those there, and a script's words."""
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
        What may be a class, from `names_in`. Selectors with another class
        are left out; what stands in brackets, as after ``:not``, does not count.
    """

    def used(selector: str) -> bool:
        classes = CLASS_IN_SELECTOR.findall(IN_BRACKETS.sub("", selector))
        return all(name in names or name.startswith(MADE_UP) for name in classes)

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
    """Write one style sheet with the rules of many that are used; return its hash.

    Parameters
    ----------
    sheets : list of Path
        What to join, in order.
    target : Path
        The sheet to write; addresses in it are made to hold good there.
    names : set of str
        What may be a class on some page of the site, from `names_in`.
    """
    css = "\n".join(read_styles(sheet, target.parent) for sheet in sheets)
    css = keep_used_rules(COMMENT.sub("", css), names)
    target.write_text(css, encoding="utf-8")
    return hashlib.sha256(css.encode()).hexdigest()[:8]


def link_styles(html: str, address: str) -> str:
    """Let a page link one style sheet, where it links its first."""
    first = STYLE.search(html)
    if first is None:
        return html
    rest = STYLE.sub("", html[first.end() :])
    link = f'\n    <link rel="stylesheet" href="{address}">'
    return html[: first.start()] + link + rest


def read_styles(sheet: Path, folder: Path) -> str:
    """Return the rules of a style sheet, as they hold good in a folder."""

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


def lighten_pages(folder: Path, top: str) -> None:
    """Make the pages of a site light.

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
    measure_nothing(scripts / "pydata-sphinx-theme.js")
    used = (path.read_text("utf-8") for path in (folder / "_static").rglob("*.js"))
    names = names_in(pages.values(), used)
    # Those of the first page are those of all, as the theme has it.
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
    useless = {*fonts.iterdir(), *folder.rglob("*.map")}
    for path in useless - {fonts / "fa-solid-900.woff2"}:
        path.unlink()


def setup(app: Sphinx) -> dict[str, bool]:
    """Connect to Sphinx, after what adds scripts to a page."""
    app.connect("html-page-context", _choose_scripts, priority=990)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
