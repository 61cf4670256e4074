"""The tasks of the chapter on torch.nn."""

from collections import OrderedDict
from itertools import pairwise

import numpy as np
import torch
from torch import nn

from helpers import Fact, Mistake, Task


def put_weights(network, W1, W2):
    """Return the network, with W1 and W2 put into its layers.

    W1: (D, H), for network.hidden; W2: (H, K), for network.output.
    Both are NumPy arrays.
    """
    with torch.no_grad():
        network.hidden.weight.copy_(torch.tensor(W1.T))
        network.output.weight.copy_(torch.tensor(W2.T))
    return network


def take_step(network, X, Y, learning_rate):
    """Take a step downhill, and return the loss before it, a number.

    X: (N, D), Y: (N, K). The loss is the mean of all N K squares.
    network may have any number of layers.
    """
    loss = nn.MSELoss()(network(X), Y)
    network.zero_grad()
    loss.backward()
    with torch.no_grad():
        for parameter in network.parameters():
            parameter -= learning_rate * parameter.grad
    return loss.item()


def make_two_layers(n_in, n_hidden, n_out):
    """Return a network in single precision, with all weights 1."""
    layers = OrderedDict(
        hidden=nn.Linear(n_in, n_hidden, bias=False),
        relu=nn.ReLU(),
        output=nn.Linear(n_hidden, n_out, bias=False),
    )
    for layer in (layers["hidden"], layers["output"]):
        nn.init.ones_(layer.weight)
    return nn.Sequential(layers)


def weights_put(put_weights, sizes, W1, W2):
    """Return the weights that a network of these sizes has afterwards."""
    result = put_weights(make_two_layers(*sizes), W1, W2)
    if not isinstance(result, nn.Module):
        return result
    return result.hidden.weight, result.output.weight


def stack(matrices):
    """Return a network with these weights, and a ReLU between its layers."""
    layers = []
    for W in matrices:
        layer = nn.Linear(*W.shape, bias=False, dtype=W.dtype)
        layer.weight = nn.Parameter(W.T.clone())
        layers += [layer, nn.ReLU()]
    return nn.Sequential(*layers[:-1])


def two_steps(take_step, matrices, X, Y, learning_rate):
    """Return the losses that two steps return, and the weights after both."""
    network = stack(matrices)
    losses = [take_step(network, X, Y, learning_rate) for _ in range(2)]
    weights = [parameter.flatten() for parameter in network.parameters()]
    return *losses, torch.cat(weights)


def matrices(rng):
    return [
        ((D, H, K), rng.normal(size=(D, H)), rng.normal(size=(H, K)))
        for D, H, K in ((3, 5, 2), (2, 4, 3))
    ]


def networks_and_data(rng):
    return [
        (
            [torch.tensor(rng.normal(size=shape)) for shape in pairwise(sizes)],
            torch.tensor(rng.normal(size=(N, sizes[0]))),
            torch.tensor(rng.normal(size=(N, sizes[-1]))),
            learning_rate,
        )
        for N, sizes, learning_rate in ((6, (3, 5, 2), 0.1), (7, (2, 4, 5, 3), 0.05))
    ]


def returns_what_it_was_given(put_weights):
    network = make_two_layers(3, 5, 2)
    return put_weights(network, np.zeros((3, 5)), np.zeros((5, 2))) is network


def computes_the_formula(put_weights):
    ((sizes, W1, W2), *_) = matrices(np.random.default_rng(1))
    X = np.random.default_rng(2).normal(size=(4, sizes[0]))
    network = put_weights(make_two_layers(*sizes), W1, W2)
    Y_hat = network(torch.tensor(X, dtype=torch.float32)).detach()
    return np.allclose(Y_hat, np.maximum(X @ W1, 0) @ W2, atol=1e-5)


def follows_the_gradient(take_step):
    ((given, X, Y, learning_rate), *_) = networks_and_data(np.random.default_rng(1))
    network, copy = stack(given), stack(given)
    weights = list(copy.parameters())
    gradients = torch.autograd.grad((copy(X) - Y).square().mean(), weights)
    take_step(network, X, Y, learning_rate)
    return all(
        torch.allclose(after, before - learning_rate * gradient)
        for after, before, gradient in zip(
            network.parameters(), weights, gradients, strict=True
        )
    )


PUT_W1 = "network.hidden.weight.copy_(torch.tensor(W1.T))"
PUT_W2 = "network.output.weight.copy_(torch.tensor(W2.T))"
PUT_BOTH = f"{PUT_W1}\n        {PUT_W2}"
UPDATE = "parameter -= learning_rate * parameter.grad"

