"""The network that reads digits in chapters 11 to 13, and how it is trained.

Chapters 11 and 12 choose the settings on validation data and assert that
these are the ones; chapter 12 builds the same network in the open.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import torch
    from torch import nn


@dataclass(frozen=True)
class DigitSettings:
    """How the network that reads digits is built and trained.

    Attributes
    ----------
    learning_rate : float
        Step size of stochastic gradient descent.
    hidden_units : int
        Number of hidden units H.
    batch_size : int
        Examples of each update.
    momentum : float
        Share of the last step that each step keeps.
    n_epochs : int
        Passes over the training images.
    """

    learning_rate: float = 0.1
    hidden_units: int = 50
    batch_size: int = 50
    momentum: float = 0.9
    n_epochs: int = 20


#: The settings that chapters 11 to 13 use.
DIGIT_SETTINGS = DigitSettings()


def make_digit_network(
    n_features: int, n_classes: int, settings: DigitSettings, seed: int
) -> "nn.Sequential":
    """Make the network of chapter 12: two layers with a ReLU between.

    Parameters
    ----------
    n_features, n_classes : int
        Number of pixels D and of classes C.
    settings : DigitSettings
        Says how many hidden units there are.
    seed : int
        Of the generator that draws the initial weights.

    Returns
    -------
    torch.nn.Sequential
        Takes images of shape (N, D) to logits of shape (N, C); on the CPU.
        The first weights are normal with variance 2 / D, everything else is
        zero, so that the first loss is exactly ln C.
    """
    import torch  # here, so that chapters without PyTorch start faster
    from torch import nn

    hidden = nn.Linear(n_features, settings.hidden_units)
    output = nn.Linear(settings.hidden_units, n_classes)
    generator = torch.Generator().manual_seed(seed)
    nn.init.kaiming_normal_(hidden.weight, nonlinearity="relu", generator=generator)
    for parameter in (hidden.bias, output.weight, output.bias):
        nn.init.zeros_(parameter)
    return nn.Sequential(hidden, nn.ReLU(), output)


def train_digit_network(
    X: "torch.Tensor",
    y: "torch.Tensor",
    settings: DigitSettings,
    seed: int,
    n_classes: int = 10,
) -> "nn.Sequential":
    """Train the network as chapter 12 does, for later chapters to use.

    Parameters
    ----------
    X : torch.Tensor of float, shape (N, D)
        Pixels from 0 to 1, on the device to train on.
    y : torch.Tensor of int64, shape (N,)
        Classes from 0, on the same device.
    settings : DigitSettings
        How to train; images that fill no batch are left out of an epoch.
    seed : int
        Of the initial weights, and of the order of the images.
    n_classes : int
        Number of classes C.

    Returns
    -------
    torch.nn.Sequential
        The trained network, on the device of ``X``.
    """
    import torch

    network = make_digit_network(X.shape[1], n_classes, settings, seed)
    network.to(X.device, X.dtype)
    optimiser = torch.optim.SGD(
        network.parameters(), settings.learning_rate, settings.momentum
    )
    generator = torch.Generator().manual_seed(seed)
    for _ in range(settings.n_epochs):
        order = torch.randperm(len(X), generator=generator)
        full = len(X) // settings.batch_size * settings.batch_size
        for rows in order[:full].to(X.device).split(settings.batch_size):
            loss = torch.nn.functional.cross_entropy(network(X[rows]), y[rows])
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
    return network
