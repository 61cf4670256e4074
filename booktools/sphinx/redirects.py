"""Lead from old addresses to pages, with the library sphinx-reredirects."""

from pathlib import Path

from sphinx.application import Sphinx
from sphinx.config import Config

from booktools.config import target_of
from booktools.toc import pages
from booktools.urls import is_external

TEMPLATE = "theme/templates/redirect.html"


def _configure(app: Sphinx, config: Config) -> None:
    known = set(pages(Path(app.srcdir)) if config.redirects else ())
    config["redirects"] = {  # an excluded chapter has no address
        str(old): new
        for old, new in config.redirects.items()
        if is_external(new) or target_of(str(old), new) in known
    }
    config["redirect_html_template_file"] = TEMPLATE


def setup(app: Sphinx) -> None:
    """Set up the library, and connect to Sphinx before it."""
    app.setup_extension("sphinx_reredirects")
    app.connect("config-inited", _configure, priority=400)
