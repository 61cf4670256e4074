"""The tasks of the chapter on torch.optim."""

from itertools import pairwise

import numpy as np
import torch
from torch import nn

from helpers import Fact, Mistake, Task, check_gradient

torch.optim.SGD([torch.zeros(1)])  # the first one takes seconds; none are counted


def training_step(network, optimiser, X, Y):
    """Take a step of the optimiser, and return the loss before it.

    X: (N, D), Y: (N, K). The loss is the mean of all N K squares.
    The result is a number.
    """
    loss = nn.MSELoss()(network(X), Y)
    optimiser.zero_grad()
    loss.backward()
    optimiser.step()
    return loss.item()


def three_layers(X, Y, W1, W2, W3):
    """Return the gradients by W1, W2 and W3.

    X: (N, D), Y: (N, K). The loss is the mean of all N K squares.
    W1: (D, H1), W2: (H1, H2), W3: (H2, K), as their gradients.
    """
    Z1 = X @ W1
    A1 = np.maximum(Z1, 0)
    Z2 = A1 @ W2
    A2 = np.maximum(Z2, 0)
    G = 2 * (A2 @ W3 - Y) / Y.size
    grad_W3 = A2.T @ G
    delta2 = G @ W3.T * (Z2 > 0)
    grad_W2 = A1.T @ delta2
    delta1 = delta2 @ W2.T * (Z1 > 0)
    return X.T @ delta1, grad_W2, grad_W3


def stack(matrices):
    """Return a network with these weights, and a ReLU between its layers."""
    layers = []
    for W in matrices:
        layer = nn.Linear(*W.shape, bias=False, dtype=W.dtype)
        layer.weight = nn.Parameter(W.T.clone())
        layers += [layer, nn.ReLU()]
    return nn.Sequential(*layers[:-1])


def two_steps(training_step, matrices, settings, X, Y):
    """Return two losses, the weights after both steps, and what was called."""
    network = stack(matrices)
    optimiser = torch.optim.SGD(network.parameters(), **settings)
    backward, steps = [], []
    next(network.parameters()).register_hook(backward.append)
    optimiser.register_step_post_hook(lambda *_: steps.append(1))
    losses = [training_step(network, optimiser, X, Y) for _ in range(2)]
    weights = [parameter.flatten() for parameter in network.parameters()]
    return *losses, torch.cat(weights), len(backward), len(steps)


def networks_and_data(rng):
    return [
        (
            [torch.tensor(rng.normal(size=shape)) for shape in pairwise(sizes)],
            {"lr": 0.02, "momentum": 0.9},
            torch.tensor(rng.normal(size=(N, sizes[0]))),
            torch.tensor(rng.normal(size=(N, sizes[-1]))),
        )
        for N, sizes in ((6, (3, 5, 2)), (7, (2, 4, 5, 3)))
    ]


def flowers(rng):
    return [
        (
            rng.normal(size=(N, sizes[0])),
            rng.normal(size=(N, sizes[-1])),
            *(rng.normal(size=shape) for shape in pairwise(sizes)),
        )
        for N, sizes in ((7, (3, 6, 5, 2)), (8, (2, 5, 6, 3)))
    ]


def works_with_adam(training_step):
    ((matrices, _, X, Y), *_) = networks_and_data(np.random.default_rng(1))
    network = stack(matrices)
    before = torch.cat([it.detach().flatten() for it in network.parameters()])
    training_step(network, torch.optim.Adam(network.parameters(), lr=0.01), X, Y)
    after = torch.cat([it.detach().flatten() for it in network.parameters()])
    steps = (after - before).abs()
    return torch.allclose(steps[steps > 0], torch.tensor(0.01).double(), rtol=1e-3)


def has_the_measured_slope(three_layers):
    ((X, Y, *matrices), *_) = flowers(np.random.default_rng(1))
    gradients = three_layers(X, Y, *matrices)
    errors = []
    for place, (W, gradient) in enumerate(zip(matrices, gradients, strict=True)):

        def loss_at(value, place=place):
            W1, W2, W3 = (
                value if other == place else it for other, it in enumerate(matrices)
            )
            hidden = np.maximum(np.maximum(X @ W1, 0) @ W2, 0)
            return np.mean((hidden @ W3 - Y) ** 2)

        errors.append(check_gradient(loss_at, W, gradient))
    return max(errors) < 1e-7


def stops_at_zero_weights(three_layers):
    ((X, Y, W1, W2, W3), *_) = flowers(np.random.default_rng(1))
    grad_W1, grad_W2, grad_W3 = three_layers(X, Y, W1, W2, 0 * W3)
    return not grad_W1.any() and not grad_W2.any() and grad_W3.any()


