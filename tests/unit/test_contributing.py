"""The files and tests that CONTRIBUTING names exist."""

import re

from book import ROOT

TEXT = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
TESTS = {
    path.name: path.read_text(encoding="utf-8")
    for path in (ROOT / "tests").rglob("test_*.py")
}


def test_every_test_that_is_named_exists() -> None:
    named = re.findall(r"`(?:tests/\w+/)?(test_\w+\.py)?(?:::(test_\w+))?`", TEXT)
    named = [(file, test) for file, test in named if file or test]
    assert len(named) > 40
    current = ""
    for file, test in named:
        current = file or current
        assert current in TESTS, current
        assert not test or f"def {test}(" in TESTS[current], f"{current}::{test}"


def test_every_file_that_is_named_exists() -> None:
    folders = r"booktools|helpers|interactive|figures|tests|_static|binder|reference"
    for path in re.findall(rf"`((?:{folders})/[\w/.-]*)`", TEXT):
        if "name." not in path:
            assert (ROOT / path).exists(), path
