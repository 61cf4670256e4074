"""Make the finished pages light to load; see the modules that it calls."""

import shutil
from pathlib import Path
from urllib.parse import urlsplit

from booktools.edition import STUDENT, edition
from booktools.sphinx.images import place_images
from booktools.sphinx.light_pages import lighten_pages
from booktools.urls import site_address


def finish_site(rendered: Path, site: Path, build: Path, *, lazy: bool = True) -> None:
    """Copy what Sphinx has rendered, and make it light.

    Parameters
    ----------
    rendered : Path
        The pages as Sphinx has written them; they stay as they are.
    site : Path
        The folder to write, which does not exist.
    build : Path
        The book's folder ``_build``, where small images are kept.
    lazy : bool
        Whether images wait until they are about to be seen.
    """
    shutil.copytree(rendered, site)
    top = urlsplit(site_address(build.parent)).path or "/"
    kept = build / "images"
    used = place_images(site, kept, top, lazy=lazy)
    if lazy and edition() != STUDENT:  # others need more of them, or fewer
        for path in set(kept.iterdir()) - used:
            path.unlink()
    lighten_pages(site, top)
