"""Make the whole book one page, as it is printed by `make pdf`.

Sphinx's builder for one page is used as it is. This module gives it what some
extensions give to the builder for many pages alone, and puts a title page and
a table of contents in front.
"""

from html import escape
from typing import Any

from sphinx.application import Sphinx
from sphinx.environment.adapters.toctree import global_toctree_for_doc

from booktools.sphinx.book_info import adapted_from

BUILDER = "singlehtml"


def _share_handlers(app: Sphinx) -> None:
    """Write each node as on many pages, where nothing is said of one page.

    Sphinx looks there only if no extension names the builder, and some do.
    """
    handlers = app.registry.translation_handlers
    handlers[BUILDER] = handlers.get("html", {}) | handlers.get(BUILDER, {})


def _add_front(
    app: Sphinx, page: str, template: str, context: dict[str, Any], doctree: Any
) -> None:
    """Put title page and table of contents in front of the text."""
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
    app.connect("builder-inited", _share_handlers)
    app.connect("html-page-context", _add_front)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
