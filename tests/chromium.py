"""Find this machine's Chromium, which tests the pages.

Playwright drives it; the browser that Playwright would download is not used.
"""

import os
import shutil
from pathlib import Path

VARIABLE = "BOOK_CHROMIUM"
COMMANDS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
APPLICATIONS = ("Google Chrome", "Chromium")  # where macOS keeps programs


class ChromiumError(RuntimeError):
    """Chromium, or the one requested, cannot be found."""


def find_chromium() -> Path:
    """Return the path of the program: ``BOOK_CHROMIUM``, or else the system's.

    Raise ChromiumError if there is none; its message says what to install.
    """
    if asked := os.environ.get(VARIABLE):
        if found := shutil.which(asked):
            return Path(found)
        raise ChromiumError(f"{VARIABLE}={asked} is not an executable program.")
    candidates = [*COMMANDS]
    candidates += [
        f"/Applications/{name}.app/Contents/MacOS/{name}" for name in APPLICATIONS
    ]
    for candidate in candidates:
        if found := shutil.which(candidate):
            return Path(found)
    raise ChromiumError(
        f"Chromium was not found (looked for {', '.join(COMMANDS)}). Install it "
        "(Debian: apt install chromium; macOS: brew install --cask chromium) or "
        f"Google Chrome, or say where yours is: {VARIABLE}=/path/to/chrome"
    )


def launch_arguments() -> list[str]:
    """Return the command-line arguments to start Chromium with.

    It then makes no network requests of its own and needs no graphics card.
    As root, the usual user in containers, it refuses to start with its sandbox.
    """
    arguments = ["--disable-gpu", "--disable-background-networking"]
    if hasattr(os, "geteuid") and os.geteuid() == 0:
        arguments.append("--no-sandbox")
    return arguments
