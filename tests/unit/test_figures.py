import os
import re
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

import matplotlib as mpl
import numpy as np
import pytest
import yaml
from book import ROOT
from colours import contrast
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import to_hex, to_rgb
from PIL import Image

from booktools.sphinx.images import COLOURS, read_drawing
from figures import card, road
from figures.drawing import LEVELS, PALETTE, TINT, minify

FIGURES = ROOT / "figures"
LOGO = ROOT / "_static" / "logo.svg"
CARD = ROOT / "_static" / "card.png"
OTHERS = {"__init__", "__main__", "drawing", "card"}
DRAWINGS = sorted({p.stem for p in FIGURES.glob("*.py")} - OTHERS)
SVG = "{http://www.w3.org/2000/svg}"


@pytest.fixture(scope="module")
def redrawn(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder in which every drawing has been redrawn."""
    folder = tmp_path_factory.mktemp("figures")
    # Another process, with another hash seed: nothing of it may show.
    subprocess.run(
        [sys.executable, "-W", "error", "-m", "figures", folder],
        cwd=ROOT,
        env={**os.environ, "PYTHONHASHSEED": "1", "OMP_NUM_THREADS": "1"},
        check=True,
    )
    return folder


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
def test_drawing_is_small_scales_and_has_a_title_and_no_background(name) -> None:
    file = FIGURES / f"{name}.svg"
    drawing = ElementTree.parse(file).getroot()
    assert file.stat().st_size < 150_000
    assert drawing.findtext(f"{SVG}title")
    _, _, width, height = map(float, drawing.get("viewBox").split())
    for path in drawing.iter(f"{SVG}path"):
        if path.get("fill", "none") != "none":
            numbers = [float(n) for n in re.findall(r"-?[\d.]+", path.get("d"))]
            across = max(numbers[::2]) - min(numbers[::2])
            down = max(numbers[1::2]) - min(numbers[1::2])
            assert across * down < width * height / 2, "a card"


@pytest.mark.parametrize("name", DRAWINGS)
def test_drawing_can_be_part_of_a_page_and_its_words_are_text(name) -> None:
    svg = (FIGURES / f"{name}.svg").read_text()
    drawing = read_drawing(svg)
    assert drawing is not None
    words = [text.text for text in drawing.iter(f"{SVG}text")]
    assert words
    assert not re.search("DejaVu", svg), "words as shapes; formulas have cm's letters"


def test_pages_know_the_colours_of_the_drawings() -> None:
    assert {name: light for light, name in COLOURS.items()} == {
        name: light for name, (light, _) in PALETTE.items()
    }


@pytest.mark.parametrize("name", DRAWINGS)
def test_every_colour_is_different_in_the_dark(name) -> None:
    svg = (FIGURES / f"{name}.svg").read_text()
    (style,) = re.findall(r"<style>(.*?)</style>", svg, re.S)
    assert style.startswith("@media (prefers-color-scheme: dark){")
    rules = re.findall(r'\[(\w+)="(#\w{6})"\]\{(\w+):(#\w{6})\}', style)
    painted = re.findall(r'\b(fill|stroke)="(#\w+)"', svg.split("</style>")[1])
    assert {(what, light) for what, light, _, _ in rules} == set(painted)
    for what, light, changed, dark in rules:
        assert changed == what
        assert (light, dark) in PALETTE.values()


def test_the_logo_is_seen_on_light_and_dark_pages() -> None:
    text = LOGO.read_text()
    assert "@media" not in text  # which follows the system, not the page
    colours = set(re.findall(r"#\w{6}", text))
    assert colours
    for page in PALETTE["paper"]:
        for colour in colours:
            assert contrast(colour, page) >= 3, (colour, page)


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
def test_a_title_fits_on_the_card_and_is_split_between_words(title) -> None:
    lines, size = card.set_title(title)
    assert " ".join(lines) == title
    assert 18 < size <= card.MAX_SIZE
    figure = card.draw(title)
    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    for text in figure.axes[0].texts[: len(lines)]:
        box = text.get_window_extent()
        assert 0 < box.x0 < box.x1 < figure.bbox.x1
    assert (card.render(figure) == CARD.read_bytes()) == (title == TITLES[0])


def test_the_style_of_the_caller_does_not_show_on_a_card() -> None:
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


def test_a_colour_that_no_page_has_is_refused() -> None:
    svg = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 3 3">{}</svg>'
    with pytest.raises(ValueError, match="#123456 is not in the PALETTE"):
        minify(svg.format('<path style="fill: #123456"/>'))


def over(page: str, colour: str, opacity: float) -> str:
    """Return what a colour looks like that lets the page shine through."""
    shown = opacity * np.array(to_rgb(colour)) + (1 - opacity) * np.array(to_rgb(page))
    return to_hex(tuple(shown))


@pytest.mark.parametrize("side", [0, 1], ids=["light", "dark"])
def test_text_and_lines_stand_out_from_the_page_and_the_tints(side: int) -> None:
    palette = {name: colours[side] for name, colours in PALETTE.items()}
    page = palette.pop("paper")
    palette.pop("line")  # only between pixels
    for ground in (page, *(over(page, tint, TINT) for tint in palette.values())):
        for colour in palette.values():
            assert contrast(colour, ground) >= 4.5, (colour, ground)
    for colour in palette.values():
        assert contrast(page, colour) >= 4.5, "text on a solid node"


@pytest.mark.parametrize("side", [0, 1], ids=["light", "dark"])
def test_ink_grows_away_from_the_page(side: int) -> None:
    page, ink = PALETTE["paper"][side], PALETTE["ink"][side]
    levels = [over(page, ink, level / LEVELS) for level in range(LEVELS + 1)]
    steps = [contrast(level, page) for level in levels]
    assert steps == sorted(set(steps))
    assert steps[0] == 1
