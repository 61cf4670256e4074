"""Add to each page the scripts of its explorables.

A chapter shows one with ``interactive.show_explorable("name", …)``; its script is
``interactive/static/name.js``, and ``shared.js`` has the code they share. A script
that needs one or two besides begins with a line such as ``// Needs desk.js.`` or
``// Needs desk.js and network.js.``. A page without explorables loads none of them.
"""

import re
from typing import Any

from docutils import nodes
from sphinx.application import Sphinx

from booktools.errors import AuthorError
from booktools.sources import is_readable, package_folder
from booktools.sphinx.digit_network import offer_network

SCRIPTS = package_folder("interactive") / "static"
SHARED = "shared"
NAME = re.compile(r'data-explorable="([^"]+)"')
NEEDED = re.compile(r"// Needs ([\w-]+)\.js(?: and ([\w-]+)\.js)?\.\n")
ASKING = "templates"  # which lets the reader ask the network that reads digits


def explorables_on(doctree: nodes.document) -> list[str]:
    """Return the names of the explorables on a page, each once, in order."""
    raw = (node.astext() for node in doctree.findall(nodes.raw))
    return list(dict.fromkeys(name for html in raw for name in NAME.findall(html)))


def scripts_of(names: list[str]) -> list[str]:
    """Return the scripts that explorables need, in the order to load them."""
    scripts = [SHARED] if names else []
    for name in names:
        path = SCRIPTS / f"{name}.js"
        if is_readable(path):
            needed = NEEDED.match(path.read_text(encoding="utf-8"))
            scripts += filter(None, needed.groups()) if needed else []
        scripts.append(name)
    return list(dict.fromkeys(scripts))


def _register_scripts(app: Sphinx) -> None:
    # Not earlier: Jupyter Book would add what it finds there to every page.
    app.config.html_static_path.append(str(SCRIPTS))


def _add_scripts(
    app: Sphinx, page: str, template: str, context: dict[str, Any], doctree: Any
) -> None:
    if doctree is None:
        return
    for name in scripts_of(explorables_on(doctree)):
        if not is_readable(SCRIPTS / f"{name}.js"):
            known = ", ".join(sorted(path.stem for path in SCRIPTS.glob("*.js")))
            raise AuthorError(
                f"it shows an explorable named “{name}”, but there is no "
                f"interactive/static/{name}.js; there are {known}.",
                app.env.doc2path(page, base=False),
            )
        network = offer_network(app, context["pathto"]) if name == ASKING else {}
        # Not as the last of the scripts: a browser lays the page out after that one,
        # without a pause in between.
        app.add_js_file(f"{name}.js", loading_method="defer", priority=400, **network)


def setup(app: Sphinx) -> None:
    """Connect to Sphinx."""
    app.add_css_file("explorables.css")
    app.connect("builder-inited", _register_scripts)
    app.connect("html-page-context", _add_scripts)
