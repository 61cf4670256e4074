"""The small pictures on the cards of the chapters."""

from pathlib import Path

from PIL import Image

from booktools.sphinx.chapter_cards import keep_small


def test_a_picture_that_changed_under_its_name_gives_another_card(
    tmp_path: Path,
) -> None:
    picture, cards = tmp_path / "plot.png", []
    for colour in ("red", "red", "blue"):
        Image.new("RGB", (800, 400), colour).save(picture)
        cards.append(keep_small(picture, tmp_path))
    first, again, other = cards
    assert first == again != other
    with Image.open(other) as small:
        assert small.size == (400, 200)
        assert small.convert("RGB").getpixel((9, 9))[2] > 200  # type: ignore[index]
