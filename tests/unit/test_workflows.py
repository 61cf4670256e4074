"""What GitHub runs: nothing that is not there, on the Pythons that are supported.

Whether the workflows are valid and safe is checked by `make lint`.
"""

import re
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml
from book import ROOT
from packaging.specifiers import SpecifierSet

FILES = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
RULES = re.findall(r"^([a-z -]+):", (ROOT / "Makefile").read_text(), re.MULTILINE)
TARGETS = set(" ".join(RULES).split())
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
USES = re.compile(r"uses: (\S+)@(\w+)(.*)")
each_file = pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)


def jobs_of(file: Path) -> dict[str, dict[str, Any]]:
    return yaml.safe_load(file.read_text())["jobs"]


def scripts_of(file: Path) -> list[str]:
    steps = [step for job in jobs_of(file).values() for step in job["steps"]]
    return [step["run"] for step in steps if "run" in step]


def pythons_of(job: dict[str, Any]) -> list[str]:
    asked = [step.get("with", {}).get("python-version") for step in job["steps"]]
    if "${{ matrix.python }}" in asked:
        return job["strategy"]["matrix"]["python"]
    return [version for version in asked if version]


@each_file
def test_a_workflow_makes_only_what_can_be_made(file) -> None:
    for script in scripts_of(file):
        for words in re.findall(r"\bmake ([^|&;\n]+)", script):
            targets = [word for word in words.split() if "=" not in word]
            assert targets
            assert set(targets) <= TARGETS, script


@each_file
def test_a_workflow_runs_on_supported_pythons(file) -> None:
    supported = SpecifierSet(PROJECT["requires-python"])
    for job in jobs_of(file).values():
        for version in pythons_of(job):
            assert isinstance(version, str), f"{version}: 3.10 is the number 3.1"
            assert version in supported


def test_the_oldest_supported_python_is_tested() -> None:
    tested = pythons_of(jobs_of(ROOT / ".github" / "workflows" / "test.yml")["test"])
    assert f">={tested[0]}" == PROJECT["requires-python"]
    assert len(tested) > 1


def test_every_action_names_its_version_and_is_the_same_everywhere() -> None:
    pinned: dict[str, tuple[str, str]] = {}
    for file in FILES:
        for action, commit, comment in USES.findall(file.read_text()):
            assert re.fullmatch(r" # v\d+\.\d+\.\d+", comment), f"{action}{comment}"
            assert pinned.setdefault(action, (commit, comment)) == (commit, comment)
    assert pinned


@each_file
def test_a_job_may_do_what_it_names_and_for_how_long(file) -> None:
    assert yaml.safe_load(file.read_text())["permissions"] == {}
    for job in jobs_of(file).values():
        assert job["permissions"]
        assert job["timeout-minutes"] <= 60


@each_file
def test_an_expression_names_what_is_there(file) -> None:
    # GitHub takes an unknown name for an empty string, and says nothing.
    text = file.read_text()
    inputs = (yaml.safe_load(text)[True] or {}).get("workflow_dispatch") or {}
    for job in jobs_of(file).values():
        there = {
            "steps": {step.get("id") for step in job["steps"]},
            "matrix": set(job.get("strategy", {}).get("matrix", {})),
            "inputs": set(inputs.get("inputs", {})),
        }
        for kind, name in re.findall(r"\b(steps|matrix|inputs)\.(\w+)", str(job)):
            assert name in there[kind], f"{kind}.{name}"


@pytest.mark.slow  # shellcheck comes with requirements-dev.txt
@each_file
def test_the_shell_in_a_workflow_is_sound(file) -> None:
    shellcheck = Path(sys.executable).with_name("shellcheck")
    for script in scripts_of(file):
        done = subprocess.run(
            [shellcheck, "--shell=bash", "-"],
            input=script,
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, done.stdout


def test_what_is_uploaded_is_what_is_downloaded() -> None:
    text = (ROOT / ".github" / "workflows" / "publish.yml").read_text()
    uploaded, downloaded = (
        set(re.findall(rf"actions/{kind}-artifact@[^-]*?\bname: (\S+)", text))
        for kind in ("upload", "download")
    )
    assert uploaded == downloaded != set()
