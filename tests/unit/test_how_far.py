"""Chapter 19: its formulas."""

from typing import Any

import numpy as np
import pytest
import torch
from book import execute_chapter
from hypothesis import given, settings
from hypothesis import strategies as st

Page = dict[str, Any]


@pytest.fixture(scope="module")
def page() -> Page:
    return execute_chapter("19-how-far", "def make_layers")


@settings(deadline=None, max_examples=50)
@given(
    n=st.integers(1, 6),
    n_classes=st.integers(2, 12),
    share=st.floats(0, 1),
    seed=st.integers(0, 2**32 - 1),
)
def test_smoothed_loss_is_that_of_torch(page, n, n_classes, share, seed) -> None:
    rng = np.random.default_rng(seed)
    Z = 10 * rng.normal(size=(n, n_classes))
    classes = rng.integers(n_classes, size=n)
    theirs = torch.nn.functional.cross_entropy(
        torch.tensor(Z), torch.tensor(classes), label_smoothing=share
    )
    ours = page["smoothed_loss"](Z, classes, share)
    np.testing.assert_allclose(ours, theirs.item(), rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("n_steps", [10, 37, 1000])
@pytest.mark.parametrize("warm_up", [0.3, 0.5])
def test_one_cycle_is_that_of_torch(page, n_steps, warm_up) -> None:
    weight = torch.nn.Parameter(torch.zeros(1))
    optimiser = torch.optim.AdamW([weight], lr=1.0)
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimiser, 0.02, total_steps=n_steps, pct_start=warm_up
    )
    for step in range(n_steps):
        (group,) = optimiser.param_groups
        ours = page["one_cycle"](step, n_steps, 0.02, warm_up)
        np.testing.assert_allclose(ours, (group["lr"], group["betas"][0]), rtol=1e-12)
        optimiser.step()
        schedule.step()


@pytest.mark.parametrize("p", [0.0, 0.1, 0.3, 0.5, 0.75])
def test_dropout_keeps_the_mean_exactly(page, p) -> None:
    every_byte = torch.arange(256, dtype=torch.uint8)
    names = page["drop"].__globals__
    drawn = names["random_bytes"]
    names["random_bytes"] = lambda shape, generator: every_byte
    try:
        dropped = page["drop"](torch.ones(256, dtype=torch.float64), p, None)
    finally:
        names["random_bytes"] = drawn
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
