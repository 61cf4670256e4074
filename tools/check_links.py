"""Check that what the book links to on other sites is still there.

Sphinx reads the pages as for the site, but executes nothing and leaves the
site alone. Exit status 0 means that every link leads somewhere.
"""

import json
import os
import shutil
import sys
from contextlib import redirect_stderr
from io import StringIO
from pathlib import Path
from typing import Any

import build_book
from execution import BUILD
from filelock import FileLock
from links import DOI, REGISTRY

LINKS = BUILD / "links"
UNREACHED = "Max retries exceeded"  # what requests says where nobody answers
MOVED = (301, 308)  # for good; other redirects are how a site works


def main() -> int:
    """Check the links, say what is wrong, and return the exit status."""
    BUILD.mkdir(exist_ok=True)
    os.environ["BOOK_OFFLINE"] = "1"  # links are the same on any digits
    print("Asking other sites for what the book links to.", flush=True)
    with FileLock(BUILD / "lock"):  # one at a time, as for builds
        try:
            with redirect_stderr(StringIO()) as said:
                good = build_book.render(LINKS, "linkcheck")
            checked = read_results(LINKS / "_build" / "html")
        finally:
            shutil.rmtree(LINKS, ignore_errors=True)
    broken = [link for link in checked if link["status"] in ("broken", "timeout")]
    if not good and not broken:
        print(said.getvalue(), file=sys.stderr)
        print("The links were not checked, see above.", file=sys.stderr)
        return 1
    if broken and all(UNREACHED in link["info"] for link in checked):
        print("No site can be reached. Checking links needs a network.")
        return 1
    for link in checked:
        if link["code"] in MOVED:
            print(f"{place(link)} has moved to {link['info']}")
    for link in broken:
        print(f"{place(link)} is broken: {link['info']}")
    print(f"{len(checked)} links, {len(broken)} of them broken.")
    return 1 if broken else 0


def read_results(folder: Path) -> list[dict[str, Any]]:
    """Return what Sphinx has found out, by page and line; nothing if it failed."""
    file = folder / "output.json"
    if not file.is_file():
        return []
    found = map(json.loads, file.read_text(encoding="utf-8").splitlines())
    links = [link for link in found if link["uri"].startswith("http")]
    return sorted(links, key=lambda link: (link["filename"], link["lineno"]))


def place(link: dict[str, Any]) -> str:
    """Name a link as the page has it, and where it stands."""
    uri = link["uri"].replace(REGISTRY, DOI)
    return f"{link['filename']}:{link['lineno']}: {uri}"


if __name__ == "__main__":
    sys.exit(main())
