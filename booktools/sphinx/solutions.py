"""Leave the solutions to the exercises out of the student's edition.

All cells are executed for either edition, so both are made from the same
executed chapters. The solutions are removed as soon as a page is read, before
anything is collected from it: search index, images, link targets.
"""

from typing import Any

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.config import Config
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

NOTE = "This is the student edition: it has the exercises but not the solutions."


class RemoveSolutions(SphinxTransform):
    """Removes the solutions of a page, with a note where the exercises begin."""

    # Just after sphinx-exercise has assembled them, at 10.
    default_priority = 11  # type: ignore[assignment]

    def apply(self, **kwargs: Any) -> None:
        """Remove the solutions, if this is the student's edition."""
        if self.config.edition != STUDENT:
            return
        solutions = list(self.document.findall(solution_node))
        for solution in solutions:
            self._remove_names(solution)
            solution.parent.remove(solution)
        for part in (solution_start_node, solution_end_node):
            for marker in self.document.findall(part):
                logger.warning(
                    "this solution begins in one section and ends in another, "
                    "so it cannot be left out",
                    location=marker,
                    type="solutions",
                )
        exercise = next(self.document.findall(is_exercise_node), None)
        if solutions and exercise is not None:
            note = nodes.paragraph("", "", nodes.emphasis("", NOTE))
            exercise.parent.insert(exercise.parent.index(exercise), note)

    def _remove_names(self, solution: nodes.Element) -> None:
        """Remove the names defined in a solution, which objects.inv would list."""
        inside = {i for node in solution.findall(nodes.Element) for i in node["ids"]}
        for name, place in list(self.document.nameids.items()):
            if place in inside:
                del self.document.nameids[name]
                self.document.nametypes.pop(name, None)
        for formula in solution.findall(nodes.math_block):
            self.env.domaindata["math"]["objects"].pop(formula.get("label"), None)


def _use_edition(app: Sphinx, config: Config) -> None:
    config["edition"] = edition()
    app.tags.add(config.edition)  # for {only}
    if config.edition == STUDENT:
        config["html_copy_source"] = False


def setup(app: Sphinx) -> None:
    """Connect to Sphinx."""
    app.setup_extension("sphinx_exercise")
    app.add_config_value("edition", "", "env")  # a change rereads pages
    app.connect("config-inited", _use_edition)
    app.add_transform(RemoveSolutions)
