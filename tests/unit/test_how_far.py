"""Chapter 19: its formulas, what it says about its size, and honest choices."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
from book import run_page
from hypothesis import given, settings
from hypothesis import strategies as st

import helpers
from benchmarks.training import GOAL, last_training
from helpers import DigitsSplit, load_digits, requested_run, split_digits
from helpers.data import Digits, _bundled

CHAPTER = "19-how-far"
Page = dict[str, Any]


@pytest.fixture(scope="module")
def few() -> Digits:
    """Return a few digits, so that everything is quick."""
    digits = _bundled()
    return replace(digits, images=digits.images[:500], labels=digits.labels[:500])


def run(
    until: str,
    digits: Digits,
    extent: str = "quick",
    split: Any = split_digits,
) -> Page:
    """Run the page on these digits from the start, without cached results."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(helpers, "load_digits", lambda: digits)
        patch.setattr(helpers, "split_digits", split)
        patch.delenv("BOOK_RESULTS_DIR", raising=False)
        patch.setenv("BOOK_DEVICE", "cpu")
        patch.setenv("BOOK_RUN", extent)
        return run_page(CHAPTER, until)


@pytest.fixture(scope="module")
def page(few: Digits) -> Page:
    return run("X_all, y_all = ", few)


# Formulas


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


# What it says about itself


@pytest.mark.parametrize("extent", ["quick", "full", "long"])
@pytest.mark.parametrize("is_mnist", [True, False])
def test_the_page_says_how_much_it_runs(few, extent, is_mnist) -> None:
    digits = replace(few, n_test_fixed=100) if is_mnist else few
    assert digits.is_mnist == is_mnist
    page = run("def score_error", digits, extent)
    note, size = page["note"], page["size"]
    for value in (size["H"], size["epochs"], size["final"], size["seeds"]):
        assert str(value) in note
    assert ("Scaled down" in note) is not is_mnist
    assert ("BOOK_RUN=quick" in note) is (extent == "quick")
    assert "as long as this kernel" in note
    if is_mnist:
        assert f"A {extent} run" in note
        assert ("98.7% are checked" in note) is (extent == "quick")


# Honest choices


def test_no_choice_sees_a_test_image(few, page) -> None:
    def poisoned(digits: Digits, **options: Any) -> DigitsSplit:
        split = split_digits(digits, **options)
        rng = np.random.default_rng(0)
        return replace(
            split,
            x_test=rng.integers(17, size=split.x_test.shape, dtype=np.uint8),
            y_test=rng.permutation(split.y_test),
        )

    other = run("X_all, y_all = ", few, split=poisoned)
    assert (other["split"].x_test != page["split"].x_test).any()
    for name in ("scores", "gains"):
        np.testing.assert_array_equal(other[name], page[name])
    np.testing.assert_array_equal(other["base"], page["base"])
    assert page["scores"].size >= 20


def test_each_image_is_in_one_part(few, page) -> None:
    split = page["split"]
    parts = len(page["images"]), len(page["images_val"]), len(split.x_test)
    assert sum(parts) == len(few.images)
    assert len(page["X"]) == parts[0]
    assert len(page["X_val"]) == parts[1]


def test_all_training_images_can_be_used() -> None:
    digits = load_digits()
    few, all_of_them = split_digits(digits), split_digits(digits, train_size=None)
    np.testing.assert_array_equal(few.x_test, all_of_them.x_test)
    n_train = len(digits.images) - len(few.x_test)
    assert len(all_of_them.x_train) == len(all_of_them.y_train) == n_train
    if digits.is_mnist:
        np.testing.assert_array_equal(all_of_them.x_train, digits.images[:60_000])


# What it promises


@pytest.mark.skipif(requested_run() != "quick", reason="the page asserts it itself")
def test_the_last_training_reads_as_many_images_as_promised() -> None:
    digits = load_digits()
    if not digits.is_mnist:
        pytest.skip("the promise is about MNIST")
    page = run("@cached_result", digits, "full")
    assert last_training(page) >= GOAL
