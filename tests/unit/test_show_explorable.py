"""What chapters call to show an explorable, and which pages load its script."""

import base64
import json
from collections.abc import Callable
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pytest
from bs4 import BeautifulSoup
from small_site import render

from booktools.errors import AuthorError
from booktools.sphinx import explorables
from helpers import load_digits
from interactive import (
    show_backward_pass,
    show_drawing,
    show_explorable,
    show_learning_rate,
)


def show(data: dict[str, object]) -> BeautifulSoup:
    figure, stage = (plt.subplots(figsize=(1, 1))[0] for _ in range(2))
    html = show_explorable("name", figure, data, 'A "figure".', [stage])
    assert not plt.get_fignums()
    return BeautifulSoup(html.data, "html.parser")


def test_an_explorable_is_a_figure_until_its_script_runs() -> None:
    shown, stage = show({}).find_all("img")
    assert shown["alt"] == 'A "figure".'
    assert [picture.parent.has_attr("hidden") for picture in (shown, stage)] == [0, 1]


def test_an_explorable_gets_its_data_and_where_to_draw() -> None:
    figure, ax = plt.subplots(figsize=(2, 2), layout="none")
    ax.set(xlim=(0, 4), ylim=(1, 100), yscale="log")
    ax.set_position((0.25, 0.5, 0.5, 0.375))
    data = {"text": "</script>", "numbers": [0.1, 1e-17]}
    html = show_explorable("name", plt.figure(), data, "A figure.", [figure])
    given = json.loads(BeautifulSoup(html.data, "html.parser").script.text)
    (axes,) = given.pop("axes")
    assert given == data
    assert axes == {
        "box": [0.25, 0.125, 0.75, 0.5],  # from the top left
        "x": [0, 4],
        "y": [1, 100],
        "logarithmic": [False, True],
    }


def give_digits(change: Callable[[dict], object] = lambda given: None) -> dict:
    """Return what `show_drawing` takes, changed."""
    digits = load_digits()
    rng = np.random.default_rng(0)
    shapes = [(3, digits.images.shape[1]), (3,), (10, 3), (10,)]
    given = {
        "parameters": [rng.normal(size=shape).astype(np.float16) for shape in shapes],
        "digits": digits,
        "images": digits.images[:10],
        "labels": digits.labels[:10],
        "box": digits.height - 1,
        "centre": (digits.height / 2, digits.width / 2),
        "pen": 1.5,
    }
    change(given)
    return given


def test_a_drawing_gets_every_number_as_it_was_given() -> None:
    given = give_digits()
    html = BeautifulSoup(show_drawing(**given).data, "html.parser")
    data = json.loads(html.script.text)
    packed = np.frombuffer(base64.b64decode(data["parameters"]), "<f2")
    flat = np.concatenate([array.ravel() for array in given["parameters"]])
    assert np.array_equal(packed, flat)
    images = np.frombuffer(base64.b64decode(data["images"]), np.uint8)
    assert np.array_equal(images, given["images"].ravel())
    assert data["labels"] == given["labels"].tolist()
    assert (data["box"], data["pen"]) == (given["box"], given["pen"])


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda g: g["parameters"].reverse(), "are not two layers"),
        (
            lambda g: g.update(parameters=[np.float32(p) for p in g["parameters"]]),
            "rounded to float16 first",
        ),
        (lambda g: g["parameters"][1].fill(np.inf), "too large for float16"),
        (lambda g: g.update(images=g["images"][:4]), "10 images of"),
        (lambda g: g.update(box=1_000), "smaller than the next"),
        (lambda g: g.update(pen=g["box"] + 1), "smaller than the next"),
    ],
)
def test_a_drawing_refuses_what_does_not_fit_together(
    change: Callable[[dict], object], message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        show_drawing(**give_digits(change))


@pytest.mark.parametrize(
    ("value", "error"), [(float("nan"), ValueError), (np.ones(2), TypeError)]
)
def test_an_explorable_refuses_what_its_script_could_not_read(
    value: object, error: type[Exception]
) -> None:
    with pytest.raises(error):
        show({"value": value})


def test_a_learning_rate_needs_a_target_for_each_feature() -> None:
    with pytest.raises(ValueError, match="x has 3 examples and y has 2"):
        show_learning_rate(np.ones(3), np.ones(2), np.zeros(2), lambda ax: None)


def test_a_learning_rate_with_momentum_draws_it_at_its_best() -> None:
    x, start, asked = np.array([0.0, 1.0, 2.0]), np.zeros(2), []

    def momentum(rate: float, beta: float, n: int) -> np.ndarray:
        asked.append((rate, beta))
        theta, v, path = start, np.zeros(2), [start]
        for _ in range(n):
            residuals = theta[0] + x * theta[1] - (1 + x)
            v = beta * v + 2 / 3 * np.array([residuals.sum(), residuals @ x])
            theta = theta - rate * v
            path.append(theta)
        return np.array(path)

    html = show_learning_rate(x, 1 + x, start, lambda ax: None, momentum=momentum)
    box = BeautifulSoup(html.data, "html.parser")
    (descent, best, much), alt = asked, box.img["alt"]
    assert descent[1] == 0 < best[1] < much[1]
    # No pair close by multiplies the error by less in an update, in the long run.
    X = np.stack([np.ones(3), x], axis=1)
    curvatures = np.linalg.eigvalsh(2 / 3 * X.T @ X)

    def factor(rate: float, beta: float) -> float:
        quadratics = [[1, rate * curve - 1 - beta, beta] for curve in curvatures]
        return max(np.abs(np.roots(one)).max() for one in quadratics)

    changes = 1 + np.vstack([np.eye(2), -np.eye(2)]) / 50
    assert all(factor(*best) < factor(*change) for change in changes * best)
    for rate, beta in (descent, best, much):
        away = np.linalg.norm(momentum(rate, beta, 50)[-1] - 1)
        assert f"η = {round(rate, 3):g}, β = {round(beta, 3):g} it is {away:.1g}" in alt
    assert json.loads(box.script.text)["momenta"]["max"] > best[1]


def test_a_backward_pass_needs_all_its_arrays() -> None:
    arrays = {"A": np.ones((2, 2)), "X": np.ones((2, 2))}
    with pytest.raises(KeyError, match="W1"):
        show_backward_pass([("Z1", "X @ W1", "z")], arrays)


def test_what_several_scripts_need_is_loaded_once_and_before_them() -> None:
    scripts = explorables.scripts_of(["templates", "learning-rate", "draw-digit"])
    assert scripts[:3] == ["shared", "desk", "network"]
    assert scripts[3:] == ["templates", "learning-rate", "draw-digit"]
    assert explorables.scripts_of([]) == []


@pytest.mark.parametrize("name", ["learning", "a" * 300])
def test_an_explorable_without_a_script_is_named(tmp_path: Path, name: str) -> None:
    text = f'# T\n\n<div data-explorable="{name}"></div>\n'
    with pytest.raises(
        AuthorError, match=f"^index.md: it shows .* named “{name}”, but"
    ):
        render(tmp_path, text, "booktools.sphinx.explorables")
