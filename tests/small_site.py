"""A site of one page, rendered in this process with some of our extension."""

from io import StringIO
from pathlib import Path

from sphinx.application import Sphinx
from sphinx.util.console import strip_colors
from sphinx.util.docutils import docutils_namespace


def render(folder: Path, text: str, *extensions: str) -> Sphinx:
    """Render a page named ``index``.

    Parameters
    ----------
    folder : Path
        Where to; it is empty.
    text : str
        The page, in MyST's Markdown.
    extensions : str
        What is loaded besides MyST.
    """
    (folder / "index.md").write_text(text, encoding="utf-8")
    with docutils_namespace():
        app = Sphinx(
            folder,
            None,
            folder / "_site",
            folder / "_doctrees",
            "html",
            {
                "extensions": ["myst_parser", *extensions],
                "myst_enable_extensions": ["colon_fence", "dollarmath"],
                "html_theme": "basic",
            },
            status=None,
            warning=StringIO(),
        )
        app.build()
    return app


def warnings_of(app: Sphinx) -> str:
    """Return what has been warned of up to now."""
    return strip_colors(app._warning.getvalue())
