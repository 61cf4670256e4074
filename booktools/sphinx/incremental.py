"""Let Sphinx read and write again just the pages that have changed.

Sphinx looks at the time of a file, which says nothing when an older version is
put in its place; here its content decides. And if something has changed that
pages say of one another, a title or the number of an equation, all are written:
Sphinx alone would leave the old words in the links of the other pages.
"""

import json
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment
from sphinx.util.index_entries import split_index_msg

from booktools.environment import hash_file

SOURCE = "source_hash"  # in what Sphinx remembers of a page
REFERENCES = "book_references"  # and of all of them


def references(env: BuildEnvironment) -> tuple[Any, ...]:
    """Return all that a page can say of another: names, titles and numbers."""
    citations = env.domaindata["cite"]["citations"]
    exercises: dict[str, Any] = getattr(env, "sphinx_exercise_registry", {})
    return (
        {name: sorted(domain.get_objects()) for name, domain in env.domains.items()},
        dict(env.domaindata["math"]["objects"]),
        {page: dict(numbers) for page, numbers in env.toc_fignumbers.items()},
        {page: dict(numbers) for page, numbers in env.toc_secnumbers.items()},
        {page: data.get("myst_slugs") for page, data in env.metadata.items()},
        {label: it["node"][0].astext() for label, it in exercises.items()},
        [(it.key, it.citation_id, it.formatted_entry.label) for it in citations],
    )


def index_entries(env: BuildEnvironment, pages: list[str]) -> dict[str, list[Any]]:
    """Return the entries in the general index, as the search index lists them.

    Parameters
    ----------
    env : BuildEnvironment
        What Sphinx knows of the pages.
    pages : list of str
        Their names, in the order of the search index.

    Returns
    -------
    dict
        For each entry its places: the number of the page, the anchor there, and
        whether it is the main one.
    """
    found: dict[str, list[Any]] = {}
    entries: dict[str, Any] = env.domaindata["index"]["entries"]
    for number, page in enumerate(pages):
        places = {
            (text.lower(), anchor, main == "main")
            for kind, value, anchor, main, _ in entries.get(page, ())
            for text in split_index_msg(kind, value)
        }
        for text, anchor, is_main in sorted(places):
            found.setdefault(text, []).append((number, anchor, is_main))
    return found


def _find_changed(
    app: Sphinx,
    env: BuildEnvironment,
    added: set[str],
    changed: set[str],
    removed: set[str],
) -> list[str]:
    """Return the pages whose source is not what was read last."""
    known = env.found_docs - added
    return [
        page for page in known if env.metadata[page].get(SOURCE) != _hash(env, page)
    ]


def _note_source(app: Sphinx, doctree: Any) -> None:
    app.env.metadata[app.env.docname][SOURCE] = _hash(app.env, app.env.docname)


def _hash(env: BuildEnvironment, page: str) -> str:
    return hash_file(Path(env.doc2path(page)))


def _find_outdated(app: Sphinx, env: BuildEnvironment) -> Iterable[str]:
    """Return the pages to write, besides those that were read."""
    before, now = getattr(env, REFERENCES, None), references(env)
    setattr(env, REFERENCES, now)
    if now != before:
        return env.found_docs
    return []


def _complete_search_index(app: Sphinx, exception: Exception | None) -> None:
    """Correct what the search index says of pages that were not written.

    Sphinx keeps words that are on no page any more, and drops what these pages
    enter in the general index, such as the terms of the glossary.
    """
    path = Path(app.outdir) / "searchindex.js"
    if exception is not None or not path.is_file():
        return
    before, text, after = re.split(r"(\{.*\})", path.read_text(encoding="utf-8"))
    index = json.loads(text)
    for terms in (index["terms"], index["titleterms"]):
        for word in [word for word, pages in terms.items() if pages == []]:
            del terms[word]
    index["indexentries"] = index_entries(app.env, index["docnames"])
    text = json.dumps(index, separators=(",", ":"), sort_keys=True)
    path.write_text(f"{before}{text}{after}", encoding="utf-8")


def setup(app: Sphinx) -> dict[str, bool]:
    """Connect to Sphinx."""
    app.connect("env-get-outdated", _find_changed)
    app.connect("doctree-read", _note_source)
    app.connect("env-get-updated", _find_outdated, priority=900)  # numbers are known
    app.connect("build-finished", _complete_search_index)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
