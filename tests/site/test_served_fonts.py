"""The fonts of the site, as they were fetched."""

import re
import unicodedata
from collections import defaultdict

import matplotlib as mpl
import pytest
import tinycss2
from book import CHAPTERS, IN_CI, ROOT, SITE, read
from fontTools.afmLib import AFM
from fontTools.ttLib import TTFont

from booktools.sphinx import fonts

FOLDER = SITE / "_static" / fonts.FOLDER
MAX_BYTES = 190_000
# PostScript's fonts with the widths of those that take the place of ours.
TWINS = {
    ("Source Serif 4", "400", "normal"): "Times-Roman",
    ("Source Serif 4", "400", "italic"): "Times-Italic",
    ("Source Sans 3", "400", "normal"): "Helvetica",
    ("Source Sans 3", "600", "normal"): "Helvetica-Bold",
    ("Source Code Pro", "400", "normal"): "Courier",
}
# The text by which widths are compared.
SAMPLE = (
    "At the end of this book you will have built neural networks yourself, from the "
    "chain rule up, and there will be no line in them that you could not have written."
)

Font = tuple[str, str, str]  # family, weight and style
Descriptors = dict[str, str]


def font_faces(name: str) -> list[tuple[Font, Descriptors]]:
    """Return the fonts of one of the style sheets, and their other descriptors."""
    css = (ROOT / fonts.PINS / name).read_text()
    faces = []
    for rule in tinycss2.parse_stylesheet(css, True, True):
        parts = tinycss2.parse_blocks_contents(rule.content, True, True)
        face = {it.name: tinycss2.serialize(it.value).strip() for it in parts}
        family = face.pop("font-family").strip('"')
        font = (family, face.pop("font-weight"), face.pop("font-style"))
        faces.append((font, face))
    return faces


FACES = font_faces("faces.css")
FALLBACKS = font_faces("fallbacks.css")


def read_font(face: Descriptors) -> TTFont:
    return TTFont(FOLDER / re.fullmatch(r'url\("fonts/(.*)"\) .*', face["src"])[1])


@pytest.fixture(autouse=True, scope="module")
def need_fonts() -> None:
    if not FOLDER.is_dir():
        reason = "npm could not fetch the fonts when the site was built"
        (pytest.fail if IN_CI else pytest.skip)(reason)


def test_fonts_are_light_and_have_their_licences() -> None:
    files = list(FOLDER.glob("*.woff2"))
    assert {path.name for path in files} == set(fonts.FILES)
    assert sum(path.stat().st_size for path in files) <= MAX_BYTES
    for package in fonts.PACKAGES:
        licence = (FOLDER / f"{package}-LICENSE.txt").read_text()
        assert "SIL OPEN FONT LICENSE" in licence


def test_no_two_files_are_one_font() -> None:
    """Otherwise WeasyPrint would take glyphs from the wrong one."""
    assert len({font for font, _ in FACES}) == len(FACES) == len(fonts.FILES)


def test_fonts_are_those_that_the_style_sheet_names() -> None:
    for (family, weight, style), face in FACES:
        font = read_font(face)
        assert font["name"].getDebugName(1).startswith(family.removesuffix(" Greek"))
        assert font["OS/2"].usWeightClass == int(weight)
        assert bool(font["post"].italicAngle) == (style == "italic")


def test_each_text_is_set_in_ours_then_in_what_takes_their_place() -> None:
    css = (ROOT / fonts.PINS / "families.css").read_text()
    for family, *_ in TWINS:
        assert f'"{family}", "{family} Greek", "{family} fallback",' in css


def test_the_fonts_that_are_preloaded_are_optional() -> None:
    optional = [face["src"] for _, face in FACES if face["font-display"] == "optional"]
    for file, src in zip(fonts.PRELOADED, optional, strict=True):
        assert f'"fonts/{file}"' in src


def test_fonts_have_the_letters_of_the_pages() -> None:
    """A character that no font has, such as an arrow, comes from the system."""
    words = "".join(
        read(f"chapters/{name}.html").article.get_text() for name in CHAPTERS
    )
    letters = {
        sign for sign in words if unicodedata.category(sign) in ("Lu", "Ll", "Nd")
    }
    letters = {sign for sign in letters if ord(sign) < 0x3D0}  # others are in formulas
    have = defaultdict(set)
    for (family, weight, style), face in FACES:
        if (weight, style) == ("400", "normal"):
            codes = read_font(face).getBestCmap()
            signs = {chr(it) for it in codes if inside(it, face["unicode-range"])}
            have[family.removesuffix(" Greek")] |= signs
    for family, signs in have.items():
        assert letters - signs <= set("ş"), family


def inside(code: int, ranges: str) -> bool:
    for found in re.findall(r"U\+(\w+)(?:-(\w+))?", ranges):
        first, last = int(found[0], 16), int(found[1] or found[0], 16)
        if first <= code <= last:
            return True
    return False


@pytest.mark.parametrize("ours", TWINS, ids=" ".join)
def test_the_system_s_fonts_are_given_the_size_of_ours(ours: Font) -> None:
    font = read_font(dict(FACES)[ours])
    em, letters, widths = font["head"].unitsPerEm, font.getBestCmap(), font["hmtx"]
    afm = AFM(f"{mpl.get_data_path()}/fonts/pdfcorefonts/{TWINS[ours]}.afm")
    theirs = {code: width for code, width, _ in map(afm.__getitem__, afm.chars())}
    scale = sum(widths[letters[ord(it)]][0] for it in SAMPLE) / em
    scale /= sum(theirs[ord(it)] for it in SAMPLE) / 1000
    lines = font["hhea"]
    numbers = {
        "size-adjust": scale,
        "ascent-override": lines.ascent / em / scale,
        "descent-override": -lines.descent / em / scale,
        "line-gap-override": lines.lineGap / em / scale,
    }
    expected = {name: f"{100 * it:.2f}%" for name, it in numbers.items()}
    family, *style = ours
    stated = dict(FALLBACKS)[(f"{family} fallback", *style)]
    assert {name: stated[name] for name in expected} == expected, "write the latter"
