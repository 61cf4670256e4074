"""The directive ``{prediction}``: what will a cell show? It is hidden until then.

    ```{prediction}
    Which of them ends lowest?

    - random search
    - local search
    ```

A list at the end is what to choose from; with ``:number:``, and the unit if there is
one, the answer is a number; otherwise it is a line of text. The cells whose output
answers are tagged ``hide-output``. On the site this output, and the paragraph after
it, is folded until the reader has said something or wants to see it. A cell that ends
in ``Outcome(…)`` says what is right.
"""

import re
from collections.abc import Iterator
from html import escape
from typing import Any

from docutils import nodes
from docutils.parsers.rst import directives
from myst_nb.sphinx_ import HideCodeCellNode
from sphinx import addnodes
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective
from sphinx.util.logging import getLogger

logger = getLogger(__name__)

TITLE = "Predict before you run"
MAX_CHOICES = 6
PROMPT = "Show what happens", "Hide what happens"
OUTCOME = re.compile(r'<data class="outcome" value="([^"]*)">([^<]*)</data>')
ONLY_OUTCOME = re.compile(r"Outcome\(.*\)", re.S)
FIELD = '<input type="text" name="guess" maxlength="200" autocomplete="off" required{}>'
BUTTONS = (
    f'<div class="buttons"><button>{PROMPT[0]}</button> '
    '<button type="button" class="skip">Show without a prediction</button></div>'
)


class Prediction(SphinxDirective):
    """An admonition with a question that the cells below it answer."""

    has_content = True
    option_spec = {"number": directives.unchanged}  # type: ignore[assignment] # noqa: RUF012

    def run(self) -> list[nodes.Node]:
        """Return the admonition, or raise an error that gives its line."""
        name = f"prediction-{self.env.new_serialno('prediction') + 1}"
        box = nodes.admonition(classes=["hint", "prediction"], ids=[name])
        box += nodes.title("", TITLE)
        self.state.nested_parse(self.content, self.content_offset, box)
        choices = choices_of(box)
        if len(box) - bool(choices) < 2:
            raise self.error("a prediction says what it asks")
        if choices:
            if "number" in self.options:
                raise self.error("a prediction has choices or a :number:, not both")
            if not 2 <= len(choices) <= MAX_CHOICES:
                raise self.error(f"a prediction has 2 to {MAX_CHOICES} choices")
            links = (nodes.reference, addnodes.pending_xref)
            if any(isinstance(part, links) for part in choices.findall()):
                raise self.error(
                    "a choice has a link or a term, but a click has to choose it"
                )
            box["choices"] = [item.astext() for item in choices.children]
        elif "number" in self.options:
            box["unit"] = self.options["number"]
        self.set_source_info(box)
        return [box]


def choices_of(box: Any) -> Any:
    """Return the list at the end of a prediction, or nothing."""
    last = box.children[-1]
    return last if isinstance(last, nodes.bullet_list) else None


def cells_after(box: Any) -> Iterator[Any]:
    """Yield the cells up to the next prediction or the next heading."""
    siblings = box.parent.children
    for node in siblings[siblings.index(box) + 1 :]:
        if isinstance(node, nodes.section) or "prediction" in node["classes"]:
            return
        if node.get("nb_element") == "cell_code":
            yield node


def take_outcome(cell: Any) -> tuple[str, str] | None:
    """Take the outcome out of a cell, and return its value and its text.

    A cell that says nothing else is left empty.
    """
    for raw in list(cell.findall(nodes.raw)):
        found = OUTCOME.search(raw.astext())
        if not found:
            continue
        output = raw.parent
        output.remove(raw)
        while not output.children and output is not cell:
            output.parent.remove(output)
            output = output.parent
        code = cell.next_node(nodes.literal_block)
        if code is not None and ONLY_OUTCOME.fullmatch(code.astext().strip()):
            cell.children = []
        return found[1], found[2]
    return None


def hidden_output(cell: Any) -> Any:
    """Return the node that hides the output of a cell, or nothing."""
    for node in cell.children:
        if not isinstance(node, HideCodeCellNode):
            continue
        if node[0].get("nb_element") == "cell_code_output":
            return node
    return None


