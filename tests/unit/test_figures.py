import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from xml.etree import ElementTree

import matplotlib as mpl
import numpy as np
import pytest
import yaml
from book import ROOT
from colours import contrast
from matplotlib.backends.backend_agg import FigureCanvasAgg
from PIL import Image

from figures import card, road
from figures.drawing import DARK, GREY, INKS, PAGE, TEXT_SHADES, TINTS, adapt
from helpers.plots import BLACK, BLUE, GREEN, VERMILLION

FIGURES = ROOT / "figures"
LOGO = ROOT / "_static" / "logo.svg"
CARD = ROOT / "_static" / "card.png"
OTHERS = {"__init__", "__main__", "drawing", "card"}
DRAWINGS = sorted({p.stem for p in FIGURES.glob("*.py")} - OTHERS)
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


@pytest.fixture(params=["light", "dark"])
def shown(request: pytest.FixtureRequest) -> Callable[[str], str]:
    """Return how a colour of a drawing is shown, on a light and a dark page."""
    return {"light": str.lower, "dark": lambda colour: DARK[colour.lower()]}[
        request.param
    ]


def read_colours(svg: str) -> set[tuple[str, str]]:
    """Return what is painted how: pairs such as ("fill", "#0072b2")."""
    body = svg.split("</style>")[1]
    found = re.findall(r"\b(fill|stroke|color)\b[:=\"\s]+([^\s;\"]+)", body)
    return {(what, colour) for what, colour in found if colour != "none"}


def test_every_script_has_its_drawing_and_every_drawing_its_script() -> None:
    assert DRAWINGS
    assert sorted(p.stem for p in FIGURES.glob("*.svg")) == DRAWINGS


@pytest.mark.parametrize(
    "file",
    [*(FIGURES / f"{name}.svg" for name in DRAWINGS), CARD],
    ids=lambda file: file.stem,
)
def test_drawing_again_gives_the_same_bytes(redrawn, file) -> None:
    again = (redrawn / file.name).read_bytes()
    assert again == file.read_bytes(), "type: make figures"


@pytest.mark.parametrize("name", DRAWINGS)
def test_drawing_is_small_scales_has_a_title_and_no_ground(name) -> None:
    file = FIGURES / f"{name}.svg"
    drawing = ElementTree.parse(file).getroot()
    assert file.stat().st_size < 150_000
    assert drawing.findtext(f"{SVG}title")
    _, _, width, height = map(float, drawing.get("viewBox").split())
    for path in drawing.iter(f"{SVG}path"):
        if "fill: #" in path.get("style", ""):  # not the letters, nor the lines
            numbers = [float(n) for n in re.findall(r"-?[\d.]+", path.get("d"))]
            across = max(numbers[::2]) - min(numbers[::2])
            down = max(numbers[1::2]) - min(numbers[1::2])
            assert across * down < width * height / 2, "a card"


@pytest.mark.parametrize("name", DRAWINGS)
def test_every_colour_has_its_dark_partner_in_the_drawing(name) -> None:
    svg = (FIGURES / f"{name}.svg").read_text()
    style, *others = re.findall(r"<style.*?>(.*?)</style>", svg, re.S)
    assert not others
    ruled = re.search(r"@media \(prefers-color-scheme: dark\)\{(.*)\}", style, re.S)
    rules = re.findall(
        r'\[style\*="(\w+): (#\w{6})"\]\{(\w+):(#\w{6})!important\}', ruled[1]
    )
    assert {(what, light) for what, light, _, _ in rules} == read_colours(svg)
    for what, light, changed, dark in rules:
        assert changed == what
        assert dark == DARK[light]


def test_the_logo_is_in_the_colours_of_the_drawings() -> None:
    light, dark = LOGO.read_text().split("@media (prefers-color-scheme: dark)")
    rule = r"\.(\w+) \{[^}]*?(fill|stroke): (#\w{6})"
    partners = {
        name: (what, DARK[colour]) for name, what, colour in re.findall(rule, light)
    }
    assert partners
    assert partners == {
        name: (what, colour) for name, what, colour in re.findall(rule, dark)
    }


