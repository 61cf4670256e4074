"""Find where the site and its repository are on the web.

Neither address is stored in a file: both come from the environment or from git,
so a fork has nothing to change.
"""

import os
import re
from pathlib import Path
from urllib.parse import urlsplit

from booktools.errors import AuthorError
from booktools.git import origin

GITHUB = re.compile(
    r"""(?: (?:https?|ssh|git)://(?:[^@/\s]+@)?(?:www\.|ssh\.)?github\.com(?::\d+)?/+
          | (?:[^@/:\s]+@)?github\.com:/* )
        (?P<owner>[A-Za-z\d][A-Za-z\d-]*) / (?P<name>[\w.-]+?) (?:\.git)? /*""",
    re.VERBOSE | re.IGNORECASE,
)


def site_address(root: Path) -> str:
    """Return the site's address with a trailing slash, or an empty string.

    This is ``BOOK_URL``, or else the address at which GitHub Pages serves the
    repository that the remote ``origin`` points to. Raise AuthorError if ``BOOK_URL``
    is not an address.
    """
    if asked := _address_in("BOOK_URL"):
        return f"{asked}/"
    return pages_address(origin(root))


def repository_address(root: Path) -> str:
    """Return the repository's address without a trailing slash, or an empty string.

    This is ``BOOK_REPOSITORY``, or else the remote ``origin``, if on GitHub. Raise
    AuthorError if ``BOOK_REPOSITORY`` is not an address.
    """
    if asked := _address_in("BOOK_REPOSITORY"):
        return asked.removesuffix(".git")
    project = github_project(origin(root))
    return "https://github.com/{}/{}".format(*project) if project else ""


def github_project(remote: str) -> tuple[str, str] | None:
    """Return owner and name of a repository on GitHub, or None if it is elsewhere.

    Its address is as git shows it, for https, ssh or git; user names and passwords in
    it are ignored.
    """
    found = GITHUB.fullmatch(remote.strip())
    return (found["owner"], found["name"]) if found else None


def pages_address(remote: str) -> str:
    """Return a repository's address on GitHub Pages, or an empty string."""
    project = github_project(remote)
    if project is None:
        return ""
    host, name = f"{project[0].lower()}.github.io", project[1]
    return f"https://{host}/" if name.lower() == host else f"https://{host}/{name}/"


def _address_in(variable: str) -> str:
    """Read an address from the environment, without trailing slashes."""
    asked = os.environ.get(variable, "").strip()
    if not asked:
        return ""
    try:
        parts = urlsplit(asked)
        good = parts.scheme in ("http", "https") and bool(parts.hostname)
        good &= not (parts.query or parts.fragment or "@" in parts.netloc)
        good &= not re.search(r"[\s\"'<>\\?#]", asked) and parts.port != 0
    except ValueError:  # a port that is not a number, for example
        good = False
    if not good:
        raise AuthorError(
            f"{variable}={asked} is not an http or https address; "
            f"try one like {variable}=https://example.org/book"
        )
    return asked.rstrip("/")


def is_external(uri: str) -> bool:
    """Return whether an address has a scheme or a host, so is not a file of ours."""
    return re.match(r"[A-Za-z][\w+.-]*:|//", uri) is not None
