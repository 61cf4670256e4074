"""The tasks of the chapter on the network with autograd."""

import numpy as np
import torch

from helpers import Fact, Mistake, Task


def forward(X, W1, W2):
    return torch.relu(X @ W1) @ W2


def mean_squared_error(Y_hat, Y):
    assert Y_hat.shape == Y.shape
    return torch.mean((Y_hat - Y) ** 2)


def gradients(X, Y, W1, W2):
    """Return the gradients of the loss by W1 (D, H) and by W2 (H, K).

    X: (N, D), Y: (N, K). PyTorch watches W1 and W2. What stands in
    their .grad from before must not count.
    """
    W1.grad = W2.grad = None
    mean_squared_error(forward(X, W1, W2), Y).backward()
    return W1.grad, W2.grad


def step(X, Y, W1, W2, learning_rate):
    """Take one step of descent; return the loss before it, a number.

    X: (N, D), Y: (N, K). PyTorch watches W1 (D, H) and W2 (H, K);
    they change in place. Each step uses its own gradients alone.
    """
    loss = mean_squared_error(forward(X, W1, W2), Y)
    loss.backward()
    with torch.no_grad():
        for weight in (W1, W2):
            weight -= learning_rate * weight.grad
            weight.grad = None
    return loss.item()


def second_call(gradients, X, Y, W1, W2):
    """Return what a second call with the same weights returns."""
    watched = [W.clone().requires_grad_() for W in (W1, W2)]
    gradients(X, Y, *watched)
    return gradients(X, Y, *watched)


def two_steps(step, X, Y, W1, W2, learning_rate):
    """Return what two steps return, and the weights after them."""
    watched = [W.clone().requires_grad_() for W in (W1, W2)]
    losses = [step(X, Y, *watched, learning_rate) for _ in range(2)]
    return *losses, *watched


def networks(rng):
    return [
        tuple(
            torch.tensor(rng.normal(size=pair))
            for pair in ((N, D), (N, K), (D, H), (H, K))
        )
        for N, D, H, K in ((7, 2, 5, 3), (4, 3, 6, 2))
    ]


def steps(rng):
    return [
        (*tensors, rate)
        for tensors, rate in zip(networks(rng), (0.02, 0.1), strict=True)
    ]


def agrees_with_the_formulas(gradients):
    ((X, Y, W1, W2), *_) = networks(np.random.default_rng(1))
    Z1 = X @ W1
    G = 2 * (forward(X, W1, W2) - Y) / Y.numel()
    by_hand = X.T @ (G @ W2.T * (Z1 > 0)), torch.relu(Z1).T @ G
    found = gradients(X, Y, W1.requires_grad_(), W2.requires_grad_())
    return all(map(torch.allclose, found, by_hand))


def lowers_the_loss(step):
    ((X, Y, W1, W2), *_) = networks(np.random.default_rng(1))
    losses = two_steps(step, X, Y, W1, W2, 1e-3)[:2]
    return losses[1] < losses[0]


def returns_the_loss_at_the_start(step):
    ((X, Y, W1, W2), *_) = networks(np.random.default_rng(1))
    first, *_ = two_steps(step, X, Y, W1, W2, 0.02)
    return np.isclose(first, mean_squared_error(forward(X, W1, W2), Y).item())


