"""The playground's network in NumPy, and what its function refuses."""

import json
from typing import Any

import numpy as np
import pytest
import torch
from bs4 import BeautifulSoup

from interactive import show_playground, small_network

ACTIVATIONS = {
    "ReLU": torch.relu,
    "tanh": torch.tanh,
    "sigmoid": torch.sigmoid,
    "identity": lambda Z: Z,
}


def some_points(n: int = 12) -> tuple[np.ndarray, ...]:
    rng = np.random.default_rng(0)
    X, X_new = rng.normal(size=(2, n, 2)).round(2)
    return X, np.arange(n) % 2, X_new, np.arange(n) % 2


@pytest.mark.parametrize("activation", ACTIVATIONS)
@pytest.mark.parametrize("units", [(), (3,), (4, 1, 5)])
def test_a_step_is_that_of_pytorch(activation: str, units: tuple[int, ...]) -> None:
    X, y, *_ = some_points()
    settings: dict[str, Any] = {"units": units, "activation": activation, "seed": 5}
    settings |= {"rate": 0.3, "batch": len(X), "alpha": 0.02}
    before = small_network.train(X, y, **settings, epochs=0)
    after = small_network.train(X, y, **settings, epochs=1)
    layers = [
        [torch.tensor(array, requires_grad=True) for array in it] for it in before
    ]
    A = torch.tensor(X)
    for W, b in layers[:-1]:
        A = ACTIVATIONS[activation](A @ W + b)
    z = (A @ layers[-1][0] + layers[-1][1])[:, 0]
    loss = torch.nn.functional.binary_cross_entropy_with_logits(
        z, torch.tensor(y, dtype=z.dtype)
    )
    assert small_network.mean_loss(X, y, before, activation) == pytest.approx(
        loss.item(), abs=1e-12
    )
    (loss + 0.01 * sum((W**2).sum() for W, _ in layers)).backward()
    for made, parameters in zip(after, layers, strict=True):
        for array, parameter in zip(made, parameters, strict=True):
            expected = (parameter - 0.3 * parameter.grad).detach().numpy()
            np.testing.assert_allclose(array, expected, rtol=0, atol=1e-12)


def test_every_epoch_sees_each_point_once() -> None:
    X, y, *_ = some_points()
    small = {"units": (), "activation": "tanh", "seed": 2, "rate": 1e-9, "alpha": 0}
    start = small_network.train(X, y, **small, batch=5, epochs=0)
    moved = small_network.train(X, y, **small, batch=5, epochs=1)
    whole = small_network.train(X, y, **small, batch=len(X), epochs=1)
    # With so small a rate the steps of an epoch add up: batches of 5, 5 and 2.
    (W, b), (W_moved, _), (W_whole, _) = start[0], moved[0], whole[0]
    p = 1 / (1 + np.exp(-(X @ W + b)[:, 0]))
    of_each = (p - y)[:, None] * X  # (N, 2)
    total = of_each.sum(axis=0)
    np.testing.assert_allclose(W - W_whole, 1e-9 / len(X) * total[:, None], rtol=1e-5)
    leftover = (W - W_moved)[:, 0] / 1e-9 * 5 - total  # the last two count 5 / 2 times
    pairs = [of_each[i] + of_each[j] for i in range(len(X)) for j in range(i)]
    assert min(np.abs(1.5 * pair - leftover).max() for pair in pairs) < 1e-5


def test_data_and_figure_say_the_same() -> None:
    X, y, X_new, y_new = given = some_points()
    html = show_playground(
        {"dots": given}, [{"data": "dots", "units": [3], "epochs": 4, "seed": 9}]
    ).data
    box = BeautifulSoup(html, "html.parser")
    data = json.loads(box.script.text)
    assert data["sets"]["dots"]["training"] == {
        "points": X.tolist(),
        "labels": y.tolist(),
    }
    assert data["start"]["units"] == [3]
    assert "epochs" not in data["start"]
    layers = small_network.train(
        X,
        y,
        units=[3],
        activation="ReLU",
        rate=0.1,
        batch=10,
        alpha=0,
        seed=9,
        epochs=4,
    )
    training = small_network.mean_loss(X, y, layers, "ReLU")
    validation = small_network.mean_loss(X_new, y_new, layers, "ReLU")
    said = f"training loss {training:.3f}, validation loss {validation:.3f}"
    assert f"dots, 3 units, after 4 epochs {said}" in box.img["alt"]


def test_no_network_is_cut_off_in_the_code_that_readers_get() -> None:
    given = {"dots": some_points()}
    html = show_playground(given, [{"data": "dots", "epochs": 0}]).data
    code = json.loads(BeautifulSoup(html, "html.parser").script.text)["code"]
    names: dict[str, Any] = {}
    exec(code, names)
    assert {"forward", "mean_loss", "train"} <= names.keys()
    assert max(map(len, code.splitlines())) <= 70


@pytest.mark.parametrize(
    ("moment", "message"),
    [
        ({"data": "moons"}, r"data is 'moons', not one of \['dots'\]"),
        ({"activation": "relu"}, "activation is 'relu', not one of"),
        ({"rate": 0.2}, "rate is 0.2, not one of"),
        ({"batch": 7}, "batch is 7, not one of"),
        ({"alpha": 2}, "alpha is 2, not one of"),
        ({"units": (9,)}, r"units are \(9,\); at most 3 layers of 1 to 8"),
        ({"units": (1, 1, 1, 1)}, "at most 3 layers"),
        ({"seed": 0}, "seed is 0, not 1 to 999"),
        ({"epochs": 10_000}, "epochs is 10000, not 0 to 2000"),
        ({"width": 3}, "a moment has no 'width', only data, units"),
    ],
)
def test_refuses_what_the_page_does_not_offer(
    moment: dict[str, Any], message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        show_playground({"dots": some_points()}, [{"data": "dots"} | moment])


@pytest.mark.parametrize(
    ("place", "wrong", "message"),
    [
        (0, np.ones((12, 3)), "dots: points of shape"),
        (1, np.zeros(11), "dots: points of shape"),
        (2, np.full((12, 2), np.nan), "dots: a point is not finite"),
        (3, np.full(12, 2), "dots: the classes are .2., not 0 and 1"),
    ],
)
def test_refuses_points_that_do_not_fit(
    place: int, wrong: np.ndarray, message: str
) -> None:
    given = list(some_points())
    given[place] = wrong
    with pytest.raises(ValueError, match=message):
        show_playground({"dots": tuple(given)}, [{"data": "dots"}])


def test_refuses_to_show_nothing() -> None:
    with pytest.raises(ValueError, match="at least one moment"):
        show_playground({"dots": some_points()}, [])