TASKS = (
    Task(
        put_weights,
        matrices,
        parts=("the weights of hidden", "the weights of output"),
        given=(make_two_layers,),
        observe=weights_put,
        facts=(
            Fact(
                "the network that is returned is the given one",
                returns_what_it_was_given,
            ),
            Fact(
                "the network computes ReLU(X W1) W2, in its own precision",
                computes_the_formula,
            ),
        ),
        mistakes=(
            Mistake(
                "W1.T",
                "W1",
                "W1 has the shape (D, H), and nn.Linear keeps (outputs, inputs): it "
                "goes in transposed.",
            ),
            Mistake(
                "W2.T",
                "W2",
                "W1 is in its place. But W2 has the shape (H, K), and nn.Linear "
                "keeps (outputs, inputs) there as well.",
            ),
            Mistake(
                PUT_BOTH,
                PUT_BOTH.replace("W1.T", "W1.reshape(W1.shape[::-1])").replace(
                    "W2.T", "W2.reshape(W2.shape[::-1])"
                ),
                "reshape deals the numbers out anew: each unit gets weights that "
                "belong to others. Transpose instead.",
            ),
            Mistake(
                PUT_BOTH,
                PUT_W1,
                "Only the first layer has new weights. The second has kept its own.",
            ),
            Mistake(
                PUT_BOTH,
                PUT_W2,
                "Only the second layer has new weights. The first has kept its own.",
            ),
            Mistake(
                PUT_BOTH,
                "pass",
                "Both layers have kept their own weights. Change them in place.",
            ),
            Mistake(
                "with torch.no_grad()",
                "if True",
                "PyTorch refuses to change a parameter in place while it records. "
                "Switch recording off around the change.",
            ),
            Mistake(
                PUT_W1,
                "network.hidden.weight = torch.tensor(W1.T)",
                "A plain tensor is no nn.Parameter, and the layer refuses it. Change "
                "the weights that it has, in place.",
            ),
            Mistake(
                PUT_W1,
                "network.hidden.weight.copy_(W1.T)",
                "copy_ takes a tensor, and W1 and W2 are NumPy arrays.",
            ),
            Mistake(
                "return network",
                "return None",
                "It returns None. Return the network, once its weights are in place.",
            ),
        ),
    ),
    Task(
        take_step,
        networks_and_data,
        points=3,
        parts=("the first loss", "the second loss", "the weights after two steps"),
        given=(stack,),
        observe=two_steps,
        facts=(
            Fact(
                "each weight moves by minus the learning rate times the gradient "
                "of torch.autograd.grad",
                follows_the_gradient,
            ),
        ),
        mistakes=(
            Mistake(
                "network.zero_grad()",
                "pass",
                "The second step uses the gradients of both: backward adds to those "
                "that are there. Forget them in each step.",
            ),
            Mistake(
                "loss.backward()",
                "pass",
                "The parameters have no gradient when you use it: backward is missing, "
                "or the gradients are cleared after it.",
            ),
            Mistake(
                "loss = nn.MSELoss()(network(X), Y)",
                "loss = nn.MSELoss()(network(X), Y).item()",
                "The loss is made a plain number too early: backward needs the tensor "
                "and its record.",
            ),
            Mistake(
                "with torch.no_grad()",
                "if True",
                "PyTorch refuses to change a parameter in place while it records. "
                "Switch recording off for the update.",
            ),
            Mistake(
                UPDATE,
                "parameter = parameter - learning_rate * parameter.grad",
                "The weights stay as they are: a new tensor is made and the name given "
                "to it. Change the parameter in place.",
            ),
            Mistake(
                UPDATE,
                "parameter += learning_rate * parameter.grad",
                "It climbs: the update adds the gradient, and downhill is the other "
                "way.",
            ),
            Mistake(
                UPDATE,
                "parameter -= parameter.grad",
                "The learning rate is missing from the update.",
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
                "nn.MSELoss()(network(X), Y)",
                "(network(X) - Y).square().mean() / 2",
                "The loss is half of what is asked for, and so is each step.",
            ),
            Mistake(
                "nn.MSELoss()(network(X), Y)",
                "(network(X) - Y).abs().mean()",
                "These are absolute errors. The squares are due.",
            ),
            Mistake(
                "network.parameters()",
                "[next(network.parameters())]",
                "Only the first layer takes a step. All parameters have to.",
            ),
            Mistake(
                "network.parameters()",
                "list(network.parameters())[-1:]",
                "Only the last layer takes a step. All parameters have to.",
            ),
            Mistake(
                "return loss.item()",
                "return loss",
                "The loss is returned as a tensor, with all that was recorded for it. "
                "Return its number.",
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
)
