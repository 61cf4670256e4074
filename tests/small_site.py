"""A small site, rendered in this process with some of our extension."""

from collections.abc import Iterator
from contextlib import contextmanager
from copy import deepcopy
from io import StringIO
from pathlib import Path
from typing import Any
from unittest import mock

from book import BUILD
from sphinx.application import Sphinx
from sphinx.config import Config
from sphinx.util.console import strip_colors
from sphinx.util.docutils import docutils_namespace

from booktools.sphinx.theme import keep_compiled_templates


@contextmanager
def sphinx_namespace() -> Iterator[None]:
    """Undo at the end what Sphinx and its extensions change in this process.

    They add roles and directives to docutils, and to lists and dictionaries
    that Sphinx takes for the defaults of its configuration.
    """
    defaults = deepcopy(Config.config_values)
    with docutils_namespace(), mock.patch.dict(Config.config_values, defaults):
        yield


def render(
    folder: Path,
    text: str,
    *extensions: str,
    builder: str = "html",
    **configuration: Any,
) -> Sphinx:
    """Render a page named ``index``, and what else is in its folder.

    Parameters
    ----------
    folder : Path
        Where to; it may hold other pages.
    text : str
        The page, in MyST's Markdown.
    extensions : str
        Names of extensions to load besides MyST.
    builder : str
        The name of a Sphinx builder.
    configuration
        Other settings of Sphinx.
    """
    (folder / "index.md").write_text(text, encoding="utf-8")
    with sphinx_namespace():
        app = Sphinx(
            folder,
            None,
            folder / "_site",
            folder / "_doctrees",
            builder,
            {
                "extensions": ["myst_parser", *extensions],
                "myst_enable_extensions": ["colon_fence", "dollarmath"],
                "exclude_patterns": ["_*"],
                "html_theme": "basic",
            }
            | configuration,
            status=None,
            warning=StringIO(),
        )
        keep_compiled_templates(app, BUILD / "templates")
        app.build()
    return app


def warnings_of(app: Sphinx) -> str:
    """Return the warnings up to now."""
    return strip_colors(app._warning.getvalue())
