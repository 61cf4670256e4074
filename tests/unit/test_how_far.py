"""Chapter 19: dropout is exact, and its bytes are random."""

from typing import Any

import pytest
import torch
from book import execute_chapter

Page = dict[str, Any]


@pytest.fixture(scope="module")
def page() -> Page:
    return execute_chapter("19-how-far", "def make_layers")


@pytest.mark.parametrize("p", [0.0, 0.1, 0.3, 0.5, 0.75])
def test_dropout_keeps_the_mean_exactly(page, p, monkeypatch) -> None:
    every_byte = torch.arange(256, dtype=torch.uint8)
    names = page["drop"].__globals__
    monkeypatch.setitem(names, "random_bytes", lambda shape, generator: every_byte)
    dropped = page["drop"](torch.ones(256, dtype=torch.float64), p, None)
    assert (dropped == 0).sum() == round(256 * p)
    assert dropped.mean().item() == pytest.approx(1, rel=1e-12)


@pytest.mark.parametrize("shape", [(7,), (3, 5), (16, 64)])
def test_bytes_are_random_in_every_place(page, shape) -> None:
    generator = torch.Generator().manual_seed(0)
    drawn = torch.stack(
        [page["random_bytes"](shape, generator) for _ in range(2000)]
    ).double()
    assert drawn.shape == (2000, *shape)
    # The mean of 2000 bytes, within five standard errors; no bit is stuck.
    assert (drawn.mean(dim=0) - 127.5).abs().max() < 5 * 73.9 / 2000**0.5
    for bit in range(8):
        share = (drawn.long() >> bit & 1).double().mean(dim=0)
        assert (share - 0.5).abs().max() < 5 * 0.5 / 2000**0.5
