"""The playground, where readers train a small network, compared with Python."""

import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from book import ROOT, read_chapter
from browser import WIDE, look
from interaction import CHAPTER_OF, data_of
from playwright.sync_api import Locator, expect

from interactive import small_network

pytestmark = pytest.mark.slow

NAME = "playground"

OWN = "your own"
PENALTY = "penalty \N{GREEK SMALL LETTER ALPHA}"
NOTHING = "\N{EN DASH}"  # in place of a loss


class Playground:
    """The explorable on the open page."""

    def __init__(self, box: Locator) -> None:
        self.page, self.box, self.data = box.page, box, data_of(box)
        self.plane = box.get_by_label("The plane of the points")

    def ask(self, query: str) -> None:
        """Follow a link to a moment."""
        self.page.evaluate(
            """(query) => {
              history.replaceState(null, "", `#playground?${query}`);
              dispatchEvent(new HashChangeEvent("hashchange"));
            }""",
            query,
        )

    def button(self, name: str) -> Locator:
        return self.box.get_by_role("button", name=name, exact=True)

    def setting(self, label: str) -> Locator:
        return self.box.get_by_label(label, exact=True)

    def state(self) -> dict[str, Any]:
        """Return what the controls say."""
        return self.box.evaluate(
            """(box) => {
              const [data, activation, ...numbers] =
                [...box.querySelectorAll(".setup [id]")].map((it) => it.value);
              const [rate, batch, alpha, seed] = numbers.map(Number);
              const units = [...box.querySelectorAll(".heads div:not([hidden])")]
                .slice(1, -1).map((head) => parseInt(head.textContent));
              return { data, units, activation, rate, batch, alpha, seed };
            }"""
        )

    def moment(self) -> dict[str, Any]:
        """Return the losses with all digits."""
        return self.box.evaluate("(box) => box.moment()")

    def shown(self) -> list[str]:
        return self.box.locator(".losses b").all_inner_texts()

    def epoch(self) -> int:
        return int(self.shown()[0])

    def train(self) -> list[tuple[np.ndarray, np.ndarray]]:
        """Return the layers that Python trains, as long, at what the controls say."""
        state = self.state()
        points = self.data["sets"][state.pop("data")]["training"]
        X, y = (np.array(points[part]) for part in ("points", "labels"))
        return small_network.train(X, y, **state, epochs=self.epoch())

    def check(self, **expected: Any) -> None:
        """Compare the losses with those of Python, at what the controls say."""
        state, shown = self.state(), self.shown()
        for name, value in expected.items():
            assert (state | {"epochs": self.epoch()})[name] == value, name
        sets, layers = self.data["sets"][state["data"]], self.train()
        moment = self.moment()
        for (name, given), text in zip(sets.items(), shown[1:], strict=True):
            points, labels = (np.array(given[part]) for part in ("points", "labels"))
            of = (points, labels, layers, state["activation"])
            loss = small_network.mean_loss(*of)
            assert moment[name]["loss"] == pytest.approx(loss, rel=0, abs=1e-9)
            assert text == f"{loss:.3f}"
            _, z = small_network.forward(points, layers, state["activation"])
            right = np.mean((z[:, 0] > 0) == labels)
            assert moment[name]["right"] == pytest.approx(right)
            says = self.box.locator(".losses").inner_text()
            assert f"{loss:.3f} {int(100 * right + 1e-9)}% right" in says


@pytest.fixture
def play(opened: Locator) -> Playground:
    """The playground as the page opens it."""
    play = Playground(opened)
    play.ask("x")
    return play


# The controls


