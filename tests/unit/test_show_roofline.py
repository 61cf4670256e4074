"""What a chapter hands to the roofline."""

import json
from typing import Any

import pytest
from bs4 import BeautifulSoup

from interactive import show_roofline

RUNS: dict[str | int, tuple[int, int, float]] = {
    "square": (8 * 10**9, 10**6, 0.1),  # 80 Gflop/s
    "scale": (10**6, 10**9, 0.1),  # 10 GB/s
    1: (2 * 10**6, 4 * 10**6, 5e-4),
    64: (128 * 10**6, 5 * 10**6, 2e-3),
}
LAYERS = {"wide": (1000, 1000), "narrow": (784, 50)}


def show(runs: dict[str, Any], layers: dict[str, Any]) -> BeautifulSoup:
    return BeautifulSoup(show_roofline(runs, layers).data, "html.parser")


def test_the_roof_is_what_the_two_operations_reach() -> None:
    shown = show({"cpu": RUNS, "gpu": RUNS}, LAYERS)
    data = json.loads(shown.script.text)
    assert [device["name"] for device in data["devices"]] == ["cpu", "gpu"]
    for device in data["devices"]:
        assert device["flops"] == pytest.approx(80e9)
        assert device["bandwidth"] == pytest.approx(10e9)
        assert device["seconds"] == {"1": 5e-4, "64": 2e-3}
    assert data["layers"][1] == {"name": "narrow", "inputs": 784, "outputs": 50}
    assert data["sizes"][:7] == [1, 2, 3, 4, 6, 8, 12]
    assert data["sizes"][-1] == 4096
    alt = shown.img["alt"]
    assert "cpu: 80 Gflop/s, 10 GB/s, n* = 16.0" in alt
    assert "half of the level reached from n = 64" in alt


def test_a_level_that_no_batch_comes_near_is_said_to_be_so() -> None:
    slow = RUNS | {64: (128 * 10**6, 5 * 10**6, 1.0)}
    assert "reached by no batch" in show({"cpu": slow}, LAYERS).img["alt"]


@pytest.mark.parametrize(
    ("runs", "layers", "message"),
    [
        ({}, LAYERS, "at least one device and one layer"),
        ({"cpu": RUNS}, {}, "at least one device and one layer"),
        ({"cpu": {1: RUNS[1]}}, LAYERS, "cpu did not run scale and square"),
        ({"cpu": RUNS | {1: (1, 1, 0.0)}}, LAYERS, "on cpu, 1 took 0.0 seconds"),
        ({"cpu": RUNS}, {"empty": (0, 50)}, "empty has 0 inputs and 50 outputs"),
    ],
)
def test_what_cannot_be_drawn_is_named(
    runs: dict[str, Any], layers: dict[str, Any], message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        show(runs, layers)
