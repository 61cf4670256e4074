"""What the explorable of the temperature is given."""

import json
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from bs4 import BeautifulSoup
from scipy.special import softmax
from sklearn.metrics import log_loss

from interactive import show_temperature

N_VAL, N_TEST, C = 40, 95, 4


def reliability(p: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the mean probability and the share correct of ten groups."""
    sure, right = p.max(axis=1), p.argmax(axis=1) == y
    groups = np.array_split(np.argsort(sure, kind="stable"), 10)
    return tuple(np.array([v[g].mean() for g in groups]) for v in (sure, right))


def loss_at(T: float, Z: np.ndarray, y: np.ndarray) -> float:
    return log_loss(y, softmax(Z / T, axis=1), labels=range(C))


def give(change: Callable[[dict], object] = lambda given: None) -> dict[str, Any]:
    """Return what `show_temperature` takes, changed."""
    rng = np.random.default_rng(0)

    def logits(n: int) -> np.ndarray:
        return rng.normal(0, 3, (n, C))

    given = {
        "models": {
            "one": (logits(N_VAL), logits(N_TEST), 1.7),
            "other": (logits(N_VAL), logits(N_TEST), 0.8),
        },
        "y_val": rng.integers(0, C, N_VAL),
        "y_test": rng.integers(0, C, N_TEST),
        "loss_at": loss_at,
        "reliability": reliability,
        "draw_reliability": lambda ax, p, y, label: ax.plot(
            *(1 - np.array(reliability(p, y))), "o", label=label
        ),
    }
    change(given)
    return given


def test_each_temperature_has_the_numbers_of_the_functions_given() -> None:
    given = give()
    html = BeautifulSoup(show_temperature(**given).data, "html.parser")
    data = json.loads(html.script.text)
    temperatures = data["temperatures"]
    assert temperatures == sorted(temperatures)
    assert temperatures[data["start"]] == 1
    assert [sum(data["sizes"]), len(data["sizes"])] == [N_TEST, 10]
    assert (temperatures[0], temperatures[-1]) == (0.5, 4)
    for model in data["models"]:
        Z_val, Z_test, best = given["models"][model["name"]]
        assert temperatures[model["best"]] == best
        right = Z_test.argmax(axis=1) == given["y_test"]
        assert model["correct"] == right.sum()
        for at, T in enumerate(temperatures):
            losses = (
                loss_at(T, Z_val, given["y_val"]),
                loss_at(T, Z_test, given["y_test"]),
            )
            groups = reliability(softmax(Z_test / T, axis=1), given["y_test"])
            found = [part[at] for part in model["losses"]]
            assert found == pytest.approx(losses, rel=1e-4)
            shown = [part[at] for part in model["groups"]]
            np.testing.assert_allclose(shown, 1 - np.array(groups), rtol=1e-4)
    assert "one 1.70, other 0.80" in html.img["alt"]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda g: g["models"].clear(), "no classifier"),
        (lambda g: g.update(y_val=g["y_val"][1:]), "one has logits for .40, 95."),
        (lambda g: g.update(y_test=g["y_test"][1:]), "there are .40, 94. classes"),
        (
            lambda g: g["models"].update(hot=(*g["models"]["one"][:2], 5.0)),
            "temperature of hot, 5, is not between 0.5 and 4",
        ),
    ],
)
def test_it_refuses_what_does_not_fit_together(
    change: Callable[[dict], object], message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        show_temperature(**give(change))
