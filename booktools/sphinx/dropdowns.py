"""Fold solutions and the like, and the code of cells, into dropdowns without a script.

A box of the class ``dropdown`` becomes a ``<details>`` element on the page, as
does the directive ``{toggle}``, which Jupyter Book documents. Jupyter Book's own
way is sphinx-togglebutton, whose script folds a page that is already visible.
MyST-NB folds code in the same way; here the line that opens it names it.
"""

import re
from html import escape
from typing import Any

from docutils import nodes
from myst_nb.sphinx_ import HideCodeCellNode
from sphinx.application import Sphinx
from sphinx.locale import admonitionlabels
from sphinx.util.docutils import SphinxDirective
from sphinx.writers.html5 import HTML5Translator
from sphinx_design.dropdown import dropdown_main, dropdown_title

DROPDOWN = "dropdown"
DEFAULT_TITLE = "Click to show"  # of what has no title


class Toggle(SphinxDirective):
    """Content that is folded, under a title that says so."""

    has_content = True

    def run(self) -> list[nodes.Node]:
        """Make a box for `make_dropdowns` to find."""
        self.assert_has_content()
        box = nodes.container(classes=[DROPDOWN, "toggle"])
        self.state.nested_parse(self.content, self.content_offset, box)
        return [box]


def make_dropdowns(doctree: nodes.document) -> None:
    """Replace the boxes of the class ``dropdown`` by ``<details>`` elements.

    Links in the title become text, since a click on a title opens the box.
    """
    for box in list(doctree.findall(nodes.Element)):
        if DROPDOWN not in box.get("classes", []) or isinstance(box, dropdown_main):
            continue
        children = list(box.children)
        label = admonitionlabels.get(box.tagname, DEFAULT_TITLE)
        title: Any = nodes.title("", str(label))
        if children and isinstance(children[0], nodes.title):
            title = children.pop(0)
        for link in list(title.findall(nodes.reference)):
            link.replace_self(link.children)
        folded = dropdown_main(
            "",
            dropdown_title("", "", *title.children),
            nodes.container("", *children),
            classes=box["classes"],
            ids=box["ids"],
        )
        box.replace_self(folded)


def set_code_prompts(doctree: nodes.document, show: str, hide: str) -> None:
    """Let the line that opens folded code say what code it is.

    ``show`` and ``hide`` are what ``_config.yml`` has it say while the code is closed
    and while it is open. A cell with different words keeps them.
    """
    for cell in doctree.findall(nodes.container):
        for node in cell.children:
            if not isinstance(node, HideCodeCellNode) or node["prompt_show"] != show:
                continue
            if node.children and node[0].get("nb_element") == "cell_code_output":
                kind = "the output"
            elif re.match("(import|from) ", node.astext()):
                kind = "the imports"
            elif any(cell.findall(nodes.image)):
                kind = "the code of the plot"
            else:
                continue
            node["prompt_show"] = show.replace("the code", kind)
            node["prompt_hide"] = hide.replace("the code", kind)


def _visit_hidden(self: HTML5Translator, node: HideCodeCellNode) -> None:
    prompts = (("collapsed", "prompt_show"), ("expanded", "prompt_hide"))
    words = "".join(
        f'<span class="{name}">{escape(node[prompt])}</span>'
        for name, prompt in prompts
    )
    classes = " ".join(["hide", *node["classes"]])
    answers = node.get("prediction")  # the id of the one it answers
    data = f' data-prediction="{answers}"' if answers else ""
    start = f'<details class="{classes}"{data}><summary>{words}</summary>\n'
    self.body.append(start)


def _depart_hidden(self: HTML5Translator, node: HideCodeCellNode) -> None:
    self.body.append("</details>\n")


def _apply(app: Sphinx, doctree: nodes.document, page: str) -> None:
    if app.builder.name != "print":  # which is printed
        make_dropdowns(doctree)
    words = [getattr(app.config, f"nb_code_prompt_{it}", "") for it in ("show", "hide")]
    set_code_prompts(doctree, *words)


def setup(app: Sphinx) -> None:
    """Connect to Sphinx, after the notebook has been written from the page."""
    app.add_directive("toggle", Toggle)
    app.add_node(HideCodeCellNode, override=True, html=(_visit_hidden, _depart_hidden))
    app.connect("doctree-resolved", _apply, priority=1000)
