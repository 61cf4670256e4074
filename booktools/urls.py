"""Know where the site and its repository are on the web, and tell the pages.

Nothing is written down: both come from the environment or from git, so a fork
changes no file. From the address of the site follow the canonical link, the
address and the picture in a preview, ``sitemap.xml`` and ``robots.txt``. Where
it is not known they are left out; all else is there without it.
"""

import os
import re
from collections.abc import Iterator
from html import escape, unescape
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.config import Config
from sphinx.environment.adapters.toctree import global_toctree_for_doc
from sphinx.errors import ExtensionError

from booktools.git import origin

CARD = "_static/card.png"  # the picture of a preview, if it is there
MISSING = "404"  # the page that a host shows where there is none
# What Sphinx makes from nothing of ours, and gives no title.
UNTITLED = {"search": "Search", "genindex": "Index"}
LONGEST = 200  # letters of a description; more is cut by those who show it

GITHUB = re.compile(
    r"""(?: (?:https?|ssh|git)://(?:[^@/\s]+@)?(?:www\.|ssh\.)?github\.com(?::\d+)?/+
          | (?:[^@/:\s]+@)?github\.com:/* )
        (?P<owner>[A-Za-z\d][A-Za-z\d-]*) / (?P<name>[\w.-]+?) (?:\.git)? /*""",
    re.VERBOSE | re.IGNORECASE,
)


def site_address() -> str:
    """Return where the site is, with a slash at the end; or nothing.

    ``BOOK_URL``, or else the address at which GitHub Pages serves the
    repository that the remote ``origin`` names.

    Raises
    ------
    ValueError
        If ``BOOK_URL`` is not an address.
    """
    if asked := _address_in("BOOK_URL"):
        return f"{asked}/"
    return pages_address(origin())


def repository_address() -> str:
    """Return where the repository is, without a slash at the end; or nothing.

    ``BOOK_REPOSITORY``, or else the remote ``origin``, if it is on GitHub.

    Raises
    ------
    ValueError
        If ``BOOK_REPOSITORY`` is not an address.
    """
    if asked := _address_in("BOOK_REPOSITORY"):
        return asked.removesuffix(".git")
    project = github_project(origin())
    return "https://github.com/{}/{}".format(*project) if project else ""


def github_project(remote: str) -> tuple[str, str] | None:
    """Return owner and name of a repository on GitHub, None if it is not there.

    Parameters
    ----------
    remote : str
        As git has it, by https, ssh or git; user names and passwords in it
        are left out.
    """
    found = GITHUB.fullmatch(remote.strip())
    return (found["owner"], found["name"]) if found else None


def pages_address(remote: str) -> str:
    """Return the address of a repository on GitHub Pages, or nothing."""
    project = github_project(remote)
    if project is None:
        return ""
    host, name = f"{project[0].lower()}.github.io", project[1]
    return f"https://{host}/" if name.lower() == host else f"https://{host}/{name}/"


def _address_in(variable: str) -> str:
    """Read an address from the environment, without slashes at the end."""
    asked = os.environ.get(variable, "").strip()
    if not asked:
        return ""
    try:
        parts = urlsplit(asked)
        good = parts.scheme in ("http", "https") and bool(parts.hostname)
        good &= not (parts.query or parts.fragment or "@" in parts.netloc)
        good &= not re.search(r"[\s\"'<>\\?#]", asked) and parts.port != 0
    except ValueError:  # a port that is no number, and the like
        good = False
    if not good:
        raise ValueError(
            f"{variable}={asked} is not an http or https address; "
            f"try one like {variable}=https://example.org/book"
        )
    return asked.rstrip("/")


def _use_address(app: Sphinx, config: Config) -> None:
    try:
        config["html_baseurl"] = site_address()  # Sphinx makes the canonical link
        repository_address()
    except ValueError as error:
        raise ExtensionError(str(error)) from None


def describe(text: str) -> str:
    """Return the first sentences of a text, as many as a preview shows."""
    text = " ".join(text.split())
    if len(text) <= LONGEST:
        return text
    whole = re.match(rf".{{40,{LONGEST - 1}}}[.?!](?=\s)", text)
    return whole[0] if whole else f"{text[: LONGEST - 1].rpartition(' ')[0]}…"