TASKS = (
    Task(
        training_step,
        networks_and_data,
        parts=(
            "the first loss",
            "the second loss",
            "the weights after two steps",
            "the number of gradients computed",
            "the number of steps taken",
        ),
        given=(stack,),
        observe=two_steps,
        facts=(
            Fact(
                "with Adam, the first step of each weight is as long as the "
                "learning rate, or zero",
                works_with_adam,
            ),
        ),
        mistakes=(
            Mistake(
                "optimiser.zero_grad()",
                "pass",
                "The second step uses the gradients of both: backward adds to those "
                "that are there. Forget them in each step.",
            ),
            Mistake(
                "optimiser.zero_grad()\n    loss.backward()",
                "loss.backward()\n    optimiser.zero_grad()",
                "Nothing moves. The gradients are forgotten between backward and "
                "step, or step comes before backward.",
            ),
            Mistake(
                "loss.backward()",
                "pass",
                "Nothing moves: the gradients are never computed, and step passes "
                "over parameters without one.",
            ),
            Mistake(
                "optimiser.step()",
                "pass",
                "Nothing moves: the gradients are there, and nobody takes the step.",
            ),
            Mistake(
                "zero_grad()\n    loss.backward()\n    optimiser.step()",
                "zero_grad\n    loss.backward\n    optimiser.step",
                "Nothing moves: neither backward nor step is called. A call needs its "
                "parentheses.",
            ),
            Mistake(
                "optimiser.step()",
                "for parameter in network.parameters():\n"
                "        parameter.data -= 0.02 * parameter.grad",
                "This takes a step of plain descent by hand. The optimiser has its own "
                "rule, here with momentum: let it take the step.",
            ),
            Mistake(
                "loss = nn.MSELoss()(network(X), Y)",
                "loss = nn.MSELoss()(network(X), Y).item()",
                "The loss is made a plain number too early: backward needs the tensor "
                "and its record.",
            ),
            Mistake(
                "network(X)",
                "network(X).detach()",
                "The loss has no record to walk back. Compute it outside of no_grad, "
                "and detach nothing.",
            ),
            Mistake(
                "nn.MSELoss()",
                'nn.MSELoss(reduction="sum")',
                "The loss is the sum of all N K squares. Their mean is due.",
            ),
            Mistake(
                "nn.MSELoss()(network(X), Y)",
                "(network(X) - Y).square().sum() / len(X)",
                "The sum of squares is divided by N, the number of examples. Divide by "
                "that of all entries, N K.",
            ),
            Mistake(
                "optimiser.step()",
                "optimiser.step()\n    optimiser.step()",
                "It takes two steps along one gradient.",
            ),
            Mistake(
                "return loss.item()",
                "return loss",
                "The loss is returned as a tensor. Return its number.",
            ),
            Mistake(
                "return loss.item()",
                "return nn.MSELoss()(network(X), Y).item()",
                "This is the loss after the step. Return that before it.",
            ),
            Mistake(
                "return loss.item()",
                "return None",
                "The step is right, but it returns None. Return the loss before it.",
            ),
        ),
    ),
    Task(
        three_layers,
        flowers,
        points=3,
        parts=("grad_W1", "grad_W2", "grad_W3"),
        facts=(
            Fact(
                "the gradients are what central differences give",
                has_the_measured_slope,
            ),
            Fact(
                "if W3 is zero, only its own gradient is not",
                stops_at_zero_weights,
            ),
        ),
        mistakes=(
            Mistake(
                " * (Z2 > 0)",
                "",
                "The way back does not pass through the second ReLU: where it gave "
                "zero, no gradient goes further.",
            ),
            Mistake(
                " * (Z1 > 0)",
                "",
                "The way back does not pass through the first ReLU: where it gave "
                "zero, no gradient goes further.",
            ),
            Mistake(
                " * (Z2 > 0)\n    grad_W2 = A1.T @ delta2\n"
                "    delta1 = delta2 @ W2.T * (Z1 > 0)",
                "\n    grad_W2 = A1.T @ delta2\n    delta1 = delta2 @ W2.T",
                "The way back passes through neither ReLU: where one gave zero, no "
                "gradient goes further.",
            ),
            Mistake(
                "np.maximum(Z2, 0)",
                "Z2",
                "On the way forward the second ReLU is missing.",
            ),
            Mistake(
                "np.maximum(Z2, 0)\n    G = 2 * (A2 @ W3 - Y) / Y.size\n"
                "    grad_W3 = A2.T @ G\n    delta2 = G @ W3.T * (Z2 > 0)",
                "Z2\n    G = 2 * (A2 @ W3 - Y) / Y.size\n"
                "    grad_W3 = A2.T @ G\n    delta2 = G @ W3.T",
                "The second ReLU is missing, forward and backward: two products in a "
                "row are one linear layer.",
            ),
            Mistake(
                "A1.T @ delta2",
                "A1.T @ (G @ W3.T)",
                "grad_W2 uses the gradient by A2. W2 stands before the second ReLU, "
                "so it needs that by Z2.",
            ),
            Mistake(
                "delta2 @ W2.T",
                "G @ W3.T @ W2.T",
                "grad_W1 has not passed through the second ReLU on its way back.",
            ),
            Mistake(
                "A2.T @ G",
                "Z2.T @ G",
                "grad_W3 uses Z2, but W3 is multiplied by what comes out of the ReLU.",
            ),
            Mistake(
                "A1.T @ delta2",
                "Z1.T @ delta2",
                "grad_W2 uses Z1, but W2 is multiplied by what comes out of the ReLU.",
            ),
            Mistake(
                "G @ W3.T",
                "G @ W3",
                "On the way back W3 is not transposed.",
            ),
            Mistake(
                "delta2 @ W2.T",
                "delta2 @ W2",
                "On the way back W2 is not transposed.",
            ),
            Mistake(
                "A2 @ W3 - Y",
                "Y - A2 @ W3",
                "All signs are wrong: the residual is the prediction minus the target.",
            ),
            Mistake(
                "/ Y.size",
                "/ len(Y)",
                "You divide by N, the number of examples. The loss is a mean over all "
                "entries, N K.",
            ),
            Mistake(
                " / Y.size",
                "",
                "These are gradients of the sum of all squares. Their mean is due.",
            ),
            Mistake(
                "2 * (A2",
                "(A2",
                "The factor 2, from the derivative of the square, is missing.",
            ),
            Mistake(
                "X.T @ delta1, grad_W2, grad_W3",
                "grad_W3, grad_W2, X.T @ delta1",
                "The order is wrong: first the gradient by W1, last that by W3.",
            ),
        ),
    ),
)
