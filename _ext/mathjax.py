"""Serve MathJax from the site itself, so that a page asks nobody else for it.

The files come from the package sphinx-mathjax-offline. It is not loaded as
an extension because it would copy ten times as much as a page can use.
"""

import shutil
from importlib.metadata import distribution
from pathlib import Path

from sphinx.application import Sphinx

SCRIPT = "tex-mml-chtml.js"
NEEDED = (SCRIPT, "input/tex/extensions", "output/chtml/fonts/woff-v2")


def _copy_mathjax(app: Sphinx, exception: Exception | None) -> None:
    if exception is not None or app.builder.format != "html":
        return
    package = distribution("sphinx-mathjax-offline")  # no name Python can import
    source = Path(str(package.locate_file("sphinx-mathjax-offline/static/mathjax")))
    target = Path(app.outdir) / "_static" / "mathjax"
    for name in NEEDED:
        if (source / name).is_dir():
            shutil.copytree(source / name, target / name, dirs_exist_ok=True)
        else:
            target.mkdir(parents=True, exist_ok=True)
            shutil.copy(source / name, target / name)


def setup(app: Sphinx) -> dict[str, bool]:
    """Point the pages at the copy, and make it when they are built."""
    app.config["mathjax_path"] = f"mathjax/{SCRIPT}"
    app.connect("build-finished", _copy_mathjax)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
