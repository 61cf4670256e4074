"""The 404 page, with a search form and links, from sphinx-notfound-page."""

from pathlib import Path
from string import Template
from typing import Any
from urllib.parse import urlsplit

from sphinx.application import Sphinx
from sphinx.config import Config

from booktools.urls import site_address

BODY = Template("""<section id="no-such-page">
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


def _configure(app: Sphinx, config: Config) -> None:
    site = site_address(Path(app.srcdir))
    config["notfound_urls_prefix"] = urlsplit(site).path or "/"
    config["notfound_context"] = {"title": "There is no such page", "body": ""}


def _fill_page(
    app: Sphinx, page: str, template: str, context: dict[str, Any], doctree: Any
) -> None:
    """Fill the 404 page with a search form and links."""
    if page != app.config.notfound_pagename:
        return
    link_to = context["pathto"]  # the library's, like toctree
    listed = context["toctree"](maxdepth=1, titles_only=True, includehidden=True)
    context["body"] = BODY.substitute(
        search=link_to("search"),
        home=link_to(app.config.root_doc),
        pages=(listed or "").replace('role="heading"', 'role="heading" aria-level="2"'),
    )
    context["pageurl"] = None  # it is shown at any address
    context["metatags"] += '<meta name="robots" content="noindex" />\n'


def setup(app: Sphinx) -> None:
    """Set up the library, and connect to Sphinx before and after it."""
    app.setup_extension("notfound.extension")
    app.connect("config-inited", _configure, priority=400)
    app.connect("html-page-context", _fill_page, priority=600)
