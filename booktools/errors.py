"""The error that becomes a message to the author, without a traceback.

Code that finds a mistake in the book, or in what was asked for, raises it, and
converts errors of libraries into it. `booktools.__main__` prints it; Sphinx lets
it pass through all handlers, and prints it as well.
"""

from pathlib import Path

from sphinx.errors import SphinxError


class AuthorError(SphinxError):
    """Something that an author has written, or asked for, cannot be used.

    The message says what is wrong, and what to type instead. The file is relative to
    the book's root, and lines are counted from 1.
    """

    category = "The book cannot be built"

    def __init__(self, message: str, file: str | Path = "", line: int = 0) -> None:
        place = f"{file}:{line}" if line else str(file)
        super().__init__(f"{place}: {message}" if place else message)


def unreadable(error: OSError, file: str | Path) -> AuthorError:
    """Return the error for a file that the system does not let us read."""
    return AuthorError(
        f"this file cannot be read: {error.strerror}. Give your user permission to "
        "read it, or move it out of the book's folder.",
        file,
    )
