"""The boundary of a logistic regression: what is shown, and what is refused."""

import json
from typing import Any

import numpy as np
import pytest
from bs4 import BeautifulSoup
from sklearn.metrics import log_loss

from interactive import show_boundary

X = np.array([[-1.0, -0.5], [0.5, 0.2], [1.0, 2.0]])
Y = np.array([0, 0, 1])
POINT = np.array([1.0, 0.5, -0.25])
NAMES = ("one", "other")


def test_loss_mistakes_and_gradient_are_described() -> None:
    box = BeautifulSoup(show_boundary(X, Y, POINT, NAMES).data, "html.parser")
    p = 1 / (1 + np.exp(-(X @ POINT[:2] + POINT[2])))
    first, second = X.T @ (p - Y) / 3
    alt = box.img["alt"]
    assert (
        f"The loss is {log_loss(Y, p):.3f}, with 1 of the flowers on the wrong side"
        in alt
    )
    assert f"gradient is {first:.3f} and {second:.3f}" in alt
    assert f"{np.mean(p - Y):.3f} for the bias" in alt
    data = json.loads(box.script.text)
    assert (data["X"], data["y"]) == (X.tolist(), Y.tolist())
    assert data["names"] == list(NAMES)
    assert len(data["axes"]) == 2


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ((X[:, :1], Y, POINT), r"shape \(3, 1\)"),
        ((X, Y[:2], POINT), "each of the 3 flowers"),
        ((X, Y + 1, POINT), "a 0 or a 1"),
        ((X, Y, np.array([0.0, 0.0, 1.0])), "not both zero"),
        ((X, Y, POINT[:2]), "and a bias"),
    ],
)
def test_what_has_no_boundary_is_refused(given: tuple[Any, ...], says: str) -> None:
    with pytest.raises(ValueError, match=says):
        show_boundary(*given, NAMES)
