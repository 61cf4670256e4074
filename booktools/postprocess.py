"""Make the finished pages load faster; see the modules called here."""

import shutil
from pathlib import Path
from urllib.parse import urlsplit

from booktools.edition import STUDENT, edition
from booktools.sphinx.images import optimise_images
from booktools.urls import site_address


def finish_site(rendered: Path, site: Path, build: Path, *, lazy: bool = True) -> None:
    """Copy what Sphinx has rendered, and make it load faster.

    Parameters
    ----------
    rendered : Path
        The pages as Sphinx wrote them; they are not changed.
    site : Path
        The folder to write, which must not exist.
    build : Path
        The book's folder ``_build``, where compressed images are cached.
    lazy : bool
        Whether images are loaded lazily.
    """
    shutil.copytree(rendered, site)
    top = urlsplit(site_address(build.parent)).path or "/"
    kept = build / "images"
    used = optimise_images(site, kept, top, lazy=lazy)
    if lazy and edition() != STUDENT:  # other builds use other images
        for path in set(kept.iterdir()) - used:
            path.unlink()
