"""Let Sphinx read and write again just the pages that have changed.

Sphinx compares the modification time of a file, which misses an older version put
in its place; here its content decides. And if something has changed that pages
say about one another, a title or the number of an equation, all are written:
Sphinx alone would leave the old words in the links of the other pages.
"""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment

from booktools.environment import hash_file
from booktools.sphinx.digit_network import NETWORK

SOURCE = "source_hash"  # in a page's metadata
STYLES_WRITTEN_LAST = ("mystnb.*.css", "exercise.css")
REFERENCES = "book_references"  # an attribute of Sphinx's environment


def references(env: BuildEnvironment) -> tuple[Any, ...]:
    """Return all that a page can say about another: names, titles and numbers.

    The network that reads digits, which other pages name by its version, is among it.
    """
    citations = env.domaindata["cite"]["citations"]
    exercises: dict[str, Any] = getattr(env, "sphinx_exercise_registry", {})
    return (
        {name: sorted(domain.get_objects()) for name, domain in env.domains.items()},
        dict(env.domaindata["math"]["objects"]),
        {page: dict(numbers) for page, numbers in env.toc_fignumbers.items()},
        {page: dict(numbers) for page, numbers in env.toc_secnumbers.items()},
        {page: data.get("myst_slugs") for page, data in env.metadata.items()},
        {page: data.get(NETWORK) for page, data in env.metadata.items()},
        {label: it["node"][0].astext() for label, it in exercises.items()},
        [(it.key, it.citation_id, it.formatted_entry.label) for it in citations],
    )


def _find_changed(
    app: Sphinx,
    env: BuildEnvironment,
    added: set[str],
    changed: set[str],
    removed: set[str],
) -> list[str]:
    """Return the pages whose source has changed since it was last read."""
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


def _forget_styles(app: Sphinx) -> None:
    """Delete the style sheets that extensions write after the last page.

    A page names the checksum of those that it finds, so it would differ from the
    page that a fresh build writes.
    """
    static = Path(app.outdir) / "_static"
    for pattern in STYLES_WRITTEN_LAST:
        for path in static.glob(pattern):
            path.unlink()


def setup(app: Sphinx) -> None:
    """Connect to Sphinx."""
    app.connect("builder-inited", _forget_styles)
    app.connect("env-get-outdated", _find_changed)
    app.connect("doctree-read", _note_source)
    app.connect("env-get-updated", _find_outdated, priority=900)  # numbers are known
