import re

import matplotlib.pyplot as plt
import numpy as np
import pytest
from bs4 import BeautifulSoup

from helpers import plot_losses, show_images, show_slider


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
def test_losses_a_log_axis_cannot_show_are_refused(bad: float) -> None:
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


def make_slider(labels: list[str]) -> BeautifulSoup:
    frames = [plt.subplots(figsize=(1, 1))[0] for _ in labels]
    html = show_slider(frames, labels, name='the "epoch"', alt="A <curve>.")
    return BeautifulSoup(html.data, "html.parser")


def test_slider_shows_the_last_frame_without_scripts() -> None:
    page = make_slider(["one", "two", "three"])
    pictures = page.find_all("img")
    assert [picture.has_attr("hidden") for picture in pictures] == [True, True, False]
    assert page.output.text == "three"
    assert page.input["value"] == page.input["max"] == "2"


def test_slider_is_described_for_screen_readers() -> None:
    page = make_slider(["one", "two"])
    assert page.input["aria-label"] == 'the "epoch"'
    assert page.input["aria-valuetext"] == "two"
    alts = [picture["alt"] for picture in page.find_all("img")]
    assert alts == ["A <curve>. one", "A <curve>. two"]


def test_slider_is_the_same_every_time_and_asks_nobody() -> None:
    first, second = make_slider(["one", "two"]), make_slider(["one", "two"])
    assert str(first) == str(second)
    assert not re.search(r"https?://", str(first))


def test_slider_closes_its_frames() -> None:
    make_slider(["one", "two"])
    assert not plt.get_fignums()


@pytest.mark.parametrize("labels", [[], ["only one"]])
def test_slider_needs_a_label_for_each_frame(labels: list[str]) -> None:
    frames = [plt.subplots()[0] for _ in range(2 if labels else 0)]
    with pytest.raises(ValueError, match="frames and"):
        show_slider(frames, labels, name="epoch", alt="A curve.")
