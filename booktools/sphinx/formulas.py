r"""Prepare the formulas of a page as soon as it is read.

What Jupyter shows as a formula becomes one here: ``$$…$$`` within a sentence stands
on a line of its own, ``\\`` and blank lines break lines, ``\label`` is a label of the
book. A formula carries the ``\newcommand``s before it on its page, so it is the same
wherever it is shown, and no page changes another. What is left of TeX outside of
formulas gives a warning, which fails the build.
"""

import re
from html import unescape
from itertools import groupby
from typing import Any

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.domains.math import MathDomain
from sphinx.transforms import SphinxTransform
from sphinx.util.logging import getLogger

logger = getLogger(__name__)

DEFINITIONS = "definitions"  # the attribute of a formula with those before it
DEFINES = re.compile(
    r"\\(?:(?:re)?new(?:command|environment|tagform)|provide|Declare|definecolor|"
    r"require\b|let\b|[gex]?def\b)"
)
LABEL = re.compile(r"\s*\\label\s*\{([^}]*)\}")
WORDS = re.compile(r"\\(?:text[a-z]*|mbox|hbox)\s*\{[^{}]*\}")
DOLLAR = re.compile(r"(?<!\\)\$")
REFERENCE = re.compile(r"\\(?:eq)?ref\s*\{([^}]*)\}")
ENVIRONMENT = re.compile(r"\\begin\s*\{(.+?)\}.*?\\end\s*\{\1\}", re.S)
BLANK_LINES = re.compile(r"\n\s*\n")
TEX = re.compile(r"\\[A-Za-z]+\*?\s*\{|\\[()\[\]]|\$\$")
# A formula in HTML, and what HTML has besides text.
IN_HTML = re.compile(r"(?<![\\$])\$(?=[^\s$])([^$<>\n]*[^\s$\\])\$(?![\d$])")
MARKUP = re.compile(
    r"(<!--.*?-->|<(script|style|pre|code|textarea|svg)\b.*?</\2\s*>|<[^>]*>)",
    re.I | re.S,
)
FORMULAS = (nodes.math, nodes.math_block)
VERBATIM = (nodes.FixedTextElement, nodes.literal, nodes.math, nodes.Invisible)


class PrepareFormulas(SphinxTransform):
    """Turns each formula of a page into what all writers can show."""

    default_priority = 100  # type: ignore[assignment]  # before targets are resolved

    def apply(self, **kwargs: Any) -> None:
        """Prepare them, in the order of the page."""
        for raw in list(self.document.findall(nodes.raw)):
            if raw["format"] == "html":
                _find_in_html(raw)
        for block in list(self.document.findall(nodes.math_block)):
            self._name(block)
            block[:] = [nodes.Text(break_lines(block.astext()))]
            if isinstance(block.parent, nodes.TextElement):
                _display_in_text(block)
        definitions = ""
        for formula in self.document.findall(lambda it: isinstance(it, FORMULAS)):
            tex = formula.astext()
            formula[DEFINITIONS] = definitions
            if DEFINES.search(tex):
                definitions += f"{tex}\n"
            self._check(formula, tex)
        for text in self.document.findall(nodes.Text):
            found = TEX.search(text)
            if found and not _is_verbatim(text):
                logger.warning(
                    "%s stands on the page as typed; write a formula as $…$, or as "
                    "$$…$$ on lines of its own, and code between backticks",
                    text[found.start() :].partition("\n")[0][:40],
                    location=text.parent,
                    type="mathematics",
                )

    def _name(self, block: nodes.math_block) -> None:
        r"""Give a formula the name in its ``\label``.

        MyST numbers an environment of amsmath under a name that no author knows.
        """
        equations: MathDomain = self.env.domains["math"]
        if "amsmath" in block["classes"] and block.get("label"):
            del equations.equations[block["label"]]
            target: Any = block.previous_sibling()
            self.document.ids.pop(target["ids"][0], None)
            target.parent.remove(target)
            block["label"] = block["number"] = None
        names = LABEL.findall(block.astext())
        if not names or block.get("label"):
            return
        block[:] = [nodes.Text(LABEL.sub("", block.astext()))]
        equations.note_equation(self.env.docname, names[0], location=block)
        block["label"], block["docname"] = names[0], self.env.docname
        block["number"] = equations.get_equation_number_for(names[0])
        block["ids"].append(nodes.make_id(f"equation-{names[0]}"))
        self.document.note_explicit_target(block)

    def _check(self, formula: nodes.Element, tex: str) -> None:
        wrong = ""
        following = formula.next_node(descend=False, siblings=True)
        if tex[:1].isdigit() and (following or nodes.Text("")).astext()[:1].isdigit():
            wrong = rf"${tex}$ is read as a formula; write \$ for a dollar sign"
        elif DOLLAR.search(WORDS.sub("", tex)):
            wrong = (
                f"the formula {tex} contains a dollar sign; is one missing before it? "
                "In a cell, show text with formulas as Markdown"
            )
        elif LABEL.search(tex):
            wrong = "a formula can have only one label; write each as $$…$$ (label)"
        elif found := REFERENCE.search(tex):
            wrong = f"refer to a formula from the text, as {{eq}}`{found[1]}`"
        if wrong:
            logger.warning(wrong, location=formula, type="mathematics")


def break_lines(tex: str) -> str:
    r"""Return a displayed formula, with rows if a line ends with ``\\`` or is blank."""
    rows = [row.strip() for row in BLANK_LINES.split(tex.strip())]
    if len(rows) == 1 and r"\\" not in ENVIRONMENT.sub("", tex):
        return tex
    return "\\begin{{split}}\n{}\n\\end{{split}}".format(" \\\\\n".join(rows))


def _find_in_html(raw: nodes.raw) -> None:
    """Find the formulas in the text of HTML, such as a table that a cell shows."""
    parts: list[nodes.Node] = []
    html = ""
    pieces = MARKUP.split(raw.astext())  # text, markup, its name, text …
    for words, markup in zip(pieces[::3], [*pieces[1::3], ""], strict=True):
        for number, text in enumerate(IN_HTML.split(words)):
            if number % 2:
                parts += [nodes.raw("", html, format="html")]
                parts += [nodes.math(text, unescape(text))]
                html = ""
            else:
                html += text
        html += markup
    if not parts:
        return
    # A box around all of it would be one around each part.
    classes = " ".join(raw["classes"])
    begin = nodes.raw("", f'<div class="{classes}">', format="html")
    end = nodes.raw("", f"{html}</div>", format="html")
    for part in (begin, *parts, end):
        part.source, part.line = raw.source, raw.line
    raw.replace_self([begin, *parts, end])


def _display_in_text(block: nodes.math_block) -> None:
    """Let a displayed formula split its paragraph; in a title it stays in the line."""
    text: Any = block.parent
    if not isinstance(text, nodes.paragraph):
        tex = rf"\displaystyle {block.astext()}"
        block.replace_self(nodes.math(tex, tex))
        return
    parts: list[nodes.Node] = []
    for is_block, group in groupby(
        text.children, lambda it: isinstance(it, nodes.math_block)
    ):
        part = list(group)
        if not is_block and any(it.astext().strip() for it in part):
            part = [nodes.paragraph("", "", *part)]
            part[0].source, part[0].line = text.source, text.line
        parts += part
    text.replace_self(parts)


def _is_verbatim(node: Any) -> bool:
    """Return whether a text is code, for example."""
    while node is not None and not isinstance(node, VERBATIM):
        node = node.parent
    return node is not None


def setup(app: Sphinx) -> None:
    """Connect to Sphinx."""
    app.add_transform(PrepareFormulas)
