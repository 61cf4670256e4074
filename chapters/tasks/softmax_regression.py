"""The tasks of the chapter on softmax regression."""

import numpy as np
from scipy.special import logsumexp

from helpers import Fact, Mistake, Task, check_gradient


def softmax(Z):
    """Return the probabilities that belong to logits Z.

    Z and the result: (N, C), or (C,) for a single example.
    """
    shifted = Z - Z.max(axis=-1, keepdims=True)
    exponentials = np.exp(shifted)
    return exponentials / exponentials.sum(axis=-1, keepdims=True)


def cross_entropy(Z, y):
    """Return the mean loss of logits Z (N, C) for classes y (N,)."""
    rows = np.arange(len(Z))
    return np.mean(logsumexp(Z, axis=1) - Z[rows, y])


def loss_and_gradient(X, y, W, b):
    """Return the loss, its gradient (D, C) by W, and that (C,) by b.

    X: (N, D), y: (N,), W: (D, C), b: (C,).
    """
    Z = X @ W + b  # (N, C)
    rows = np.arange(len(X))
    error = softmax(Z)  # (N, C)
    error[rows, y] -= 1  # P - Y
    grad_W, grad_b = X.T @ error / len(X), error.mean(axis=0)
    return cross_entropy(Z, y), grad_W, grad_b


def logits(rng):
    extreme = np.array([[-800.0, 0.0, 800.0], [1000.0, 1001.0, 999.0]])
    return [
        (2 * rng.normal(size=(5, 3)),),
        (2 * rng.normal(size=4),),
        (np.vstack([extreme, [-1001.0, -1000.0, -1002.0]]),),
    ]


def logits_and_classes(rng):
    large = np.array([[-800.0, 0.0, 800.0], [1000.0, 1001.0, 999.0]])
    small = np.array([[-800.0, 0.0, -1.0], [2.0, -900.0, 1.0]])
    return [
        (2 * rng.normal(size=(5, 3)), np.array([0, 2, 1, 2, 2])),
        (2 * rng.normal(size=(7, 4)), np.array([3, 0, 3, 1, 2, 0, 3])),
        (large, np.array([0, 2])),
        (small, np.array([0, 1])),
    ]


def images(rng):
    return [
        (
            rng.normal(size=(N, D)),
            rng.permutation(np.arange(N) % (C + 1) % C),  # in unequal shares
            rng.normal(size=(D, C)),
            rng.normal(size=C),
        )
        for N, D, C in ((7, 4, 3), (6, 2, 4))
    ]


def rows_add_up_to_one(softmax):
    ((Z,), *_) = logits(np.random.default_rng(1))
    return np.allclose(softmax(Z).sum(axis=1), 1)


def is_the_sigmoid_of_two_classes(softmax):
    z = np.array([2.0, 3.0])
    return np.isclose(softmax(z)[1], 1 / (1 + np.exp(-1)))


def ignores_a_shift(softmax):
    z = np.array([0.0, 1.0, -1.0])
    return np.allclose(softmax(z + 1000), softmax(z))


def is_mean_of_logarithms(cross_entropy):
    ((Z, y), *_) = logits_and_classes(np.random.default_rng(1))
    truth = [softmax(row)[label] for row, label in zip(Z, y, strict=True)]
    return np.isclose(cross_entropy(Z, y), -np.mean(np.log(truth)))


def begins_at_log_of_classes(cross_entropy):
    return np.isclose(cross_entropy(np.zeros((6, 4)), np.zeros(6, int)), np.log(4))


def has_the_measured_slope(loss_and_gradient):
    ((X, y, W, b), *_) = images(np.random.default_rng(1))
    _, grad_W, grad_b = loss_and_gradient(X, y, W, b)

    def loss_at(point):
        return cross_entropy(X @ point[:-1] + point[-1], y)

    return check_gradient(loss_at, np.vstack([W, b]), np.vstack([grad_W, grad_b])) < (
        1e-7
    )


def never_moves_all_templates_alike(loss_and_gradient):
    ((X, y, W, b), *_) = images(np.random.default_rng(1))
    _, grad_W, _ = loss_and_gradient(X, y, W, b)
    return np.allclose(grad_W.sum(axis=1), 0)


IN_ROWS = """    shifted = Z - Z.max(axis=-1, keepdims=True)
    exponentials = np.exp(shifted)
    return exponentials / exponentials.sum(axis=-1, keepdims=True)"""

