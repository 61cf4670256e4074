"""Render the whole book as a single page, which `make pdf` prints.

This uses Sphinx's builder ``singlehtml``. It adds the visitors that some
extensions register only for the builder ``html``, and puts a title page and a
table of contents in front.
"""

from html import escape
from typing import Any

from sphinx.application import Sphinx
from sphinx.environment.adapters.toctree import global_toctree_for_doc

from booktools.sphinx.book_info import adapted_from

BUILDER = "singlehtml"


def _use_html_handlers(app: Sphinx) -> None:
    """Use the handlers of ``html`` where there are none for this builder.

    Sphinx does so only if no extension has any for this builder, but some have.
    """
    handlers = app.registry.translation_handlers
    handlers[BUILDER] = handlers.get("html", {}) | handlers.get(BUILDER, {})


def _add_front_matter(
    app: Sphinx, page: str, template: str, context: dict[str, Any], doctree: Any
) -> None:
    """Put a title page and a table of contents in front of the text."""
    if app.builder.name != BUILDER or page != app.config.root_doc:
        return
    here = app.config.book.environment
    versions = ("numpy", "torch", "scikit-learn")
    facts = [
        f"Commit {app.config.book.commit or 'not known'}",
        f"Executed on {here.device} with {here.digits}",
        f"Python {here.python}, "
        + ", ".join(f"{name} {here.versions[name]}" for name in versions),
        f"© {app.config.copyright}, {app.config.author}. "
        "Code: MIT. Text and figures: CC BY 4.0.",
    ]
    if credit := adapted_from(app.config):
        facts.append("".join(text for text, _ in credit))
    builder: Any = app.builder
    contents = global_toctree_for_doc(
        app.env,
        page,
        builder,
        collapse=False,
        maxdepth=1,
        titles_only=True,
        includehidden=True,
    )
    listed = builder.render_partial(contents)["fragment"] if contents else ""
    listed = listed.replace(' role="heading"', "")  # no bookmarks of their own
    context["body"] = f"""<div class="title-page">
<p class="book-title">{escape(app.config.html_title)}</p>
<p class="book-author">{escape(app.config.author)}</p>
<p class="book-facts">{"<br>".join(map(escape, facts))}</p>
</div>
<div class="contents-page">
<p class="contents-title">Contents</p>
{listed}</div>
{context["body"]}"""


def setup(app: Sphinx) -> dict[str, bool]:
    """Connect to Sphinx."""
    app.connect("builder-inited", _use_html_handlers)
    app.connect("html-page-context", _add_front_matter)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
