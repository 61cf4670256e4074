"""Facts about the book for the parts of the extension, found once per build."""

from dataclasses import dataclass
from pathlib import Path

from sphinx.application import Sphinx
from sphinx.config import Config
from sphinx.errors import SphinxError
from sphinx.util.logging import getLogger

from booktools import git
from booktools.build import STAMP
from booktools.environment import CACHE, Environment, prepare_environment
from booktools.toc import first_chapter, is_chapter, pages, parts
from booktools.urls import repository_address, site_address

logger = getLogger(__name__)


@dataclass(frozen=True)
class Book:
    """Facts about the book being built."""

    root: Path  # the folder of its sources
    parts: tuple[tuple[str, tuple[str, ...]], ...]  # titles, maybe empty, and pages
    chapters: tuple[str, ...]  # the names of their pages, in order
    first: str  # the chapter that readers begin with, or empty
    environment: Environment  # in which they were executed
    revision: str  # this, commit and branch are what git reports
    commit: str
    branch: str
    is_changed: bool  # whether files have changed since that commit
    repository: str  # its address on the web, or empty
    site: str  # the same of the site

    def part_of(self, page: str) -> str:
        """Return the title of the part that a page belongs to, or an empty string."""
        return next((title for title, names in self.parts if page in names), "")


def load_book(root: Path) -> Book:
    """Return all facts about the book, or raise AuthorError if one is wrong."""
    return Book(
        root=root,
        parts=tuple((title, tuple(names)) for title, names in parts(root)),
        chapters=tuple(page for page in pages(root) if is_chapter(page)),
        first=first_chapter(root),
        environment=prepare_environment(root),
        revision=git.revision(root),
        commit=git.commit(root),
        branch=git.branch(root),
        is_changed=git.is_changed(root),
        repository=repository_address(root),
        site=site_address(root),
    )


def _load_book(app: Sphinx, config: Config) -> None:
    book = load_book(Path(app.srcdir))
    config["book"] = book
    cache = book.root / CACHE / book.environment.fingerprint
    config["nb_execution_cache_path"] = str(cache)
    # Whatever tool is running, its output will not match this stamp.
    (Path(app.outdir) / STAMP).unlink(missing_ok=True)


def _log_page(app: Sphinx, exception: Exception | None) -> None:
    """Log on which page an unforeseen error happened."""
    cause = getattr(exception, "orig_exc", None)
    foreseen = isinstance(exception, SphinxError) and cause is None
    reading = app.env.temp_data.get("docname")
    page = reading or getattr(app.builder, "current_docname", None)
    if exception is not None and not foreseen and page:
        logger.error("the error that follows happened on this page", location=page)


def setup(app: Sphinx) -> None:
    """Connect to Sphinx, before MyST-NB reads its configuration."""
    app.add_config_value("book", None, "")
    app.connect("config-inited", _load_book, priority=100)
    app.connect("build-finished", _log_page)