TASKS = (
    Task(
        gradients,
        networks,
        parts=("the gradient by W1", "the gradient by W2"),
        given=(forward, mean_squared_error),
        observe=second_call,
        facts=(
            Fact(
                "it gives what the formulas derived by hand give",
                agrees_with_the_formulas,
            ),
        ),
        mistakes=(
            Mistake(
                "    W1.grad = W2.grad = None\n",
                "",
                "At the second call with the same weights, the gradients of the first "
                "are added: backward() adds to .grad.",
            ),
            Mistake(
                "W1.grad = W2.grad = None",
                "W1.grad.zero_(), W2.grad.zero_()",
                "Before the first call .grad is None, so there is nothing to set to "
                "zero.",
            ),
            Mistake(
                "mean_squared_error(forward(X, W1, W2), Y)",
                "((forward(X, W1, W2) - Y) ** 2).sum()",
                "These are the gradients of a sum of squares. The loss is a mean.",
            ),
            Mistake(
                "mean_squared_error(forward(X, W1, W2), Y)",
                "((forward(X, W1, W2) - Y) ** 2)",
                "backward() was called on an array of squares. It walks back from "
                "one number, the loss.",
            ),
            Mistake(
                "mean_squared_error(forward(X, W1, W2), Y)",
                "forward(X, W1, W2).sum()",
                "The walk begins at the predictions. It has to begin at the loss.",
            ),
            Mistake(
                "forward(X, W1, W2), Y)",
                "forward(X, W1, W2).detach(), Y)",
                "Nothing leads back from the loss: no_grad(), detach() or a new "
                "tensor has cut the record.",
            ),
            Mistake(
                "forward(X, W1, W2), Y)",
                "forward(X, W1.detach(), W2), Y)",
                "W1 was detached, so for the walk back it is a constant without "
                "a gradient.",
            ),
            Mistake(
                "    mean_squared_error(forward(X, W1, W2), Y).backward()\n",
                "    mean_squared_error(forward(X, W1, W2), Y)\n",
                "The loss is computed, and nothing walks back from it, so .grad "
                "stays empty.",
            ),
            Mistake(
                "return W1.grad, W2.grad",
                "return W1, W2",
                "These are the weights. Their gradients are in their .grad.",
            ),
            Mistake(
                "return W1.grad, W2.grad",
                "return W2.grad, W1.grad",
                "The order is wrong: first the gradient by W1, then that by W2.",
            ),
        ),
    ),
    Task(
        step,
        steps,
        points=3,
        parts=("the first loss", "the second loss", "W1", "W2"),
        given=(forward, mean_squared_error),
        observe=two_steps,
        facts=(
            Fact("a short step lowers the loss", lowers_the_loss),
            Fact("it returns the loss before the step", returns_the_loss_at_the_start),
        ),
        mistakes=(
            Mistake(
                "            weight.grad = None\n",
                "",
                "The second step uses the sum of both gradients: backward() adds "
                "to .grad.",
            ),
            Mistake(
                "weight -= learning_rate",
                "weight += learning_rate",
                "This walks uphill: the gradient points to where the loss grows.",
            ),
            Mistake(
                "weight -= learning_rate * weight.grad",
                "weight = weight - learning_rate * weight.grad",
                "The weights have not changed: the result is a new tensor, and only "
                "a name has moved on to it.",
            ),
            Mistake(
                "learning_rate * weight.grad",
                "weight.grad",
                "The learning rate is missing: the step is as long as the gradient.",
            ),
            Mistake(
                "torch.no_grad()",
                "torch.enable_grad()",
                "The update is being recorded, and PyTorch refuses to overwrite a "
                "leaf meanwhile.",
            ),
            Mistake(
                "    loss.backward()\n",
                "",
                "There is no gradient yet: nothing has walked back from the loss.",
            ),
            Mistake(
                "mean_squared_error(forward(X, W1, W2), Y)\n",
                "((forward(X, W1, W2) - Y) ** 2).sum()\n",
                "The loss is a sum of squares here; a mean is due.",
            ),
            Mistake(
                "(W1, W2):",
                "(W1,):",
                "W2 stays as it is. Both layers take the step.",
            ),
            Mistake(
                "(W1, W2):",
                "(W2,):",
                "W1 stays as it is. Both layers take the step.",
            ),
            Mistake(
                "return loss.item()",
                "return loss",
                "The loss is still a tensor, with its record behind it. Return "
                "the number.",
            ),
            Mistake(
                "return loss.item()",
                "return mean_squared_error(forward(X, W1, W2), Y).item()",
                "This is the loss after the step. Return the one that the gradients "
                "belong to.",
            ),
            Mistake(
                "    return loss.item()\n",
                "",
                "The weights take the step, and the loss is not returned.",
            ),
        ),
    ),
)