def test_settings_change_by_pointer_touch_and_keyboard(play: Playground) -> None:
    keyboard = play.page.keyboard
    play.check(data="XOR", units=[3], epochs=0)
    play.button("Step").click()
    play.check(epochs=1)
    play.button("Step").tap()
    play.button("Step").focus()
    keyboard.press("Enter")
    play.check(epochs=3)
    play.setting("points").select_option("spiral")
    play.check(data="spiral", epochs=0)
    for label, name, value in (
        ("activation", "activation", "tanh"),
        ("learning rate η", "rate", 0.3),
        ("batch size", "batch", 20),
        (PENALTY, "alpha", 0.0001),
    ):
        play.setting(label).focus()
        keyboard.press("ArrowDown")
        play.button("Step").click()
        play.check(**{name: value, "epochs": 1})
    play.setting("seed").fill("12")
    keyboard.press("Enter")
    play.check(seed=12, epochs=0)
    keyboard.press("ArrowUp")
    play.check(seed=13)
    play.setting("seed").fill("-4")
    keyboard.press("Tab")
    play.check(seed=1)


def test_layers_and_units_change_by_pointer_touch_and_keyboard(
    play: Playground,
) -> None:
    play.button("More hidden layers").click()
    play.check(units=[3, 3])
    play.button("More hidden layers").tap()
    assert play.button("More hidden layers").get_attribute("aria-disabled") == "true"
    play.button("More hidden layers").click(force=True)  # it says that it is disabled
    play.button("More units in layer 2").focus()
    for _ in range(6):
        play.page.keyboard.press("Enter")
    play.button("Fewer units in layer 3").tap()
    play.button("Step").click()
    play.check(units=[3, 8, 2], epochs=1)
    tiles = play.box.locator(".field canvas")
    expect(tiles).to_have_count(2 + 3 + 8 + 2 + 1)
    expect(play.box.locator(".field line")).to_have_count(6 + 24 + 16 + 2)
    for _ in range(4):
        play.button("Fewer hidden layers").click(force=True)
    play.button("Step").click()
    play.check(units=[], epochs=1)
    expect(tiles).to_have_count(3)


def test_a_change_and_a_reset_begin_again(play: Playground) -> None:
    play.button("Step").click()
    play.setting("learning rate η").select_option("3")
    play.check(epochs=0, rate=3)
    play.button("Step").click()
    play.button("Reset").click()
    play.check(epochs=0)


def test_a_frame_exchanges_no_part_of_the_page(play: Playground) -> None:
    """What is exchanged is styled anew, and a frame has little time."""
    play.ask("units=8-8")
    play.button("Play").click()
    expect(play.box.locator(".losses b").first).to_have_text(re.compile(r"[1-9]"))
    exchanged = play.box.evaluate(
        """async (box) => {
          const observer = new MutationObserver(() => {});
          observer.observe(box, { childList: true, subtree: true });
          for (let i = 0; i < 5; i++) await new Promise(requestAnimationFrame);
          return observer.takeRecords().map(({ target }) => target.outerHTML);
        }"""
    )
    play.button("Pause").click()
    assert not exchanged


def test_a_network_that_diverges_says_so_and_stops(play: Playground) -> None:
    play.ask("units=8-8-8&activation=identity&rate=3&batch=1")
    play.button("Play").click()
    expect(play.box.locator(".losses")).to_contain_text("diverges")
    expect(play.button("Play")).to_be_visible()


# What is drawn


def test_the_boundary_is_where_the_logit_is_zero(play: Playground) -> None:
    play.ask("data=spiral&units=8-8&epochs=40")
    layers = play.train()
    path = play.plane.locator(".boundary").get_attribute("d") or ""
    numbers = np.array(re.findall(r"[\d.]+", path), dtype=float).reshape(-1, 2)
    assert len(numbers) > 50
    places = (2 * numbers / 50 - 1) * play.data["reach"] * [1, -1]
    _, z = small_network.forward(places, layers, play.state()["activation"])
    p = 1 / (1 + np.exp(-z))
    assert np.abs(p - 0.5).max() < 0.2  # between points of the grid it is not straight
    assert np.abs(p - 0.5).mean() < 0.03
    dots = play.plane.locator(".class-0:not(.new), .class-1:not(.new)")
    expect(dots).to_have_count(len(play.data["sets"]["spiral"]["training"]["labels"]))
    weights = np.concatenate([W.ravel() for W, _ in layers])
    expect(play.box.locator(".field .negative")).to_have_count(int((weights < 0).sum()))


