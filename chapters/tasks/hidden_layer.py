"""The tasks of the chapter on what a hidden layer can do."""

import numpy as np

from helpers import Fact, Mistake, Task


def relu(Z):
    """Return the rectified numbers Z, in the shape of Z."""
    return np.maximum(Z, 0)


def network(X, W1, b1, W2):
    """Return the outputs (N,) of a network with a hidden layer.

    X: (N, D), W1: (D, H), b1: (H,), W2: (H, 1).
    """
    A = relu(X @ W1 + b1)  # (N, H)
    return (A @ W2).ravel()


def hinge_weights(t, f):
    """Return the weights (m,) of the hinges that open at t[:-1].

    t: (m + 1,), rising; f: (m + 1,), the values there.
    """
    slopes = np.diff(f) / np.diff(t)  # (m,)
    return np.diff(slopes, prepend=0.0)


def numbers(rng):
    return [
        (rng.normal(size=(4, 3)),),
        (3 * rng.normal(size=6),),
        (np.array([-1000.0, -1.0, 0.0, 0.5, 1000.0]),),
    ]


def networks(rng):
    return [
        (
            rng.normal(size=(N, D)),
            rng.normal(size=(D, H)),
            rng.normal(size=H),
            rng.normal(size=(H, 1)),
        )
        for N, D, H in ((5, 2, 3), (7, 4, 2))
    ]


def broken_lines(rng):
    return [
        (np.cumsum(rng.uniform(0.3, 2, size=m + 1)), rng.normal(size=m + 1))
        for m in (5, 3)
    ]


def is_its_own_square(relu):
    Z = np.array([-2.0, -0.5, 0.0, 1.5])
    return np.array_equal(relu(relu(Z)), relu(Z))


def adds_up_to_the_number(relu):
    Z = np.array([-2.0, -0.5, 0.0, 1.5])
    return np.array_equal(relu(Z) - relu(-Z), Z)


def does_xor(network):
    X = np.array([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]])
    W1, b1 = np.ones((2, 2)), np.array([0.0, -1.0])
    return np.allclose(network(X, W1, b1, np.array([[1.0], [-2.0]])), [0, 1, 1, 0])


def is_the_same_with_units_swapped(network):
    ((X, W1, b1, W2), *_) = networks(np.random.default_rng(1))
    swapped = network(X, W1[:, ::-1], b1[::-1], W2[::-1])
    return np.allclose(swapped, network(X, W1, b1, W2))


def passes_through_the_points(hinge_weights):
    ((t, f), *_) = broken_lines(np.random.default_rng(1))
    hinges = relu(t[:, None] - t[:-1])  # (m + 1, m)
    return np.allclose(f[0] + hinges @ hinge_weights(t, f), f)


def needs_one_hinge_for_a_line(hinge_weights):
    t = np.array([0.0, 1.0, 3.0, 4.0])
    return np.allclose(hinge_weights(t, 2 * t + 1), [2, 0, 0])


WHOLE_NETWORK = """    A = relu(X @ W1 + b1)  # (N, H)
    return (A @ W2).ravel()"""
WHOLE_HINGES = """    slopes = np.diff(f) / np.diff(t)  # (m,)
    return np.diff(slopes, prepend=0.0)"""

