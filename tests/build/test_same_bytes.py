"""Two builds give the same bytes, wherever they run."""

import hashlib
import os
import shutil
from pathlib import Path

import pytest
from book import BUILD, EXECUTED, ROOT, chapter_files, git
from bs4 import BeautifulSoup
from small_book import CHAPTER, SmallBook

MEASURED = """
```{code-cell} ipython3
:tags: [nbval-ignore-output]

from time import perf_counter

print(perf_counter())
```

```{code-cell} ipython3
:tags: [raises-exception]

import numpy as np

np.linalg.inv(np.zeros((2, 2)))  # raised in a library
```

```{code-cell} ipython3
print(object(), "-".join(["set", "of", "words"]), {"of", "words"})
```
"""


def contents(root: Path) -> dict[str, str]:
    """Map every file of a site, and every executed chapter, to its hash."""
    return {
        path.relative_to(root).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for part in ("html", "executed")
        for path in (root / "_build" / part).rglob("*")
        if path.is_file()
    }


def differences(one: Path, other: Path) -> list[str]:
    ours, theirs = contents(one), contents(other)
    names = ours.keys() | theirs.keys()
    return sorted(name for name in names if ours.get(name) != theirs.get(name))


def without_measurements(book: SmallBook) -> str:
    html = BeautifulSoup(book.page(), "html.parser")
    for output in html.select(".tag_nbval-ignore-output .cell_output"):
        output.decompose()
    return str(html)


def test_two_builds_give_the_same_bytes_but_for_measurements(
    book: SmallBook, tmp_path: Path
) -> None:
    book.append(MEASURED)
    book.add_chapter("02-other", CHAPTER.replace("# A small", "# Another"))
    other = SmallBook(tmp_path / "elsewhere" / "another folder")
    shutil.copytree(book.root, other.root, ignore=shutil.ignore_patterns("_build"))
    for each in (book, other):
        each.must_build()
    assert len(contents(book.root)) > 20
    assert differences(book.root, other.root) == [
        "_build/executed/01-small.ipynb",
        "_build/html/chapters/01-small.html",
        "_build/html/chapters/01-small.ipynb",
    ]
    assert without_measurements(book) == without_measurements(other)


def test_pages_say_that_files_have_changed_only_as_long_as_they_have(
    book: SmallBook,
) -> None:
    book.add_chapter("02-other", CHAPTER.replace("# A small", "# Another"))
    git(book.root, "init", "--quiet")
    git(book.root, "add", "chapters", "_toc.yml")
    git(book.root, "commit", "--quiet", "--message", "All")
    text = book.chapter.read_text()
    for words in ("\nA new sentence.\n", ""):
        book.chapter.write_text(text + words)
        book.must_build()
        for page in ("chapters/01-small", "chapters/02-other"):
            assert ("with changes" in book.page(page)) == bool(words)


@pytest.mark.slow
def test_the_whole_book_rendered_again_elsewhere_gives_the_same_bytes(
    tmp_path: Path,
) -> None:
    # From the same executed chapters; the tests of chapters say that these repeat.
    other = SmallBook(tmp_path / "another folder")
    left_out = shutil.ignore_patterns("_build", ".venv", "*.egg-info", ".*_cache")
    shutil.copytree(ROOT, other.root, ignore=left_out)
    for name in ("cache", "results"):
        shutil.copytree(BUILD / name, other.root / "_build" / name)
    shutil.copy(BUILD / "chapters.json", other.root / "_build")
    ours = {name: it for name, it in os.environ.items() if name.startswith("BOOK_")}

    def build() -> None:
        # In a process of its own: Sphinx remembers settings of earlier builds in this
        # one, notes a hash of them in .buildinfo, and writes all pages if it differs.
        with other.start("-m", "booktools", "build", **ours) as process:
            said, _ = process.communicate()
        assert process.returncode == 0, said
        assert "executed in" not in said

    build()
    assert len(list(EXECUTED.iterdir())) == len(chapter_files())
    assert differences(ROOT, other.root) == []
    # And again after a sentence that came and went; git does not say that it did,
    # for then all pages would be written.
    chapter = other.root / chapter_files()[0].relative_to(ROOT)
    git(other.root, "update-index", "--assume-unchanged", str(chapter))
    text = chapter.read_text()
    for words in ("\nA whole new sentence.\n", ""):
        chapter.write_text(text + words)
        build()
        assert ("whole new" in other.page(f"chapters/{chapter.stem}")) == bool(words)
    assert differences(ROOT, other.root) == []
