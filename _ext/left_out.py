"""Let pages speak of what this book leaves out: a chapter, or the solutions.

A chapter that ``_toc.yml`` does not name is not built. What other pages link
in it becomes text there: the title of a chapter or a section, the words of the
link, or "an equation of" the chapter. On the landing page its card goes, and
the cards that are left are numbered. A label that is nowhere in ``chapters/``
is still a mistake, and fails the build.
"""

import re
from typing import Any

from docutils import nodes
from editions import STUDENT
from execution import ROOT, chapter_files
from own_exercises import chapter_text
from sphinx import addnodes
from sphinx.application import Sphinx
from sphinx.config import Config
from sphinx.errors import ExtensionError

LABEL = re.compile(r"^\((?P<label>\S+)\)=\n+(?:#+ (?P<title>.+))?", re.M)
EQUATION = re.compile(r"^\$\$ *\((?P<label>\S+)\)", re.M)
DIRECTIVE = re.compile(
    r"^[`:~]{3,}\{(?P<kind>[\w-]+)\}.*\n(?:(?!:(?:label|name):).+\n)*?"
    r":(?:label|name): (?P<label>\S+)",
    re.M,
)
KINDS = {"exercise-start": "an exercise", "exercise": "an exercise"}
KINDS |= {"figure": "a figure", "image": "a figure", "math": "an equation"}
TITLE = re.compile(r"^# (.+)", re.M)
FENCED = re.compile(r"^(`{3,}|~{3,})\{code-cell\}.*?^\1", re.M | re.S)
SOLUTION = re.compile(r"\{solution-start\}(.*?)\{solution-end\}", re.S)
LINKS = {"myst", "ref", "eq", "numref", "doc", "any"}  # not terms, nor citations
MARKUP = re.compile(r"[`*]")


def title_of(text: str) -> str:
    """Return the title of a chapter, given its source, as plain text."""
    found = TITLE.search(FENCED.sub("", text))
    return MARKUP.sub("", found[1]).strip() if found else ""


def labels_in(text: str, title: str) -> dict[str, str]:
    """Return what a source has labels for, and what to call it.

    Parameters
    ----------
    text : str
        The source of a page, or a part of it.
    title : str
        Of the page.

    Returns
    -------
    dict of str to str
        The title of a section, or ``an equation of “…”``, by the label.
    """
    text = FENCED.sub("", text)
    names = {
        found["label"]: f"{KINDS.get(found['kind'], 'a place')} of “{title}”"
        for found in DIRECTIVE.finditer(text)
    }
    for found in EQUATION.finditer(text):
        names[found["label"]] = f"an equation of “{title}”"
    for found in LABEL.finditer(text):
        heading = found["title"]
        names[found["label"]] = (
            MARKUP.sub("", heading).strip() if heading else f"a place of “{title}”"
        )
    return {label.lower(): name for label, name in names.items()}


def find_left_out(edition: str) -> tuple[dict[str, str], dict[str, int]]:
    """Look through all chapters for labels.

    Parameters
    ----------
    edition : str
        In the student's edition, what is labelled in a solution is left out.

    Returns
    -------
    dict of str to str
        What to call what is left out, by its label or by the name of its page.
    dict of str to int
        The numbers of the chapters of this book, from 1, by their labels.
    """
    kept = chapter_files()
    there: dict[str, str] = {}
    gone: dict[str, str] = {}
    numbers: dict[str, int] = {}
    for path in sorted((ROOT / "chapters").glob("*.md")):
        text = chapter_text(path)
        title = title_of(text)
        if path not in kept:
            gone |= labels_in(text, title) | {f"chapters/{path.stem}": title}
            continue
        if edition == STUDENT:
            gone |= labels_in("\n".join(SOLUTION.findall(text)), title)
            text = SOLUTION.sub("", text)
        there |= labels_in(text, title)
        numbers |= {
            found["label"]: kept.index(path) + 1
            for found in LABEL.finditer(text)
            if found["title"] == TITLE.search(text)[1]  # type: ignore[index]
        }
    return {label: name for label, name in gone.items() if label not in there}, numbers


def _name_what_is_left_out(app: Sphinx, page: nodes.document) -> None:
    """Turn links to what is left out into text, and number the cards."""
    left_out, numbers = app.config.left_out, app.config.chapter_numbers
    for link in list(page.findall(addnodes.pending_xref)):
        if link["reftype"] not in LINKS:
            continue
        target = str(link["reftarget"]).lower().removeprefix("/")
        card = _ancestor(link, "grid-item")
        if target not in left_out:
            if card is not None and target in numbers:
                _put_number(card, numbers[target])
        elif card is not None:
            _remove_card(card)
        elif _announces_the_next(link.parent):
            _remove(link.parent)
        elif link.get("refexplicit"):
            link.replace_self(link.children[0].children)
        else:
            link.replace_self(nodes.Text(left_out[target]))


def _ancestor(node: Any, component: str) -> Any:
    """Return what a node stands in, of a kind that sphinx-design makes, or None."""
    while node is not None and node.get("design_component") != component:
        node = node.parent
    return node


def _put_number(card: Any, number: int) -> None:
    for part in card.findall(nodes.container):
        if part.get("design_component") == "card-title":
            part.children[0].insert(0, nodes.Text(f"{number} · "))


def _announces_the_next(parent: Any) -> bool:
    """Say whether a paragraph is the last of a chapter, which names the next."""
    return isinstance(parent, nodes.paragraph) and parent.astext().startswith("Next:")


def _remove(node: Any) -> None:
    """Remove a node, unless it is gone already."""
    if node in node.parent.children:
        node.parent.remove(node)


def _remove_card(card: Any) -> None:
    """Remove a card, and the section of the cards once it has none."""
    grid = _ancestor(card, "grid-container")
    _remove(card)
    if grid is None or any(
        part.get("design_component") == "card" for part in grid.findall(nodes.container)
    ):
        return
    section = grid.parent
    _remove(grid)
    if all(isinstance(part, nodes.title | nodes.target) for part in section.children):
        _remove(section)


def _find_left_out(app: Sphinx, config: Config) -> None:
    try:
        config["left_out"], config["chapter_numbers"] = find_left_out(config.edition)
    except (OSError, ValueError) as error:
        raise ExtensionError(str(error)) from None


def setup(app: Sphinx) -> dict[str, bool]:
    """Connect to Sphinx."""
    app.setup_extension("solutions")
    app.add_config_value("left_out", {}, "env")
    app.add_config_value("chapter_numbers", {}, "env")
    app.connect("config-inited", _find_left_out, priority=600)  # the edition is known
    # Links to other pages are known by now, and nothing is gathered as yet.
    app.connect("doctree-read", _name_what_is_left_out, priority=100)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
