"""Read ``_config.yml``, and refuse what in it would have no effect.

Jupyter Book ignores the keys that it does not know. Others are for its own
theme or its own way of executing, which this book does not use.
"""

import math
import posixpath
from collections.abc import Iterator
from difflib import get_close_matches
from itertools import chain
from pathlib import Path
from typing import Any

from jupyter_book.config import get_validator

from booktools.errors import AuthorError
from booktools.sources import is_readable
from booktools.urls import is_external
from booktools.yaml_files import YamlFile, read_yaml

USED = {
    *("title", "author", "copyright", "logo", "exclude_patterns"),
    *("bibtex_bibfiles", "execute.timeout", "execute.eval_regex", "execute.show_tb"),
    *("parse.myst_enable_extensions", "parse.myst_substitutions"),
    *("parse.myst_url_schemes", "html.favicon"),
    *("html.comments", "sphinx.extra_extensions"),
    *("sphinx.local_extensions", "sphinx.recursive_update"),
}
FIXED = {  # what the rest of the book relies on
    "only_build_toc_files": True,
    "execute.execute_notebooks": "cache",
    "execute.raise_on_error": True,
    "execute.stderr_output": "warn",
    "execute.allow_errors": False,
    "execute.run_in_temp": False,
    "latex.use_jupyterbook_latex": False,
    "sphinx.config.html_theme": "furo",
    "sphinx.config.html_math_renderer": "mathematics",
}
EXECUTION = {
    *("allow_errors", "cache_path", "excludepatterns", "in_temp", "mode", "timeout"),
}
FURO = {  # options that its templates use, and ours do not
    *("dark_logo", "footer_icons", "light_logo", "sidebar_hide_name", "source_branch"),
    *("source_directory", "source_edit_link", "source_repository"),
    *("source_view_link", "top_of_page_button"),
}
# What Jupyter Book's schema does not know: below sphinx.config.
_TEXTS = {"type": "object", "additionalProperties": {"type": "string"}}
_CONFIG = {"properties": {"original": _TEXTS, "redirects": _TEXTS}}
OWN_SCHEMA = {"properties": {"sphinx": {"properties": {"config": _CONFIG}}}}
_ADDRESS = "links follow the remote “origin”; for another address set {}."
_REPOSITORY = _ADDRESS.format("BOOK_REPOSITORY")
_SITE = _ADDRESS.format("BOOK_URL")
_EXECUTE = "chapters are executed before Sphinx begins; see “execute” here."
_TEMPLATES = "pages are laid out by theme/templates; write it there."
_OFFLINE = "the book's pages load nothing from other sites."
REPLACED = {  # and by what
    "execute.cache": "the cache is in _build/cache.",
    "execute.exclude_patterns": "each chapter is executed; to leave one out, delete "
    "its line in _toc.yml.",
    "html.analytics": _OFFLINE,
    "html.announcement": "write it below sphinx.config.html_theme_options.",
    "html.baseurl": _SITE,
    "html.extra_footer": _TEMPLATES,
    "html.google_analytics_id": _OFFLINE,
    "html.home_page_in_navbar": _TEMPLATES,
    "html.navbar_footer_text": _TEMPLATES,
    "html.use_edit_page_button": _REPOSITORY,
    "html.use_issues_button": _REPOSITORY,
    "html.use_multitoc_numbering": "see “numbered” in _toc.yml.",
    "html.use_repository_button": _REPOSITORY,
    "latex": "the PDF is printed from HTML; its styles are in theme/print.",
    "launch_buttons": "the buttons for Colab and Binder follow the repository; "
    + _REPOSITORY,
    "parse.myst_dmath_double_inline": "write it below sphinx.config.",
    "repository": _REPOSITORY,
    "project": "the name of the book is its title.",
    "sphinx.config.html_baseurl": _SITE,
    **{f"sphinx.config.html_theme_options.{name}": _TEMPLATES for name in FURO},
    **{f"sphinx.config.nb_execution_{name}": _EXECUTE for name in EXECUTION},
    "sphinx.config.notfound_context": _TEMPLATES,
    "sphinx.config.notfound_urls_prefix": _SITE,
    "sphinx.config.ogp_custom_meta_tags": "see booktools/sphinx/descriptions.py.",
    "sphinx.config.ogp_image": "the picture is _static/card.png.",
    "sphinx.config.ogp_site_name": "the name is the title.",
    "sphinx.config.ogp_site_url": _SITE,
    "sphinx.config.ogp_social_cards": "the picture is _static/card.png.",
    "sphinx.config.redirect_html_template_file": "see booktools/sphinx/redirects.py.",
    "sphinx.config.pygments_dark_style": "see booktools/sphinx/theme.py.",
}
SECTIONS = {
    ".".join(name.split(".")[:depth])
    for name in USED | FIXED.keys() | REPLACED.keys()
    for depth in range(1, name.count(".") + 1)
}
HINT = "Sphinx's own settings go below “sphinx.config”."
DEFAULT_TIMEOUT = 30  # seconds, as in Jupyter Book


