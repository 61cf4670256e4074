"""The tasks of the chapter on logistic regression."""

import numpy as np

from helpers import Fact, Mistake, Task, check_gradient


def sigmoid(z):
    """Return the probabilities that belong to logits z.

    z and the result may have any shape.
    """
    return np.exp(-np.logaddexp(0, -z))


def cross_entropy(z, y):
    """Return the mean loss of logits z (N,) for targets y (N,)."""
    return np.mean(np.logaddexp(0, (1 - 2 * y) * z))


def loss_and_gradient(X, y, w, b):
    """Return the loss, its gradient (D,) by w, and that by b.

    X: (N, D), y: (N,), w: (D,), b: a number.
    """
    z = X @ w + b  # (N,)
    error = sigmoid(z) - y  # (N,)
    return cross_entropy(z, y), X.T @ error / len(X), error.mean()


def logits(rng):
    z = 3 * rng.normal(size=7)
    return [(z,), (rng.normal(size=(3, 5)),), (np.array([-800.0, 40.0, 800.0]),)]


def logits_and_targets(rng):
    extreme = np.array([-800.0, 40.0, 0.0, 800.0])
    return [
        *((3 * rng.normal(size=N), rng.integers(2, size=N)) for N in (7, 5)),
        (extreme, np.array([0, 1, 1, 1])),
        (extreme, np.array([0, 0, 1, 0])),
    ]


def flowers(rng):
    return [
        (
            rng.normal(size=(N, D)),
            rng.permutation(np.arange(N) % 3 % 2),  # unequal shares of both
            rng.normal(size=D),
            rng.normal(),
        )
        for N, D in ((7, 3), (5, 2))
    ]


def gives_the_odds(sigmoid):
    z = np.array([-2.0, 0.0, 1.0])
    p = sigmoid(z)
    return np.allclose(p / (1 - p), np.exp(z))


def is_mean_of_logarithms(cross_entropy):
    z, y = np.array([-1.0, 0.0, 2.0]), np.array([1, 0, 1])
    truth = [1 - sigmoid(z[1]), sigmoid(z[0]), sigmoid(z[2])]
    return np.isclose(cross_entropy(z, y), -np.mean(np.log(truth)))


def has_the_measured_slope(loss_and_gradient):
    ((X, y, w, b), *_) = flowers(np.random.default_rng(1))
    _, grad_w, grad_b = loss_and_gradient(X, y, w, b)

    def loss_at(point):
        return cross_entropy(X @ point[:-1] + point[-1], y)

    return check_gradient(loss_at, [*w, b], [*grad_w, grad_b]) < 1e-7


