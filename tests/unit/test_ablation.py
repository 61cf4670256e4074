"""Chapter 20: the code it takes over, what it says about its size, honest choices."""

import inspect
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from book import execute_chapter

import helpers
from benchmarks.training import MIN_ACCURACY, last_training
from helpers import DigitsSplit, load_digits, requested_run, split_digits
from helpers.data import Digits, _load_bundled

CHAPTER = "20-ablation"
Page = dict[str, Any]


@pytest.fixture(scope="module")
def few() -> Digits:
    """Return a few digits, so that everything is quick."""
    digits = _load_bundled()
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
        return execute_chapter(CHAPTER, until)


@pytest.fixture(scope="module")
def page(few: Digits) -> Page:
    return run("X_all, y_all = ", few)


# The code of chapter 19


@pytest.fixture(scope="module")
def taught() -> Page:
    return execute_chapter("19-how-far", "recipe = ")


@pytest.mark.parametrize(
    "name",
    [
        "to_tensors",
        "score_error",
        "random_bytes",
        "drop",
        "make_layers",
        "forward",
        "make_optimiser",
        "train",
        "accuracy",
    ],
)
def test_the_training_is_that_of_the_chapter_before(taught, page, name) -> None:
    here, there = (inspect.getsource(names[name]) for names in (page, taught))
    assert here.strip() == there.strip()


# What it says about itself


@pytest.mark.parametrize("extent", ["quick", "full", "long"])
@pytest.mark.parametrize("is_mnist", [True, False])
def test_the_page_says_how_much_it_runs(few, extent, is_mnist) -> None:
    digits = replace(few, n_test_fixed=100) if is_mnist else few
    assert digits.is_mnist == is_mnist
    page = run("def random_bytes", digits, extent)
    note, size = page["note"], page["size"]
    for value in (size["H"], size["epochs"], size["final"], size["seeds"]):
        assert str(value) in note
    assert f"A {extent} run" in note
    assert ("is about MNIST" in note) is not is_mnist
    assert ("is not checked" in note) is (extent == "quick")
    assert ("A full run has" in note) is (is_mnist and extent != "full")


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
    page = run("def misread(", digits, "full")
    assert last_training(page) >= MIN_ACCURACY
