"""Tell search engines the address of every page: canonical links and a sitemap.

Both are left out if the address of the site is not known. The sitemap is a plain
list of addresses, since sphinx-sitemap lists only the pages that the current build
has written.
"""

from pathlib import Path

from sphinx.application import Sphinx
from sphinx.config import Config

from booktools.urls import site_address


def _configure(app: Sphinx, config: Config) -> None:
    config["html_baseurl"] = site_address(Path(app.srcdir))  # for the canonical links


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


def setup(app: Sphinx) -> None:
    """Connect to Sphinx."""
    app.connect("config-inited", _configure, priority=400)
    app.connect("build-finished", _write_sitemap)
