"""The network that reads digits starts and trains as chapter 12 says."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
from book import ROOT, read_chapter
from torch.utils._python_dispatch import TorchDispatchMode

from booktools import run_chapter as pages
from helpers import (
    DIGIT_SETTINGS,
    load_digits,
    make_digit_network,
    split_digits,
    train_digit_network,
)


@pytest.fixture(scope="module")
def data() -> tuple[torch.Tensor, torch.Tensor]:
    digits = load_digits()
    split = split_digits(digits)
    X = torch.tensor(np.float32(split.x_train[:500]) / digits.pixel_max)
    return X, torch.tensor(split.y_train[:500])


def test_the_first_loss_is_ln_c(data: tuple[torch.Tensor, torch.Tensor]) -> None:
    X, y = data
    for n_classes in (10, 17):
        network = make_digit_network(X.shape[1], n_classes, DIGIT_SETTINGS, seed=3)
        loss = torch.nn.functional.cross_entropy(network(X), y)
        assert np.isclose(loss.item(), np.log(n_classes), rtol=1e-6)


def test_the_first_weights_are_he_normal() -> None:
    wide = replace(DIGIT_SETTINGS, hidden_units=400)
    weight = make_digit_network(300, 10, wide, seed=0)[0].weight.detach()
    assert weight.shape == (400, 300)
    # 120,000 draws: the standard error of the deviation is 0.2 per cent.
    assert np.isclose(weight.std().item(), np.sqrt(2 / 300), rtol=0.01)
    assert abs(weight.mean().item()) < 1e-3


def test_a_seed_gives_one_network_and_another_seed_another(
    data: tuple[torch.Tensor, torch.Tensor],
) -> None:
    short = replace(DIGIT_SETTINGS, n_epochs=2)
    one, same, other = (
        torch.cat(
            [p.flatten() for p in train_digit_network(*data, short, seed).parameters()]
        )
        for seed in (0, 0, 1)
    )
    assert torch.equal(one, same)
    assert not torch.equal(one, other)


def test_global_random_numbers_decide_nothing(
    data: tuple[torch.Tensor, torch.Tensor],
) -> None:
    """What a reader draws elsewhere does not change the network."""
    short = replace(DIGIT_SETTINGS, n_epochs=1)
    one = train_digit_network(*data, short, seed=0)
    torch.rand(7)
    two = train_digit_network(*data, short, seed=0)
    for p, q in zip(one.parameters(), two.parameters(), strict=True):
        assert torch.equal(p, q)


def test_a_leftover_is_not_trained_on(
    data: tuple[torch.Tensor, torch.Tensor],
) -> None:
    """With fewer images than fill a batch there is no step at all."""
    X, y = data
    few = DIGIT_SETTINGS.batch_size - 1
    trained = train_digit_network(X[:few], y[:few], DIGIT_SETTINGS, seed=0)
    fresh = make_digit_network(X.shape[1], 10, DIGIT_SETTINGS, 0)
    for p, q in zip(trained.parameters(), fresh.parameters(), strict=True):
        assert torch.equal(p, q)


def test_it_learns(data: tuple[torch.Tensor, torch.Tensor]) -> None:
    X, y = data
    network = train_digit_network(X, y, DIGIT_SETTINGS, seed=0)
    accuracy = (network(X).argmax(dim=1) == y).double().mean().item()
    assert accuracy > 0.98


def test_momentum_is_used(data: tuple[torch.Tensor, torch.Tensor]) -> None:
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


class NoDoublePrecision(TorchDispatchMode):
    """Refuse every result in double precision, as mps does.

    What NumPy hands over is converted on the CPU, before it is moved.
    """

    def __torch_dispatch__(
        self, func: Any, types: Any, args: Any = (), kwargs: Any = None
    ) -> Any:
        result = func(*args, **(kwargs or {}))
        double = getattr(result, "dtype", None) == torch.float64
        if double and func is not torch.ops.aten.lift_fresh.default:
            raise TypeError(f"{func} gave double precision, which mps does not have")
        return result


def test_chapter_12_does_without_double_precision_on_mps(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def read_as_on_mps(path: Any) -> Any:
        notebook = read_chapter(path)
        for cell in notebook.cells:
            cell.source = cell.source.replace('device.type == "mps"', "True")
        return notebook

    monkeypatch.setattr(pages, "read_chapter", read_as_on_mps)
    with NoDoublePrecision():
        page = pages.run_page(ROOT, "12-mlp-pytorch", until="changes = {")
    assert page["X_double"].dtype == torch.float32
