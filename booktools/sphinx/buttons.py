"""Links to run, download or edit a page, or to report a mistake in it.

Binder and Colab open the notebook that is exported to a separate branch. The
repository's address comes from the remote, so a fork's links lead to the fork.
Links that need an unknown address are left out; and in the student's edition,
links to the source, which contains the solutions.
"""

from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

from docutils import nodes
from sphinx.application import Sphinx

from booktools.edition import STUDENT
from booktools.sphinx.chapter_head import find_glance
from booktools.urls import github_project

BRANCH = "notebooks"  # where the exported notebooks are
# Where hosts let one edit a file, and report a mistake.
HOSTS = {
    "github": ("edit/{branch}/{file}", "issues/new?title={title}"),
    "gitlab": ("-/edit/{branch}/{file}", "-/issues/new?issue[title]={title}"),
    "bitbucket": ("src/{branch}/{file}?mode=edit", "issues/new?title={title}"),
}


def launch_addresses(repository: str, page: str) -> dict[str, str]:
    """Return the addresses that run a page's notebook, by the name of the service.

    Without the address of a repository there are none; Colab needs GitHub.
    """
    if not repository:
        return {}
    project = github_project(repository)
    notebook = f"{quote(page)}.ipynb"
    if project is None:
        place = f"git/{quote(repository, '')}/{BRANCH}"
        launches = {}
    else:
        owner, name = project
        place = f"gh/{owner}/{name}/{BRANCH}"
        colab = "https://colab.research.google.com/github"
        launches = {"Colab": f"{colab}/{owner}/{name}/blob/{BRANCH}/{notebook}"}
    binder = f"https://mybinder.org/v2/{place}?urlpath=lab/tree/{notebook}"
    return launches | {"Binder": binder}


def source_addresses(repository: str, branch: str, page: str) -> tuple[str, str]:
    """Return the addresses at which to edit a page, and to report a mistake in it.

    Both are empty if the repository is on none of the known hosts, and the first
    if the branch that the site is built from is not known.
    """
    host = urlsplit(repository).hostname or ""
    for name, (edit, report) in HOSTS.items():
        if name in host:
            file, title = quote(f"{page}.md"), quote(f"Mistake in {page}")
            edit = edit.format(branch=quote(branch), file=file)
            report = f"{repository}/{report.format(title=title)}"
            return (f"{repository}/{edit}" if branch else ""), report
    return "", ""


def source_on_site(config: Any, page: str) -> str:
    """Return where a page's source is, relative to the page, or an empty string.

    Sphinx's settings ``html_copy_source``, ``html_show_sourcelink`` and
    ``html_sourcelink_suffix`` say whether it is shown, and under which name.
    """
    if not (config.html_copy_source and config.html_show_sourcelink):
        return ""
    suffix = config.html_sourcelink_suffix
    name = f"{page}.md" if suffix == ".md" else f"{page}.md{suffix}"
    return quote(f"{'../' * page.count('/')}_sources/{name}")


def _add_chapter_links(app: Sphinx, doctree: nodes.document, page: str) -> None:
    """Show the links of a chapter below the facts about it."""
    glance = find_glance(doctree)
    if glance is None or app.builder.name != "html":
        return
    facts = {
        "launches": launch_addresses(app.config.book.repository, page),
        "notebook": quote(f"{Path(page).name}.ipynb"),
        "source": source_on_site(app.config, page),
    }
    links = app.builder.templates.render("page-links.html", facts)
    glance.replace_self([glance, nodes.raw("", links, format="html")])


def _add_source_links(
    app: Sphinx, page: str, template: str, context: dict[str, Any], doctree: Any
) -> None:
    book = app.config.book
    edit, report = source_addresses(book.repository, book.branch, page)
    context["report"] = report if doctree else ""
    context["edit"] = edit if doctree and app.config.edition != STUDENT else ""


def setup(app: Sphinx) -> None:
    """Connect to Sphinx, for the links of a chapter once its head is there."""
    app.connect("doctree-resolved", _add_chapter_links, priority=1100)
    app.connect("html-page-context", _add_source_links)
