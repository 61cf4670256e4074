"""The small pictures on the cards of the chapters."""

import io

import pytest
from PIL import Image

from booktools.sphinx.chapter_cards import shrink


@pytest.mark.parametrize("mode", ["RGB", "RGBA", "P"])
def test_a_picture_loses_its_margin_and_becomes_small(mode: str) -> None:
    picture = Image.new("RGB", (1400, 1000), "white")
    picture.paste("blue", (100, 200, 1300, 800))
    if mode == "RGBA":
        picture.putalpha(Image.eval(picture.getchannel("R"), lambda red: 255 - red))
    file = io.BytesIO()
    picture.convert(mode).save(file, "png")
    with Image.open(io.BytesIO(shrink(file.getvalue(), 400))) as small:
        assert small.size == (400, 200)
        assert small.mode == "RGB"
        assert small.getpixel((9, 9))[2] > 200  # type: ignore[index]
