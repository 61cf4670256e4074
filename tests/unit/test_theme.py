"""What the theme adds to the settings of Jupyter Book."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from book import ROOT

from booktools.sources import part_of
from booktools.sphinx.code import IPython
from booktools.sphinx.theme import load_extra_extensions


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


def test_a_page_belongs_to_a_part_of_the_contents() -> None:
    assert part_of(ROOT, "reference/notation") == "Reference"
    assert part_of(ROOT, "index") == ""


def test_code_is_the_same_with_fewer_tokens() -> None:
    code = "%time x = np.sqrt(2)  # a root\nprint(f'{x:.2f}', [1, None])\n"
    tokens = list(IPython().get_tokens(code))
    assert "".join(text for _, text in tokens) == code
    assert "Token.Keyword.Constant" in {str(kind) for kind, _ in tokens}
    assert not {"Token.Name", "Token.Punctuation"} & {str(kind) for kind, _ in tokens}