TASKS = (
    Task(
        relu,
        numbers,
        points=1,
        facts=(
            Fact("a second ReLU changes nothing", is_its_own_square),
            Fact("ReLU(z) - ReLU(-z) is z", adds_up_to_the_number),
        ),
        mistakes=(
            Mistake(
                "np.maximum",
                "np.minimum",
                "The negative numbers pass and the positive ones become 0, where it "
                "has to be the other way round.",
            ),
            Mistake(
                "np.maximum(Z, 0)",
                "np.abs(Z)",
                "This is the absolute value: the negative numbers change their sign, "
                "where they have to become 0.",
            ),
            Mistake(
                "np.maximum(Z, 0)",
                "(Z > 0) * 1.0",
                "This is a step, 0 or 1. The positive numbers have to pass as they "
                "are.",
            ),
            Mistake(
                "np.maximum(Z, 0)",
                "Z[Z > 0]",
                "The negative numbers are left out. They have to become 0, so that the "
                "shape stays.",
            ),
            Mistake(
                "np.maximum(Z, 0)",
                "np.max(Z, 0)",
                "This is the largest number along axis 0. Each number is to be "
                "compared with the number 0 by itself.",
            ),
            Mistake(
                "np.maximum(Z, 0)",
                "max(Z, 0)",
                "max and if want a single number. Compare all entries with 0 at once, "
                "as NumPy can.",
            ),
            Mistake(
                "np.maximum(Z, 0)",
                "np.maximum(-Z, 0)",
                "This hinge opens to the left: the negative numbers pass, with their "
                "sign changed.",
            ),
            Mistake(
                "np.maximum(Z, 0)",
                "np.maximum(Z, 0.01 * Z)",
                "The negative numbers keep a hundredth of their size. They have to "
                "become 0.",
            ),
            Mistake(
                "np.maximum(Z, 0)",
                "np.clip(Z, 0, 1)",
                "Numbers above 1 are cut off. Every positive number has to pass.",
            ),
            Mistake(
                "return np.maximum(Z, 0)",
                "Z[Z < 0] = 0\n    return Z",
                "The values are right, but Z itself is changed. Make a new array.",
            ),
        ),
    ),
    Task(
        network,
        networks,
        points=2,
        facts=(
            Fact("with the weights of the table it computes XOR", does_xor),
            Fact(
                "it stays the same if the units are put in another order",
                is_the_same_with_units_swapped,
            ),
        ),
        mistakes=(
            Mistake(
                "relu(X @ W1 + b1)",
                "X @ W1 + b1",
                "The bend is missing: two layers without it are one.",
            ),
            Mistake(
                "relu(X @ W1 + b1)",
                "relu(X @ W1) + b1",
                "The biases are added after the ReLU, so all corners stay where the "
                "weighted sum is 0.",
            ),
            Mistake(
                "relu(X @ W1 + b1)",
                "relu(X @ W1)",
                "The biases are missing.",
            ),
            Mistake(
                "relu(X @ W1 + b1)",
                "relu(X @ W1 - b1)",
                "The biases are subtracted. They are added to the weighted sum.",
            ),
            Mistake(
                "(A @ W2).ravel()",
                "relu(A @ W2).ravel()",
                "The output goes through the ReLU as well. It is a plain weighted sum.",
            ),
            Mistake(
                WHOLE_NETWORK,
                "    return relu((X @ W1 + b1) @ W2).ravel()",
                "The ReLU stands behind the second layer. It belongs between the two.",
            ),
            Mistake(
                "(A @ W2).ravel()",
                "A @ W2",
                "The outputs are a column, (N, 1). One number for each example is "
                "asked for, (N,).",
            ),
            Mistake(
                "(A @ W2).ravel()",
                "A",
                "These are the activations of the hidden layer. The output layer is "
                "missing.",
            ),
            Mistake(
                "A @ W2",
                "A * W2",
                "The activations and W2 are multiplied entry by entry. The output is a "
                "weighted sum of the activations.",
            ),
            Mistake(
                "(A @ W2).ravel()",
                "A.sum(axis=1)",
                "The activations are added up without their weights W2.",
            ),
            Mistake(
                "X @ W1",
                "W1 @ X",
                "The product has the wrong order: the examples are rows, so X comes "
                "first.",
            ),
            Mistake(
                "X @ W1",
                "X @ W1.T",
                "W1 is transposed. Its shape (D, H) fits the rows of X as it is.",
            ),
            Mistake(
                "X @ W1",
                "X * W1",
                "The asterisk multiplies entry by entry. A weighted sum is a product "
                "of matrices.",
            ),
        ),
    ),
    Task(
        hinge_weights,
        broken_lines,
        points=2,
        facts=(
            Fact(
                "the sum of the hinges goes through all points",
                passes_through_the_points,
            ),
            Fact(
                "a straight line needs its first hinge alone",
                needs_one_hinge_for_a_line,
            ),
        ),
        mistakes=(
            Mistake(
                "np.diff(slopes, prepend=0.0)",
                "slopes",
                "These are the slopes of the pieces. A hinge adds what the slope gains "
                "at its corner.",
            ),
            Mistake(
                "np.diff(slopes, prepend=0.0)",
                "np.diff(slopes)",
                "The first hinge is missing: its weight is the first slope.",
            ),
            Mistake(
                "np.diff(slopes, prepend=0.0)",
                "slopes - np.roll(slopes, 1)",
                "The first weight is wrong: the last slope is subtracted from it, as "
                "with the index -1. Before the first piece the slope is 0.",
            ),
            Mistake(
                "np.diff(slopes, prepend=0.0)",
                "np.diff(slopes, append=0.0)",
                "The weights begin one corner too late, and the last one takes the "
                "slope back to 0. The first is the first slope.",
            ),
            Mistake(
                "np.diff(slopes, prepend=0.0)",
                "-np.diff(slopes, prepend=0.0)",
                "The sign is wrong: a gain is the new slope minus the one before.",
            ),
            Mistake(
                "np.diff(slopes, prepend=0.0)",
                "np.concatenate([slopes[:1], slopes[:-1] - slopes[1:]])",
                "The gains have the wrong sign: the new slope minus the one before.",
            ),
            Mistake(
                "np.diff(slopes, prepend=0.0)",
                "np.concatenate([[f[0]], np.diff(slopes)])",
                "The first weight is f_0. That is the bias of the output; the first "
                "weight is a slope.",
            ),
            Mistake(
                "np.diff(f) / np.diff(t)",
                "np.diff(f)",
                "The slopes are not divided by the lengths of the pieces.",
            ),
            Mistake(
                "np.diff(f) / np.diff(t)",
                "np.diff(t) / np.diff(f)",
                "The slopes are upside down: divide the rise by the length.",
            ),
            Mistake(
                "np.diff(f) / np.diff(t)",
                "np.diff(f) / (t[1] - t[0])",
                "All pieces are given the length of the first. Each has its own.",
            ),
            Mistake(
                "np.diff(f) / np.diff(t)",
                "f / t",
                "This divides the values by the places. A slope is a difference of "
                "values by a difference of places.",
            ),
            Mistake(
                WHOLE_HINGES,
                "    return np.diff(f, prepend=0.0) / np.diff(t, prepend=0.0)",
                "These are slopes, and the first, from (0, 0), is one too many. A "
                "hinge adds what the slope gains.",
            ),
            Mistake(
                WHOLE_HINGES,
                "    return np.gradient(np.gradient(f, t), t)[:-1]",
                "This is an estimate of the second derivative. The weight of a hinge "
                "is a difference of two slopes.",
            ),
        ),
    ),
)
