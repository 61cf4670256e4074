"""What Lighthouse says of every page, as on a phone with a slow connection.

It measures, so nothing may run beside it; `make check` sees to that. npm
brings Lighthouse, in the versions of lighthouse/package-lock.json.
"""

import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from book import BUILD, ROOT
from browser import each_page, require_chromium, serve, skip

from booktools.chromium import launch_arguments
from booktools.sphinx.math import NODE

pytestmark = [pytest.mark.check, pytest.mark.alone]

WANTED = {"performance": 95, "accessibility": 100, "best-practices": 100, "seo": 100}
NPM = NODE.parent.parent / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"


@pytest.fixture(scope="module")
def lighthouse() -> Path:
    """Install Lighthouse, unless it is there, and return its program."""
    folder = BUILD / "lighthouse"
    lock = ROOT / "tests" / "lighthouse" / "package-lock.json"
    installed = folder / "node_modules" / "installed"
    if not installed.exists() or installed.read_bytes() != lock.read_bytes():
        folder.mkdir(parents=True, exist_ok=True)
        for file in (lock, lock.with_name("package.json")):
            shutil.copy(file, folder)
        command = [NODE, NPM, "ci", "--ignore-scripts", "--no-audit", "--no-fund"]
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True)
        if done.returncode:
            skip(f"npm could not install Lighthouse:\n{done.stderr[-600:]}")
        shutil.copy(lock, installed)
    return folder / "node_modules" / "lighthouse" / "cli" / "index.js"


@pytest.fixture(scope="module")
def site() -> Iterator[str]:
    with serve() as address:
        yield address


def measure(lighthouse: Path, address: str) -> dict[str, int]:
    """Return the four scores of a page, from 0 to 100."""
    done = subprocess.run(
        [
            NODE,
            lighthouse,
            address,
            "--quiet",
            "--output=json",
            f"--only-categories={','.join(WANTED)}",
            # Nobody is to find the page of what is missing; see addresses.py.
            *(["--skip-audits=is-crawlable"] if address.endswith("404.html") else []),
            f"--chrome-flags={' '.join(['--headless=new', *launch_arguments()])}",
        ],
        env={**os.environ, "CHROME_PATH": require_chromium()},
        capture_output=True,
        text=True,
        timeout=180,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    report = json.loads(done.stdout)
    assert not report.get("runtimeError"), report["runtimeError"]
    wrong = [
        f"{audit['id']}: {audit['title']} {audit.get('displayValue', '')}"
        for audit in report["audits"].values()
        if audit["score"] is not None and audit["score"] < 0.9
    ]
    print(address, *wrong, sep="\n  ")  # pytest shows it with a failure
    return {
        name: round(100 * category["score"])
        for name, category in report["categories"].items()
    }


@each_page
def test_page_scores_well(lighthouse: Path, site: str, page: str) -> None:
    # What runs beside it can only make a page look slower than it is, by up to
    # twenty points here. So the best of five counts, as timeit does it.
    for _ in range(5):
        scores = measure(lighthouse, site + page)
        if scores["performance"] >= WANTED["performance"]:
            break
    assert all(scores[name] >= WANTED[name] for name in WANTED), scores
