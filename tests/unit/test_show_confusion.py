"""What the explorable of the confusion matrix is given."""

import base64
import io
import json
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from bs4 import BeautifulSoup
from PIL import Image
from sklearn.metrics import confusion_matrix

from helpers import load_digits
from interactive import show_confusion

N = 300


def give(change: Callable[[dict], object] = lambda given: None) -> dict[str, Any]:
    """Return what `show_confusion` takes, changed."""
    digits = load_digits()
    rng = np.random.default_rng(0)
    given = {
        "probabilities": {
            name: rng.dirichlet(np.ones(10), N) for name in ("one", "other")
        },
        "digits": digits,
        "images": digits.images[:N],
        "labels": digits.labels[:N],
    }
    change(given)
    return given


def data_of(given: dict[str, Any]) -> dict[str, Any]:
    html = BeautifulSoup(show_confusion(**given).data, "html.parser")
    assert len(html.img["alt"]) > 100
    return json.loads(html.script.text)


def test_counts_are_those_of_scikit_learn() -> None:
    given = give()
    data, labels = data_of(given), given["labels"]
    said = {name: P.argmax(axis=1) for name, P in given["probabilities"].items()}
    for model in data["models"]:
        own = said[model["name"]]
        expected = confusion_matrix(labels, own, labels=range(10))
        assert np.array_equal(np.reshape(model["counts"], (10, 10)), expected)
        for other, alike in zip(said.values(), model["alike"], strict=True):
            same = own == other
            expected = confusion_matrix(labels[same], own[same], labels=range(10))
            assert np.array_equal(np.reshape(alike, (10, 10)), expected)
    mistakes = np.reshape(data["models"][0]["counts"], (10, 10))
    mistakes = mistakes * (1 - np.eye(10, dtype=int))
    assert mistakes.ravel()[data["start"]] == mistakes.max()


def test_a_cell_shows_its_surest_mistakes_or_the_least_sure_right_ones() -> None:
    given = give()
    data = data_of(given)
    file = io.BytesIO(base64.b64decode(data["sprite"]))
    with Image.open(file) as sheet:
        ink = np.asarray(sheet)[..., 3] / 255
    height, width = data["size"]
    digits = given["digits"]
    zoom = height // digits.height
    images = given["images"] / digits.pixel_max
    for model in data["models"]:
        P = given["probabilities"][model["name"]]
        sure, said = P.max(axis=1), P.argmax(axis=1)
        for cell, shown in model["shown"].items():
            digit, reading = divmod(int(cell), 10)
            there = np.flatnonzero((given["labels"] == digit) & (said == reading))
            order = sure[there] if digit == reading else -sure[there]
            expected = there[np.argsort(order)][:6]
            assert [p for _, p in shown] == pytest.approx(sure[expected], abs=1e-5)
            for (place, _), index in zip(shown, expected, strict=True):
                row, column = divmod(place, data["columns"])
                top, left = row * height, column * width
                tile = ink[top : top + height : zoom, left : left + width : zoom]
                away = np.abs(tile.ravel() - images[index]).max()
                assert away <= 1 / 14 + 1 / 255  # seven levels of ink


def be_perfect(given: dict[str, Any]) -> None:
    given["probabilities"]["one"] = np.eye(10)[given["labels"]]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda g: g["probabilities"].clear(), "no classifier"),
        (lambda g: g.update(labels=g["labels"][1:]), "one: probabilities of shape"),
        (lambda g: g.update(images=g["images"][1:]), "for 299 images and 300 labels"),
        (be_perfect, "one has made no mistake"),
    ],
)
def test_it_refuses_what_does_not_fit_together(
    change: Callable[[dict], object], message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        show_confusion(**give(change))