def interpretation_of(cell: Any) -> Any:
    """Return the paragraph that says what a cell has shown, or nothing.

    Folded cells may stand between the two. What ends in a colon is about what follows.
    """
    siblings = cell.parent.children
    for node in siblings[siblings.index(cell) + 1 :]:
        if isinstance(node, nodes.paragraph):
            return None if node.astext().rstrip().endswith(":") else node
        if "tag_hide-cell" not in node["classes"]:
            return None
    return None


def form(box: Any, outcome: tuple[str, str] | None) -> nodes.Element:
    """Return the fields in which a reader answers, and take the choices out."""
    choices = choices_of(box) if "choices" in box else None
    facts = "".join(
        f' data-{name}="{text}"'
        for name, text in zip(("outcome", "shown"), outcome or (), strict=False)
    )
    fields = nodes.container(classes=["fields"])
    if choices is not None:
        legend = "<fieldset><legend>Your prediction</legend>"
        fields += nodes.raw("", legend, format="html")
        for item, text in zip(choices.children, box["choices"], strict=True):
            radio = f'<input type="radio" name="guess" value="{escape(text)}" required>'
            fields += nodes.raw("", f"<label>{radio} <span>", format="html")
            fields += item.children[0].children
            fields += nodes.raw("", "</span></label>", format="html")
        fields += nodes.raw("", "</fieldset>", format="html")
        box.remove(choices)
        kind = "choice"
    else:
        kind = "number" if "unit" in box else "text"
        field = FIELD.format(' inputmode="decimal"' if kind == "number" else "")
        label = f"<label>Your prediction {field} {escape(box.get('unit', ''))}</label>"
        fields += nodes.raw("", label, format="html")
    whole = nodes.container(classes=["guess"])
    unit = f' data-unit="{escape(box["unit"])}"' if box.get("unit") else ""
    start = f'<form data-kind="{kind}"{unit}{facts}>'
    whole += nodes.raw("", start, format="html")
    whole += fields
    whole += nodes.raw("", f"{BUTTONS}</form>", format="html")
    return whole


def warn_of_faults(box: Any, outcome: tuple[str, str] | None, *, hidden: bool) -> None:
    """Warn of what is missing, or does not fit."""
    complaint = ""
    if not hidden:
        complaint = "no cell after it, before the next heading, is tagged hide-output"
    elif not outcome and ("choices" in box or "unit" in box):
        complaint = "no cell after it, before the next heading, ends in Outcome(…)"
    elif outcome and "choices" in box and outcome[0] not in map(escape, box["choices"]):
        complaint = f"the outcome, {outcome[1]}, is none of the choices"
    elif outcome and "unit" in box and not re.fullmatch(r"[-+.\de]+", outcome[0]):
        complaint = f"the outcome, {outcome[1]}, is not a number"
    elif outcome and "choices" not in box and "unit" not in box:
        complaint = "it has an outcome, but neither choices nor a :number:"
    if complaint:
        logger.warning("a prediction: %s", complaint, location=box)


def hide_answers(app: Sphinx, doctree: nodes.document, page: str) -> None:
    """Hide what answers the predictions of a page, or show it on paper and slides."""
    if app.builder.format != "html":
        return
    is_site = app.builder.name == "html"
    for box in list(doctree.findall(nodes.admonition)):
        if "prediction" not in box["classes"]:
            continue
        outcome, hidden = None, False
        for cell in list(cells_after(box)):
            outcome = outcome or take_outcome(cell)
            node = hidden_output(cell)
            if node is not None:
                hidden = True
                if is_site:
                    node["prediction"] = box["ids"][0]
                    node["prompt_show"], node["prompt_hide"] = PROMPT
                    paragraph = interpretation_of(cell)
                    if paragraph is not None:
                        paragraph.parent.remove(paragraph)
                        node += paragraph
                else:
                    cell.replace(node, node.children)
            if not cell.children:
                cell.parent.remove(cell)
        warn_of_faults(box, outcome, hidden=hidden)
        if is_site:
            box += form(box, outcome)


def setup(app: Sphinx) -> None:
    """Connect to Sphinx, after the notebook has been written from the page."""
    app.add_directive("prediction", Prediction)
    app.connect("doctree-resolved", hide_answers, priority=1000)
