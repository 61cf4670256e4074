"""The tasks of the chapter on multi-layer perceptrons in scikit-learn."""

import numpy as np
from scipy.special import logsumexp, softmax
from scipy.stats import ttest_rel

from helpers import Fact, Mistake, Task, check_gradient


def loss_and_gradients(X, y, W1, b1, W2, b2):
    """Return the loss and its gradients by W1, b1, W2 and b2.

    X: (N, D), y: (N,), classes 0 to C - 1.
    W1: (D, H), b1: (H,), W2: (H, C), b2: (C,), as their gradients.
    """
    rows = np.arange(len(X))
    Z1 = X @ W1 + b1  # (N, H)
    A = np.maximum(Z1, 0)
    Z2 = A @ W2 + b2  # (N, C)
    loss = np.mean(logsumexp(Z2, axis=1) - Z2[rows, y])
    G = softmax(Z2, axis=1)
    G[rows, y] -= 1
    G /= len(X)
    delta = (G @ W2.T) * (Z1 > 0)  # (N, H)
    return loss, X.T @ delta, delta.sum(0), A.T @ G, G.sum(0)


def paired_gain(ours, theirs):
    """Return by how much ours are higher, and the standard error.

    ours, theirs: (S,), the scores of S seeds, the same in both.
    """
    gains = ours - theirs
    return gains.mean(), gains.std(ddof=1) / np.sqrt(len(gains))


def images(rng):
    """Return arguments; the last two have logits in the thousands.

    There the first image is misread, and the others are not.
    """
    found = []
    for N, D, H, C, small in (
        (7, 2, 5, 3, 7),
        (6, 3, 2, 4, 6),
        (5, 2, 6, 3, 0),
        (6, 3, 5, 4, 1),
    ):
        X = rng.normal(size=(N, D))
        X[small:] *= 1000
        W1, b1 = rng.normal(size=(D, H)), rng.normal(size=H)
        W2, b2 = rng.normal(size=(H, C)), rng.normal(size=C)
        y = np.arange(N) % 4 % C
        if small < N:
            y = (np.maximum(X @ W1 + b1, 0) @ W2 + b2).argmax(axis=1)
            y[0] = (y[0] + 1) % C
        found.append((X, y, W1, b1, W2, b2))
    return found


def scores(rng):
    found = []
    for S in (5, 7):
        theirs = rng.uniform(0.8, 0.9, size=S)
        found.append((theirs + rng.uniform(-0.02, 0.06, size=S), theirs))
    return found


def has_the_measured_slope(loss_and_gradients):
    ((X, y, *parameters), *_) = images(np.random.default_rng(1))
    _, *gradients = loss_and_gradients(X, y, *parameters)
    errors = []
    for place, gradient in enumerate(gradients):

        def loss_at(value, place=place):
            changed = [*parameters]
            changed[place] = value
            W1, b1, W2, b2 = changed
            P = softmax(np.maximum(X @ W1 + b1, 0) @ W2 + b2, axis=1)
            return -np.mean(np.log(P[np.arange(len(X)), y]))

        errors.append(check_gradient(loss_at, parameters[place], gradient))
    return max(errors) < 1e-7


def starts_undecided(loss_and_gradients):
    X, y = np.ones((6, 3)), np.array([0, 1, 2, 3, 0, 1])
    zeros = np.zeros((3, 5)), np.zeros(5), np.zeros((5, 4)), np.zeros(4)
    return np.isclose(loss_and_gradients(X, y, *zeros)[0], np.log(4))


def is_the_t_statistic(paired_gain):
    ((ours, theirs), *_) = scores(np.random.default_rng(1))
    gain, error = paired_gain(ours, theirs)
    return np.isclose(gain / error, ttest_rel(ours, theirs).statistic)


def needs_no_luck(paired_gain):
    theirs = np.array([0.8, 0.7, 0.9])
    return np.allclose(paired_gain(theirs + 0.05, theirs), [0.05, 0])


