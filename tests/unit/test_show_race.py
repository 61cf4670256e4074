"""The race of four rules: the paths, and what is refused."""

import json
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from bs4 import BeautifulSoup

from helpers import check_gradient
from helpers.tasks import load_tasks
from interactive import show_race
from interactive.race import BEND_START, RULES, STEPS, bend, walk

TASKS = load_tasks("momentum-and-noise")
OF_CHAPTER = {
    "momentum": TASKS["momentum_step"].solution,
    "RMSProp": TASKS["rmsprop_step"].solution,
    "Adam": TASKS["adam_step"].solution,
}


def bend_gradient(theta: np.ndarray) -> np.ndarray:
    across = theta[1] - theta[0] ** 2
    return np.array([-2 * (1 - theta[0]) - 20 * theta[0] * across, 10 * across])


def give(**changes: Any) -> dict[str, Any]:
    """Return what `show_race` takes, changed."""
    given = {
        "H": np.array([[2.0, 1.0], [1.0, 1.0]]),
        "bottom": np.array([1.0, 2.0]),
        "start": np.array([0.5, 0.0]),
        "bend_gradient": bend_gradient,
        "steps": OF_CHAPTER,
    }
    return given | changes


@pytest.mark.parametrize(
    ("rule", "optimiser", "settings"),
    [
        ("descent", torch.optim.SGD, {}),
        ("momentum", torch.optim.SGD, {"momentum": 0.8}),
        ("RMSProp", torch.optim.RMSprop, {"alpha": 0.8}),
        ("Adam", torch.optim.Adam, {"betas": (0.8, 0.999)}),
    ],
)
def test_a_path_is_that_of_pytorch(
    rule: str, optimiser: Callable[..., Any], settings: dict[str, Any]
) -> None:
    path = walk(rule, bend_gradient, BEND_START, 0.004, 0.8, OF_CHAPTER)
    theta = torch.tensor(BEND_START, dtype=torch.float64, requires_grad=True)
    stepper = optimiser([theta], lr=0.004, **settings)
    for _ in range(STEPS):
        stepper.zero_grad()
        ((1 - theta[0]) ** 2 + 5 * (theta[1] - theta[0] ** 2) ** 2).backward()
        stepper.step()
    assert path.shape == (STEPS + 1, 2)
    np.testing.assert_allclose(path[-1], theta.detach(), rtol=1e-9)


def test_the_valley_that_bends_has_its_gradient_and_its_minimum() -> None:
    point = np.array(BEND_START)
    assert check_gradient(bend, point, bend_gradient(point)) < 1e-7
    assert bend(np.ones((3, 2))).tolist() == [0, 0, 0]
    assert not bend_gradient(np.ones(2)).any()


def test_what_is_given_reaches_the_script_and_the_description() -> None:
    box = BeautifulSoup(show_race(**give()).data, "html.parser")
    data = json.loads(box.script.text)
    assert data["hessian"] == [[2, 1], [1, 1]]
    assert data["starts"] == [[0.5, 0], list(BEND_START)]
    assert [name for name, _ in data["rules"]] == list(RULES)
    assert len(data["axes"]) == 3
    path = walk("Adam", bend_gradient, BEND_START, 0.1, 0.9, OF_CHAPTER)
    alt = box.img["alt"]
    assert "descent diverged, momentum diverged" in alt
    assert f"Adam {bend(path[-1]):.0e}." in alt


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"H": np.eye(3)}, "2 x 2"),
        ({"H": np.array([[1.0, 1.0], [0.0, 1.0]])}, "symmetric"),
        ({"H": np.diag([1.0, -1.0])}, "positive eigenvalues"),
        ({"start": np.array([0.0, 7.0])}, r"start is \[0. 7.\]"),
        ({"start": np.zeros(3)}, "start is"),
        ({"bottom": np.array([-4.0, 0.0])}, "bottom is"),
        ({"bend_gradient": lambda theta: -bend_gradient(theta)}, "not the gradient"),
        ({"steps": {"Adam": None}}, "steps has no RMSProp, momentum"),
    ],
)
def test_what_makes_no_race_is_refused(changes: dict[str, Any], says: str) -> None:
    with pytest.raises(ValueError, match=says):
        show_race(**give(**changes))
