"""The tasks of the chapter on backpropagation in NumPy."""

from itertools import pairwise

import numpy as np

from helpers import Fact, Mistake, Task, check_gradient


def forward(X, W1, W2):
    """Return Z1 (N, H), the activations A (N, H), and Y_hat (N, K).

    X: (N, D), W1: (D, H), W2: (H, K).
    """
    Z1 = X @ W1  # (N, H)
    A = np.maximum(Z1, 0)  # (N, H)
    Y_hat = A @ W2  # (N, K)
    return Z1, A, Y_hat


def backward(X, Y, W2, Z1, A, Y_hat):
    """Return the gradients of the loss by W1 (D, H) and by W2 (H, K).

    X: (N, D), Y: (N, K), W2: (H, K). The others come from forward:
    Z1 and A: (N, H), Y_hat: (N, K).
    """
    G = 2 * (Y_hat - Y) / Y.size  # (N, K)
    grad_W2 = A.T @ G  # (H, K)
    grad_A = G @ W2.T  # (N, H)
    grad_Z1 = grad_A * (Z1 > 0)  # (N, H)
    grad_W1 = X.T @ grad_Z1  # (D, H)
    return grad_W1, grad_W2


def backward_deep(Y, weights, activations, Y_hat):
    """Return the list of the gradients by W_1, ..., W_M.

    weights: [W_1, ..., W_M], activations: [X, A_1, ..., A_(M-1)],
    in which each layer has its own width; Y and Y_hat: (N, K).
    """
    delta = 2 * (Y_hat - Y) / Y.size
    gradients = []
    for W, A in zip(weights[::-1], activations[::-1], strict=True):
        gradients.append(A.T @ delta)
        delta = (delta @ W.T) * (A > 0)
    return gradients[::-1]


def draw(rng, *sizes):
    """Draw inputs, of which sizes[0] is the number, and weights of all layers."""
    N, *widths = sizes
    weights = [rng.normal(size=shape) for shape in pairwise(widths)]
    return rng.normal(size=(N, widths[0])), weights


def networks(rng):
    return [
        (X, *weights) for X, weights in (draw(rng, 7, 2, 5, 3), draw(rng, 4, 3, 6, 2))
    ]


def passes(rng):
    examples = []
    for at_zero, (X, W1, W2) in enumerate(networks(rng)):
        if at_zero:
            W1[:, 0] = 0  # a unit at the kink of ReLU
        Z1, A, Y_hat = forward(X, W1, W2)
        examples.append((X, rng.normal(size=Y_hat.shape), W2, Z1, A, Y_hat))
    return examples


def forward_deep(X, weights):
    activations = [X]
    for W in weights[:-1]:
        activations.append(np.maximum(activations[-1] @ W, 0))
    return activations, activations[-1] @ weights[-1]


def deep_passes(rng):
    examples = []
    for X, weights in (draw(rng, 6, 2, 5, 3, 4), draw(rng, 5, 4, 3, 6, 2)):
        activations, Y_hat = forward_deep(X, weights)
        examples.append((rng.normal(size=Y_hat.shape), weights, activations, Y_hat))
    return examples


PENCIL = (  # the example that the chapter does with a pencil
    np.array([[3.0]]),
    np.array([[2.0, 1.0]]),
    np.array([[1.0], [-1.0]]),
)


def is_done_by_pencil(forward):
    Z1, A, Y_hat = forward(*PENCIL)
    return (Z1 == [6, 3]).all() and (A == [6, 3]).all() and Y_hat == 3


def is_linear_without_negative_sums(forward):
    ((X, W1, W2), *_) = networks(np.random.default_rng(1))
    X, W1 = abs(X), abs(W1)
    return np.allclose(forward(X, W1, W2)[-1], X @ W1 @ W2)


def is_walked_back_by_pencil(backward):
    X, W1, W2 = PENCIL
    grad_W1, grad_W2 = backward(X, np.array([[1.0]]), W2, *forward(X, W1, W2))
    return (grad_W1 == [[12, -12]]).all() and (grad_W2 == [[24], [12]]).all()


