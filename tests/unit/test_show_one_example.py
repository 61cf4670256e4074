"""One example through a small network: the still figure and the data."""

import json
from collections.abc import Mapping
from itertools import pairwise
from typing import Any

import matplotlib.pyplot as plt
import pytest
import torch
from bs4 import BeautifulSoup

from interactive import one_example, show_one_example

NUMBERS = {"x": 3, "y": 1, "weights_in": (2, 1), "weights_out": (1, -1)}
OFF = {"weights_in": (2, -1)}
SOME = [{}, OFF, {"x": -2, "weights_in": (3, -1)}, {"y": -3, "weights_out": (0, 2)}]


def by_autograd(
    x: float, y: float, weights_in: Any, weights_out: Any
) -> tuple[float, Mapping[str, float]]:
    """Return the loss, and its gradients by name."""
    leaves = {"x": x, "w1": weights_in[0], "w2": weights_in[1]}
    leaves |= {"v1": weights_out[0], "v2": weights_out[1]}
    t = {n: torch.tensor(float(v), requires_grad=True) for n, v in leaves.items()}
    for i in "12":
        t[f"z{i}"] = t[f"w{i}"] * t["x"]
        t[f"a{i}"] = torch.relu(t[f"z{i}"])
    t["output"] = t["v1"] * t["a1"] + t["v2"] * t["a2"]
    t["r"] = t["output"] - y
    t["L"] = t["r"] ** 2
    slopes = torch.autograd.grad(t["L"], list(t.values()))
    return t["L"].item(), dict(zip(t, [s.item() for s in slopes], strict=True))


@pytest.mark.parametrize("changed", SOME)
def test_figure_shows_the_values_and_the_gradients_of_autograd(
    changed: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    drawn = []
    monkeypatch.setattr(
        one_example,
        "show_explorable",
        lambda name, figure, data, alt: drawn.append((figure, data, alt)),
    )
    numbers = NUMBERS | changed
    show_one_example(**numbers)
    [(figure, data, alt)] = drawn
    loss, gradients = by_autograd(**numbers)
    written = [text.get_text().strip("$") for text in figure.axes[0].texts]
    shown = sorted(int(text) for text in written if text.lstrip("-").isdigit())
    x, y = numbers["x"], numbers["y"]
    given = [x, y, *numbers["weights_in"], *numbers["weights_out"]]
    assert sorted(data["numbers"].values()) == sorted(given)
    z = [w * x for w in numbers["weights_in"]]
    a = [max(number, 0) for number in z]
    output = sum(v * u for v, u in zip(numbers["weights_out"], a, strict=True))
    values = [*given, *z, *a, output, output - y, round(loss)]
    assert shown == sorted([*values, *map(round, gradients.values())])
    assert written.count("off") == sum(number <= 0 for number in z)
    assert all(f" {number}" in alt for number in map(round, gradients.values()))
    plt.close(figure)


def test_data_are_those_that_were_given_and_text_tells_the_whole_example() -> None:
    box = BeautifulSoup(show_one_example(**NUMBERS).data, "html.parser")
    data = json.loads(box.script.string)
    assert data["numbers"] == {"x": 3, "w1": 2, "w2": 1, "v1": 1, "v2": -1, "y": 1}
    places = [box.img["alt"].index(part) for part in ("x = 3", "6 and 3", "loss, 4")]
    assert all(a < b for a, b in pairwise(places))


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"weights_in": (2, 1, 1)}, "3 weights before two units"),
        ({"weights_out": (2,)}, "1 weights behind two units"),
        ({"x": 4}, "x = 4 is not a whole number from -3 to 3"),
        ({"weights_in": (2, 0.5)}, "w2 = 0.5 is not a whole number"),
    ],
)
def test_numbers_are_small_and_whole(changed: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        show_one_example(**NUMBERS | changed)
