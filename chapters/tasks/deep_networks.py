"""The tasks of the chapter on deep networks."""

import numpy as np
import torch
from torch.nn.functional import batch_norm

from helpers import Fact, Mistake, Task, check_gradient


def he_std(n_inputs):
    """Return the standard deviation of He's weights, a number.

    n_inputs: the number of inputs of the layer.
    """
    return np.sqrt(2 / n_inputs)


def normalise(Z, gamma, beta, epsilon=1e-5):
    """Return the output (n, H), Z_hat (n, H) and q (H,).

    Z: (n, H), gamma and beta: (H,), epsilon: a number.
    """
    q = np.sqrt(Z.var(axis=0) + epsilon)
    Z_hat = (Z - Z.mean(axis=0)) / q
    return gamma * Z_hat + beta, Z_hat, q


def normalise_backward(G, gamma, Z_hat, q):
    """Return the gradients by Z (n, H), gamma (H,) and beta (H,).

    G: (n, H), the gradient by the output; gamma: (H,).
    Z_hat (n, H) and q (H,) are what normalise has returned.
    """
    n = len(G)
    grad_beta, grad_gamma = G.sum(axis=0), (G * Z_hat).sum(axis=0)
    share = grad_beta + Z_hat * grad_gamma
    grad_Z = gamma / q * (G - share / n)
    return grad_Z, grad_gamma, grad_beta


def widths(rng):
    return [(int(n),) for n in rng.choice(np.arange(3, 900), 3, replace=False)]


def units(rng):
    """Return arguments; the first unit gives the same for every example."""
    found = []
    for n, H, epsilon in ((7, 3, 0.1), (5, 4, 1e-5)):
        Z = rng.normal(2, 3, size=(n, H))
        Z[:, 0] = 1
        found.append((Z, *rng.normal(size=(2, H)), epsilon))
    return found


def gradients(rng):
    found = []
    for n, H in ((7, 3), (5, 4)):
        Z, gamma, beta, epsilon = units(rng)[n == 5]
        _, Z_hat, q = normalise(Z, gamma, beta, epsilon)
        Z_hat[:, 0] = rng.permutation(n) - (n - 1) / 2  # as of any unit
        found.append((rng.normal(size=(n, H)), gamma, Z_hat, np.maximum(q, 0.5)))
    return found


def keeps_the_mean_square(he_std):
    rng = np.random.default_rng(1)
    A = rng.normal(size=(500, 200))
    W = rng.normal(0, he_std(200), size=(200, 300))
    return np.isclose(np.mean(np.maximum(A @ W, 0) ** 2), 1, atol=0.05)


def has_mean_0_and_variance_1(normalise):
    Z = np.random.default_rng(1).normal(2, 3, size=(9, 4))
    _, Z_hat, _ = normalise(Z, np.ones(4), np.zeros(4), 1e-12)
    return np.allclose(Z_hat.mean(axis=0), 0) and np.allclose(Z_hat.var(axis=0), 1)


def gives_what_pytorch_gives(normalise):
    Z, gamma, beta, epsilon = units(np.random.default_rng(1))[0]
    ours, _, _ = normalise(Z, gamma, beta, epsilon)
    Z, gamma, beta = map(torch.tensor, (Z, gamma, beta))
    theirs = batch_norm(Z, None, None, gamma, beta, training=True, eps=epsilon)
    return np.allclose(ours, theirs)


def has_the_measured_slope(normalise_backward):
    rng = np.random.default_rng(1)
    Z, gamma, beta, epsilon = units(rng)[0]
    G = rng.normal(size=Z.shape)
    _, Z_hat, q = normalise(Z, gamma, beta, epsilon)
    ours = normalise_backward(G, gamma, Z_hat, q)

    def loss_at(point):
        Z_at, (gamma_at, beta_at) = np.split(point.reshape(-1, Z.shape[1]), [len(Z)])
        return np.sum(G * normalise(Z_at, gamma_at, beta_at, epsilon)[0])

    point = np.concatenate([Z.ravel(), gamma, beta])
    return check_gradient(loss_at, point, np.concatenate([*map(np.ravel, ours)])) < 1e-6


