"""Facts about the data that every chapter builds on.

Where the data come from, and what happens when a source is broken, is in
``test_data_sources.py``. The facts about MNIST itself run only where the
environment variable ``MNIST_DIR`` names a folder with its four files.
"""

import hashlib
import os

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from sklearn import datasets

from helpers import data

MNIST_DIR = os.environ.get("MNIST_DIR", "")
needs_mnist = pytest.mark.skipif(
    not MNIST_DIR,
    reason="needs the real MNIST: set MNIST_DIR to the folder with its four files",
)

unhurried = settings(deadline=None)  # a busy machine is not a fault

N_CLASSES = 10


# Chapter 01: one feature


def test_line_data_follow_the_published_recipe() -> None:
    rng = np.random.RandomState(42)
    x = rng.rand(100, 1)
    y = 1 + 2 * x + 0.1 * rng.randn(100, 1)
    order = np.arange(100)
    rng.shuffle(order)
    line = data.make_line_data()
    np.testing.assert_array_equal(line.x_train, x[order[:80]])
    np.testing.assert_array_equal(line.y_train, y[order[:80]])
    np.testing.assert_array_equal(line.x_validation, x[order[80:]])
    np.testing.assert_array_equal(line.y_validation, y[order[80:]])


# Chapter 02: five features


@unhurried
@given(fifth=st.integers(1, 200))
def test_five_feature_data_follow_the_recipe_for_any_multiple_of_five(fifth) -> None:
    rng = np.random.RandomState(42)
    x = rng.randn(5 * fifth, 5)
    y = 1 + x @ np.array([1, 0.5, 0.1, 0, 0]) + rng.randn(5 * fifth)
    order = np.arange(5 * fifth)
    rng.shuffle(order)
    train, validation = order[: 4 * fifth], order[4 * fifth :]
    made = data.make_five_feature_data(5 * fifth)
    np.testing.assert_array_equal(made.x_train, x[train])
    np.testing.assert_array_equal(made.y_train, y[train])
    np.testing.assert_array_equal(made.x_validation, x[validation])
    np.testing.assert_array_equal(made.y_validation, y[validation])


@unhurried
@given(n_examples=st.integers(-1_000, 1_000).filter(lambda n: n <= 0 or n % 5))
def test_five_feature_data_refuse_other_numbers_of_examples(n_examples) -> None:
    with pytest.raises(ValueError, match=f"multiple of 5, not {n_examples}$"):
        data.make_five_feature_data(n_examples)


def test_true_weights_cannot_be_changed_by_a_chapter() -> None:
    with pytest.raises(ValueError, match="read-only"):
        data.TRUE_WEIGHTS[0] = 2


# Iris


def test_two_irises_are_the_last_hundred_of_scikit_learn() -> None:
    bunch, irises = datasets.load_iris(), data.load_two_iris_species()
    np.testing.assert_array_equal(irises.measurements, bunch.data[50:])
    np.testing.assert_array_equal(irises.species, bunch.target[50:] - 1)
    assert irises.species.dtype == np.int64
    assert irises.species_names == ("versicolor", "virginica")


def test_two_irises_have_the_means_of_fisher_1936_in_cm() -> None:
    irises = data.load_two_iris_species()
    means = {
        name: [float(column[irises.species == kind].mean().round(3)) for kind in (0, 1)]
        for name, column in zip(
            irises.measurement_names, irises.measurements.T, strict=True
        )
    }
    assert means == {
        "sepal length": [5.936, 6.588],
        "sepal width": [2.770, 2.974],
        "petal length": [4.260, 5.552],
        "petal width": [1.326, 2.026],
    }


# Handwritten digits


@pytest.fixture(scope="module")
def bundled() -> data.Digits:
    """The digits that scikit-learn ships, whatever this machine has."""
    return data._load_bundled()


@pytest.fixture(scope="module")
def mnist() -> data.Digits:
    """The real MNIST; only for tests with the mark ``needs_mnist``."""
    return data.load_digits()


@pytest.fixture(params=["bundled", pytest.param("mnist", marks=needs_mnist)])
def digits(request: pytest.FixtureRequest) -> data.Digits:
    """Each of the two data sets in turn."""
    loaded: data.Digits = request.getfixturevalue(request.param)
    return loaded


@needs_mnist
def test_mnist_is_70_000_images_that_begin_with_the_well_known_labels(mnist) -> None:
    assert mnist.images.shape == (70_000, 28 * 28)
    assert (mnist.height, mnist.width) == (28, 28)
    assert mnist.is_mnist
    assert mnist.labels[:10].tolist() == [5, 0, 4, 1, 9, 2, 1, 3, 1, 4]
    assert mnist.labels[60_000:60_010].tolist() == [7, 2, 1, 0, 4, 1, 4, 9, 5, 9]


