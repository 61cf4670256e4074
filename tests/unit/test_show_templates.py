"""What the explorable of the templates is given."""

import base64
import json
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from bs4 import BeautifulSoup

from helpers import load_digits
from interactive import show_templates
from interactive.handwriting import measure_handwriting


def give(change: Callable[[dict], object] = lambda given: None) -> dict[str, Any]:
    """Return what `show_templates` takes, changed."""
    digits = load_digits()
    rng = np.random.default_rng(0)
    given = {
        "W": rng.normal(size=(digits.images.shape[1], 10)),
        "b": rng.normal(size=10),
        "digits": digits,
        "written": digits.images[:200],
        "images": digits.images[:12],
        "labels": digits.labels[:12],
    }
    change(given)
    return given


def test_the_page_gets_the_weights_and_names_what_is_misread() -> None:
    given = give()
    html = BeautifulSoup(show_templates(**given).data, "html.parser")
    data, digits = json.loads(html.script.text), given["digits"]
    weights = np.frombuffer(base64.b64decode(data["weights"]), "<f4").reshape(10, -1)
    np.testing.assert_allclose(weights, given["W"].T, rtol=1e-6)
    assert data["biases"] == given["b"].tolist()
    images = np.frombuffer(base64.b64decode(data["images"]), np.uint8)
    assert np.array_equal(images, given["images"].ravel())
    logits = given["images"] / digits.pixel_max @ given["W"] + given["b"]
    for label, name, z in zip(given["labels"], data["names"], logits, strict=True):
        said = z.argmax()
        assert name == (f"{label}" if said == label else f"{label}, not {said}")
    assert f"logit {logits[3].max():.1f} " in html.img["alt"]


def test_a_hand_is_measured_on_strokes_of_known_width_and_place() -> None:
    frames = np.zeros((3, 28, 28))
    for frame, (top, left) in zip(frames, [(4, 10), (4, 12), (4, 14)], strict=True):
        frame[top : top + 20, left : left + 2] = 1
    handwriting = measure_handwriting(frames)
    assert handwriting.box == 20
    assert handwriting.centre == (14, 13)
    assert handwriting.pen == pytest.approx(2, rel=0.1)  # the ends count as well


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda g: g.update(W=g["W"].T), "does not take"),
        (lambda g: g.update(b=g["b"][1:]), "pixels to 9 logits"),
        (lambda g: g["b"].fill(np.nan), "not a finite number"),
        (lambda g: g.update(images=g["images"][1:]), "12 labels.*images of shape"),
        (
            lambda g: g.update(images=g["images"][:2], labels=g["labels"][:2]),
            "2 labels, of which more than 3",
        ),
    ],
)
def test_it_refuses_what_does_not_fit_together(
    change: Callable[[dict], object], message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        show_templates(**give(change))
