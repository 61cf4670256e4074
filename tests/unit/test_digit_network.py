"""The network that other pages than its chapter's may load."""

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from docutils import nodes

from booktools.sphinx import explorables
from booktools.sphinx.digit_network import NETWORK, find_network, network_of
from booktools.sphinx.incremental import references

DATA = {"layers": [[5, 64], [10, 5]], "parameters": "AAAA", "images": "BBBB"}


def make_app(folder: Path, *chapters: str, builder: str = "html") -> Any:
    """Return what stands for Sphinx, with a chapter ``reader`` that has the network."""
    app = SimpleNamespace(
        added={},
        add_js_file=lambda name, **attributes: app.added.update({name: attributes}),
        builder=SimpleNamespace(name=builder),
        config=SimpleNamespace(book=SimpleNamespace(chapters=chapters)),
        env=SimpleNamespace(
            domaindata={"cite": {"citations": []}, "math": {"objects": {}}},
            domains={},
            metadata={"first": {}, "reader": {NETWORK: json.dumps(DATA)}},
            toc_fignumbers={},
            toc_secnumbers={"reader": {"": (14,)}},
        ),
        outdir=folder,
    )
    return app


def offered(app: Any) -> dict[str, str]:
    """Return what a page with the templates tells their script."""
    raw = nodes.raw("", '<div data-explorable="templates">', format="html")
    context = {"pathto": lambda name, resource: f"../{name}"}
    page = nodes.container("", raw)
    explorables._add_scripts(app, "first", "page.html", context, page)
    script = app.added["templates.js"]
    return {name: it for name, it in script.items() if name.startswith("data-")}


def test_it_is_found_on_its_page() -> None:
    box = (
        '<div data-explorable="draw-digit"><img><script type="application/json">'
        f"{json.dumps(DATA)}</script></div>"
    )
    page = nodes.container("", nodes.raw("", box, format="html"))
    assert json.loads(find_network(page)) == DATA
    assert find_network(nodes.container()) == ""


def test_a_page_that_may_ask_it_knows_where_it_is(tmp_path: Path) -> None:
    app = make_app(tmp_path, "first", "reader")
    told = offered(app)
    assert told["data-chapter"] == "14"
    name, _, version = told["data-network"].partition("?v=")
    assert name == "../_static/digit-network.js"
    script = (tmp_path / "_static" / "digit-network.js").read_text()
    said = script.removeprefix("const digitNetwork = ").removesuffix(";\n")
    assert json.loads(said) == {name: DATA[name] for name in ("layers", "parameters")}
    # Another network is another script, and the pages that name it are written again.
    before = references(app.env)
    app.env.metadata["reader"][NETWORK] = json.dumps(DATA | {"parameters": "CCCC"})
    assert references(app.env) != before
    assert offered(app)["data-network"] != f"{name}?v={version}"


def test_without_its_chapter_and_on_paper_there_is_none(tmp_path: Path) -> None:
    for app in (
        make_app(tmp_path, "first"),
        make_app(tmp_path, "first", "reader", builder="bookprint"),
    ):
        assert network_of(app) == ("", {})
        assert offered(app) == {}
    assert not list(tmp_path.iterdir())
