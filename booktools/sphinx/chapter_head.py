"""Say at the head of a chapter how long it takes, and show where it leads.

The minutes are estimated from the content of the page. The picture is that of
the cell with the tag ``key-picture``, or of the figure with that class. Whether a
GPU helps is said in the front matter (``gpu: helps with …``).
"""

import re
from typing import Any

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment
from sphinx_exercise.nodes import is_exercise_node, is_solution_node

from booktools.errors import AuthorError

# The class that MyST-NB makes of the tag of a cell, and the one of a figure.
KEY_PICTURES = {"tag_key-picture", "key-picture"}
GLANCE, HEAD_PICTURE = "at-a-glance", "head-picture"  # classes of what is added
FOLDED = {"tag_hide-input", "tag_hide-cell", "tag_remove-input", "tag_remove-cell"}
FOLDED |= {"tag_check-it"}  # which the page leaves out
# Estimated minutes for a word of mathematical prose, a formula, and so on.
WORD, FORMULA, CODE_LINE, PICTURE, QUESTION = 1 / 150, 1, 1 / 10, 1 / 2, 3 / 2
MIN_EXERCISE_MINUTES = 10
TRYING = 5  # times as long as it takes to read the solution


def chapter_number(env: BuildEnvironment, page: str) -> str:
    """Return the number of a chapter, or an empty string for other pages."""
    return ".".join(map(str, env.toc_secnumbers.get(page, {}).get("", ())))


def minutes_to_read(part: Any) -> float:
    """Estimate how many minutes it takes to read a node of a page, with all below it.

    Folded code does not count, nor do exercises and their solutions, unless the
    node is one.
    """
    if isinstance(part, nodes.Text):
        return WORD * len(re.findall(r"\w+", part))
    if isinstance(part, nodes.math_block):
        return FORMULA
    if isinstance(part, nodes.image):
        return PICTURE
    if isinstance(part, nodes.literal_block):
        is_code = "output" not in part["classes"]
        return is_code * CODE_LINE * sum(map(bool, part.astext().split("\n")))
    if isinstance(part, nodes.math | nodes.raw):
        return 0
    if "question" in part["classes"]:
        return QUESTION
    folded = FOLDED & set(part["classes"])
    return sum(
        minutes_to_read(child)
        for child in part.children
        if not (is_exercise_node(child) or is_solution_node(child))
        and not (folded and "cell_input" in child["classes"])
    )


def minutes_to_solve(solution: nodes.Element) -> float:
    """Estimate how many minutes an exercise takes, given its solution."""
    return max(MIN_EXERCISE_MINUTES, TRYING * minutes_to_read(solution))


def at_a_glance(doctree: nodes.document, gpu: str) -> nodes.bullet_list:
    """Return the list of how long a chapter takes, and what a GPU helps with."""
    exercises = list(doctree.findall(is_exercise_node))
    solving = sum(map(minutes_to_solve, doctree.findall(is_solution_node)))
    questions = sum(
        "question" in it["classes"] for it in doctree.findall(nodes.admonition)
    )
    facts = [f"{_rounded(minutes_to_read(doctree))} minutes to read"]
    if questions:
        facts.append(_count(questions, "question"))
    if exercises:
        exercise = _count(len(exercises), "exercise")
        facts.append(exercise + f", {_rounded(solving)} minutes" * bool(solving))
    facts.append(f"GPU {gpu}" if gpu else "no GPU needed")
    glance = nodes.bullet_list(classes=[GLANCE])
    glance += [nodes.list_item("", nodes.paragraph("", fact)) for fact in facts]
    return glance


def find_glance(doctree: nodes.document) -> nodes.bullet_list | None:
    """Return the list that `at_a_glance` made, if the page is a chapter."""
    lists = doctree.findall(nodes.bullet_list)
    return next((it for it in lists if GLANCE in it["classes"]), None)


def _rounded(minutes: float) -> int:
    return max(5, 5 * round(minutes / 5))


def _count(number: int, name: str) -> str:
    return f"{number} {name}{'s' * (number != 1)}"


def key_picture(doctree: nodes.document) -> nodes.image | None:
    """Return the picture that shows what a chapter arrives at, if it has one."""
    for box in doctree.findall(nodes.Element):
        if KEY_PICTURES & set(box["classes"]):
            return next(box.findall(nodes.image), None)
    return None


def _require_title(app: Sphinx, doctree: nodes.document) -> None:
    """Stop at a page without a title, since nothing could name it."""
    if not any(doctree.findall(nodes.section)):
        file = app.env.doc2path(app.env.docname, base=False)
        message = "this page has no title; begin its text with a line like: # A title"
        raise AuthorError(message, file)


def _add_head(app: Sphinx, doctree: nodes.document, page: str) -> None:
    section = next(doctree.findall(nodes.section), None)
    if page not in app.config.book.chapters or section is None:
        return
    section.insert(1, at_a_glance(doctree, app.env.metadata[page].get("gpu", "")))


def _add_picture(app: Sphinx, doctree: nodes.document, page: str) -> None:
    """Show the key picture, which is not needed twice in print or in a notebook."""
    picture, glance = key_picture(doctree), find_glance(doctree)
    if picture is None or glance is None or app.builder.name == "print":
        return
    copy = picture.deepcopy()
    copy["ids"], copy["loading"] = [], "eager"  # it is seen at once
    glance.replace_self([glance, nodes.container("", copy, classes=[HEAD_PICTURE])])


def setup(app: Sphinx) -> None:
    """Connect to Sphinx, before and after the notebook is written from the page."""
    app.connect("doctree-read", _require_title, priority=0)
    app.connect("doctree-resolved", _add_head, priority=900)
    app.connect("doctree-resolved", _add_picture, priority=1000)
