"""The two networks that chapters share start and train as the chapters say."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from scipy import stats
from sklearn.model_selection import train_test_split

from helpers import (
    DIGIT_SETTINGS,
    float_dtype,
    init_weights,
    load_digits,
    load_petal_data,
    load_two_iris_species,
    make_digit_network,
    split_digits,
    train_by_hand,
    train_digit_network,
)

# Chapters 08 to 12


def test_petals_are_split_in_halves_with_equal_species() -> None:
    iris, data = load_two_iris_species(), load_petal_data()
    train, validation = train_test_split(
        np.arange(100), test_size=0.5, stratify=iris.species, random_state=0
    )
    assert iris.species[train].sum() == iris.species[validation].sum() == 25
    mean = iris.measurements[train].mean(axis=0)  # of the training half alone
    std = iris.measurements[train].std(axis=0)
    for rows, x, y in (
        (train, data.x_train, data.y_train),
        (validation, data.x_validation, data.y_validation),
    ):
        expected = (iris.measurements[rows] - mean) / std
        np.testing.assert_allclose(np.hstack([x, y]), expected, rtol=1e-9, atol=1e-12)


def test_initial_weights_have_he_variance() -> None:
    W1, W2 = init_weights(300, 200, 400, seed=3)
    for weights, rows in ((W1, 300), (W2, 200)):
        assert weights.var() == pytest.approx(2 / rows, rel=0.02)
        assert stats.kstest(weights.ravel() / np.sqrt(2 / rows), "norm").pvalue > 1e-3


def test_initial_weights_depend_on_the_seed_alone() -> None:
    for first, again in zip(init_weights(2, 5, 3), init_weights(2, 5, 3), strict=True):
        np.testing.assert_array_equal(first, again)
    assert not np.array_equal(init_weights(2, 5, 3)[0], init_weights(2, 5, 3, 1)[0])


def test_training_by_hand_leaves_the_initial_weights_alone() -> None:
    W1, W2 = init_weights(2, 5, 2)
    copies = W1.copy(), W2.copy()
    curves = train_by_hand(load_petal_data(), W1, W2, n_steps=7)
    np.testing.assert_array_equal(W1, copies[0])
    np.testing.assert_array_equal(W2, copies[1])
    assert curves.training.shape == curves.validation.shape == (8,)


def test_double_precision_unless_the_device_has_none() -> None:
    assert float_dtype(torch.device("cpu")) == torch.float64
    assert float_dtype(torch.device("cuda")) == torch.float64
    assert float_dtype(torch.device("mps")) == torch.float32


# Chapters 13 to 16


@pytest.fixture(scope="module")
def data() -> tuple[torch.Tensor, torch.Tensor]:
    digits = load_digits()
    split = split_digits(digits)
    X = torch.tensor(np.float32(split.x_train[:500]) / digits.pixel_max)
    return X, torch.tensor(split.y_train[:500])


def test_the_first_loss_is_ln_c(data) -> None:
    X, y = data
    for n_classes in (10, 17):
        network = make_digit_network(X.shape[1], n_classes, DIGIT_SETTINGS, seed=3)
        loss = torch.nn.functional.cross_entropy(network(X), y)
        assert np.isclose(loss.item(), np.log(n_classes), rtol=1e-6)


def test_the_first_weights_are_he_normal() -> None:
    wide = replace(DIGIT_SETTINGS, hidden_units=400)
    weight = make_digit_network(300, 10, wide, seed=0)[0].weight.detach()
    assert weight.shape == (400, 300)
    # 120,000 draws: the standard error of the deviation is 0.2%.
    assert np.isclose(weight.std().item(), np.sqrt(2 / 300), rtol=0.01)
    assert abs(weight.mean().item()) < 1e-3


def test_the_seed_alone_decides(data) -> None:
    short = replace(DIGIT_SETTINGS, n_epochs=2)
    trained = []
    for seed in (0, 0, 1):
        parameters = train_digit_network(*data, short, seed).parameters()
        trained.append(torch.cat([p.flatten() for p in parameters]))
        torch.rand(7)  # what a reader draws elsewhere does not matter
    one, same, other = trained
    assert torch.equal(one, same)
    assert not torch.equal(one, other)


def test_a_leftover_is_not_trained_on(data) -> None:
    """With fewer images than fill a batch there is no step at all."""
    X, y = data
    few = DIGIT_SETTINGS.batch_size - 1
    trained = train_digit_network(X[:few], y[:few], DIGIT_SETTINGS, seed=0)
    fresh = make_digit_network(X.shape[1], 10, DIGIT_SETTINGS, 0)
    for p, q in zip(trained.parameters(), fresh.parameters(), strict=True):
        assert torch.equal(p, q)


def test_momentum_is_used(data) -> None:
    """Two steps along one gradient: the second is longer by the momentum."""
    X, y = data
    n = DIGIT_SETTINGS.batch_size
    X, y = X[:1].repeat(n, 1), y[:1].repeat(n)
    tiny = replace(DIGIT_SETTINGS, learning_rate=1e-6)
    after = [
        train_digit_network(X, y, replace(tiny, n_epochs=epochs), seed=0)[2]
        .bias.detach()
        .double()
        for epochs in (1, 2)
    ]
    second = (after[1] - after[0]) / after[0]
    torch.testing.assert_close(
        second, torch.full_like(second, 1 + tiny.momentum), rtol=1e-3, atol=0
    )
