"""The fonts of the site, as they were fetched."""

import re
import unicodedata
from pathlib import Path

import pytest
from book import CHAPTERS, IN_CI, SITE, read
from fontTools.ttLib import TTFont

from booktools.sphinx import fonts

FOLDER = SITE / "_static" / fonts.FOLDER
MAX_BYTES = 190_000


@pytest.fixture(autouse=True, scope="module")
def need_fonts() -> None:
    if not FOLDER.is_dir():
        reason = "npm could not fetch the fonts when the site was built"
        (pytest.fail if IN_CI else pytest.skip)(reason)


def files() -> list[Path]:
    return sorted(FOLDER.glob("*.woff2"))


def test_fonts_are_light_and_have_their_licences() -> None:
    assert {path.name for path in files()} == {file for *_, file, _ in fonts.faces()}
    assert sum(path.stat().st_size for path in files()) <= MAX_BYTES
    for family in fonts.FAMILIES.values():
        licence = (FOLDER / f"{family.package}-LICENSE.txt").read_text()
        assert "SIL OPEN FONT LICENSE" in licence


def test_fonts_are_those_that_the_style_sheet_names() -> None:
    for family, style, file, _ in fonts.faces():
        font = TTFont(FOLDER / file)
        weight, slant = style.split("-")
        assert font["name"].getDebugName(1).startswith(family.name)
        assert font["OS/2"].usWeightClass == int(weight)
        assert bool(font["post"].italicAngle) == (slant == "italic")


def test_fonts_have_the_letters_of_the_pages() -> None:
    """A character that no font has, such as an arrow, comes from the system."""
    words = "".join(
        read(f"chapters/{name}.html").article.get_text() for name in CHAPTERS
    )
    letters = {
        sign for sign in words if unicodedata.category(sign) in ("Lu", "Ll", "Nd")
    }
    letters = {sign for sign in letters if ord(sign) < 0x3D0}  # others are in formulas
    for family in fonts.FAMILIES.values():
        have = set()
        for other, style, file, ranges in fonts.faces():
            if other is family and style == "400-normal":
                cmap = TTFont(FOLDER / file).getBestCmap()
                have |= {chr(code) for code in cmap if inside(code, ranges)}
        assert letters - have <= set("ş"), family.name


def inside(code: int, ranges: str) -> bool:
    for found in re.findall(r"U\+(\w+)(?:-(\w+))?", ranges):
        first, last = int(found[0], 16), int(found[1] or found[0], 16)
        if first <= code <= last:
            return True
    return False


def test_the_system_s_fonts_are_given_the_heights_of_ours() -> None:
    css = (SITE / "_static" / fonts.STYLES).read_text()
    for family in fonts.FAMILIES.values():
        font = TTFont(FOLDER / f"{family.package}-latin-400-normal.woff2")
        start = f'"{family.name} fallback";\n  font-weight: 400;\n  font-style: normal'
        rule = css.split(start)[1].split("}")[0]
        scale, *heights = (float(it) / 100 for it in re.findall(r"([\d.]+)%", rule))
        line = sum(heights) * scale
        hhea, em = font["hhea"], font["head"].unitsPerEm
        assert line == pytest.approx((hhea.ascent - hhea.descent) / em, abs=0.001)
        assert 0.8 < scale < 1.3