def test_a_unit_is_shown_large_by_pointer_touch_and_keyboard(play: Playground) -> None:
    play.ask("units=3-1&epochs=2&activation=sigmoid")
    play.check(units=[3, 1], activation="sigmoid")
    caption = play.box.locator(".caption")
    whole = "The probability of class 1"
    expect(caption).to_have_text(whole)
    play.button("Unit 1 of layer 1").hover()
    expect(caption).to_contain_text("Unit 1 of layer 1")
    play.page.mouse.move(0, 0)
    expect(caption).to_have_text(whole)
    play.button("Unit 2 of layer 1").click()
    play.page.mouse.move(0, 0)
    middles = (2 * (np.arange(50) + 0.5) / 50 - 1) * play.data["reach"]
    mesh = np.stack(np.meshgrid(middles, middles), axis=-1).reshape(-1, 2)
    A, _ = small_network.forward(mesh, play.train(), "sigmoid")
    low, high = A[1][:, 1].min(), A[1][:, 1].max()
    expect(caption).to_have_text(f"Unit 2 of layer 1, from {low:.2f} to {high:.2f}")
    play.button("Unit 2 of layer 1").tap()
    expect(caption).to_have_text(whole)
    play.button("Unit 2 of layer 1").focus()
    for key in ("ArrowDown", "ArrowDown", "ArrowRight", "ArrowUp", "Enter"):
        play.page.keyboard.press(key)
    expect(caption).to_contain_text("Unit 1 of layer 2")
    expect(play.button("Unit 1 of layer 2")).to_be_focused()
    expect(play.box.locator(".field button[tabindex='0']")).to_have_count(1)
    play.button("Fewer hidden layers").click()  # the unit is gone
    expect(caption).to_have_text(whole)


# The reader's own points


def test_points_are_placed_by_pointer_touch_and_keyboard(play: Playground) -> None:
    play.plane.click()  # places nothing on the chapter's points
    play.check(data="XOR")
    play.setting("points").select_option(OWN)
    dots = play.plane.locator(".class-0, .class-1")
    expect(dots).to_have_count(0)
    play.button("Step").click()  # there is nothing to train on
    assert play.shown() == ["0", NOTHING, NOTHING]
    place = play.plane.bounding_box()
    assert place
    x, y, side = place["x"], place["y"], place["width"]
    play.page.mouse.click(x + side / 4, y + side / 4)
    play.page.touchscreen.tap(x + 3 * side / 4, y + 3 * side / 4)
    play.box.get_by_label("1 ■").check()
    play.plane.focus()
    for key in ("ArrowUp", "ArrowUp", "ArrowRight", "Enter"):
        play.page.keyboard.press(key)
    expect(dots).to_have_count(3)
    expect(play.plane.locator("rect")).to_have_count(1)
    play.button("Step").click()
    names = run_cell(play)
    half, step = play.data["reach"] / 2, play.data["reach"] / 20
    expected = [[-half, half], [half, -half], [step, 2 * step]]
    np.testing.assert_allclose(names["X"], expected, atol=0.02)
    assert names["y"].tolist() == [0, 0, 1]
    play.button("Clear").click()
    expect(dots).to_have_count(0)


# In Python


def run_cell(play: Playground, **names: Any) -> dict[str, Any]:
    """Run the page's cell, and compare what it prints with what the page shows."""
    summary = play.box.locator("summary")
    if not play.box.locator("details[open]").count():
        summary.click()
        expect(play.box.locator("pre")).not_to_be_empty()
    printed: list[float] = []
    names |= {"print": printed.append}
    exec(play.box.locator("pre").inner_text(), names)
    moment = play.moment()
    losses = [it["loss"] for it in moment.values() if it]
    assert printed == pytest.approx(losses, rel=0, abs=1e-9)
    assert [text for text in play.shown()[1:] if text != NOTHING] == [
        f"{loss:.3f}" for loss in losses
    ]
    return names


