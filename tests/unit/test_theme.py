"""What the theme adds to the settings of Jupyter Book."""

import re
from collections import Counter
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from book import ROOT

from booktools.sphinx.highlighting import IPython
from booktools.sphinx.theme import _remove_unused_files, load_extra_extensions


@pytest.mark.parametrize(
    ("config", "loaded"),
    [
        ("sphinx:\n  extra_extensions: [one, two]\n", ["one", "two"]),
        ("sphinx:\n  local_extensions:\n    three: folder/\n", ["three"]),
        ("sphinx:\n  extra_extensions:\n", []),
        ("title: A book\n", []),
    ],
)
def test_loads_the_extensions_that_are_asked_for_in_jupyter_books_way(
    config: str, loaded: list[str], tmp_path: Path
) -> None:
    (tmp_path / "_config.yml").write_text(config)
    names: list[str] = []
    app: Any = SimpleNamespace(setup_extension=names.append)
    load_extra_extensions(app, tmp_path)
    assert names == loaded


def test_code_is_the_same_with_fewer_tokens() -> None:
    code = "%time x = np.sqrt(2)  # a root\nprint(f'{x:.2f}', [1, None])\n"
    tokens = list(IPython().get_tokens(code))
    assert "".join(text for _, text in tokens) == code
    assert "Token.Keyword.Constant" in {str(kind) for kind, _ in tokens}
    assert not {"Token.Name", "Token.Punctuation"} & {str(kind) for kind, _ in tokens}


@pytest.mark.parametrize(
    ("body", "kept"),
    [
        ("<p>Words.</p>", {"book.css"}),
        ("<pre>code</pre>", {"book.css", "copybutton.js"}),
        ('<div class="digit-pad"></div>', {"book.css", "explorables.css"}),
        ('<div class="sd-card"></div>', {"book.css", "sphinx-design.min.css"}),
        ('<span class="-Color-Red">e</span>', {"book.css", "mystnb.1.css"}),
        ('<div class="cell tag_scroll-output"></div>', {"book.css", "mystnb.1.css"}),
    ],
)
def test_a_page_loads_only_what_it_has_a_use_for(body: str, kept: set[str]) -> None:
    styles = (
        *("book.css", "explorables.css", "sphinx-design.min.css", "exercise.css"),
        "mystnb.1.css",
    )
    context: dict[str, Any] = {
        "body": body,
        "css_files": [SimpleNamespace(filename=name) for name in styles],
        "script_files": [SimpleNamespace(filename="copybutton.js")],
    }
    _remove_unused_files(context)
    files = context["css_files"] + context["script_files"]
    assert {file.filename for file in files} == kept


def test_no_two_explorables_give_one_name_two_looks() -> None:
    sheet = (ROOT / "interactive" / "static" / "explorables.css").read_text()
    rules = re.findall(r"^([^\s@/}][^{}]*) \{$", sheet, re.M)  # outside of conditions
    assert len(rules) > 100
    assert [rule for rule, times in Counter(rules).items() if times > 1] == []


def test_lines_under_text_are_drawn_in_webkit_too() -> None:
    sheets = [*ROOT.glob("theme/static/*.css"), *ROOT.glob("interactive/static/*.css")]
    assert len(sheets) > 5
    for sheet in sheets:
        for value in re.findall(r"text-decoration: ([^;]*);", sheet.read_text()):
            words = value.removesuffix(" !important").split()
            assert len(words) == 1, f"{sheet.name}: WebKit ignores {value}"
