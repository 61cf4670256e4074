"""The two networks that several chapters share.

Chapters 08 to 12 build one small network five times; this module has what the
five must share to be comparable: data, initial weights, settings, the curves
they must reproduce, and the tolerance. Chapters 13 to 16 read digits with
another network; chapters 13 and 14 choose its settings on validation data and
assert that they are the ones given here, and chapter 14 builds it step by step.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from helpers.data import Floats, Split, load_two_iris_species

if TYPE_CHECKING:
    import torch
    from torch import nn

__all__ = [
    "CURVE_TOLERANCE",
    "DIGIT_SETTINGS",
    "HIDDEN_UNITS",
    "LEARNING_RATE",
    "N_STEPS",
    "DigitSettings",
    "LossCurves",
    "float_dtype",
    "init_weights",
    "load_petal_data",
    "make_digit_network",
    "max_relative_difference",
    "train_by_hand",
    "train_digit_network",
]

#: Number of hidden units H of the small network.
HIDDEN_UNITS = 100
#: Learning rate of its plain gradient descent.
LEARNING_RATE = 0.02
#: Number of updates.
N_STEPS = 500

#: The largest relative difference allowed between two loss curves of the same
#: computation, by floating-point type.
CURVE_TOLERANCE = {"float64": 1e-12, "float32": 1e-5}


def load_petal_data(seed: int = 0) -> Split:
    """Load the iris data for predicting petals from sepals.

    Half of the 100 flowers are for training and half for validation, with
    equal numbers of each species in both. All columns are standardised with
    the mean and standard deviation of the training flowers.

    Parameters
    ----------
    seed : int
        Seed of the random split.

    Returns
    -------
    Split
        ``x``: sepal length and width, ``y``: petal length and width, each
        of shape (50, 2), in training standard deviations.
    """
    from sklearn.model_selection import train_test_split
    from sklearn.preprocessing import StandardScaler

    iris = load_two_iris_species()
    train, validation = train_test_split(
        iris.measurements,
        test_size=0.5,
        stratify=iris.species,
        random_state=seed,
    )
    scaler = StandardScaler().fit(train)
    train, validation = scaler.transform(train), scaler.transform(validation)
    return Split(train[:, :2], train[:, 2:], validation[:, :2], validation[:, 2:])


def init_weights(
    n_in: int, n_hidden: int, n_out: int, seed: int = 0
) -> tuple[Floats, Floats]:
    """Draw the initial weights of a network with one hidden ReLU layer.

    Parameters
    ----------
    n_in, n_hidden, n_out : int
        Number of features D, hidden units H and outputs K.
    seed : int
        Seed of the generator that draws them.

    Returns
    -------
    W1, W2 : array, shape (D, H) and (H, K)
        Normally distributed, with variance 2 divided by the number of rows.

    References
    ----------
    He and others (2015); chapter 08 derives the variance.
    """
    rng = np.random.default_rng(seed)
    W1 = rng.normal(scale=np.sqrt(2 / n_in), size=(n_in, n_hidden))
    W2 = rng.normal(scale=np.sqrt(2 / n_hidden), size=(n_hidden, n_out))
    return W1, W2


@dataclass(frozen=True)
class LossCurves:
    """Losses measured before each step, and once more after the last.

    Attributes
    ----------
    training, validation : array, shape (n_steps + 1,)
        Mean squared error on each part, with the same weights.
    """

    training: Floats
    validation: Floats


def train_by_hand(
    data: Split,
    W1: Floats,
    W2: Floats,
    learning_rate: float = LEARNING_RATE,
    n_steps: int = N_STEPS,
) -> LossCurves:
    """Train the network as chapter 08 does, for later chapters to compare with.

    Parameters
    ----------
    data : Split
        Features of shape (N, D), targets of shape (N, K).
    W1, W2 : array, shape (D, H) and (H, K)
        Initial weights; they are not changed.
    learning_rate : float
        Step size of plain gradient descent.
    n_steps : int
        Number of updates.

    Returns
    -------
    LossCurves
        The loss on both parts of the data.
    """
    training, validation = [], []
    for step in range(n_steps + 1):
        Z1 = data.x_train @ W1
        A = np.maximum(Z1, 0)
        R = A @ W2 - data.y_train
        training.append(np.mean(R**2))
        hidden = np.maximum(data.x_validation @ W1, 0)
        validation.append(np.mean((hidden @ W2 - data.y_validation) ** 2))
        if step == n_steps:
            break
        G = 2 * R / R.size
        grad_W2 = A.T @ G
        grad_W1 = data.x_train.T @ (G @ W2.T * (Z1 > 0))
        W1 = W1 - learning_rate * grad_W1
        W2 = W2 - learning_rate * grad_W2
    return LossCurves(np.array(training), np.array(validation))


def max_relative_difference(ours: Floats, reference: Floats) -> float:
    """Return the largest relative difference between two loss curves.

    Parameters
    ----------
    ours, reference : array, shape (n,)
        Curves of positive losses.

    Returns
    -------
    float
        The largest of ``|ours - reference| / reference``.

    Raises
    ------
    ValueError
        If the curves differ in length, or the reference is not positive.
    """
    ours, reference = np.asarray(ours, float), np.asarray(reference, float)
    if ours.shape != reference.shape:
        raise ValueError(
            f"the curves have shapes {ours.shape} and {reference.shape}; they "
            "must agree"
        )
    if not (reference > 0).all():
        raise ValueError("all losses of the reference must be positive")
    return float(np.max(np.abs(ours - reference) / reference))


def float_dtype(device: "torch.device") -> "torch.dtype":
    """Return the type of the numbers: float64, or the widest that the device has.

    Apple's GPUs (``mps``) have no float64; they use float32, with the
    tolerance that ``CURVE_TOLERANCE`` gives for it.

    Parameters
    ----------
    device : torch.device
        The device to compute on.

    Returns
    -------
    torch.dtype
        ``torch.float64``, or ``torch.float32`` on ``mps``.
    """
    import torch

    return torch.float32 if device.type == "mps" else torch.float64


@dataclass(frozen=True)
class DigitSettings:
    """How the network that reads digits is built and trained.

    Attributes
    ----------
    learning_rate : float
        Learning rate of stochastic gradient descent.
    hidden_units : int
        Number of hidden units H.
    batch_size : int
        Number of examples per update.
    momentum : float
        Fraction of the previous step that each step keeps.
    n_epochs : int
        Number of passes over the training images.
    """

    learning_rate: float = 0.1
    hidden_units: int = 50
    batch_size: int = 50
    momentum: float = 0.9
    n_epochs: int = 20


#: The settings that chapters 13 to 16 use.
DIGIT_SETTINGS = DigitSettings()


def make_digit_network(
    n_features: int, n_classes: int, settings: DigitSettings, seed: int
) -> "nn.Sequential":
    """Make the network of chapter 14: two layers with a ReLU in between.

    Parameters
    ----------
    n_features, n_classes : int
        Number of pixels D and of classes C.
    settings : DigitSettings
        Gives the number of hidden units.
    seed : int
        Seed of the generator that draws the initial weights.

    Returns
    -------
    torch.nn.Sequential
        Maps images of shape (N, D) to logits of shape (N, C); on the CPU. The
        weights of the first layer are normal with variance 2 / D and everything
        else is zero, so that the initial loss is exactly ln C.
    """
    import torch  # late, so that chapters without PyTorch start faster
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
    """Train the network as chapter 14 does, for later chapters to use.

    Parameters
    ----------
    X : torch.Tensor of float, shape (N, D)
        Pixels from 0 to 1, on the device to train on.
    y : torch.Tensor of int64, shape (N,)
        Classes from 0, on the same device.
    settings : DigitSettings
        How to train; images left over after the last full batch are skipped.
    seed : int
        Seed of the initial weights and of the order of the images.
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
