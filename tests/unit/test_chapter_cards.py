"""The small pictures on the cards of the chapters."""

import io

from PIL import Image

from booktools.sphinx.chapter_cards import shrink


def test_a_card_has_the_picture_without_its_margin() -> None:
    picture = Image.new("RGBA", (900, 600), (0, 0, 0, 0))
    picture.paste("blue", (50, 100, 850, 500))
    file = io.BytesIO()
    picture.save(file, "png")
    with Image.open(io.BytesIO(shrink(file.getvalue(), 400))) as small:
        assert small.size == (400, 200)
        assert small.convert("RGB").getpixel((9, 9))[2] > 200  # type: ignore[index]