def read_config(root: Path) -> dict[str, Any]:
    """Return what ``_config.yml`` says.

    Raise AuthorError, with all lines, if something in it is wrong or without effect.
    """
    file = read_yaml(root / "_config.yml")
    faults = [*_wrong_types(file), *_wrong_keys(file)]
    faults = faults or list(_wrong_redirects(root, file))
    if faults:
        raise AuthorError("\n".join(map(str, faults)))
    return file.data


def cell_timeout(root: Path) -> int:
    """Return how many seconds ``_config.yml`` allows a cell."""
    seconds = read_config(root).get("execute", {}).get("timeout", DEFAULT_TIMEOUT)
    return math.ceil(seconds)


def _wrong_types(file: YamlFile) -> Iterator[AuthorError]:
    """Yield what does not conform to Jupyter Book's schema, or to `OWN_SCHEMA`."""
    validators = get_validator(), get_validator().evolve(schema=OWN_SCHEMA)
    for fault in chain.from_iterable(it.iter_errors(file.data) for it in validators):
        name = ".".join(map(str, fault.absolute_path))
        message = f"{name}: {fault.message}."
        if fault.instance is None:
            message = f"there is nothing below “{name}”; delete this line."
        elif fault.validator_value == "string":
            message += " Put it in quotes."
        yield file.error(message, *fault.absolute_path)


def _wrong_redirects(root: Path, file: YamlFile) -> Iterator[AuthorError]:
    """Yield the old addresses that lead to no page, or that belong to one."""
    place = ("sphinx", "config", "redirects")
    settings = file.data.get("sphinx", {}).get("config", {})
    for old, new in settings.get("redirects", {}).items():
        page = target_of(str(old), new)
        if is_readable(root / f"{old}.md"):
            yield file.error(f"there is a page “{old}”; delete this line.", *place, old)
        elif not is_external(new) and not is_readable(root / f"{page}.md"):
            yield file.error(
                f"“{old}” leads to “{new}”, which is not a page.", *place, old
            )


def target_of(old: str, new: str) -> str:
    """Return the name of the page that a redirect from an old one leads to."""
    path = posixpath.join(posixpath.dirname(old), new)
    return posixpath.normpath(path).removesuffix(".html")


def _wrong_keys(file: YamlFile) -> Iterator[AuthorError]:
    """Yield the keys that are unknown, unused, or have a wrong value."""
    settings = _settings(file.data)
    for name, value in settings.items():
        place = name.split(".")
        if isinstance(value, float) and not math.isfinite(value):
            message = f"“{name}” must be a finite number."
        elif name in FIXED:
            if value == FIXED[name]:
                continue
            message = f"“{name}” must be {_typed(FIXED[name])} in this book."
        elif advice := REPLACED.get(name) or REPLACED.get(place[0]):
            message = f"“{name}” has no effect here: {advice} Delete this line."
        elif name in USED or name.startswith("sphinx.config."):
            continue
        else:
            close = get_close_matches(name, USED | FIXED.keys() | SECTIONS, 1)
            hint = f"Did you mean “{close[0]}”?" if close else HINT
            message = f"there is no setting “{name}”. {hint}"
        yield file.error(message, *place)
    for name, value in FIXED.items():
        if value and name not in settings:
            message = f"write “{name}: {_typed(value)}”; this book needs it."
            yield AuthorError(message, file.name)


def _settings(config: dict[str, Any], section: str = "") -> dict[str, Any]:
    """Return the settings by their names, as in ``execute.timeout``."""
    found: dict[str, Any] = {}
    for key, value in config.items():
        name = f"{section}{key}"
        if name not in SECTIONS:
            found[name] = value
        elif isinstance(value, dict):
            found |= _settings(value, f"{name}.")
    return found


def _typed(value: Any) -> str:
    """Return a value as it is typed in YAML."""
    return str(value).lower()
