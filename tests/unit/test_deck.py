"""What a deck takes along of the site."""

from pathlib import Path

import pytest

from booktools.slides.deck import copy_asset


@pytest.mark.parametrize(
    ("address", "there"),
    [
        ("../_images/a.svg", "files/a.svg"),
        ("../_images/a%20b%26%23.svg", "files/a%20b%26%23.svg"),
        ("../_images/b%C3%BC.svg", "files/b%C3%BC.svg"),
    ],
)
def test_a_picture_is_copied(tmp_path: Path, address: str, there: str) -> None:
    for folder in ("chapters", "_images", "files"):
        (tmp_path / folder).mkdir()
    for name in ("a.svg", "a b&#.svg", "bü.svg"):
        (tmp_path / "_images" / name).write_text(name)
    here, files = tmp_path / "chapters", tmp_path / "files"
    assert copy_asset(address, here, files) == there
    (copied,) = files.iterdir()
    assert copied.read_text() == copied.name


@pytest.mark.parametrize("address", ["https://example.org/a.svg", "//a.org/b.png"])
def test_a_picture_elsewhere_stays_there(tmp_path: Path, address: str) -> None:
    assert copy_asset(address, tmp_path, tmp_path / "files") == address
    assert not list(tmp_path.iterdir())
