import io
import json
import re
from itertools import combinations, pairwise

import matplotlib.pyplot as plt
import numpy as np
import pytest
from book import chapter_files
from bs4 import BeautifulSoup
from colours import VISIONS, contrast, distance, invert
from matplotlib.colors import rgb_to_hsv, to_hex, to_rgb
from PIL import Image

from figures import drawing
from helpers import (
    plot_losses,
    show_images,
    show_slider,
)
from helpers.plots import BLACK, DIVERGING, PALETTE, to_webp

PAGE, DARK_PAGE = drawing.PALETTE["paper"]


@pytest.fixture(autouse=True)
def _close_figures():
    yield
    plt.close("all")


def test_losses_are_drawn_as_given() -> None:
    _, ax = plt.subplots()
    plot_losses(
        ax,
        {"training": [3.0, 2.0], "validation": [4.0, 3.5]},
        baselines={"mean": 2.5},
    )
    training, validation, mean = ax.lines
    assert list(training.get_ydata()) == [3.0, 2.0]
    assert list(validation.get_ydata()) == [4.0, 3.5]
    assert set(mean.get_ydata()) == {2.5}
    labels = [text.get_text() for text in ax.get_legend().get_texts()]
    assert labels == ["training", "validation", "mean"]
    assert ax.get_yscale() == "log"


@pytest.mark.parametrize("bad", [0.0, -1.0, np.nan])
def test_losses_a_log_axis_cannot_show_are_refused(bad) -> None:
    _, ax = plt.subplots()
    with pytest.raises(ValueError, match="'training' must be positive"):
        plot_losses(ax, {"training": [1.0, bad]})


def test_images_share_one_scale() -> None:
    _, axes = plt.subplots(1, 2)
    images = np.stack([np.zeros((2, 3)), np.full((2, 3), 7.0)])
    show_images(axes, images, ["a", "b"])
    assert {ax.images[0].get_clim() for ax in axes} == {(0.0, 7.0)}
    show_images(axes, images, ["a", "b"], limit=5.0)
    assert {ax.images[-1].get_clim() for ax in axes} == {(-5.0, 5.0)}


def test_images_need_an_axes_and_a_title_each() -> None:
    _, axes = plt.subplots(1, 2)
    with pytest.raises(ValueError, match="3 images, 2 axes and 2 titles"):
        show_images(axes, np.zeros((3, 2, 2)), ["a", "b"])
    with pytest.raises(ValueError, match="at least one image"):
        show_images([], [], [])


def test_a_small_plot_looks_the_same_on_the_same_ground() -> None:
    figure, ax = plt.subplots(figsize=(4, 3))
    ax.plot([0, 1, 4, 9])
    file = io.BytesIO()
    figure.savefig(file, format="png")
    plot = Image.open(file)
    small = Image.open(io.BytesIO(to_webp(plot))).convert("RGB")
    assert len(to_webp(plot)) < len(file.getvalue()) / 2
    assert len(small.getcolors()) <= 64
    change = np.abs(np.asarray(small, float) - np.asarray(plot.convert("RGB"), float))
    assert change.mean() <= 1
    assert small.getpixel((0, 0)) == (255, 255, 255)


def test_a_plot_with_shades_keeps_its_colours() -> None:
    shades = np.arange(256, dtype=np.uint8).reshape(16, 16).repeat(8, 0).repeat(8, 1)
    colours = np.stack([shades, shades.T, 255 - shades], axis=-1)
    small = Image.open(io.BytesIO(to_webp(Image.fromarray(colours)))).convert("RGB")
    assert np.array_equal(np.asarray(small), colours)


def make_slider(labels: list[str]) -> BeautifulSoup:
    frames = [plt.subplots(figsize=(1, 1))[0] for _ in labels]
    html = show_slider(frames, labels, name='the "epoch"', alt="A <curve>.")
    return BeautifulSoup(html.data, "html.parser")