def loss(Y, X, weights):
    return np.mean((forward_deep(X, weights)[1] - Y) ** 2)


def has_the_measured_slopes(backward):
    rng = np.random.default_rng(1)
    X, (W1, W2) = draw(rng, 7, 2, 5, 3)
    Y = rng.normal(size=(7, 3))
    grad_W1, grad_W2 = backward(X, Y, W2, *forward(X, W1, W2))
    errors = (
        check_gradient(lambda W: loss(Y, X, [W, W2]), W1, grad_W1),
        check_gradient(lambda W: loss(Y, X, [W1, W]), W2, grad_W2),
    )
    return max(errors) < 1e-7


def has_the_measured_slopes_at_every_depth(backward_deep):
    rng = np.random.default_rng(1)
    X, weights = draw(rng, 7, 2, 4, 3, 5, 3)
    Y = rng.normal(size=(7, 3))
    gradients = backward_deep(Y, weights, *forward_deep(X, weights))
    for layer, (W, gradient) in enumerate(zip(weights, gradients, strict=True)):

        def loss_by(W, layer=layer):
            return loss(Y, X, [*weights[:layer], W, *weights[layer + 1 :]])

        if not check_gradient(loss_by, W, gradient) < 1e-7:
            return False
    return True


def agrees_with_two_layers(backward_deep):
    ((X, Y, W2, Z1, A, Y_hat), *_) = passes(np.random.default_rng(1))
    W1 = np.zeros((X.shape[1], len(W2)))  # no gradient depends on it
    ours = backward_deep(Y, [W1, W2], [X, A], Y_hat)
    return all(map(np.allclose, ours, backward(X, Y, W2, Z1, A, Y_hat)))


