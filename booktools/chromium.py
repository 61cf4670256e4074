"""Find the Chromium of this machine, which prints the book and tests the pages.

Playwright steers it; the browser that Playwright would download is not used.
"""

import os
import shutil
from pathlib import Path

VARIABLE = "BOOK_CHROMIUM"
COMMANDS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
APPLICATIONS = ("Google Chrome", "Chromium")  # where macOS keeps programs


class ChromiumError(RuntimeError):
    """No Chromium can be found, or not the one that was asked for."""


def find_chromium() -> Path:
    """Return the program: that in ``BOOK_CHROMIUM``, or else the system's.

    Raises
    ------
    ChromiumError
        If there is none; it says what to install.
    """
    if asked := os.environ.get(VARIABLE):
        if found := shutil.which(asked):
            return Path(found)
        raise ChromiumError(f"{VARIABLE}={asked} is not a program that can be run.")
    places = [*COMMANDS]
    places += [
        f"/Applications/{name}.app/Contents/MacOS/{name}" for name in APPLICATIONS
    ]
    for place in places:
        if found := shutil.which(place):
            return Path(found)
    raise ChromiumError(
        f"No Chromium was found (looked for {', '.join(COMMANDS)}). Install it "
        "(Debian: apt install chromium; macOS: brew install --cask chromium) or "
        f"Google Chrome, or name yours: {VARIABLE}=/path/to/chrome"
    )


def launch_arguments() -> list[str]:
    """Return the arguments to start it with.

    It asks the network for nothing of its own, and needs no graphics card.
    As root, as in most containers, it refuses to start in its sandbox.
    """
    arguments = ["--disable-gpu", "--disable-background-networking"]
    if hasattr(os, "geteuid") and os.geteuid() == 0:
        arguments.append("--no-sandbox")
    return arguments