TASKS = (
    Task(
        sigmoid,
        logits,
        points=1,
        facts=(Fact("the odds p / (1 - p) are exp(z)", gives_the_odds),),
        mistakes=(
            Mistake(
                "np.logaddexp(0, -z)",
                "np.logaddexp(0, z)",
                "The sign of z is wrong: the probability has to rise with the logit.",
            ),
            Mistake(
                "np.exp(-np.logaddexp(0, -z))",
                "np.exp(z)",
                "These are the odds. Solve odds = p / (1 - p) for p.",
            ),
            Mistake(
                "np.exp(-np.logaddexp(0, -z))",
                "1 + np.exp(-z)",
                "This is 1 + exp(-z). The probability is one divided by it.",
            ),
            Mistake(
                "np.exp(-np.logaddexp(0, -z))",
                "np.exp(z) / (1 + np.exp(z))",
                "A large z gives nan, since exp(z) overflows. Divide by exp(z): "
                "what is left has exp(-z) only.",
            ),
            Mistake(
                "np.exp(-np.logaddexp(0, -z))",
                "-np.logaddexp(0, -z)",
                "This is the logarithm of the probability.",
            ),
            Mistake(
                "np.exp(-np.logaddexp(0, -z))",
                "np.tanh(z)",
                "This is the hyperbolic tangent, which runs from -1 to 1.",
            ),
        ),
    ),
    Task(
        cross_entropy,
        logits_and_targets,
        facts=(
            Fact(
                "it is the mean of -log of the probability given to the truth",
                is_mean_of_logarithms,
            ),
        ),
        mistakes=(
            Mistake(
                "(1 - 2 * y)",
                "(2 * y - 1)",
                "The two classes are swapped: this is small where the model is "
                "confident and wrong.",
            ),
            Mistake(
                "np.mean",
                "np.sum",
                "This adds up the losses of the examples; the cross-entropy is "
                "their mean.",
            ),
            Mistake(
                "np.mean(np.logaddexp(0, (1 - 2 * y) * z))",
                "np.logaddexp(0, (1 - 2 * y) * z)",
                "These are the losses of the single examples. Their mean is missing.",
            ),
            Mistake(
                "np.mean(np.logaddexp(0, (1 - 2 * y) * z))",
                "-np.mean(y * np.log(sigmoid(z)) + (1 - y) * np.log(1 - sigmoid(z)))",
                "Where a probability is rounded to 0 or 1, its logarithm is infinite. "
                "Compute the loss from z, without p.",
            ),
            Mistake(
                "np.logaddexp(0, (1 - 2 * y) * z)",
                "-y * np.log(sigmoid(z) + 1e-12)"
                " - (1 - y) * np.log(1 - sigmoid(z) + 1e-12)",
                "A small constant in the logarithm changes the result. Compute the "
                "loss from z, without p.",
            ),
            Mistake(
                "np.logaddexp(0, (1 - 2 * y) * z)",
                "np.log(1 + np.exp((1 - 2 * y) * z))",
                "exp overflows for a large logit. np.logaddexp(0, s) gives "
                "log(1 + exp(s)) without it.",
            ),
            Mistake(
                "np.logaddexp(0, (1 - 2 * y) * z)",
                "y * np.logaddexp(0, -z)",
                "Only the examples of class 1 count. Those of class 0 cost "
                "log(1 + exp(z)).",
            ),
        ),
    ),
    Task(
        loss_and_gradient,
        flowers,
        points=3,
        parts=("loss", "grad_w", "grad_b"),
        facts=(
            Fact(
                "the gradient is what central differences give", has_the_measured_slope
            ),
        ),
        mistakes=(
            Mistake(
                "sigmoid(z) - y",
                "y - sigmoid(z)",
                "The gradient has the wrong sign: the error is p - y.",
            ),
            Mistake(
                "sigmoid(z) - y",
                "z - y",
                "The error compares the logits with the targets. Put them through "
                "the sigmoid first.",
            ),
            Mistake(
                "X.T @ error / len(X)",
                "X.T @ error",
                "grad_w is a sum over the examples. Divide by N, as for a mean.",
            ),
            Mistake(
                "error.mean()",
                "error.sum()",
                "grad_b is a sum over the examples, where a mean is due.",
            ),
            Mistake(
                "X.T @ error / len(X), error.mean()",
                "X.T @ error, error.sum()",
                "Both gradients are sums over the examples. Divide by N.",
            ),
            Mistake(
                "/ len(X)",
                "/ len(w)",
                "grad_w is divided by D, the number of features. Divide by N, "
                "the number of examples.",
            ),
            Mistake(
                "X.T @ error",
                "X @ error",
                "X is not transposed: grad_w has one entry for each of the D features.",
            ),
            Mistake(
                "X @ w + b",
                "X @ w",
                "The bias is missing from the logits.",
            ),
            Mistake(
                "sigmoid(z) - y",
                "(sigmoid(z) - y) * sigmoid(z) * (1 - sigmoid(z))",
                "There is a factor p (1 - p) too many: the slope of the sigmoid "
                "cancels.",
            ),
            Mistake(
                "cross_entropy(z, y), X.T @ error / len(X), error.mean()",
                "X.T @ error / len(X), error.mean(), cross_entropy(z, y)",
                "The order is wrong: first the loss, then the two gradients.",
            ),
            Mistake(
                "cross_entropy(z, y), X.T",
                "cross_entropy(sigmoid(z), y), X.T",
                "The loss is computed from p. cross_entropy takes the logits z.",
            ),
        ),
    ),
)
