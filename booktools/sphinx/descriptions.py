"""Metadata for search engines and previews, a sitemap, redirects, the 404 page.

The libraries sphinxext-opengraph, sphinx-reredirects and sphinx-notfound-page do
the work. Whatever needs the address of the site is left out if that is not known;
everything else is always there. The sitemap is a plain list of addresses, since
sphinx-sitemap lists only the pages that the current build has written.
"""

from html import escape
from pathlib import Path
from string import Template
from textwrap import shorten
from typing import Any
from urllib.parse import urlsplit

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.config import Config

from booktools.config import target_of
from booktools.toc import pages
from booktools.urls import is_external, site_address

REDIRECT = "theme/templates/redirect.html"
CARD = "_static/card.png"  # the preview image, if it exists
NOT_FOUND = Template("""<section id="no-such-page">
<h1>There is no such page</h1>
<p>This book has no page at the address that you asked for.
It may be mistyped, or the page may have been moved or renamed.</p>
<form class="search" action="$search" method="get">
<label for="look-for">Look for a word in the book:</label>
<input type="search" name="q" id="look-for">
<button type="submit">Search</button>
</form>
<p>Or go to <a href="$home">the first page</a>, or to one of these:</p>
$pages</section>""")
MAX_DESCRIPTION = 200  # characters; longer descriptions get cut off


def _configure(app: Sphinx, config: Config) -> None:
    site = site_address(Path(app.srcdir))
    config["html_baseurl"] = site  # for the canonical links
    if site:
        config["ogp_site_url"] = site
        config["ogp_site_name"] = config.html_title
        config["ogp_social_cards"] = {"enable": False}  # one image for all pages
        card = "summary"
        if (Path(app.srcdir) / CARD).is_file():
            config["ogp_image"] = site + CARD
            card = "summary_large_image"
        tag = f'<meta name="twitter:card" content="{card}" />'
        config["ogp_custom_meta_tags"] = [tag]
    known = set(pages(Path(app.srcdir)) if config.redirects else ())
    config["redirects"] = {  # an excluded chapter has no address
        str(old): new
        for old, new in config.redirects.items()
        if is_external(new) or target_of(str(old), new) in known
    }
    config["redirect_html_template_file"] = REDIRECT
    config["notfound_urls_prefix"] = urlsplit(site).path or "/"
    config["notfound_context"] = {"title": "There is no such page", "body": ""}


def _first_paragraph(page: nodes.document) -> str:
    """Return the first paragraph without formulas that is not in a box."""
    for paragraph in page.findall(nodes.paragraph):
        if isinstance(paragraph.parent, nodes.section) and not any(
            paragraph.findall(nodes.math)
        ):
            return paragraph.astext()
    return ""


def _describe(
    app: Sphinx, page: str, template: str, context: dict[str, Any], doctree: Any
) -> None:
    """Describe a page: the library would cut some words and join others."""
    title = (
        app.env.titles[page].astext() if doctree else context.get("title", page.title())
    )
    about = doctree and _first_paragraph(doctree)
    about = about or f"{title}: a page of “{app.config.html_title}”."
    about = shorten(about, MAX_DESCRIPTION, placeholder=" …")
    tag = f'<meta name="description" content="{escape(about)}" />\n'
    context["metatags"] = context.get("metatags", "") + tag
    # The library writes these tags from the page's metadata, quoted.
    context["meta"] = {
        **(context.get("meta") or {}),
        "og:description": escape(about, quote=False),
        "og:type": "website" if page == app.config.root_doc else "article",
    }


def _fill_not_found(
    app: Sphinx, page: str, template: str, context: dict[str, Any], doctree: Any
) -> None:
    """Fill the 404 page with a search form and links."""
    if page != app.config.notfound_pagename:
        return
    link_to = context["pathto"]  # the library's, like toctree
    listed = context["toctree"](maxdepth=1, titles_only=True, includehidden=True)
    context["body"] = NOT_FOUND.substitute(
        search=link_to("search"),
        home=link_to(app.config.root_doc),
        pages=(listed or "").replace('role="heading"', 'role="heading" aria-level="2"'),
    )
    context["pageurl"] = None  # it is shown at any address
    context["metatags"] += '<meta name="robots" content="noindex" />\n'


def _write_sitemap(app: Sphinx, exception: Exception | None) -> None:
    """Write a sitemap of all pages, and a robots.txt that points to it."""
    site = app.config.html_baseurl
    if exception is not None or app.builder.name != "html" or not site:
        return
    addresses = [
        site + app.builder.get_target_uri(page) for page in sorted(app.env.found_docs)
    ]
    folder = Path(app.outdir)
    (folder / "sitemap.txt").write_text("\n".join(addresses) + "\n")
    (folder / "robots.txt").write_text(
        f"User-agent: *\nAllow: /\n\nSitemap: {site}sitemap.txt\n"
    )


def setup(app: Sphinx) -> dict[str, bool]:
    """Set up the libraries, and connect to Sphinx before and after them."""
    site = site_address(Path(app.srcdir))
    app.setup_extension("notfound.extension")
    app.setup_extension("sphinx_reredirects")
    if site:  # previews need an address
        app.setup_extension("sphinxext.opengraph")
    app.connect("config-inited", _configure, priority=400)
    app.connect("html-page-context", _describe, priority=400)
    app.connect("html-page-context", _fill_not_found, priority=600)
    app.connect("build-finished", _write_sitemap)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
