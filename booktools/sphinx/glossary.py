"""Put on each page the definitions of the glossary terms that it links to.

They are popovers, which stay hidden until glossary.js shows them; without it,
and on paper, a term is a link to the glossary.
"""

from collections.abc import Iterable
from typing import Any

from docutils import nodes
from sphinx import addnodes
from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment
from sphinx.transforms.post_transforms import SphinxPostTransform
from sphinx.writers.html5 import HTML5Translator

DEFINITIONS = "book_definitions"  # an attribute of Sphinx's environment


class explanation(nodes.General, nodes.Element):  # noqa: N801, as docutils names them
    """What the glossary says about a term, hidden at first."""


def find_terms(env: BuildEnvironment) -> dict[str, tuple[str, str]]:
    """Return the page and the anchor of each term, by its name in lower case."""
    return {
        name.lower(): (page, anchor)
        for name, _, kind, page, anchor, _ in env.domains["std"].get_objects()
        if kind == "term"
    }


def find_definitions(env: BuildEnvironment) -> dict[tuple[str, str], nodes.Element]:
    """Return the entry of each term, by the page and the anchor of the term.

    Its first child is the term, and its last is the definition.
    """
    return {
        (page, anchor): term.parent
        for page in {page for page, _ in find_terms(env).values()}
        for term in env.get_doctree(page).findall(nodes.term)
        for anchor in term["ids"]
    }


class AddDefinitions(SphinxPostTransform):
    """Copies the definitions of a page's terms to its end."""

    # Before links are resolved, those in definitions too.
    default_priority = 5  # type: ignore[assignment]
    builders = ("html",)

    def run(self, **kwargs: Any) -> None:
        """Copy them, each once, in alphabetical order."""
        links = self.document.findall(addnodes.pending_xref)
        terms = {link["reftarget"] for link in links if link["reftype"] == "term"}
        places = find_terms(self.env)
        known = {places[name]: name for name in map(str.lower, terms) if name in places}
        definitions = find_definitions(self.env) if known else {}
        for page, anchor in sorted(known):
            if page != self.env.docname:
                definition = definitions[page, anchor]
                copy = self._copy(definition, anchor, known[page, anchor])
                self.document.append(copy)

    def _copy(self, definition: nodes.Element, anchor: str, name: str) -> explanation:
        """Return a definition with links that are right on this page.

        The term as shown may have different apostrophes from its name.
        """
        term, *_, body = definition.deepcopy()
        link = addnodes.pending_xref(
            "",
            nodes.inline("", "in the glossary"),
            refdomain="std",
            reftype="term",
            reftarget=name,
            refdoc=self.env.docname,
            refexplicit=True,
            refwarn=True,
        )
        for reference in body.findall(addnodes.pending_xref):
            reference["refdoc"] = self.env.docname
        title = nodes.paragraph("", "", nodes.strong("", term.astext()))
        end = nodes.paragraph("", "", link)
        return explanation("", title, *body, end, anchor=anchor)


def visit_explanation(self: HTML5Translator, node: explanation) -> None:
    """Begin a popover."""
    anchor = node["anchor"]
    self.body.append(f'<div class="definition" id="about-{anchor}" popover>')


def depart_explanation(self: HTML5Translator, node: explanation) -> None:
    """End it."""
    self.body.append("</div>\n")


def _find_outdated(app: Sphinx, env: BuildEnvironment) -> Iterable[str]:
    """Return all pages if a definition has changed, since they have copies of it."""
    now = {place: str(it) for place, it in find_definitions(env).items()}
    before = getattr(env, DEFINITIONS, None)
    setattr(env, DEFINITIONS, now)
    return [] if now == before else env.found_docs


def setup(app: Sphinx) -> None:
    """Connect to Sphinx."""
    app.add_node(explanation, html=(visit_explanation, depart_explanation))
    app.add_post_transform(AddDefinitions)
    app.connect("env-get-updated", _find_outdated)
