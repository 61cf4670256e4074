"""What Lighthouse says about a page of each kind, as on a slow phone.

It measures time, so nothing else may run at the same time. npm installs
Lighthouse, in the versions of lighthouse/package-lock.json. What does not depend
on time is checked on every page; see test_pages.py.
"""

import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest
from book import BUILD
from browser import KINDS, require_chromium, skip
from chromium import launch_arguments

from booktools.sphinx.math import NODE

pytestmark = [pytest.mark.slow, pytest.mark.serial]

WANTED = {"performance": 95, "accessibility": 100, "best-practices": 100, "seo": 100}
NPM = NODE.parent.parent / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"


@pytest.fixture(scope="module")
def lighthouse() -> Path:
    """Install Lighthouse, unless it is there, and return its program."""
    folder = BUILD / "lighthouse"
    lock = Path(__file__).with_name("lighthouse") / "package-lock.json"
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


def measure(lighthouse: Path, address: str, *categories: str) -> dict[str, int]:
    """Return the scores of a page, from 0 to 100, by category."""
    # To a file, since Lighthouse may end before all is written to a pipe.
    report_file = lighthouse.parents[3] / "report.json"
    report_file.unlink(missing_ok=True)
    done = subprocess.run(
        [
            NODE,
            lighthouse,
            address,
            "--quiet",
            "--output=json",
            f"--output-path={report_file}",
            "--disable-full-page-screenshot",
            f"--only-categories={','.join(categories)}",
            f"--chrome-flags={' '.join(['--headless=new', *launch_arguments()])}",
        ],
        env={**os.environ, "CHROME_PATH": require_chromium()},
        capture_output=True,
        text=True,
        timeout=180,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    report = json.loads(report_file.read_text(encoding="utf-8"))
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


@pytest.mark.parametrize("page", KINDS.values(), ids=KINDS)
def test_page_scores_well(lighthouse: Path, site: str, page: str) -> None:
    scores = measure(lighthouse, site + page, *WANTED)
    # The median of three runs counts; the third is needed if two disagree.
    speeds = [scores.pop("performance")]
    speeds.append(measure(lighthouse, site + page, "performance")["performance"])
    if min(speeds) < WANTED["performance"] <= max(speeds):
        speeds.append(measure(lighthouse, site + page, "performance")["performance"])
    assert sorted(speeds)[len(speeds) // 2] >= WANTED["performance"], speeds
    assert all(scores[name] >= WANTED[name] for name in scores), scores
