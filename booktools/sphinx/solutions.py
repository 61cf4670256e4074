"""Leave the solutions of the exercises out of the student's edition.

All cells are executed for either edition, so that both are made from the same
executed chapters. The solutions are taken out as soon as a page is read,
before anything is gathered from it: search index, pictures, addresses.
"""

from typing import Any

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.config import Config
from sphinx.errors import ExtensionError
from sphinx.transforms import SphinxTransform
from sphinx.util.logging import getLogger
from sphinx_exercise.nodes import (
    is_exercise_node,
    solution_end_node,
    solution_node,
    solution_start_node,
)

from booktools.edition import STUDENT, edition

logger = getLogger(__name__)

NOTE = "This is the student edition: it has the exercises, and not their solutions."
# What leads to the source of a page, which has the solutions.
SOURCE_BUTTONS = ("download-source", "source-file", "source-edit", "source-repository")


class RemoveSolutions(SphinxTransform):
    """Take the solutions out of a page, and say so where the exercises begin."""

    # sphinx-exercise has just put them together, at 10.
    default_priority = 11  # type: ignore[assignment]

    def apply(self, **kwargs: Any) -> None:
        """Change the page, if this is the student's edition."""
        if self.config.edition != STUDENT:
            return
        solutions = list(self.document.findall(solution_node))
        for solution in solutions:
            self._forget(solution)
            solution.parent.remove(solution)
        for part in (solution_start_node, solution_end_node):
            for left in self.document.findall(part):
                logger.warning(
                    "this solution begins in one section and ends in another, "
                    "so it cannot be left out",
                    location=left,
                    type="solutions",
                )
        exercise = next(self.document.findall(is_exercise_node), None)
        if solutions and exercise is not None:
            note = nodes.paragraph("", "", nodes.emphasis("", NOTE))
            exercise.parent.insert(exercise.parent.index(exercise), note)

    def _forget(self, solution: nodes.Element) -> None:
        """Forget the names of what is in a solution, which objects.inv would list."""
        inside = {i for node in solution.findall(nodes.Element) for i in node["ids"]}
        for name, place in list(self.document.nameids.items()):
            if place in inside:
                del self.document.nameids[name]
                self.document.nametypes.pop(name, None)
        for formula in solution.findall(nodes.math_block):
            self.env.domaindata["math"]["objects"].pop(formula.get("label"), None)


def _use_edition(app: Sphinx, config: Config) -> None:
    try:
        config["edition"] = edition()
    except ValueError as error:
        raise ExtensionError(str(error)) from None
    app.tags.add(config.edition)  # for {only}
    if config.edition == STUDENT:
        config["html_copy_source"] = False


def _drop_source_buttons(
    app: Sphinx, page: str, template: str, context: dict[str, Any], doctree: Any
) -> None:
    if app.config.edition == STUDENT:
        context["header_buttons"] = _without_source(context.get("header_buttons", []))


def _without_source(buttons: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the buttons that do not lead to a source, groups included."""
    kept = []
    for button in buttons:
        if button.get("label", "").removesuffix("-button") in SOURCE_BUTTONS:
            continue
        if "buttons" in button:
            button = button | {"buttons": _without_source(button["buttons"])}
            if not button["buttons"]:
                continue
        kept.append(button)
    return kept


def setup(app: Sphinx) -> dict[str, bool]:
    """Connect to Sphinx."""
    app.setup_extension("sphinx_exercise")
    app.add_config_value("edition", "", "env")  # pages are read anew for another one
    app.connect("config-inited", _use_edition)
    app.add_transform(RemoveSolutions)
    app.connect("html-page-context", _drop_source_buttons, priority=950)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