TASKS = (
    Task(
        softmax,
        logits,
        points=2,
        facts=(
            Fact("the probabilities of a row add up to 1", rows_add_up_to_one),
            Fact(
                "for two classes it is the sigmoid of the difference of the logits",
                is_the_sigmoid_of_two_classes,
            ),
            Fact(
                "a number added to all logits of a row changes nothing",
                ignores_a_shift,
            ),
        ),
        mistakes=(
            Mistake(
                "exponentials.sum(axis=-1, keepdims=True)",
                "exponentials.sum(axis=0, keepdims=True)",
                "The sum takes the wrong axis: now each column adds up to 1. "
                "Each row has to.",
            ),
            Mistake(
                IN_ROWS,
                "    exponentials = np.exp(Z - Z.max(axis=0))\n"
                "    return exponentials / exponentials.sum(axis=0)",
                "Maximum and sum run over the examples. They have to run over the "
                "classes of each example.",
            ),
            Mistake(
                IN_ROWS,
                "    exponentials = np.exp(Z)\n"
                "    return exponentials / exponentials.sum(axis=0)",
                "The sum runs over the examples, where it has to run over the "
                "classes. Besides, exp can overflow.",
            ),
            Mistake(
                "exponentials.sum(axis=-1, keepdims=True)",
                "exponentials.sum()",
                "One sum divides all rows, so only all entries together add up to 1. "
                "Each row needs its own sum.",
            ),
            Mistake(
                "return exponentials / exponentials.sum(axis=-1, keepdims=True)",
                "return exponentials / exponentials.sum(axis=-1)",
                "Rows (N, C) met one number for each row, (N,). Keep the axis, so "
                "that it is (N, 1).",
            ),
            Mistake(
                IN_ROWS,
                "    exponentials = np.exp(Z - Z.max(axis=1, keepdims=True))\n"
                "    return exponentials / exponentials.sum(axis=1, keepdims=True)",
                "A single example (C,) has no axis 1. The classes are on the last "
                "axis in both cases.",
            ),
            Mistake(
                "Z - Z.max(axis=-1, keepdims=True)",
                "Z",
                "exp overflows for a large logit. Shift each row first, so that its "
                "largest logit becomes 0.",
            ),
            Mistake(
                IN_ROWS,
                "    return np.exp(Z) / np.exp(Z).sum()",
                "One sum divides all rows; each row needs its own. Besides, exp can "
                "overflow.",
            ),
            Mistake(
                IN_ROWS,
                "    exponentials = np.exp(Z - Z.max())\n"
                "    return exponentials / exponentials.sum()",
                "One maximum and one sum serve all rows. Each row needs its own, so "
                "that it adds up to 1.",
            ),
            Mistake(
                "np.exp(shifted)",
                "np.exp(-shifted)",
                "The sign of the exponent is wrong: a larger logit has to get a larger "
                "probability.",
            ),
            Mistake(
                "Z.max(axis=-1, keepdims=True)",
                "Z.max()",
                "One maximum is subtracted from all rows. A row far below it becomes "
                "0/0; it needs its own maximum.",
            ),
            Mistake(
                "Z.max(axis=-1, keepdims=True)",
                "Z.min(axis=-1, keepdims=True)",
                "The smallest logit is subtracted. The others stay positive, and exp "
                "can overflow.",
            ),
            Mistake(
                "Z - Z.max(axis=-1, keepdims=True)",
                "Z / Z.max(axis=-1, keepdims=True)",
                "Dividing the logits by the largest changes the probabilities. "
                "Only a shift leaves them as they are.",
            ),
            Mistake(
                IN_ROWS,
                "    return Z / Z.sum(axis=-1, keepdims=True)",
                "The exponentials are missing. With a negative logit a share of the "
                "sum is no probability.",
            ),
            Mistake(
                "return exponentials / exponentials.sum(axis=-1, keepdims=True)",
                "return exponentials",
                "These are the exponentials. They are positive, but a row does not "
                "add up to 1 yet.",
            ),
            Mistake(
                "return exponentials / exponentials.sum(axis=-1, keepdims=True)",
                "return shifted - np.log(exponentials.sum(axis=-1, keepdims=True))",
                "These are the logarithms of the probabilities.",
            ),
            Mistake(
                IN_ROWS,
                "    return 1 / (1 + np.exp(-Z))",
                "This is the sigmoid of each logit by itself. Softmax compares all "
                "logits of a row.",
            ),
        ),
    ),
    Task(
        cross_entropy,
        logits_and_classes,
        points=2,
        facts=(
            Fact(
                "it is the mean of -log of the probability given to the true class",
                is_mean_of_logarithms,
            ),
            Fact(
                "with C equal logits in each row it is log C", begins_at_log_of_classes
            ),
        ),
        mistakes=(
            Mistake(
                "logsumexp(Z, axis=1) - Z[rows, y]",
                "Z[rows, y] - logsumexp(Z, axis=1)",
                "The sign is wrong: this is the mean logarithm of a probability, which "
                "is never positive. A loss is -log.",
            ),
            Mistake(
                "np.mean",
                "np.sum",
                "This adds up the losses of the examples; the cross-entropy is "
                "their mean.",
            ),
            Mistake(
                "np.mean(logsumexp(Z, axis=1) - Z[rows, y])",
                "logsumexp(Z, axis=1) - Z[rows, y]",
                "These are the losses of the single examples. Their mean is missing.",
            ),
            Mistake(
                "np.mean(logsumexp(Z, axis=1) - Z[rows, y])",
                "np.mean(logsumexp(Z, axis=1) - Z[rows, y]) / Z.shape[1]",
                "The mean runs over all N times C entries. Only the examples count: "
                "divide by N.",
            ),
            Mistake(
                "Z[rows, y]",
                "Z[:, y]",
                "The colon takes all rows, so each example meets the classes of all "
                "the others as well.",
            ),
            Mistake(
                "logsumexp(Z, axis=1)",
                "logsumexp(Z)",
                "log-sum-exp runs over the whole batch. Each example needs its own.",
            ),
            Mistake(
                "logsumexp(Z, axis=1)",
                "logsumexp(Z, axis=0)",
                "log-sum-exp runs over the examples and gives one number for each "
                "class. Each example needs one.",
            ),
            Mistake(
                "logsumexp(Z, axis=1)",
                "np.log(np.exp(Z).sum(axis=1))",
                "exp overflows for a large logit. The shift by the maximum, or "
                "logsumexp, avoids it.",
            ),
            Mistake(
                "logsumexp(Z, axis=1) - Z[rows, y]",
                "-np.log(softmax(Z)[rows, y])",
                "Where a probability is rounded to 0, its logarithm is infinite. "
                "Compute the loss from Z, without P.",
            ),
            Mistake(
                "logsumexp(Z, axis=1) - Z[rows, y]",
                "-np.log(softmax(Z)[rows, y] + 1e-12)",
                "A small constant in the logarithm changes the result. Compute the "
                "loss from Z, without P.",
            ),
            Mistake(
                "logsumexp(Z, axis=1) - Z[rows, y]",
                "-(np.eye(Z.shape[1])[y] * np.log(softmax(Z))).sum(axis=1)",
                "A probability rounded to 0 has the logarithm -inf, and 0 times that "
                "is nan. Compute the loss from Z, without P.",
            ),
            Mistake(
                "logsumexp(Z, axis=1) - Z[rows, y]",
                "-np.eye(Z.shape[1])[y] * np.log(softmax(Z))",
                "The mean runs over all N times C entries, and 0 times the logarithm "
                "of 0 is nan. Compute the loss from Z.",
            ),
            Mistake(
                "logsumexp(Z, axis=1) - Z[rows, y]",
                "-np.log(softmax(Z)[:, y])",
                "The colon takes all rows, and a probability rounded to 0 has an "
                "infinite logarithm. Compute the loss from Z.",
            ),
            Mistake(
                "logsumexp(Z, axis=1) - Z[rows, y]",
                "-softmax(Z)[rows, y]",
                "The logarithm is missing: this is a mean of probabilities.",
            ),
            Mistake(
                "logsumexp(Z, axis=1) - Z[rows, y]",
                "-Z[rows, y]",
                "Only the logits of the true classes are here. The log-sum-exp of "
                "each row is missing.",
            ),
            Mistake(
                "logsumexp(Z, axis=1) - Z[rows, y]",
                "logsumexp(Z, axis=1)",
                "The logits of the true classes are missing, so y has no influence.",
            ),
        ),
    ),
    Task(
        loss_and_gradient,
        images,
        points=3,
        parts=("loss", "grad_W", "grad_b"),
        facts=(
            Fact(
                "the gradient is what central differences give", has_the_measured_slope
            ),
            Fact(
                "each row of grad_W adds up to 0, since a shift does nothing",
                never_moves_all_templates_alike,
            ),
        ),
        mistakes=(
            Mistake(
                "error[rows, y] -= 1",
                "error[:, y] -= 1",
                "The colon takes all rows: 1 is subtracted in every column that "
                "occurs in y, for every image.",
            ),
            Mistake(
                "error[rows, y] -= 1",
                "error[y] -= 1",
                "y selects whole rows here. Subtract 1 at one place in each row, in "
                "the column of its class.",
            ),
            Mistake(
                "error[rows, y] -= 1",
                "error -= y",
                "y holds the numbers of the classes, (N,). Subtract them as one-hot "
                "rows, (N, C).",
            ),
            Mistake(
                "error[rows, y] -= 1",
                "error[rows, y] += 1",
                "The gradient has P + Y where P - Y is due.",
            ),
            Mistake(
                "error[rows, y] -= 1",
                "pass",
                "The true classes are missing from the gradient: it has P where "
                "P - Y is due.",
            ),
            Mistake(
                "grad_W, grad_b = X.T @ error / len(X), error.mean(axis=0)",
                "grad_W, grad_b = -X.T @ error / len(X), -error.mean(axis=0)",
                "The gradient has the wrong sign: the error is P - Y.",
            ),
            Mistake(
                "error = softmax(Z)",
                "error = Z.copy()",
                "The gradient compares the logits with the targets. Put them through "
                "softmax first.",
            ),
            Mistake(
                "error = softmax(Z)",
                "error = Z",
                "Softmax is missing from the gradient. Besides, the 1 is subtracted "
                "in Z itself, so the loss changes too.",
            ),
            Mistake(
                "X.T @ error / len(X), error.mean(axis=0)",
                "X.T @ error, error.mean(axis=0)",
                "grad_W is a sum over the images. Divide by N, as for a mean.",
            ),
            Mistake(
                "error.mean(axis=0)",
                "error.sum(axis=0)",
                "grad_b is a sum over the images, where a mean is due.",
            ),
            Mistake(
                "X.T @ error / len(X), error.mean(axis=0)",
                "X.T @ error, error.sum(axis=0)",
                "Both gradients are sums over the images. Divide by N.",
            ),
            Mistake(
                "error / len(X)",
                "error / len(W)",
                "grad_W is divided by D, the number of features. Divide by N, the "
                "number of images.",
            ),
            Mistake(
                "error / len(X), error.mean(axis=0)",
                "error / error.size, error.sum(axis=0) / error.size",
                "Both gradients are divided by N times C. Divide by N, the number of "
                "images.",
            ),
            Mistake(
                "error.mean(axis=0)",
                "error.mean(axis=1)",
                "grad_b has one entry for each image. It needs one for each class.",
            ),
            Mistake(
                "error.mean(axis=0)",
                "error.mean()",
                "grad_b is one number for all classes. It needs one for each class.",
            ),
            Mistake(
                "X.T @ error",
                "X @ error",
                "X is not transposed: grad_W has the shape of W, (D, C).",
            ),
            Mistake(
                "X.T @ error / len(X)",
                "error.T @ X / len(X)",
                "grad_W has the shape (C, D). It needs the shape of W, (D, C).",
            ),
            Mistake(
                "X @ W + b",
                "X @ W",
                "The biases are missing from the logits.",
            ),
            Mistake(
                "return cross_entropy(Z, y)",
                "return cross_entropy(softmax(Z), y)",
                "The loss is computed from P. cross_entropy takes the logits Z and "
                "applies softmax itself.",
            ),
            Mistake(
                "return cross_entropy(Z, y), grad_W, grad_b",
                "return grad_W, grad_b, cross_entropy(Z, y)",
                "The order is wrong: first the loss, then the two gradients.",
            ),
            Mistake(
                "error[rows, y] -= 1",
                "error = (error - np.eye(len(b))[y]) * error * (1 - error)",
                "There is a factor p (1 - p) too many: the slope of softmax is in "
                "P - Y already.",
            ),
        ),
    ),
)
