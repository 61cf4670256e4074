"""The network that reads digits, for pages other than its chapter that show it.

Its parameters are found in the chapter that lets readers draw for it, chapter 14, and
written into a script, which such a page loads once its reader needs it. If the book
leaves out the chapter, there is no network.
"""

import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from bs4 import BeautifulSoup
from docutils import nodes
from sphinx.application import Sphinx

from booktools.sphinx.chapter_head import chapter_number

READER = "draw-digit"
SCRIPT = "digit-network.js"
NETWORK = "digit_network"  # in the metadata of the page that has one


def find_network(page: nodes.document) -> str:
    """Return the data of the explorable that reads digits, or an empty string."""
    for raw in page.findall(nodes.raw):
        if READER in raw.astext():
            html = BeautifulSoup(raw.astext(), "html.parser")
            if data := html.select_one(f'[data-explorable="{READER}"] > script'):
                return data.text
    return ""


def _note_network(app: Sphinx, doctree: nodes.document) -> None:
    if text := find_network(doctree):
        app.env.metadata[app.env.docname][NETWORK] = text


def network_of(app: Sphinx) -> tuple[str, dict[str, Any]]:
    """Return the chapter with the network, and its explorable's data; or nothing.

    Only the site runs scripts, so other builders get nothing.
    """
    for page in app.config.book.chapters if app.builder.name == "html" else ():
        if text := app.env.metadata[page].get(NETWORK):
            return page, json.loads(text)
    return "", {}


def write_script(app: Sphinx, name: str, script: str) -> str:
    """Write a script into the site; return its address there, with its version."""
    file = Path(app.outdir) / "_static" / name
    file.parent.mkdir(exist_ok=True)
    file.write_text(script, encoding="utf-8")
    version = hashlib.sha256(script.encode()).hexdigest()[:8]
    return f"_static/{name}?v={version}"


def offer_network(app: Sphinx, pathto: Callable[..., str]) -> dict[str, str]:
    """Write the network, and return attributes for the script that may load it.

    They have its address, for which the page's function ``pathto`` is needed, and the
    number of its chapter. Without the chapter there are none.
    """
    page, data = network_of(app)
    if not page:
        return {}
    network = {name: data[name] for name in ("layers", "parameters")}
    script = f"const digitNetwork = {json.dumps(network, separators=(',', ':'))};\n"
    return {
        "data-network": pathto(write_script(app, SCRIPT, script), resource=True),
        "data-chapter": chapter_number(app.env, page),
    }


def setup(app: Sphinx) -> None:
    """Connect to Sphinx."""
    app.connect("doctree-read", _note_network, priority=300)  # before images.py
