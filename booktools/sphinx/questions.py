r"""The directive ``{question}``: a multiple-choice question with feedback.

    ```{question}
    :right: 2

    What happens with $\eta = 0.9$?

    1. An answer.

       What is wrong with it.
    2. Another answer.

       Why it is right.
    ```

Clicking an answer shows the explanation below it. Browsers, Jupyter and Colab
support this natively (``<details>``), so it works with mouse, touch and
keyboard, without scripts or a network. In print, all answers are open.
"""

from typing import Any

from docutils import nodes
from docutils.parsers.rst import directives
from sphinx import addnodes
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective
from sphinx_design.dropdown import dropdown_main, dropdown_title

MIN_ANSWERS, MAX_ANSWERS = 3, 6
RIGHT, WRONG = "right", "wrong"
VERDICTS = {RIGHT: "Right.", WRONG: "No."}


class Question(SphinxDirective):
    """An admonition with a title, the question, and answers that open."""

    has_content = True
    option_spec = {"right": directives.positive_int}  # type: ignore[assignment] # noqa: RUF012

    def run(self) -> list[nodes.Node]:
        """Return the question, or raise an error that gives its line."""
        content = nodes.container()
        self.state.nested_parse(self.content, self.content_offset, content)
        parts: list[Any] = content.children or [nodes.container()]
        *asked, answers = parts
        if not asked or not isinstance(answers, nodes.enumerated_list):
            raise self.error(
                "a question says what it asks, and ends with a numbered list of answers"
            )
        count, right = len(answers), self.options.get("right", 0)
        if not MIN_ANSWERS <= count <= MAX_ANSWERS:
            raise self.error(
                f"a question has {MIN_ANSWERS} to {MAX_ANSWERS} answers, not {count}"
            )
        if not 1 <= right <= count:
            raise self.error(f"set :right: to the right answer, 1 to {count}")
        name = f"question-{self.env.new_serialno('question') + 1}"
        box = nodes.admonition(classes=["question"], ids=[name])
        box += nodes.title("", name.capitalize().replace("-", " "))
        box += asked
        box += [
            self._answer(number, item, RIGHT if number == right else WRONG)
            for number, item in enumerate(answers.children, 1)
        ]
        self.set_source_info(box)
        return [box]

    def _answer(self, number: int, item: Any, kind: str) -> dropdown_main:
        """Return an answer that opens to show its explanation."""
        are_prose = [isinstance(part, nodes.paragraph) for part in item.children[:2]]
        if are_prose != [True, True]:
            raise self.error(
                f"answer {number} needs a paragraph below it that says why it is {kind}"
            )
        answer, first, *more = item.children
        links = (nodes.reference, addnodes.pending_xref)
        if any(isinstance(part, links) for part in answer.findall()):
            raise self.error(
                f"answer {number} has a link or a term, but a click has to open the "
                "answer; move it to the paragraph below"
            )
        first[:0] = [nodes.strong("", VERDICTS[kind]), nodes.Text(" ")]
        return dropdown_main(
            "",
            dropdown_title("", "", *answer.children),
            nodes.container("", first, *more),
            classes=["answer", kind],
        )


def setup(app: Sphinx) -> None:
    """Connect to Sphinx."""
    app.setup_extension("sphinx_design")
    app.add_directive("question", Question)
