"""Which edition of the book is built, and where its site and its PDF go.

Both are built from the same sources: the instructor's edition includes the
solutions to the exercises, the student's does not. ``make book
EDITION=student`` sets ``BOOK_EDITION``.
"""

import os

from booktools.errors import AuthorError

INSTRUCTOR, STUDENT = "instructor", "student"
SITES = {INSTRUCTOR: "html", STUDENT: "student"}  # folders in _build
PDFS = {INSTRUCTOR: "book.pdf", STUDENT: "book-student.pdf"}  # files there


def edition() -> str:
    """Return the edition that ``BOOK_EDITION`` asks for, or raise AuthorError."""
    asked = os.environ.get("BOOK_EDITION") or INSTRUCTOR
    if asked not in SITES:
        raise AuthorError(
            f"EDITION={asked} is not an edition; "
            f"use EDITION={INSTRUCTOR} or EDITION={STUDENT}."
        )
    return asked