def test_digits_are_what_they_state(digits) -> None:
    assert digits.images.dtype == np.uint8
    assert digits.images.shape == (len(digits.labels), digits.height * digits.width)
    assert (digits.images.min(), digits.images.max()) == (0, digits.pixel_max)
    assert digits.labels.dtype == np.int64
    assert np.unique(digits.labels).tolist() == list(range(N_CLASSES))
    assert digits.n_classes == N_CLASSES
    for array in (digits.images, digits.labels):
        assert not array.flags.writeable


def test_the_note_says_which_data_a_page_shows_and_how_to_get_mnist(digits) -> None:
    size = f"{len(digits.labels):,} images of {digits.height} x {digits.width} pixels"
    assert digits.name in digits.note
    assert size in digits.note
    assert digits._repr_markdown_() == digits.note
    assert ("MNIST was not available" in digits.note) is not digits.is_mnist
    assert ("`MNIST_DIR`" in digits.note) is not digits.is_mnist


# The split that all chapters share


FROZEN = {
    "bundled": (
        (1_198, 599),
        "08973252f389e2862503b4478d28316042fc57bffebc763bbec5308b020a69df",
    ),
    "MNIST": (
        (5_000, 10_000),
        "39ef1d26dc61297718920c462d91d217910f1268f9c98d5b9cc9ec2ea9d46962",
    ),
}


def test_the_split_is_frozen(digits) -> None:
    split = data.split_digits(digits)
    found = hashlib.sha256()
    for array in (split.x_train, split.y_train, split.x_test, split.y_test):
        found.update(array.astype(np.uint8).tobytes())
    sizes = len(split.x_train), len(split.x_test)
    assert (sizes, found.hexdigest()) == FROZEN[
        "MNIST" if digits.is_mnist else "bundled"
    ]


def numbered_digits(class_sizes: list[int], n_test_fixed: int) -> data.Digits:
    """Make digits whose three pixels spell their place in the whole."""
    labels = np.repeat(np.arange(len(class_sizes)), class_sizes)
    labels = np.random.default_rng(0).permutation(labels)
    numbers = np.arange(len(labels), dtype=">u4").view(np.uint8).reshape(-1, 4)
    return data.Digits(
        images=numbers[:, 1:],
        labels=labels,
        height=1,
        width=3,
        pixel_max=255,
        name="numbered",
        n_test_fixed=n_test_fixed,
    )


def places(images: NDArray[np.uint8]) -> NDArray[np.int64]:
    """Read the places that :func:`numbered_digits` wrote into its pixels."""
    powers = np.array([65_536, 256, 1])
    numbers: NDArray[np.int64] = images.astype(np.int64).dot(powers)
    return numbers


def has_a_stratified_split(digits: data.Digits) -> bool:
    """Leave out pools that exceed 5,000 by less than one image a class."""
    n = len(digits.labels)
    return not 5_000 < n - (digits.n_test_fixed or n // 3) < 5_000 + N_CLASSES


numbered = st.builds(
    numbered_digits,
    st.lists(st.integers(20, 1_500), min_size=N_CLASSES, max_size=N_CLASSES),
    st.sampled_from([0, 150]),
).filter(has_a_stratified_split)


@unhurried
@given(digits=numbered)
def test_a_split_has_two_parts_that_keep_their_labels(digits) -> None:
    n = len(digits.labels)
    n_test = digits.n_test_fixed or min(10_000, n // 3)
    split = data.split_digits(digits)
    train, test = places(split.x_train), places(split.x_test)
    assert len(test) == n_test
    assert len(train) == min(5_000, n - n_test)
    assert len(np.union1d(train, test)) == len(train) + len(test)
    np.testing.assert_array_equal(split.y_train, digits.labels[train])
    np.testing.assert_array_equal(split.y_test, digits.labels[test])
    if digits.n_test_fixed:  # set aside by those who made the data, in order
        assert test.tolist() == list(range(n - n_test, n))


@unhurried
@given(digits=numbered)
def test_classes_keep_their_shares_to_within_one_image(digits) -> None:
    split = data.split_digits(digits)
    pool = np.setdiff1d(np.arange(len(digits.labels)), places(split.x_test))
    in_pool = np.bincount(digits.labels[pool], minlength=N_CLASSES)
    in_train = np.bincount(split.y_train, minlength=N_CLASSES)
    assert np.abs(in_train - in_pool * len(split.y_train) / len(pool)).max() <= 1