def chapter_points() -> dict[str, Any]:
    """Run the cells that make the chapter's points, and return them by name."""
    path = Path(ROOT) / "chapters" / f"{CHAPTER_OF[NAME]}.md"
    names: dict[str, Any] = {"np": np, "show_playground": lambda *_: None}
    for cell in read_chapter(path).cells:
        if cell.cell_type == "code" and re.search(
            r"def make_spiral|^point_sets = ", cell.source, re.MULTILINE
        ):
            exec(cell.source, names)
    return names["point_sets"]


@pytest.mark.parametrize(
    "query",
    [
        "data=spiral&units=8-8&epochs=25",
        "data=circle&units=4&activation=tanh&rate=0.3&batch=50&seed=7&epochs=15",
        "data=line&units=none&alpha=0.01&epochs=8",
        "data=circle&units=5-2-3&activation=identity&alpha=0.01&epochs=4",
        "data=XOR&units=2-3-4&activation=sigmoid&rate=1&batch=1&alpha=0.001&epochs=3",
    ],
)
def test_the_cell_gives_the_same_run_in_the_chapter(
    play: Playground, query: str
) -> None:
    play.ask(query)
    play.button("Step").click()
    run_cell(play, point_sets=chapter_points())


# The address


def test_the_address_leads_to_the_moment(play: Playground) -> None:
    play.ask("data=circle&units=5-2&activation=sigmoid&rate=1&batch=5&seed=40&epochs=9")
    play.check(data="circle", units=[5, 2], activation="sigmoid", rate=1, seed=40)
    play.button("Step").click()
    play.page.wait_for_function("location.hash.includes('epochs=10')")
    moment = play.moment()
    play.page.reload()
    expect(play.box).to_have_class(re.compile("live"))
    play.check(data="circle", units=[5, 2], batch=5, epochs=10)
    assert play.moment() == moment
    expect(play.box).to_be_in_viewport()


def test_own_points_are_in_the_address(play: Playground) -> None:
    play.ask(f"data={OWN}&points=0.5,-1,1_1,1,0_9,9,1_1,1,2_x&epochs=3")
    names = run_cell(play)
    assert names["X"].tolist() == [[0.5, -1], [1, 1]]
    assert names["y"].tolist() == [1, 0]
    assert play.epoch() == 3


@pytest.mark.parametrize(
    "query",
    [
        "data=moons&units=9&activation=relu&rate=0.2&batch=0&alpha=x&seed=0",
        "units=&seed=1.5&epochs=-1",
        "units=1-1-1-1&seed=1000&epochs=9999",
        "units=0-3&data=constructor&rate=__proto__&points=1",
        "%E0%A4%A&&&=",
    ],
)
def test_what_an_address_cannot_ask_for_is_as_at_the_start(
    play: Playground, query: str
) -> None:
    start = play.state()
    play.ask(query)
    assert play.state() == start
    play.check(epochs=0)


def test_a_link_to_elsewhere_on_the_page_changes_nothing(play: Playground) -> None:
    play.button("Step").click()
    play.page.evaluate("location.hash = 'exercises'")
    play.page.wait_for_timeout(50)
    play.check(epochs=1)


# Looks


def test_pictures_follow_the_theme(play: Playground) -> None:
    pictures = play.box.locator("canvas")
    draw = "(all) => all.map((canvas) => canvas.toDataURL())"
    light = pictures.evaluate_all(draw)
    play.page.evaluate("document.body.dataset.theme = 'dark'")
    dark = pictures.evaluate_all(draw)
    assert not set(light) & set(dark)
    play.page.evaluate("document.body.dataset.theme = 'auto'")
    look(play.page, "dark", WIDE)
    assert pictures.evaluate_all(draw) == dark
    look(play.page, "light", WIDE)
    assert pictures.evaluate_all(draw) == light
