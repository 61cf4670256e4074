"""Print the whole book into one PDF, ``_build/book.pdf``.

The site is built first. Then Sphinx renders the book for paper, from the chapters
executed for the site, in a separate folder (see `booktools.sphinx.print_builder`),
and WeasyPrint makes the pages.
"""

import gc
import logging
import shutil
import sys
from pathlib import Path

from filelock import FileLock

from booktools import build
from booktools.edition import PDFS, SITES, edition
from booktools.environment import prepare_environment
from booktools.errors import AuthorError
from booktools.execute import cached_record, open_cache
from booktools.sources import BUILD, LOCK, read_chapter
from booktools.toc import chapter_files

PRINT = BUILD / "print"


def main(root: Path) -> int:
    """Build the site, then print it; return the exit status."""
    site, target = root / BUILD / SITES[edition()], root / BUILD / PDFS[edition()]
    if status := build.main(root):
        return status
    if not all_cached(root):  # rendering would execute chapters one by one
        (site / build.STAMP).unlink(missing_ok=True)
        shutil.rmtree(root / build.RENDERED, ignore_errors=True)
        if status := build.main(root):
            return status
    folder = root / PRINT
    with FileLock(root / LOCK):  # one at a time, as for builds
        shutil.rmtree(folder, ignore_errors=True)  # left by an interrupted run
        try:
            if not build.render(root, folder, "print"):
                print("The book was not printed; see above.", file=sys.stderr)
                return 1
            print_page(folder / "_build" / "print" / "index.html", target)
        finally:
            shutil.rmtree(folder, ignore_errors=True)
    print(f"The book is printed. Open {target}")
    return 0


def all_cached(root: Path) -> bool:
    """Return whether the cache still holds all executed chapters of the site."""
    cache = open_cache(root, prepare_environment(root).fingerprint)
    chapters = (read_chapter(root, path) for path in chapter_files(root))
    return all(cached_record(cache, chapter) for chapter in chapters)


def print_page(page: Path, target: Path) -> None:
    """Make a tagged PDF of a page; the target changes only on success.

    Raise AuthorError if WeasyPrint is not installed or lacks Pango, or if it complains,
    as it does of a link that leads nowhere or an image without alt text.
    """
    for name in ("weasyprint", "fontTools"):  # a style for Pygments shows what they log
        logging.getLogger(name).propagate = False
    try:
        from weasyprint import HTML
        from weasyprint.logger import LOGGER
    except (ImportError, OSError) as error:
        raise AuthorError(
            "WeasyPrint, or the library Pango that it needs (Debian: apt install "
            f"libpango-1.0-0), cannot be loaded: {error}"
        ) from None
    complaints: list[str] = []

    class Collect(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            complaints.append(record.getMessage())

    new = target.with_name(f"{target.name}.new")
    LOGGER.handlers = [Collect(logging.ERROR)]
    gc.disable()  # searching pages for garbage takes a third of the time
    try:
        HTML(filename=page).write_pdf(
            new,
            pdf_variant="pdf/ua-1",
            presentational_hints=True,  # images state their width as an attribute
        )
        if complaints:
            raise AuthorError("; ".join(dict.fromkeys(complaints)))
        new.replace(target)
    finally:
        gc.enable()
        new.unlink(missing_ok=True)
