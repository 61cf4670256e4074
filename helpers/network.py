"""The one small network that chapters 06 to 10 build five times.

Here is what the five must share to be comparable: data, initial weights,
settings, the curves they must reproduce, and how closely.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from helpers.data import Floats, Split, load_two_irises

if TYPE_CHECKING:
    import torch

#: How many hidden units H the network has.
HIDDEN_UNITS = 100
#: Step size of its plain gradient descent.
LEARNING_RATE = 0.02
#: Number of its updates.
N_STEPS = 500

#: The largest relative difference allowed between two loss curves of the same
#: computation, by the precision it is done in.
CURVE_TOLERANCE = {"float64": 1e-12, "float32": 1e-5}


def load_petal_data(seed: int = 0) -> Split:
    """Load the irises' petals, to be predicted from their sepals.

    Half of the 100 flowers train and half validate, equal numbers of each
    species in both. All columns are standardised with the mean and standard
    deviation of the training flowers.

    Parameters
    ----------
    seed : int
        Of the draw of the halves.

    Returns
    -------
    Split
        ``x``: sepal length and width, ``y``: petal length and width, each
        of shape (50, 2), in training standard deviations.
    """
    from sklearn.model_selection import train_test_split
    from sklearn.preprocessing import StandardScaler

    iris = load_two_irises()
    train, validation = train_test_split(
        iris.measurements,
        test_size=0.5,
        stratify=iris.species,
        random_state=seed,
    )
    scaler = StandardScaler().fit(train)
    train, validation = scaler.transform(train), scaler.transform(validation)
    return Split(train[:, :2], train[:, 2:], validation[:, :2], validation[:, 2:])


def draw_weights(
    n_in: int, n_hidden: int, n_out: int, seed: int = 0
) -> tuple[Floats, Floats]:
    """Draw the initial weights of a network with one hidden ReLU layer.

    Parameters
    ----------
    n_in, n_hidden, n_out : int
        Number of features D, hidden units H and outputs K.
    seed : int
        Of the generator they are drawn with.

    Returns
    -------
    W1, W2 : array, shape (D, H) and (H, K)
        Normal, with variance 2 divided by the number of rows.

    References
    ----------
    He and others (2015); chapter 06 derives the variance.
    """
    rng = np.random.default_rng(seed)
    W1 = rng.normal(scale=np.sqrt(2 / n_in), size=(n_in, n_hidden))
    W2 = rng.normal(scale=np.sqrt(2 / n_hidden), size=(n_hidden, n_out))
    return W1, W2


@dataclass(frozen=True)
class Curves:
    """Losses measured before each step, and once more after the last.

    Attributes
    ----------
    training, validation : array, shape (n_steps + 1,)
        Mean squared error on either part, with the same weights.
    """

    training: Floats
    validation: Floats


def train_by_hand(
    data: Split,
    W1: Floats,
    W2: Floats,
    learning_rate: float = LEARNING_RATE,
    n_steps: int = N_STEPS,
) -> Curves:
    """Train the network as chapter 06 does, for later chapters to compare.

    Parameters
    ----------
    data : Split
        Features of shape (N, D), targets of shape (N, K).
    W1, W2 : array, shape (D, H) and (H, K)
        Initial weights; they are left as they are.
    learning_rate : float
        Step size of plain gradient descent.
    n_steps : int
        Number of updates.

    Returns
    -------
    Curves
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
    return Curves(np.array(training), np.array(validation))


def largest_difference(ours: Floats, reference: Floats) -> float:
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
        raise ValueError(f"curves of shapes {ours.shape} and {reference.shape}")
    if not (reference > 0).all():
        raise ValueError("the reference must be positive")
    return float(np.max(np.abs(ours - reference) / reference))


def working_dtype(device: "torch.device") -> "torch.dtype":
    """Return the precision to compute in: float64, or what the device has.

    Apple's GPUs (``mps``) have no float64; there it is float32, and the
    curves are compared with the tolerance of that.
    """
    import torch

    return torch.float32 if device.type == "mps" else torch.float64
