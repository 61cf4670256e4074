"""What is not YAML is named with its line."""

import pytest

from booktools.errors import AuthorError
from booktools.yaml_files import parse_yaml


def test_keys_and_items_have_their_lines() -> None:
    file = parse_yaml("a:\n  - b: 1\n    c: 2026-02-28\n", "x.yml", 2)
    assert file.line("a", 0, "c") == file.line("a", 0, "c", "none") == 4
    assert str(file.error("no.", "a", 0)) == "x.yml:3: no."


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("a: 1\nb: 2026-02-30\n", "2: this is not YAML: “2026-02-30”: day is out of"),
        ("a: 1\nb: [2026-01-01 25:00:00]\n", "2: this is not YAML: “2026-01-01 25:0"),
        ("a: 1\nb: !!int x\n", "2: this is not YAML: “x”: invalid literal for int"),
        ("a: 1\nb: !!timestamp x\n", "2: this is not YAML: “x”: "),
        (f"a: {'9' * 5000}\n", "1: this is not YAML: “9999"),
        ("a: 1\nb: x\0y\n", "2: delete the character U+0000"),
        ("a: 1\nb: x\x1by\n", "2: delete the character U+001B"),
        ("a: b: c\n", "1: this is not YAML: mapping values are not allowed"),
        ("a: b: c\n", "in quotes"),
        ("a: 1\n\t- b\n", "2: this is not YAML: found character '\\t'"),
        ('a: 1\nb: "c\n', "2: this is not YAML"),
        ("a: 1\nb: 2\na: 3\n", "3: “a” is on line 1 as well"),
        ("a: 1\n? [b]\n", "2: this is not YAML: found unhashable key"),
        ("a: &b [*b]\n", "1: a value here contains itself"),
        (f"a: {'[' * 3000}\n", "1: a value here contains itself, or too many"),
        ("a: 1\nb: =\n", "2: this is not YAML: "),
        ("", "1: write lines"),
    ],
)
def test_what_is_not_yaml_is_named_with_its_line(text: str, complaint: str) -> None:
    with pytest.raises(AuthorError) as caught:
        parse_yaml(text, "x.yml")
    assert str(caught.value).startswith("x.yml:")
    assert complaint in str(caught.value)
