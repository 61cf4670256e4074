"""Describe each page to search engines, and in the preview of a link to it.

The library sphinxext-opengraph writes the previews, which need the address of the
site; without it there are none.
"""

from html import escape
from pathlib import Path
from textwrap import shorten
from typing import Any

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.config import Config

from booktools.urls import site_address

CARD = "_static/card.png"  # the preview image, if it exists
MAX_DESCRIPTION = 200  # characters; longer descriptions get cut off


def _configure(app: Sphinx, config: Config) -> None:
    config["ogp_site_url"] = site_address(Path(app.srcdir))
    config["ogp_site_name"] = config.html_title
    config["ogp_social_cards"] = {"enable": False}  # one image for all pages
    card = "summary"
    if (Path(app.srcdir) / CARD).is_file():
        config["ogp_image"] = config.ogp_site_url + CARD
        card = "summary_large_image"
    tag = f'<meta name="twitter:card" content="{card}" />'
    config["ogp_custom_meta_tags"] = [tag]


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


def setup(app: Sphinx) -> None:
    """Set up the library, and connect to Sphinx before it."""
    if site_address(Path(app.srcdir)):
        app.setup_extension("sphinxext.opengraph")
        app.connect("config-inited", _configure, priority=400)
    app.connect("html-page-context", _describe, priority=400)
