"""Print the whole book into one PDF, ``_build/book.pdf``.

The site is built first. Then Sphinx renders the book as a single page, from the
chapters executed for the site, in a folder of its own, and Chromium prints that
page. Its look on paper is defined in ``_static/print.css``.
"""

import logging
import shutil
import sys
from pathlib import Path

from filelock import FileLock
from playwright.sync_api import Error, sync_playwright
from pypdf import PdfReader, PdfWriter
from pypdf.generic import NameObject, TextStringObject

from booktools import build
from booktools.chromium import ChromiumError, find_chromium, launch_arguments
from booktools.edition import PDFS, SITES, edition
from booktools.environment import prepare_environment
from booktools.execute import cached_record, open_cache
from booktools.sources import BUILD, LOCK, chapter_files, read_chapter

PRINT = BUILD / "print"
TIMEOUT = 180  # seconds that a step in Chromium may take

# Prepare the page for printing: unfolded, light, all images loaded.
PREPARE = """async () => {
    document.documentElement.dataset.mode = "light";
    document.documentElement.dataset.theme = "light";
    for (const box of document.querySelectorAll("details")) box.open = true;
    for (const image of document.images) {
        image.loading = "eager";
        image.closest("a")?.removeAttribute("href"); // to the image file
    }
    for (const link of document.querySelectorAll("a[href$='.html']")) {
        const page = link.getAttribute("href").replace(/^(\\.\\.\\/)+|\\.html$/g, "");
        const place = document.getElementById(`document-${page}`);
        if (place) link.setAttribute("href", `#${place.id}`);
    }
    await Promise.all([...document.images].map((image) => image.decode()));
    await document.fonts.ready;
}"""
TITLES = """() => [...document.querySelectorAll("h1, h2, h3, h4, h5, h6")].map(
    (heading) => heading.innerText.replace(/#\\s*$/, "").replace(/\\s+/g, " ").trim()
)"""
FOOTER = """<div style="width: 100%; font: 8px sans-serif; text-align: center">
<span class="pageNumber"></span></div>"""


def main(root: Path) -> int:
    """Build the site, then print it; return the exit status."""
    try:
        program = find_chromium()
        site, target = root / BUILD / SITES[edition()], root / BUILD / PDFS[edition()]
    except (ChromiumError, ValueError) as error:
        print(f"The book was not printed: {error}", file=sys.stderr)
        return 1
    if status := build.main(root):
        return status
    if not all_cached(root):  # or rendering would execute chapters one by one
        (site / build.STAMP).unlink(missing_ok=True)
        shutil.rmtree(root / build.RENDERED, ignore_errors=True)
        if status := build.main(root):
            return status
    folder = root / PRINT
    with FileLock(root / LOCK):  # one at a time, as for builds
        shutil.rmtree(folder, ignore_errors=True)  # left by an interrupted run
        try:
            if not build.render(root, folder, "singlehtml"):
                print("The book was not printed; see above.", file=sys.stderr)
                return 1
            rendered, page = folder / "_build" / "singlehtml", folder / "page"
            shutil.copytree(rendered, page)
            print_page(program, page / "index.html", target)
        except Error as error:
            print(f"The book was not printed: {error}", file=sys.stderr)
            return 1
        finally:
            shutil.rmtree(folder, ignore_errors=True)
    print(f"The book is printed. Open {target}")
    return 0


def all_cached(root: Path) -> bool:
    """Return whether the cache still holds all executed chapters of the site."""
    cache = open_cache(root, prepare_environment(root).fingerprint)
    chapters = (read_chapter(root, path) for path in chapter_files(root))
    return all(cached_record(cache, chapter) for chapter in chapters)


def print_page(program: Path, page: Path, target: Path) -> None:
    """Print a page with Chromium; the target changes only on success."""
    new = target.with_name(f"{target.name}.new")
    try:
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(
                executable_path=program, args=launch_arguments()
            )
            view = browser.new_page(color_scheme="light")
            view.set_default_timeout(TIMEOUT * 1000)
            view.emulate_media(media="print", color_scheme="light")
            view.goto(page.as_uri())
            view.evaluate(PREPARE)
            titles = view.evaluate(TITLES)
            view.pdf(
                path=new,
                format="A4",
                margin={
                    "top": "18mm",
                    "bottom": "20mm",
                    "left": "18mm",
                    "right": "18mm",
                },
                print_background=True,
                display_header_footer=True,
                header_template="<span></span>",
                footer_template=FOOTER,
                outline=True,
                tagged=True,
            )
            browser.close()
        fix_bookmarks(new, titles)
        new.replace(target)
    finally:
        new.unlink(missing_ok=True)


def fix_bookmarks(file: Path, titles: list[str]) -> None:
    """Give the bookmarks the titles of the page.

    Chromium omits the space where a title wraps, and repeats a title that it
    has moved to the next page.
    """
    known = {_letters(title): title for title in titles}
    known |= {_letters(title) * 2: title for title in titles}
    logging.getLogger("pypdf").setLevel(logging.ERROR)  # Chromium miscounts objects
    writer = PdfWriter(clone_from=PdfReader(file))
    for item in writer._objects:
        if isinstance(item, dict) and "/Title" in item and "/Parent" in item:
            found = known.get(_letters(item["/Title"]), item["/Title"])
            item[NameObject("/Title")] = TextStringObject(found)
    writer.write(file)


def _letters(text: str) -> str:
    return "".join(text.split())