def loses_its_mean(normalise_backward):
    ((G, gamma, Z_hat, q), *_) = gradients(np.random.default_rng(1))
    grad_Z, _, _ = normalise_backward(G, gamma, Z_hat, q)
    return np.allclose(grad_Z.sum(axis=0), 0)


TASKS = (
    Task(
        he_std,
        widths,
        points=1,
        facts=(
            Fact(
                "a layer with ReLU and such weights keeps the mean square",
                keeps_the_mean_square,
            ),
        ),
        mistakes=(
            Mistake(
                "np.sqrt(2 / n_inputs)",
                "2 / n_inputs",
                "This is the variance. The standard deviation is its square root.",
            ),
            Mistake(
                "2 / n_inputs)",
                "1 / n_inputs)",
                "This suits tanh. ReLU lets half of the mean square through, which "
                "the weights have to make up for.",
            ),
            Mistake(
                "np.sqrt(2 / n_inputs)",
                "np.sqrt(2) / n_inputs",
                "The root reaches over the 2 only. It is due of the whole variance.",
            ),
            Mistake(
                "2 / n_inputs",
                "n_inputs / 2",
                "This grows with the number of inputs. More inputs need smaller "
                "weights.",
            ),
            Mistake(
                "np.sqrt(2 / n_inputs)",
                "np.sqrt(6 / n_inputs)",
                "This is the limit of a uniform distribution of that variance, not "
                "its standard deviation.",
            ),
        ),
    ),
    Task(
        normalise,
        units,
        parts=("output", "Z_hat", "q"),
        facts=(
            Fact(
                "each column of Z_hat has mean 0 and variance 1, if epsilon is tiny",
                has_mean_0_and_variance_1,
            ),
            Fact("the output is PyTorch's", gives_what_pytorch_gives),
        ),
        mistakes=(
            Mistake(
                "Z.mean(axis=0)",
                "Z.mean(axis=1)",
                "The means or variances are those of rows. Each unit is a column, so "
                "take them down the columns.",
            ),
            Mistake(
                "np.sqrt(Z.var(axis=0) + epsilon)\n"
                "    Z_hat = (Z - Z.mean(axis=0)) / q",
                "np.sqrt(Z.var(axis=1, keepdims=True) + epsilon)\n"
                "    Z_hat = (Z - Z.mean(axis=1, keepdims=True)) / q",
                "Each example is normalised over its units, as in layer "
                "normalisation. Normalise each unit over the batch.",
            ),
            Mistake(
                "np.sqrt(Z.var(axis=0) + epsilon)\n"
                "    Z_hat = (Z - Z.mean(axis=0)) / q",
                "np.sqrt(Z.var() + epsilon)\n    Z_hat = (Z - Z.mean()) / q",
                "There is one mean and one variance for all units together. Each unit "
                "has its own.",
            ),
            Mistake(
                "Z.var(axis=0)",
                "Z.var(axis=0, ddof=1)",
                "The variance is divided by n - 1. Here it is a mean over n.",
            ),
            Mistake(
                "np.sqrt(Z.var(axis=0) + epsilon)",
                "np.sqrt(Z.var(axis=0)) + epsilon",
                "epsilon is added to the standard deviation. It belongs to the "
                "variance, under the root.",
            ),
            Mistake(
                "Z.var(axis=0) + epsilon",
                "Z.var(axis=0)",
                "epsilon is missing: a unit that gives every example the same number "
                "divides 0 by 0.",
            ),
            Mistake(
                "np.sqrt(Z.var(axis=0) + epsilon)",
                "Z.var(axis=0) + epsilon",
                "It is divided by the variance. Its square root is due.",
            ),
            Mistake(
                "(Z - Z.mean(axis=0))",
                "Z",
                "The mean of each unit is not subtracted.",
            ),
            Mistake(
                "return gamma * Z_hat + beta",
                "return Z_hat",
                "The output is Z_hat itself: gamma and beta are missing.",
            ),
            Mistake(
                "gamma * Z_hat + beta",
                "gamma * (Z_hat + beta)",
                "beta is multiplied by gamma. It is added after the multiplication.",
            ),
            Mistake(
                "gamma * Z_hat + beta",
                "beta * Z_hat + gamma",
                "gamma and beta are swapped: gamma scales, beta shifts.",
            ),
        ),
    ),
    Task(
        normalise_backward,
        gradients,
        points=4,
        parts=("grad_Z", "grad_gamma", "grad_beta"),
        facts=(
            Fact(
                "the gradients are what central differences give",
                has_the_measured_slope,
            ),
            Fact(
                "each column of grad_Z adds up to 0",
                loses_its_mean,
            ),
        ),
        mistakes=(
            Mistake(
                "(G - share / n)",
                "G",
                "Mean and variance are treated as constants, but they depend on Z "
                "too. Two terms of grad_Z are missing.",
            ),
            Mistake(
                "share = grad_beta + Z_hat * grad_gamma",
                "share = grad_beta",
                "In grad_Z the way through the variance is missing.",
            ),
            Mistake(
                "share = grad_beta + Z_hat * grad_gamma",
                "share = Z_hat * grad_gamma",
                "In grad_Z the way through the mean is missing: its columns have to "
                "add up to 0.",
            ),
            Mistake(
                "share / n",
                "share",
                "In grad_Z sums over the batch are subtracted from G, where means are "
                "due.",
            ),
            Mistake(
                "G - share / n",
                "G + share / n",
                "The two parts are added to G in grad_Z. G loses them.",
            ),
            Mistake(
                "grad_beta + Z_hat * grad_gamma",
                "grad_beta - Z_hat * grad_gamma",
                "In grad_Z the way through the variance has the wrong sign.",
            ),
            Mistake(
                "grad_beta + Z_hat * grad_gamma",
                "grad_beta + grad_gamma",
                "In grad_Z the last term lacks its factor Z_hat: it is the share of G "
                "along Z_hat.",
            ),
            Mistake(
                "gamma / q *",
                "gamma * q *",
                "grad_Z is multiplied by q. What divided on the way forward divides "
                "on the way back.",
            ),
            Mistake(
                "gamma / q *",
                "1 / q *",
                "gamma is missing in grad_Z: it multiplies on the way forward, and so "
                "on the way back.",
            ),
            Mistake(
                "gamma / q *",
                "gamma *",
                "The division by q is missing in grad_Z.",
            ),
            Mistake(
                "n = len(G)\n    grad_beta, grad_gamma = G.sum(axis=0), "
                "(G * Z_hat).sum(axis=0)",
                "n = 1\n    grad_beta, grad_gamma = G.mean(axis=0), "
                "(G * Z_hat).mean(axis=0)",
                "grad_gamma and grad_beta are means over the batch. They are sums: "
                "the mean is in G already.",
            ),
            Mistake(
                "len(G)",
                "G.shape[1]",
                "grad_Z divides by the number of units. The means are over the n "
                "examples.",
            ),
            Mistake(
                "(G * Z_hat).sum(axis=0)",
                "G.sum(axis=0)",
                "grad_gamma is the same as grad_beta, and grad_Z is wrong with it. "
                "gamma multiplies Z_hat, so its gradient contains it.",
            ),
            Mistake(
                "grad_Z, grad_gamma, grad_beta",
                "grad_Z, grad_beta, grad_beta",
                "grad_gamma is the same as grad_beta. gamma multiplies Z_hat, so its "
                "gradient contains it.",
            ),
            Mistake(
                "grad_Z, grad_gamma, grad_beta",
                "grad_Z, grad_beta, grad_gamma",
                "The order is wrong: the gradient by gamma comes before that by beta.",
            ),
        ),
    ),
)
