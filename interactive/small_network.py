"""The network of the playground in NumPy, as the page shows it to the reader."""

from itertools import pairwise

import numpy as np

# Each activation function, and its slope, from the activation.
ACTIVATIONS = {
    "ReLU": (lambda Z: np.maximum(Z, 0), lambda A: A > 0),
    "tanh": (np.tanh, lambda A: 1 - A**2),
    "sigmoid": (lambda Z: 1 / (1 + np.exp(-Z)), lambda A: A - A**2),
    "identity": (lambda Z: Z, lambda A: 1),
}


def forward(X, layers, activation):
    """Return X and all activations, and the logits (N, 1)."""
    A = [X]
    for W, b in layers[:-1]:
        A.append(ACTIVATIONS[activation][0](A[-1] @ W + b))
    W, b = layers[-1]
    return A, A[-1] @ W + b


def mean_loss(X, y, layers, activation):
    """Return the mean cross-entropy, without the penalty."""
    z = forward(X, layers, activation)[1][:, 0]
    return np.mean(np.logaddexp(0, z) - y * z)


def train(X, y, units, activation, rate, batch, alpha, seed, epochs):
    """Return the layers after some epochs, each a W and a b."""
    state = 1_234_567 * seed

    def draw(count):  # random numbers, the same on the page
        nonlocal state
        numbers = np.empty(count)
        for i in range(count):
            state = 48_271 * state % (2**31 - 1)
            numbers[i] = state / (2**31 - 1)
        return numbers

    layers, sizes = [], [2, *units, 1]
    for n, m in pairwise(sizes):
        bound = np.sqrt(6 / (n + m))
        W = bound * (2 * draw(n * m).reshape(n, m) - 1)
        layers.append((W, bound * (2 * draw(m) - 1)))
    for _ in range(epochs):
        order = draw(len(X)).argsort()
        for first in range(0, len(X), batch):
            rows = order[first : first + batch]
            A, z = forward(X[rows], layers, activation)
            p = 1 / (1 + np.exp(-z))
            G = (p - y[rows, None]) / len(rows)
            for (W, b), a in zip(layers[::-1], A[::-1], strict=True):
                back = G @ W.T * ACTIVATIONS[activation][1](a)
                W -= rate * (a.T @ G + alpha * W)
                b -= rate * G.sum(axis=0)
                G = back
    return layers
