"""Put our look, the folder ``theme``, over Furo.

The templates and styles there take precedence over Furo's. Furo knows fewer
options than Jupyter Book's own theme; one that it does not know gives a warning
rather than being ignored.
"""

import re
from pathlib import Path
from typing import Any

from docutils import nodes
from docutils.parsers.rst.directives.body import Sidebar
from jinja2 import FileSystemBytecodeCache
from sphinx.application import Sphinx
from sphinx.config import Config
from sphinx.transforms.post_transforms import SphinxPostTransform
from sphinx.util.logging import getLogger
from sphinx.writers.html5 import HTML5Translator

from booktools.yaml_files import read_yaml

logger = getLogger(__name__)

TEMPLATES, STATIC = "theme/templates", "theme/static"
INLINE = ("palette.css", "formulas.css")  # small, so they are part of each page
STYLES = ("book.css",)
PRINT = "print.css"
SCRIPTS = ("book.js", "enlarge.js", "glossary.js", "progress.js", "predictions.js")
# Files that extensions add to every page, and what is on the pages that use them.
USED_WITH = {
    "sphinx-design": "sd-",
    "design-tabs": "sd-tab-set",
    "mystnb": "-Color|_scroll|tag_scroll|pasted-|stderr|linenos",
    "clipboard": "<pre>",
    "copybutton": "<pre>",
    "documentation_options": "<pre>",  # which the copy button needs
    "explorables.css": "explorable|digit-pad|spot-the-line",
    "progress.js": "question|chapter-cards|prediction",
    "predictions.js": "data-prediction",
}
# By our own styles and search.
REPLACED = ["exercise.css", "doctools.js", "sphinx_highlight.js"]
# Boxes of Furo and of sphinx-exercise, by their classes and ids.
REPEATED = {"table-wrapper", "math-wrapper", "exercise-content", "solution-content"}
DARK_CODE = "a11y-high-contrast-dark"


def load_extra_extensions(app: Sphinx, root: Path) -> None:
    """Load the extensions that ``_config.yml`` names in Jupyter Book's way.

    Jupyter Book would forget them, since `_config.yml` replaces its list of
    extensions.
    """
    file = root / "_config.yml"
    wanted = read_yaml(file).data.get("sphinx", {}) if file.is_file() else {}
    for name in [
        *(wanted.get("extra_extensions") or []),
        *(wanted.get("local_extensions") or {}),
    ]:
        app.setup_extension(name)


def _configure(app: Sphinx, config: Config) -> None:
    config.templates_path.insert(0, TEMPLATES)


def _register(app: Sphinx) -> None:
    # Furo adds this option too late for _config.yml.
    app.config.pygments_dark_style = DARK_CODE
    # Not earlier: Jupyter Book would add what it finds there to every page.
    app.config.html_static_path.append(STATIC)
    for name in STYLES:
        app.add_css_file(name, priority=700)  # after Furo's
    app.add_css_file(PRINT, priority=700, media="print")
    for name in SCRIPTS:
        app.add_js_file(name, loading_method="defer")
    keep_compiled_templates(app, Path(app.doctreedir) / "templates")


def keep_compiled_templates(app: Sphinx, folder: Path) -> None:
    """Keep compiled templates in a folder, so that a rebuild need not compile them."""
    if hasattr(app.builder, "templates"):
        folder.mkdir(parents=True, exist_ok=True)
        compiled = FileSystemBytecodeCache(str(folder))
        app.builder.templates.environment.bytecode_cache = compiled


class RemoveDuplicateIds(SphinxPostTransform):
    """Lets an id be on a page only once.

    Furo puts boxes around tables and formulas that have the ids of what is inside,
    and sphinx-exercise gives the content of each exercise the same one.
    """

    default_priority = 501  # type: ignore[assignment]  # just after Furo
    formats = ("html",)

    def run(self, **kwargs: Any) -> None:
        """Take it from each of these."""
        for box in self.document.findall(nodes.Element):
            if REPEATED & {*box["classes"], *box["ids"]}:
                box["ids"] = []


def _visit_citation(self: HTML5Translator, node: nodes.citation) -> None:
    """Begin an entry of a bibliography, without the roles that are deprecated."""
    if not isinstance(node.previous_sibling(), nodes.citation):
        self.body.append('<div class="citation-list">\n')
    self.body.append(self.starttag(node, "div", CLASS="citation"))


def _depart_citation(self: HTML5Translator, node: nodes.citation) -> None:
    self.body.append("</div>\n")
    if not isinstance(node.next_node(descend=False, siblings=True), nodes.citation):
        self.body.append("</div>\n")


def _defer_scripts(context: dict[str, Any]) -> None:
    """Let all scripts wait for the page, so that it is laid out only once.

    Furo's own script asks for the scroll position as soon as it is read.
    """
    for file in context["script_files"]:
        if file.filename:
            file.attributes["defer"] = "defer"


def _remove_unused_files(context: dict[str, Any]) -> None:
    """Let a page load only the styles and scripts that it uses."""
    body = context.get("body") or ""
    unused = [name for name, sign in USED_WITH.items() if not re.search(sign, body)]
    unused += REPLACED
    for kind in ("css_files", "script_files"):
        context[kind] = [
            file
            for file in context[kind]
            if not any(name in str(file.filename) for name in unused)
        ]


def _add_facts(
    app: Sphinx, page: str, template: str, context: dict[str, Any], doctree: Any
) -> None:
    """Tell the templates what they show about a page."""
    _remove_unused_files(context)
    _defer_scripts(context)
    static = Path(app.srcdir) / STATIC
    sheets = (static / name for name in INLINE)
    context["inline_styles"] = "".join(it.read_text() for it in sheets if it.is_file())
    context["author"] = app.config.author
    context["part"] = app.config.book.part_of(page)


def setup(app: Sphinx) -> None:
    """Connect to Sphinx."""
    load_extra_extensions(app, Path(app.srcdir))
    app.add_directive("margin", Sidebar)  # as Jupyter Book's own theme has it
    app.add_post_transform(RemoveDuplicateIds)
    entry = (_visit_citation, _depart_citation)
    app.add_node(nodes.citation, override=True, html=entry)
    app.connect("config-inited", _configure)
    app.connect("builder-inited", _register, priority=400)  # before Furo
    app.connect("html-page-context", _add_facts)
