"""Buttons to launch, download or edit a page, or to ask about it.

The theme would have Binder and Colab open the Markdown file, which Colab
cannot, and it takes the repository's address from a file. Here they open the
notebook exported to a branch of its own, and the address comes from the remote,
so a fork's buttons lead to the fork. If no address is known, the buttons that
need one are left out.
"""

from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

from sphinx.application import Sphinx
from sphinx.config import Config

from booktools.urls import github_project

BRANCH = "notebooks"  # where the exported notebooks are
HOSTS = ("github", "gitlab", "bitbucket")  # whose edit pages the theme knows


def colab_address(repository: str, page: str) -> str:
    """Return the address at which Colab opens a page's notebook, or an empty string.

    Parameters
    ----------
    repository : str
        Its address.
    page : str
        As in ``"chapters/01-gradient-descent"``.
    """
    project = github_project(repository)
    if project is None:
        return ""
    where = "https://colab.research.google.com/github/{}/{}/blob".format(*project)
    return f"{where}/{BRANCH}/{quote(page)}.ipynb"


def binder_address(repository: str, page: str) -> str:
    """Return the address at which Binder opens a page's notebook, or an empty string.

    Parameters
    ----------
    repository : str
        Its address.
    page : str
        As in ``"chapters/01-gradient-descent"``.
    """
    if not repository:
        return ""
    project = github_project(repository)
    where = "gh/{}/{}".format(*project) if project else f"git/{quote(repository, '')}"
    return (
        f"https://mybinder.org/v2/{where}/{BRANCH}?urlpath=lab/tree/{quote(page)}.ipynb"
    )


def configure_repository(app: Sphinx, config: Config) -> None:
    """Tell the theme where the source is, for its edit and issue buttons."""
    repository = config.book.repository
    host = urlsplit(repository).hostname or ""
    known = any(name in host for name in HOSTS)
    config["html_theme_options"] |= {
        "repository_url": repository if known else "",
        "repository_branch": config.book.branch or "main",
        "use_repository_button": known,
        "use_edit_page_button": known,
        "use_issues_button": known,
    }


def _add_buttons(
    app: Sphinx, page: str, template: str, context: dict[str, Any], doctree: Any
) -> None:
    if page not in app.config.book.chapters:
        return
    buttons = context["header_buttons"]
    for group in buttons:
        if group["label"] == "download-buttons":
            notebook = {
                "type": "link",
                "url": f"{Path(page).name}.ipynb",
                "text": ".ipynb",
                "icon": "fas fa-code",
                "tooltip": "Download the notebook, with its outputs",
                "label": "download-notebook-button",
            }
            group["buttons"].insert(0, notebook)
    launches = [
        {
            "type": "link",
            "url": address,
            "text": name,
            "icon": f"_static/images/logo_{picture}",
            "tooltip": f"Run this page on {name}",
            "label": f"launch-{name.lower()}-button",
        }
        for name, address, picture in (
            ("Colab", colab_address(app.config.book.repository, page), "colab.png"),
            ("Binder", binder_address(app.config.book.repository, page), "binder.svg"),
        )
        if address
    ]
    if launches:
        group = {
            "type": "group",
            "buttons": launches,
            "icon": "fas fa-rocket",
            "tooltip": "Run this page",
            "label": "launch-buttons",
        }
        buttons.insert(0, group)


def setup(app: Sphinx) -> dict[str, bool]:
    """Connect to Sphinx, after the theme, which makes the list of buttons."""
    app.connect("config-inited", configure_repository, priority=900)
    app.connect("html-page-context", _add_buttons, priority=900)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