def test_the_nodes_of_the_logo_lie_on_its_valley() -> None:
    logo = ElementTree.parse(LOGO).getroot()
    curve, *_ = (path.get("d") for path in logo.iter(f"{SVG}path"))
    left, top, middle, pull, _, _ = map(float, re.findall(r"[\d.]+", curve))
    bottom = (top + pull) / 2  # of the parabola that the curve is
    for node in logo.iter(f"{SVG}circle"):
        x, y = float(node.get("cx")), float(node.get("cy"))
        height = (bottom - top) * ((x - middle) / (left - middle)) ** 2
        assert y == pytest.approx(bottom - height, abs=0.05)


def test_the_card_has_the_size_and_the_weight_that_sites_expect() -> None:
    with Image.open(CARD) as card:
        assert card.size == (1200, 630)
    assert CARD.stat().st_size < 100_000


TITLES = [
    yaml.safe_load((ROOT / "_config.yml").read_text())["title"],
    "Descent",
    "Costs $5 and $6: \\alpha_1 & “Übungen”",
    "A course on descent and on networks, from a straight line to digits, in depth",
]


@pytest.mark.parametrize("title", TITLES)
def test_a_title_fits_on_the_card_in_words_of_its_own(title) -> None:
    lines, size = card.set_title(title)
    assert " ".join(lines) == title
    assert 18 < size <= card.LARGEST
    figure = card.draw(title)
    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    for text in figure.axes[0].texts[: len(lines)]:
        box = text.get_window_extent()
        assert 0 < box.x0 < box.x1 < figure.bbox.x1
    assert (card.render(figure) == CARD.read_bytes()) == (title == TITLES[0])


def test_the_style_of_whoever_asks_for_a_card_does_not_show_on_it() -> None:
    chapters = {"figure.constrained_layout.use": True, "font.size": 20}
    with mpl.rc_context({**chapters, "axes.grid": True}):
        assert CARD.read_bytes() == card.render(card.draw())


def test_the_road_goes_down_to_the_line_it_shows() -> None:
    x, y = road.make_points()
    path, bottom, _ = road.descend(x, y)
    losses = [np.mean((y - b - w * x) ** 2) for b, w in path]
    assert losses == sorted(losses, reverse=True)
    slope, intercept = np.polyfit(x, y, 1)
    np.testing.assert_allclose(bottom, [intercept, slope])
    np.testing.assert_allclose(path[-1], bottom, atol=0.01)


@pytest.mark.parametrize("level", road.LEVELS)
def test_the_contours_of_the_road_are_those_of_its_loss(level) -> None:
    x, y = road.make_points()
    _, bottom, curvature = road.descend(x, y)
    contour = road.find_contour(bottom, curvature, level)
    least = np.mean((y - bottom[0] - bottom[1] * x) ** 2)
    for b, w in contour:
        assert np.mean((y - b - w * x) ** 2) == pytest.approx(least + level)


def test_a_colour_without_a_dark_partner_is_refused() -> None:
    with pytest.raises(ValueError, match="#123456 needs a dark counterpart"):
        adapt('<style></style><path style="fill: #123456"/>')


def test_text_and_lines_stand_out_from_the_page_and_the_tints(shown) -> None:
    for colour in (BLACK, BLUE, GREEN, VERMILLION, GREY):
        text = shown(TEXT_SHADES.get(colour, colour))
        for ground in (PAGE, *TINTS.values()):
            assert contrast(text, shown(ground)) >= 4.5, (colour, ground)
            if colour != BLACK:
                assert contrast(shown(colour), shown(ground)) >= 3, (colour, ground)
    assert contrast(shown(PAGE), shown(BLUE)) >= 4.5, "text on a solid node"


def test_ink_grows_away_from_the_page(shown) -> None:
    steps = [contrast(shown(ink), shown(PAGE)) for ink in INKS]
    assert steps == sorted(set(steps))
    assert steps[0] == 1
