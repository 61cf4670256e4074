import os
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

import pytest

ROOT = Path(__file__).resolve().parents[1]
FIGURES = ROOT / "figures"
SHARED = {"__init__", "__main__", "drawing"}
DRAWINGS = sorted({p.stem for p in FIGURES.glob("*.py")} - SHARED)
SVG = "{http://www.w3.org/2000/svg}"


@pytest.fixture(scope="module")
def redrawn(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder in which every drawing has been drawn anew."""
    folder = tmp_path_factory.mktemp("figures")
    # Another process, with another hash seed: nothing of it may show.
    subprocess.run(
        [sys.executable, "-W", "error", "-m", "figures", folder],
        cwd=ROOT,
        env={**os.environ, "PYTHONHASHSEED": "1", "OMP_NUM_THREADS": "1"},
        check=True,
    )
    return folder


def luminance(colour: str) -> float:
    """Return the relative luminance of ``#rrggbb``, as WCAG defines it."""
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    red, green, blue = (
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4
        for part in parts
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    """Return the contrast ratio of two colours, from 1 to 21."""
    dark, light = sorted((luminance(one), luminance(other)))
    return (light + 0.05) / (dark + 0.05)


def test_every_script_has_its_drawing_and_every_drawing_its_script() -> None:
    assert DRAWINGS
    assert sorted(p.stem for p in FIGURES.glob("*.svg")) == DRAWINGS


@pytest.mark.parametrize("name", DRAWINGS)
def test_drawing_again_gives_the_same_bytes(redrawn: Path, name: str) -> None:
    again = (redrawn / f"{name}.svg").read_bytes()
    assert again == (FIGURES / f"{name}.svg").read_bytes(), "type: make figures"


@pytest.mark.parametrize("name", DRAWINGS)
def test_drawing_is_small_scales_and_has_a_title(name: str) -> None:
    file = FIGURES / f"{name}.svg"
    drawing = ElementTree.parse(file).getroot()
    assert drawing.tag == f"{SVG}svg"
    assert drawing.get("viewBox")
    assert drawing.findtext(f"{SVG}title")
    assert file.stat().st_size < 150_000


def test_text_and_lines_stand_out_from_the_card() -> None:
    from figures.drawing import CARD, GREY, TEXT_SHADES, TINTS
    from helpers.plots import BLACK, BLUE, GREEN, VERMILLION

    for line in (BLUE, GREEN, VERMILLION, GREY):
        assert contrast(line, CARD) >= 3
    for colour in (BLACK, BLUE, GREEN, VERMILLION, GREY):
        text = TEXT_SHADES.get(colour, colour)
        assert contrast(text, CARD) >= 4.5
    for tint in TINTS.values():
        assert contrast(BLACK, tint) >= 4.5
    assert contrast(TEXT_SHADES[GREEN], TINTS[GREEN]) >= 4.5
