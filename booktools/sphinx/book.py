"""Facts about the book for the parts of the extension, found once per build."""

from dataclasses import dataclass
from pathlib import Path

from sphinx.application import Sphinx
from sphinx.config import Config
from sphinx.errors import ExtensionError

from booktools import git
from booktools.build import STAMP
from booktools.environment import CACHE, Environment, prepare_environment
from booktools.sources import chapter_files, first_chapter
from booktools.urls import repository_address, site_address
from helpers import DataError, DeviceError


@dataclass(frozen=True)
class Book:
    """Facts about the book being built.

    Attributes
    ----------
    root : Path
        The folder of its sources.
    chapters : tuple of str
        The names of the chapters' pages, in order.
    first : str
        The one that readers begin with, or empty if there is none.
    environment : Environment
        The environment they were executed in.
    revision, commit, branch : str
        What git reports; see `booktools.git`.
    repository, site : str
        Their addresses on the web, or empty; see `booktools.urls`.
    """

    root: Path
    chapters: tuple[str, ...]
    first: str
    environment: Environment
    revision: str
    commit: str
    branch: str
    repository: str
    site: str


def look_up(root: Path) -> Book:
    """Find all facts about the book.

    Raises
    ------
    DataError, DeviceError, OSError, ValueError
        If something requested is missing or invalid.
    """
    chapters = tuple(f"chapters/{path.stem}" for path in chapter_files(root))
    return Book(
        root=root,
        chapters=chapters,
        first=f"chapters/{first_chapter(root).stem}" if chapters else "",
        environment=prepare_environment(root),
        revision=git.revision(root),
        commit=git.commit(root),
        branch=git.branch(root),
        repository=repository_address(root),
        site=site_address(root),
    )


def _look_up(app: Sphinx, config: Config) -> None:
    try:
        book = look_up(Path(app.srcdir))
    except (DataError, DeviceError, OSError, ValueError) as error:
        raise ExtensionError(str(error)) from None
    config["book"] = book
    cache = book.root / CACHE / book.environment.fingerprint
    config["nb_execution_cache_path"] = str(cache)
    # Whatever tool is running, its output will not match this stamp.
    (Path(app.outdir) / STAMP).unlink(missing_ok=True)


def setup(app: Sphinx) -> dict[str, bool]:
    """Connect to Sphinx, before MyST-NB reads its configuration."""
    app.add_config_value("book", None, "")
    app.connect("config-inited", _look_up, priority=100)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