TASKS = (
    Task(
        forward,
        networks,
        points=1,
        parts=("Z1", "A", "Y_hat"),
        facts=(
            Fact(
                "it gives Z1 = A = (6, 3) and Y_hat = 3 for the example done "
                "with a pencil",
                is_done_by_pencil,
            ),
            Fact(
                "it is X W1 W2 where all sums are positive",
                is_linear_without_negative_sums,
            ),
        ),
        mistakes=(
            Mistake(
                "np.maximum(Z1, 0)",
                "Z1",
                "The ReLU is missing: without it the two products are one linear "
                "model.",
            ),
            Mistake(
                "np.maximum(Z1, 0)",
                "np.max(Z1, 0)",
                "np.max takes the largest entry along an axis. ReLU compares each "
                "entry with zero.",
            ),
            Mistake(
                "np.maximum(Z1, 0)",
                "np.minimum(Z1, 0)",
                "This passes the negative numbers and stops the positive ones.",
            ),
            Mistake(
                "np.maximum(Z1, 0)",
                "np.abs(Z1)",
                "These are absolute values. ReLU stops the negative numbers.",
            ),
            Mistake(
                "np.maximum(Z1, 0)",
                "Z1 > 0",
                "This is the slope of ReLU, 0 or 1. Its value is z where z is "
                "positive.",
            ),
            Mistake(
                "np.maximum(Z1, 0)",
                "np.clip(Z1, 0, 1)",
                "The activations are cut off at 1. ReLU has no upper limit.",
            ),
            Mistake(
                "np.maximum(Z1, 0)",
                "np.maximum(Z1, 0, out=Z1)",
                "Z1 holds the activations. Return it as it was before the ReLU.",
            ),
            Mistake(
                "np.maximum(Z1, 0)",
                "max(Z1, 0)",
                "Python's max compares whole arrays. ReLU compares each entry with "
                "zero.",
            ),
            Mistake(
                "X @ W1",
                "W1 @ X",
                "The factors of the first product are in the wrong order: Z1 has one "
                "row for each example.",
            ),
            Mistake(
                "X @ W1",
                "X * W1",
                "The first product is taken entry by entry. A matrix product is due.",
            ),
            Mistake(
                "A @ W2",
                "Z1 @ W2",
                "Y_hat is made from Z1. The second product takes the activations.",
            ),
            Mistake(
                "A @ W2",
                "np.maximum(A @ W2, 0)",
                "There is a ReLU behind the second product as well. Outputs may be "
                "negative.",
            ),
            Mistake(
                "return Z1, A, Y_hat",
                "return Y_hat, A, Z1",
                "The order is wrong: first Z1, then A, then Y_hat.",
            ),
        ),
    ),
    Task(
        backward,
        passes,
        points=3,
        parts=("grad_W1", "grad_W2"),
        facts=(
            Fact(
                "both gradients are what central differences give",
                has_the_measured_slopes,
            ),
            Fact(
                "it gives (12, -12) and (24, 12) for the example done with a pencil",
                is_walked_back_by_pencil,
            ),
        ),
        mistakes=(
            Mistake(
                "Y_hat - Y)",
                "Y - Y_hat)",
                "Both gradients have the wrong sign: the residual is prediction "
                "minus target.",
            ),
            Mistake(
                "2 * (",
                "1 * (",
                "The factor 2 is missing: it comes from the derivative of the square.",
            ),
            Mistake(
                "2 * (Y_hat - Y)",
                "2 * (Y_hat - Y) ** 2",
                "These are the squares of the residuals, where the derivatives of the "
                "squares are due.",
            ),
            Mistake(
                " / Y.size",
                "",
                "These are the gradients of a sum of squares. The loss is a mean "
                "over all N K entries.",
            ),
            Mistake(
                "Y.size",
                "len(Y)",
                "The mean is taken over the N examples only. The loss is a mean "
                "over all N K entries.",
            ),
            Mistake(
                "Y_hat - Y)",
                "Y_hat - Y[::-1])",
                "Predictions are compared with the targets of other examples: the "
                "rows are in another order.",
            ),
            Mistake(
                "A.T @ G",
                "A @ G",
                "A is not transposed: the gradient by W2 adds up over the examples, "
                "and has the shape (H, K).",
            ),
            Mistake(
                "A.T @ G",
                "Z1.T @ G",
                "The gradient by W2 is made with Z1. What W2 was multiplied with is A.",
            ),
            Mistake(
                "A.T @ G",
                "0 * A.T @ G",
                "The gradient by W2 is zero, so the second layer would not be trained.",
            ),
            Mistake(
                "G @ W2.T",
                "G @ W2",
                "W2 is not transposed: the gradient by A adds up over the outputs, "
                "and has the shape (N, H).",
            ),
            Mistake(
                "G @ W2.T",
                "G @ W2.reshape(W2.shape[::-1])",
                "A reshape is no transpose: it has the right shape, and the numbers "
                "of W2 in wrong places.",
            ),
            Mistake(
                "G @ W2.T",
                "G @ W2.T / Y.shape[1]",
                "The gradient by A is a mean over the outputs. What it does through "
                "each output adds up.",
            ),
            Mistake(
                " * (Z1 > 0)",
                "",
                "The mask is missing: where ReLU has stopped a number, it stops what "
                "comes back.",
            ),
            Mistake(
                "Z1 > 0)",
                "Z1 < 0)",
                "The mask is inverted: it passes what comes back to the units that "
                "are off.",
            ),
            Mistake(
                "Z1 > 0)",
                "Z1 >= 0)",
                "At a sum of exactly 0 this takes 1 for the slope of ReLU. The book "
                "takes 0.",
            ),
            Mistake(
                "(Z1 > 0)",
                "(grad_A > 0)",
                "The mask looks at the sign of what comes back. What counts is the "
                "sign of what went in, Z1.",
            ),
            Mistake(
                "grad_A * (Z1 > 0)",
                "grad_A * Z1 > 0",
                "Python multiplies before it compares, so the mask is missing its "
                "parentheses.",
            ),
            Mistake(
                "(Z1 > 0)",
                "A",
                "This takes the value of ReLU for its slope, which is 0 or 1.",
            ),
            Mistake(
                "X.T @ grad_Z1",
                "X @ grad_Z1",
                "X is not transposed: the gradient by W1 adds up over the examples, "
                "and has the shape (D, H).",
            ),
            Mistake(
                "X.T @ grad_Z1",
                "-X.T @ grad_Z1",
                "The gradient by W1 has the wrong sign: the first layer would walk "
                "uphill.",
            ),
            Mistake(
                "W1, grad_W2",
                "W1, 3 * grad_W2",
                "The gradient by W2 is three times too large.",
            ),
            Mistake(
                "return grad_W1, grad_W2",
                "return grad_W2, grad_W1",
                "The order is wrong: first the gradient by W1, then that by W2.",
            ),
        ),
    ),
    Task(
        backward_deep,
        deep_passes,
        points=3,
        facts=(
            Fact(
                "all gradients are what central differences give, with four layers",
                has_the_measured_slopes_at_every_depth,
            ),
            Fact(
                "with two layers it gives what backward gives", agrees_with_two_layers
            ),
        ),
        mistakes=(
            Mistake(
                " * (A > 0)",
                "",
                "The mask is missing: each ReLU on the way back stops what comes "
                "back to a unit that is off.",
            ),
            Mistake(
                "(A > 0)",
                "A",
                "This takes the values of ReLU for its slopes, which are 0 or 1.",
            ),
            Mistake(
                "A > 0",
                "A <= 0",
                "The mask is inverted: it passes what comes back to the units that "
                "are off.",
            ),
            Mistake(
                "delta @ W.T",
                "delta @ W",
                "W is not transposed: what goes back through a product has the shape "
                "of its input.",
            ),
            Mistake(
                "(delta @ W.T) * (A > 0)",
                "(delta * (A > 0)) @ W.T",
                "The mask comes before the product. On the way back, the product is "
                "met first, then the ReLU in front of it.",
            ),
            Mistake(
                "2 * (",
                "1 * (",
                "The factor 2 is missing: it comes from the derivative of the square.",
            ),
            Mistake(
                "Y_hat - Y",
                "Y - Y_hat",
                "All gradients have the wrong sign: the residual is prediction minus "
                "target.",
            ),
            Mistake(
                "2 * (Y_hat - Y)",
                "2 * (Y_hat - Y) ** 2",
                "These are the squares of the residuals, where the derivatives of the "
                "squares are due.",
            ),
            Mistake(
                " / Y.size",
                "",
                "These are the gradients of a sum of squares. The loss is a mean "
                "over all N K entries.",
            ),
            Mistake(
                "Y.size",
                "len(Y)",
                "The mean is taken over the N examples only. The loss is a mean "
                "over all N K entries.",
            ),
            Mistake(
                "A.T @ delta",
                "A @ delta",
                "A is not transposed: a gradient has the shape of its weights.",
            ),
            Mistake(
                "return gradients[::-1]",
                "return gradients",
                "The gradients stand in the order of the walk, the last layer first. "
                "Return them in the order of the weights.",
            ),
            Mistake(
                "zip(weights[::-1], activations[::-1], strict=True)",
                "zip(weights, activations, strict=True)",
                "The loop begins at the first layer. What comes back begins at the "
                "loss, so the last layer is first.",
            ),
            Mistake(
                "delta = (delta @ W.T) * (A > 0)",
                "pass",
                "Every layer uses the gradient at the output. Take it back through "
                "each layer in turn.",
            ),
            Mistake(
                "gradients.append(A.T @ delta)\n"
                "        delta = (delta @ W.T) * (A > 0)",
                "delta = (delta @ W.T) * (A > 0)\n"
                "        gradients.append(A.T @ delta)",
                "A layer's gradient is made too late, when delta has gone on to the "
                "layer before it.",
            ),
        ),
    ),
)
