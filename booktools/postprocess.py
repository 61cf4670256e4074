"""Make the finished pages load faster; see the modules called here."""

import shutil
from pathlib import Path
from urllib.parse import urlsplit

from booktools.sphinx.light_pages import lighten_pages
from booktools.urls import site_address


def finish_site(rendered: Path, site: Path, build: Path) -> None:
    """Copy what Sphinx has rendered, and make it load faster.

    Parameters
    ----------
    rendered : Path
        The pages as Sphinx wrote them; they are not changed.
    site : Path
        The folder to write, which must not exist.
    build : Path
        The book's folder ``_build``.
    """
    shutil.copytree(rendered, site)
    top = urlsplit(site_address(build.parent)).path or "/"
    lighten_pages(site, top)
