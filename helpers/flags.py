"""Environment variables that say yes or no."""

import os

VALUES = {"": False, "0": False, "false": False, "no": False}
VALUES |= {"1": True, "true": True, "yes": True}


def read_flag(variable: str) -> bool:
    """Return whether an environment variable says yes; unset, it says no.

    Raise ValueError if it says neither.
    """
    text = os.environ.get(variable, "")
    try:
        return VALUES[text.strip().lower()]
    except KeyError:
        raise ValueError(
            f"{variable}={text} says neither yes nor no; set it to 1, true or yes, "
            "or to 0, false or no, or leave it empty."
        ) from None