TASKS = (
    Task(
        loss_and_gradients,
        images,
        points=4,
        parts=("loss", "grad_W1", "grad_b1", "grad_W2", "grad_b2"),
        facts=(
            Fact(
                "the gradients are what central differences give",
                has_the_measured_slope,
            ),
            Fact(
                "if all parameters are zero, the loss is the logarithm of C",
                starts_undecided,
            ),
        ),
        mistakes=(
            Mistake(
                " * (Z1 > 0)",
                "",
                "The way back does not pass through the ReLU: where Z1 is negative, "
                "no gradient goes further.",
            ),
            Mistake(
                "np.maximum(Z1, 0)",
                "Z1",
                "On the way forward the ReLU is missing.",
            ),
            Mistake(
                "X @ W1 + b1",
                "X @ W1",
                "b1 is missing from the sums of the hidden units.",
            ),
            Mistake(
                "A @ W2 + b2",
                "A @ W2",
                "b2 is missing from the logits.",
            ),
            Mistake(
                "    G /= len(X)\n",
                "",
                "The gradients are sums over the examples, while the loss is a mean. "
                "Divide by N.",
            ),
            Mistake(
                "np.mean(logsumexp(Z2, axis=1) - Z2[rows, y])",
                "np.sum(logsumexp(Z2, axis=1) - Z2[rows, y])",
                "The loss is a sum over the examples, while the gradients are those "
                "of the mean.",
            ),
            Mistake(
                "delta.sum(0), A.T @ G, G.sum(0)",
                "delta.mean(0), A.T @ G, G.mean(0)",
                "The gradients by the biases are divided by N twice: it is in G "
                "already.",
            ),
            Mistake(
                "delta.sum(0), A.T @ G, G.sum(0)",
                "delta.sum(1), A.T @ G, G.sum(1)",
                "The gradients by the biases add up each row. Add up the examples.",
            ),
            Mistake(
                "    G[rows, y] -= 1\n",
                "",
                "The targets are missing from G, which is P where P - Y is due.",
            ),
            Mistake(
                "G[rows, y] -= 1",
                "G = np.eye(len(b2))[y] - G",
                "All gradients have the wrong sign: G is made of P - Y.",
            ),
            Mistake(
                "G[rows, y] -= 1",
                "G = G - y",
                "y (N,) holds the numbers of the classes, and P (N, C) has a column "
                "for each. Y has to be one-hot.",
            ),
            Mistake(
                "G[rows, y] -= 1",
                "G[:, y] -= 1",
                "1 is taken off in the columns of all targets. Each row has one "
                "target.",
            ),
            Mistake(
                "G = softmax(Z2, axis=1)",
                "G = softmax(Z2, axis=0)",
                "The softmax is over the examples. In each row the probabilities of "
                "the classes have to add up to 1.",
            ),
            Mistake(
                "G = softmax(Z2, axis=1)",
                "G = softmax(Z2)",
                "The softmax is over all entries of Z2. In each row the probabilities "
                "of the classes have to add up to 1.",
            ),
            Mistake(
                "G = softmax(Z2, axis=1)",
                "G = Z2.copy()",
                "G compares the logits with the targets. Probabilities are due.",
            ),
            Mistake(
                "np.mean(logsumexp(Z2, axis=1) - Z2[rows, y])",
                "-np.mean(np.log(softmax(Z2, axis=1)[rows, y]))",
                "Where a probability is rounded to 0, its logarithm is infinite. "
                "Compute the loss from the logits.",
            ),
            Mistake(
                "np.mean(logsumexp(Z2, axis=1) - Z2[rows, y])",
                "-np.mean(np.log(softmax(Z2, axis=1)[rows, y] + 1e-12))",
                "A small constant in the logarithm changes the loss. Compute it from "
                "the logits.",
            ),
            Mistake(
                "logsumexp(Z2, axis=1)",
                "np.log(np.exp(Z2).sum(axis=1))",
                "exp overflows for a large logit. logsumexp of SciPy does not.",
            ),
            Mistake(
                "A.T @ G",
                "Z1.T @ G",
                "grad_W2 uses Z1, but W2 is multiplied by what comes out of the ReLU.",
            ),
            Mistake(
                "G @ W2.T",
                "G @ W2",
                "On the way back W2 is not transposed.",
            ),
            Mistake(
                "X.T @ delta",
                "X @ delta",
                "X is not transposed: grad_W1 has a row for each of the D features.",
            ),
            Mistake(
                "X.T @ delta, delta.sum(0), A.T @ G, G.sum(0)",
                "X.T @ delta, A.T @ G, delta.sum(0), G.sum(0)",
                "The order is wrong: after W1 comes its bias b1, then W2 and b2.",
            ),
            Mistake(
                "loss, X.T @ delta, delta.sum(0), A.T @ G, G.sum(0)",
                "loss, (X.T @ delta, delta.sum(0), A.T @ G, G.sum(0))",
                "The gradients are returned as one result. Return five: the loss and "
                "the four gradients.",
            ),
        ),
    ),
    Task(
        paired_gain,
        scores,
        parts=("the gain", "its standard error"),
        facts=(
            Fact("gain / error is the statistic of ttest_rel", is_the_t_statistic),
            Fact(
                "if every seed gains the same, the standard error is zero",
                needs_no_luck,
            ),
        ),
        mistakes=(
            Mistake(
                "ours - theirs",
                "theirs - ours",
                "The gain has the wrong sign: it is positive where ours are higher.",
            ),
            Mistake(
                " / np.sqrt(len(gains))",
                "",
                "This is the spread of the gains. The standard error is that of their "
                "mean.",
            ),
            Mistake(
                "np.sqrt(len(gains))",
                "len(gains)",
                "The spread is divided by the number of seeds. Divide by its root.",
            ),
            Mistake(
                "np.sqrt(len(gains))",
                "np.sqrt(len(gains) - 1)",
                "You divide by the root of S - 1. In the spread S - 1 is right, but "
                "the mean is one of S gains.",
            ),
            Mistake(
                "std(ddof=1)",
                "std()",
                "The spread is too small: the mean comes from the same S gains, so "
                "divide by S - 1 and not by S.",
            ),
            Mistake(
                "std(ddof=1)",
                "var(ddof=1)",
                "This is a variance. The standard error is made of its root.",
            ),
            Mistake(
                "gains.std(ddof=1)",
                "np.sqrt(ours.var(ddof=1) + theirs.var(ddof=1))",
                "The spreads of both are added, as if they were not paired. Take that "
                "of the differences.",
            ),
            Mistake(
                "gains.std(ddof=1)",
                "ours.std(ddof=1)",
                "This is the standard error of ours. That of the gain is due.",
            ),
            Mistake(
                "ours - theirs",
                "np.abs(ours - theirs)",
                "A seed that loses counts as if it gained. Keep the signs.",
            ),
            Mistake(
                "ours - theirs",
                "(ours - theirs) / theirs",
                "This is the relative gain. The difference of the scores is due.",
            ),
        ),
    ),
)
