"""The tasks of the chapter on the network in PyTorch tensors."""

import numpy as np
import torch

from helpers import Fact, Mistake, Task


def forward(X, W1, W2):
    """Return Z1 (N, H), the activations A (N, H), and Y_hat (N, K).

    All are tensors: X (N, D), W1 (D, H), W2 (H, K).
    """
    Z1 = X @ W1  # (N, H)
    A = torch.relu(Z1)  # (N, H)
    Y_hat = A @ W2  # (N, K)
    return Z1, A, Y_hat


def backward(X, Y, W2, Z1, A, Y_hat):
    """Return the gradients of the loss by W1 (D, H) and by W2 (H, K).

    All are tensors: X (N, D), Y (N, K), W2 (H, K), and from forward
    Z1 and A (N, H), Y_hat (N, K).
    """
    G = 2 * (Y_hat - Y) / Y.numel()  # (N, K)
    grad_W2 = A.T @ G  # (H, K)
    grad_A = G @ W2.T  # (N, H)
    grad_Z1 = grad_A * (Z1 > 0)  # (N, H)
    grad_W1 = X.T @ grad_Z1  # (D, H)
    return grad_W1, grad_W2


SIZES = ((7, 2, 5, 3), (4, 3, 6, 2))


def networks(rng):
    return [
        tuple(torch.tensor(rng.normal(size=pair)) for pair in ((N, D), (D, H), (H, K)))
        for N, D, H, K in SIZES
    ]


def passes(rng):
    examples = []
    for at_zero, (X, W1, W2) in enumerate(networks(rng)):
        if at_zero:
            W1[:, 0] = 0  # a unit at the kink of ReLU
        Z1, A, Y_hat = forward(X, W1, W2)
        Y = torch.tensor(rng.normal(size=Y_hat.shape))
        examples.append((X, Y, W2, Z1, A, Y_hat))
    return examples


def needs_no_numpy(function, arguments):
    """Return whether a function accepts watched tensors, which are no arrays."""
    function(*(tensor.clone().requires_grad_() for tensor in arguments))
    return True


def keeps_precision(function, arguments):
    """Return whether results are in single precision if all arguments are."""
    results = function(*(tensor.float() for tensor in arguments))
    return all(result.dtype == torch.float32 for result in results)


def forward_needs_no_numpy(forward):
    return needs_no_numpy(forward, networks(np.random.default_rng(1))[0])


def forward_keeps_precision(forward):
    return keeps_precision(forward, networks(np.random.default_rng(1))[0])


def backward_needs_no_numpy(backward):
    return needs_no_numpy(backward, passes(np.random.default_rng(1))[0])


def backward_keeps_precision(backward):
    return keeps_precision(backward, passes(np.random.default_rng(1))[0])


def agrees_with_autograd(backward):
    rng = np.random.default_rng(1)
    ((X, W1, W2), *_) = networks(rng)
    Z1, A, Y_hat = forward(X, W1, W2)
    Y = torch.tensor(rng.normal(size=Y_hat.shape))
    found = backward(X, Y, W2, Z1, A, Y_hat)
    weights = [W.requires_grad_() for W in (W1.clone(), W2.clone())]
    loss = ((forward(X, *weights)[-1] - Y) ** 2).mean()
    expected = torch.autograd.grad(loss, weights)
    return all(map(torch.allclose, found, expected))


TASKS = (
    Task(
        forward,
        networks,
        points=1,
        parts=("Z1", "A", "Y_hat"),
        facts=(
            Fact(
                "it computes in PyTorch, and never by way of NumPy",
                forward_needs_no_numpy,
            ),
            Fact(
                "the results are in single precision if all arguments are",
                forward_keeps_precision,
            ),
        ),
        mistakes=(
            Mistake(
                "torch.relu(Z1)",
                "Z1",
                "The ReLU is missing: without it the two products are one linear "
                "model.",
            ),
            Mistake(
                "torch.relu(Z1)",
                "torch.relu_(Z1)",
                "Z1 holds the activations: ReLU was taken in place, as PyTorch does "
                "where a name ends in _.",
            ),
            Mistake(
                "torch.relu(Z1)",
                "torch.maximum(Z1, 0)",
                "torch.maximum compares two tensors, and does not take the number 0 "
                "for one of them.",
            ),
            Mistake(
                "torch.relu(Z1)",
                "torch.max(Z1, 0)",
                "torch.max looks for the largest entry along axis 0. ReLU compares "
                "each entry with zero.",
            ),
            Mistake(
                "torch.relu(Z1)",
                "Z1.clamp(max=0)",
                "This passes the negative numbers and stops the positive ones.",
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
                "torch.relu(A @ W2)",
                "There is a ReLU behind the second product as well. Outputs may be "
                "negative.",
            ),
            Mistake(
                "X @ W1",
                "X.float() @ W1.float()",
                "Z1 is in single precision, and W2 is not. Leave each tensor in the "
                "precision that it has.",
            ),
            Mistake(
                "return Z1, A, Y_hat",
                "return Z1.numpy(), A.numpy(), Y_hat.numpy()",
                "These are NumPy arrays. Return tensors.",
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
            Fact("autograd gives the same gradients", agrees_with_autograd),
            Fact(
                "it computes in PyTorch, and never by way of NumPy",
                backward_needs_no_numpy,
            ),
            Fact(
                "the results are in single precision if all arguments are",
                backward_keeps_precision,
            ),
        ),
        mistakes=(
            Mistake(
                "Y.numel()",
                "Y.size",
                "Y.size is a method of tensors. The number of entries has another "
                "name in PyTorch.",
            ),
            Mistake(
                "Y.numel()",
                "Y.size()",
                "Y.size() is the shape of a tensor, not the number of its entries.",
            ),
            Mistake(
                "Y.numel()",
                "len(Y)",
                "The mean is taken over the N examples only. The loss is a mean "
                "over all N K entries.",
            ),
            Mistake(
                "2 * (Y_hat - Y)",
                "2 * (Y_hat - Y) ** 2",
                "These are the squares of the residuals, where the derivatives of the "
                "squares are due.",
            ),
            Mistake(
                " / Y.numel()",
                "",
                "These are the gradients of a sum of squares. The loss is a mean "
                "over all N K entries.",
            ),
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
                "Y_hat - Y)",
                "Y_hat - Y.flip(0))",
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
                "G @ W2.T",
                "G @ W2",
                "W2 is not transposed: the gradient by A adds up over the outputs, "
                "and has the shape (N, H).",
            ),
            Mistake(
                "G @ W2.T",
                "G @ W2.reshape(W2.T.shape)",
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
                "At a sum of exactly 0 this takes 1 for the slope of ReLU. "
                "torch.relu takes 0.",
            ),
            Mistake(
                "grad_A * (Z1 > 0)",
                "torch.relu(grad_A)",
                "The mask looks at the sign of what comes back. What counts is the "
                "sign of what went in, Z1.",
            ),
            Mistake(
                "grad_A * (Z1 > 0)",
                "grad_A * torch.relu(Z1)",
                "This takes the value of ReLU for its slope, which is 0 or 1.",
            ),
            Mistake(
                "X.T @ grad_Z1",
                "X @ grad_Z1",
                "X is not transposed: the gradient by W1 adds up over the examples, "
                "and has the shape (D, H).",
            ),
            Mistake(
                "return grad_W1, grad_W2",
                "return grad_W2, grad_W1",
                "The order is wrong: first the gradient by W1, then that by W2.",
            ),
        ),
    ),
)
