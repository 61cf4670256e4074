"""The small pictures on the cards of the chapters."""

import io

import pytest
from docutils import nodes
from PIL import Image

from booktools.sphinx.chapter_cards import _parse_inline, make_thumbnail


@pytest.mark.parametrize("mode", ["RGB", "RGBA", "P"])
def test_a_picture_loses_its_margin_and_becomes_small(mode: str) -> None:
    picture = Image.new("RGB", (1400, 1000), "white")
    picture.paste("blue", (100, 200, 1300, 800))
    if mode == "RGBA":
        picture.putalpha(Image.eval(picture.getchannel("R"), lambda red: 255 - red))
    file = io.BytesIO()
    picture.convert(mode).save(file, "png")
    with Image.open(io.BytesIO(make_thumbnail(file.getvalue(), 400))) as small:
        assert small.size == (400, 200)
        assert small.mode == "RGB"
        assert small.getpixel((9, 9))[2] > 200  # type: ignore[index]


def test_a_transparent_picture_is_laid_on_white() -> None:
    picture = Image.new("RGBA", (80, 40), (0, 0, 0, 0))
    for corner in ((0, 0), (79, 39)):
        picture.putpixel(corner, (0, 0, 0, 255))
    file = io.BytesIO()
    picture.save(file, "gif")
    with Image.open(io.BytesIO(make_thumbnail(file.getvalue(), 400))) as small:
        assert min(small.getpixel((40, 20))) > 240  # type: ignore[type-var]


@pytest.mark.parametrize(
    ("sentence", "kinds"),
    [
        ("Of `x` and $y$.", ["Text", "literal", "Text", "math", "Text"]),
        ("Of `x` and $y$: $a < b$", ["Text", "literal", *["Text", "math"] * 2, "Text"]),
        ("It costs $5.", ["Text"]),
        ("It costs $5 and $6, or $7-$8.", ["Text"]),
        ("`$HOME` and $PATH.", ["Text", "literal", "Text"]),
        ("$", ["Text"]),
        ("An `open one & <b>", ["Text"]),
    ],
)
def test_a_sentence_on_a_card_has_code_and_formulas(
    sentence: str, kinds: list[str]
) -> None:
    found = _parse_inline(sentence)
    assert [type(it).__name__ for it in found] == kinds
    words = nodes.paragraph("", "", *found).astext()
    marks = "`$" if "math" in kinds else "`" if "literal" in kinds else ""
    assert words == sentence.translate(dict.fromkeys(map(ord, marks)))
