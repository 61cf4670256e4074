"""Which lines of a cell are wrong, and what is folded because it says so."""

from pathlib import Path
from typing import Any

import pytest
from bs4 import BeautifulSoup
from small_site import render, warnings_of

from booktools.errors import AuthorError
from booktools.sphinx.wrong_lines import find_lines

CODE = """@cache
def broken(n):
    values = [
        n
    ]
    # A comment.
    if n:
        with closed(n):
            return values
"""


@pytest.mark.parametrize(
    ("named", "lines"),
    [
        ("return values", [9]),
        ("values = [", [3, 4, 5]),  # the whole statement
        ("with closed", [8]),  # without its body
        ("def broken", [2]),
        ("@cache", [1]),
        ("# A comment", [6]),
        (["return", "if n"], [7, 9]),
        ("missing", []),
    ],
)
def test_the_lines_of_the_statements_named_are_wrong(
    named: Any, lines: list[int]
) -> None:
    assert find_lines(CODE, named) == lines


@pytest.mark.parametrize(("part", "count"), [("nowhere", "none"), ("values", "2")])
def test_what_does_not_name_one_line_is_said(part: str, count: str) -> None:
    with pytest.raises(ValueError, match=f"“{part}” is in {count} of the cell's lines"):
        find_lines(CODE, ["if n", part])


PAGE = """---
file_format: mystnb
kernelspec:
  name: python3
---

# Page

## Exhibit

```{code-cell} ipython3
:wrong-line: b = 2
:tags: [skip]

a = 1
b = 2
```

A symptom.

```{code-cell} ipython3
:tags: [raises-exception]

check()
```

The cause, with $x$.

```{code-cell} ipython3
a = b = 1
```

### More

The rest.

## Another

The end.
"""


def show(folder: Path, text: str) -> BeautifulSoup:
    extensions = ["myst_nb", "booktools.sphinx.wrong_lines"]
    quiet = {"nb_execution_mode": "off", "suppress_warnings": ["myst-nb.lexer"]}
    app = render(folder, text, extensions=extensions, **quiet)
    assert not warnings_of(app)
    html = Path(app.outdir, "index.html").read_text(encoding="utf-8")
    return BeautifulSoup(html, "html.parser")


def test_the_page_marks_the_line_and_folds_the_cause(tmp_path: Path) -> None:
    page = show(tmp_path, PAGE)
    (cell,) = page.select(".spot-the-line")
    assert {"spot-the-line", "wrong-2"} < {*cell["class"]}
    (cause,) = page.select("details.cause")
    assert not cause.has_attr("open")
    assert cause.parent is cell.parent
    words = cause.get_text()
    assert "The cause" in words
    assert "a = b = 1" in words
    assert "check()" not in words
    assert "The rest" not in words
    assert "The end" not in words
    scripts = [str(script["src"]) for script in page.select("script[src]")]
    assert any("spot-the-line.js" in source for source in scripts)


def test_a_page_without_exhibits_loads_no_script(tmp_path: Path) -> None:
    page = show(tmp_path, PAGE.replace(":wrong-line: b = 2\n", ""))
    assert "spot-the-line" not in str(page)
    assert not page.select("details")


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("b = 2\n:", "c = 2\n:", "“c = 2” is in none of the cell's lines"),
        (":tags: [raises-exception]", "", "no cell below it"),
        ("The cause, with $x$.\n\n```{code-cell} ipython3\na = b = 1\n```", "",
         "no cell below it"),
    ],
)  # fmt: skip
def test_what_cannot_be_shown_is_named_with_its_place(
    tmp_path: Path, old: str, new: str, message: str
) -> None:
    assert old in PAGE
    with pytest.raises(AuthorError, match=f"^index.md:12: wrong-line: {message}"):
        show(tmp_path, PAGE.replace(old, new))