def test_slider_shows_the_last_frame_without_scripts_and_is_described() -> None:
    page = make_slider(["one", "two", "three"])
    assert json.loads(page.input["data-labels"]) == ["one", "two", "three"]
    assert not plt.get_fignums()
    pictures = page.find_all("img")
    hidden = [picture.parent.has_attr("hidden") for picture in pictures]
    assert hidden == [True, True, False]
    assert page.output.text == page.input["aria-valuetext"] == "three"
    assert page.input["value"] == page.input["max"] == "2"
    assert page.input["aria-label"] == 'the "epoch"'
    alts = [picture["alt"] for picture in pictures]
    assert alts == ["A <curve>. one", "A <curve>. two", "A <curve>. three"]


def test_slider_is_the_same_every_time_and_asks_nobody() -> None:
    first, second = make_slider(["one", "two"]), make_slider(["one", "two"])
    assert str(first) == str(second)
    assert not re.search(r"https?://", str(first))


@pytest.mark.parametrize("labels", [[], ["only one"]])
def test_slider_needs_a_label_for_each_frame(labels) -> None:
    frames = [plt.subplots()[0] for _ in range(2 if labels else 0)]
    with pytest.raises(ValueError, match="frames and"):
        show_slider(frames, labels, name="epoch", alt="A curve.")


def test_what_is_known_of_colours() -> None:
    assert contrast("white", "black") == pytest.approx(21)
    assert contrast("#777777", "white") == pytest.approx(4.48, abs=0.01)  # WCAG
    assert distance("white", "black") == pytest.approx(100)
    # Anyone with only two kinds of cones sees some greens and reds alike.
    assert distance("#b02020", "#505020", "protanopia") < 20
    assert distance("#b02020", "#505020") > 60
    assert invert("white") == "#000000"
    assert invert("#808080") == "#7f7f7f"


def check_contrast(colour: str, least: float) -> None:
    """Check that a colour of a plot stands out on light and dark pages."""
    assert contrast(colour, PAGE) >= least, colour
    assert contrast(invert(colour), DARK_PAGE) >= least, colour


def test_every_colour_stands_out_and_text_is_legible() -> None:
    for colour in PALETTE:
        check_contrast(colour, 3)
    for text in (BLACK, plt.rcParams["text.color"]):
        check_contrast(text, 4.5)


# Two colours that differ by 2 in CIE Lab can just be told apart side by side;
# thin lines and small dots need several times that.
@pytest.mark.parametrize("show", [to_hex, invert], ids=["light", "dark"])
@pytest.mark.parametrize("vision", VISIONS)
def test_colours_are_distinct_to_every_eye(vision, show) -> None:
    for one, other in combinations(PALETTE, 2):
        assert distance(show(one), show(other), vision) > 13, (one, other)
    for one, other in pairwise(PALETTE):  # neighbours are drawn together most
        assert distance(show(one), show(other), vision) > 20, (one, other)


def test_the_diverging_scale_keeps_its_colours_on_dark_pages() -> None:
    violet, blank, orange = plt.get_cmap(DIVERGING)([0.2, 0.5, 0.8])
    assert contrast(to_hex(blank), PAGE) < 1.1
    assert contrast(invert(to_hex(blank)), DARK_PAGE) < 1.2
    for colour, name in ((violet, "violet"), (orange, "orange")):
        for shown in (to_hex(colour), invert(to_hex(colour))):
            hue = 360 * rgb_to_hsv(to_rgb(shown))[0]
            low, high = {"violet": (230, 290), "orange": (15, 50)}[name]
            assert low < hue < high, (name, shown, hue)


@pytest.mark.parametrize("path", chapter_files(), ids=lambda path: path.stem)
def test_colours_named_in_chapters_stand_out_too(path) -> None:
    cycle = {f"C{number}": colour for number, colour in enumerate(PALETTE)}
    for name in re.findall(r'\bcolors?="([^"]+)"', path.read_text()):
        check_contrast(to_hex(cycle.get(name, name)), 3)
