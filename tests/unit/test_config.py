"""Each setting in `_config.yml` has an effect, or its line is named."""

from pathlib import Path

import pytest
from book import ROOT
from small_book import replace_in, write_small_book

from booktools.config import cell_timeout, read_config
from booktools.errors import AuthorError

EXECUTE = (
    "  execute_notebooks: cache # in a folder chosen by booktools/environment.py\n"
)
OTHER = "    original:"


def redirect(line: str) -> str:
    """Return the line of the configuration before which there is a redirect."""
    return f"    redirects:\n      {line}\n{OTHER}"


@pytest.fixture
def config(tmp_path: Path) -> Path:
    return write_small_book(tmp_path / "book").root / "_config.yml"


def test_the_book_itself_has_no_setting_without_effect() -> None:
    assert read_config(ROOT)["execute"]["execute_notebooks"] == "cache"


def test_the_timeout_is_what_it_says_or_that_of_jupyter_book(config: Path) -> None:
    replace_in(config, "timeout: 900", "timeout: 0.5")
    assert cell_timeout(config.parent) == 1
    replace_in(config, "  timeout: 0.5", "  #")
    assert cell_timeout(config.parent) == 30


@pytest.mark.parametrize(
    ("old", "new", "complaint"),
    [
        ("\ntitle: From", "\ntitle: Learning: From", ":2: this is not YAML: mapping"),
        ('"2026"', "2026", ":4: copyright: 2026 is not of type 'string'. Put it"),
        ("timeout: 900", "timeout: fast", "execute.timeout: 'fast' is not of type"),
        ("  timeout:", "  timeuot:", "did you mean “execute.timeout”?"),
        ("\nauth", "\naut", ":3: there is no setting “autor”. Did you mean “author”?"),
        ("html:", "language: de\nhtml:", "there is no setting “language”"),
        ("\nhtml:\n  favicon: _static/logo.svg", "\nhtml:", "there is nothing below"),
        (EXECUTE, "", ": write “execute.execute_notebooks: cache”"),
        ("notebooks: cache", "notebooks: force", "must be cache in this book"),
        ("notebooks: cache", "notebooks: off", "must be cache in this book"),
        ("html_theme: furo", "html_theme: alabaster", "must be furo in this book"),
        ("execute:", "execute:\n  run_in_temp: true", "must be false in this book"),
        ("timeout: 900", "timeout: .inf", "“execute.timeout” must be a finite number"),
        (OTHER, "    original: a\n    other:", "'a' is not of type 'object'"),
        (OTHER, "    original:\n    other:", "there is nothing below “sphinx.con"),
        ("      title: From", "      title: 1 #", "original.title: 1 is not of type"),
        (OTHER, redirect("a: b.html"), ":62: “a” leads to “b.html”"),
        (OTHER, redirect("index: chapters/01-small.html"), "is a page"),
        (OTHER, redirect("a: 1"), "redirects.a: 1 is not of type"),
        ("html:", "html:\n  baseurl: https://a.org", "set BOOK_URL"),
        ("html:", "html:\n  extra_footer: More", "by theme/templates"),
        ("html:", "html:\n  announcement: New", "sphinx.config.html_theme_options"),
        ("html:", "html:\n  analytics:\n    google_analytics_id: a", "no effect here"),
        ("html:", "launch_buttons:\n  thebe: true\nhtml:", "no effect here"),
        ("html:", "repository:\n  url: https://a.org\nhtml:", "set BOOK_REPOSITORY"),
        ("\nlatex:", "\nlatex:\n  latex_engine: xelatex", "no effect here"),
        ("    html_theme:", "    html_baseurl: a\n    html_theme:", "set BOOK_URL"),
        ("    html_theme:", "    nb_execution_mode: off\n    html_theme:", "“execute”"),
    ],
)
def test_what_has_no_effect_is_named_with_its_line(
    config: Path, old: str, new: str, complaint: str
) -> None:
    replace_in(config, old, new)
    with pytest.raises(AuthorError) as caught:
        read_config(config.parent)
    assert str(caught.value).startswith("_config.yml:")
    assert complaint.lower() in str(caught.value).lower()


def test_all_that_is_wrong_is_reported_at_once(config: Path) -> None:
    replace_in(config, "html:", "html:\n  baseurl: a\n  faviocn: b")
    with pytest.raises(AuthorError, match=r"html\.baseurl.*\n.*mean “html\.favicon”"):
        read_config(config.parent)
