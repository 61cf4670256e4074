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
from browser import each_page, require_chromium, serve, skip
from chromium import launch_arguments
from execution import BUILD, ROOT
from mathematics import NODE

pytestmark = [pytest.mark.check, pytest.mark.alone]

WANTED = {"performance": 95, "accessibility": 100, "best-practices": 100, "seo": 100}
SLOWDOWN = 4  # what Lighthouse takes to make a phone of a fast desktop,
DESKTOP = 2000  # which has about this speed by its own measure
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


def measure(
    lighthouse: Path, address: str, slowdown: float = SLOWDOWN
) -> tuple[dict[str, int], float]:
    """Return the four scores of a page, from 0 to 100, and the machine's speed."""
    done = subprocess.run(
        [
            NODE,
            lighthouse,
            address,
            "--quiet",
            "--output=json",
            f"--throttling.cpuSlowdownMultiplier={slowdown}",
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
    scores = {
        name: round(100 * category["score"])
        for name, category in report["categories"].items()
    }
    return scores, report["environment"]["benchmarkIndex"]


@each_page
def test_page_scores_well(lighthouse: Path, site: str, page: str) -> None:
    scores, speed = measure(lighthouse, site + page)
    for _ in range(2):
        if scores["performance"] >= WANTED["performance"]:
            break
        # A busy machine makes a page look slow, and never fast. One that is slow
        # itself is to be slowed down less, to be as fast as a phone.
        slowdown = SLOWDOWN * min(1, speed / DESKTOP)
        again, speed = measure(lighthouse, site + page, slowdown)
        scores["performance"] = max(scores["performance"], again["performance"])
    assert all(scores[name] >= WANTED[name] for name in WANTED), scores