def _first_paragraph(doctree: nodes.document) -> str:
    """Return what a page begins with, boxes and formulas left out."""
    for paragraph in doctree.findall(nodes.paragraph):
        if isinstance(paragraph.parent, nodes.section) and not any(
            paragraph.findall(nodes.math)
        ):
            return paragraph.astext()
    return ""


def _add_tags(
    app: Sphinx, page: str, template: str, context: dict[str, Any], doctree: Any
) -> None:
    site = app.config.html_title
    title = unescape(
        re.sub("<[^>]+>", "", context.get("title") or UNTITLED.get(page, site))
    )
    about = _first_paragraph(doctree) if doctree else ""
    about = describe(about) or f"{title}: a page of “{site}”."
    address = context.get("pageurl")
    if page == MISSING:
        context["pageurl"] = address = None  # it is at every address
    tags = {
        "og:type": "website" if page == app.config.root_doc else "article",
        "og:site_name": site,
        "og:title": title,
        "og:description": about,
        "twitter:card": "summary",
    }
    if address:
        tags["og:url"] = address
    if address and (Path(app.srcdir) / CARD).is_file():
        tags["og:image"] = app.config.html_baseurl + CARD
        tags["og:image:alt"] = site
        tags["twitter:card"] = "summary_large_image"
    written = context.get("metatags") or ""
    if 'name="description"' not in written:
        written += f'\n<meta name="description" content="{escape(about)}">'
    for name, value in tags.items():
        kind = "name" if name.startswith("twitter:") else "property"
        written += f'\n<meta {kind}="{name}" content="{escape(value)}">'
    if page == MISSING:
        # Whatever address it is shown at, its links begin at the site's top.
        top = urlsplit(app.config.html_baseurl).path or "/"
        head = f'<base href="{escape(top)}"><meta name="robots" content="noindex">'
        written = head + written
    context["metatags"] = f"{written}\n"


def _missing_page(app: Sphinx) -> Iterator[tuple[str, dict[str, Any], str]]:
    """Make the page that says that there is none."""
    if app.builder.name != "html":
        return
    contents = global_toctree_for_doc(
        app.env,
        app.config.root_doc,
        app.builder,
        collapse=False,
        maxdepth=1,
        titles_only=True,
        includehidden=True,
    )
    builder: Any = app.builder
    pages = builder.render_partial(contents)["fragment"] if contents else ""
    title = "There is no such page"
    body = f"""<section id="no-such-page">
<h1>{title}</h1>
<p>This book has no page at the address that you asked for.
It may be mistyped, or the page has been moved or renamed.</p>
<form action="search.html" method="get">
<p><label for="look-for">Look for a word in the book:</label>
<input type="search" name="q" id="look-for">
<button type="submit">Search</button></p>
</form>
<p>Or go to <a href="{app.config.root_doc}.html">the first page</a>,
or to one of these:</p>
{pages}</section>"""
    yield MISSING, {"title": title, "body": body}, "page.html"


def _finish(app: Sphinx, exception: Exception | None) -> None:
    """Write what is beside the pages, once all of them are there."""
    if exception is not None or app.builder.name != "html":
        return
    folder, top = Path(app.outdir), app.config.html_baseurl
    page = folder / f"{MISSING}.html"
    text = page.read_text(encoding="utf-8")
    # With a base, a place on the same page needs the name of the page.
    page.write_text(text.replace('href="#', f'href="{page.name}#'), encoding="utf-8")
    if not top:
        return
    places = [top + app.builder.get_target_uri(name) for name in app.env.found_docs]
    entries = "".join(
        f"<url><loc>{escape(place)}</loc></url>\n" for place in sorted(places)
    )
    (folder / "sitemap.xml").write_text(
        '<?xml version="1.0" encoding="utf-8"?>\n'
        '<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">\n'
        f"{entries}</urlset>\n",
        encoding="utf-8",
    )
    (folder / "robots.txt").write_text(
        f"User-agent: *\nAllow: /\n\nSitemap: {top}sitemap.xml\n", encoding="utf-8"
    )


def setup(app: Sphinx) -> dict[str, bool]:
    """Connect to Sphinx."""
    app.connect("config-inited", _use_address)
    app.connect("html-page-context", _add_tags)
    app.connect("html-collect-pages", _missing_page)
    app.connect("build-finished", _finish)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
