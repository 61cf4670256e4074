"""Know where the site and its repository are on the web.

Nothing is written down: both come from the environment or from git, so a fork
changes no file.
"""

import os
import re
from pathlib import Path
from urllib.parse import urlsplit

from booktools.git import origin

GITHUB = re.compile(
    r"""(?: (?:https?|ssh|git)://(?:[^@/\s]+@)?(?:www\.|ssh\.)?github\.com(?::\d+)?/+
          | (?:[^@/:\s]+@)?github\.com:/* )
        (?P<owner>[A-Za-z\d][A-Za-z\d-]*) / (?P<name>[\w.-]+?) (?:\.git)? /*""",
    re.VERBOSE | re.IGNORECASE,
)


def site_address(root: Path) -> str:
    """Return where the site is, with a slash at the end; or nothing.

    ``BOOK_URL``, or else the address at which GitHub Pages serves the
    repository that the remote ``origin`` names.

    Raises
    ------
    ValueError
        If ``BOOK_URL`` is not an address.
    """
    if asked := _address_in("BOOK_URL"):
        return f"{asked}/"
    return pages_address(origin(root))


def repository_address(root: Path) -> str:
    """Return where the repository is, without a slash at the end; or nothing.

    ``BOOK_REPOSITORY``, or else the remote ``origin``, if it is on GitHub.

    Raises
    ------
    ValueError
        If ``BOOK_REPOSITORY`` is not an address.
    """
    if asked := _address_in("BOOK_REPOSITORY"):
        return asked.removesuffix(".git")
    project = github_project(origin(root))
    return "https://github.com/{}/{}".format(*project) if project else ""


def github_project(remote: str) -> tuple[str, str] | None:
    """Return owner and name of a repository on GitHub, None if it is not there.

    Parameters
    ----------
    remote : str
        As git has it, by https, ssh or git; user names and passwords in it
        are left out.
    """
    found = GITHUB.fullmatch(remote.strip())
    return (found["owner"], found["name"]) if found else None


def pages_address(remote: str) -> str:
    """Return the address of a repository on GitHub Pages, or nothing."""
    project = github_project(remote)
    if project is None:
        return ""
    host, name = f"{project[0].lower()}.github.io", project[1]
    return f"https://{host}/" if name.lower() == host else f"https://{host}/{name}/"


def _address_in(variable: str) -> str:
    """Read an address from the environment, without slashes at the end."""
    asked = os.environ.get(variable, "").strip()
    if not asked:
        return ""
    try:
        parts = urlsplit(asked)
        good = parts.scheme in ("http", "https") and bool(parts.hostname)
        good &= not (parts.query or parts.fragment or "@" in parts.netloc)
        good &= not re.search(r"[\s\"'<>\\?#]", asked) and parts.port != 0
    except ValueError:  # a port that is no number, and the like
        good = False
    if not good:
        raise ValueError(
            f"{variable}={asked} is not an http or https address; "
            f"try one like {variable}=https://example.org/book"
        )
    return asked.rstrip("/")
