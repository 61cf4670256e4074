"""The tasks of the chapter on a multi-layer perceptron in PyTorch."""

from collections.abc import Iterator

import numpy as np
import torch
from torch import nn

from helpers import Fact, Mistake, Task

# The first optimiser imports half of PyTorch: not while a function is timed.
torch.optim.SGD([torch.zeros(1)])


def train_epoch(network, batches, optimiser):
    """Train a network for an epoch.

    batches: pairs of images (n, D) and their classes (n,), which may
    be on another device than the network.
    """
    device = next(network.parameters()).device
    network.train()
    for X_batch, y_batch in batches:  # 1 move to the device
        X_batch, y_batch = X_batch.to(device), y_batch.to(device)
        logits = network(X_batch)  # 2 predict
        loss = nn.functional.cross_entropy(logits, y_batch)  # 3 judge
        optimiser.zero_grad()
        loss.backward()  # 4 differentiate
        optimiser.step()  # 5 update


def evaluate(network, X, y):
    """Return the mean loss and the accuracy, two numbers.

    X: images (N, D), y: their classes (N,), on the network's device.
    """
    network.eval()
    with torch.no_grad():
        logits = network(X)
    loss = nn.functional.cross_entropy(logits, y)
    correct = (logits.argmax(dim=1) == y).sum()
    return loss.item(), correct.item() / len(y)


def batches_by_index(X, y, batch_size, generator):
    """Yield pairs of batch_size rows of X and the same rows of y.

    X: (N, D), y: (N,). They come in an order that torch.randperm
    draws with the generator; what is left at the end is left out.
    """
    order = torch.randperm(len(X), generator=generator)
    full = len(X) // batch_size * batch_size  # no leftover
    for rows in order[:full].to(X.device).split(batch_size):
        yield X[rows], y[rows]


def make_network(W):
    """Return a network with weights W (C, D) that normalises over a batch."""
    C, D = W.shape
    linear = nn.Linear(D, C, bias=False)
    with torch.no_grad():
        linear.weight.copy_(W)
    return nn.Sequential(linear, nn.BatchNorm1d(C))


def weights_after(train_epoch, W, batches, learning_rate):
    """Return what a network that began with weights W has learned."""
    network = make_network(W).eval()
    optimiser = torch.optim.SGD(network.parameters(), lr=learning_rate)
    train_epoch(network, batches, optimiser)
    return [it.detach() for it in network.parameters()]


def evaluation_of(evaluate, W, X, y):
    """Return what is said of a network with weights W."""
    return evaluate(make_network(W), X, y)


def list_batches(batches_by_index, X, y, batch_size, seed):
    """Return the batches in a list."""
    generator = torch.Generator().manual_seed(seed)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed + 1)  # for who draws without the generator
        batches = batches_by_index(X, y, batch_size, generator)
        return list(batches) if isinstance(batches, Iterator) else batches


def draw(rng, N, D, C):
    """Return N images and classes, and weights."""
    X, W = rng.normal(size=(N, D)), rng.normal(size=(C, D))
    X, W = (torch.tensor(it, dtype=torch.float32) for it in (X, W))
    return X, torch.tensor(rng.permutation(np.arange(N) % C)), W


def epochs(rng):
    found = []
    for n, D, C, learning_rate in ((6, 2, 3, 0.5), (5, 3, 4, 0.2)):
        X, y, W = draw(rng, 3 * n, D, C)
        batches = list(zip(X.split(n), y.split(n), strict=True))
        found.append((W, batches, learning_rate))
    return found


def to_evaluate(rng):
    found = []
    for N, D, C in ((9, 2, 3), (7, 3, 4)):
        X, y, W = draw(rng, N, D, C)
        y[:2] = (X[:2] @ W.T).argmax(dim=1)  # some are right
        found.append((W, X, y))
    return found


def to_split(rng):
    found = []
    for N, D, batch_size in ((11, 3, 4), (8, 2, 3)):
        X, y, _ = draw(rng, N, D, N)
        found.append((X, y, batch_size, int(rng.integers(1000))))
    return found


def makes_the_step_of_softmax_regression(train_epoch):
    X, y, W = draw(np.random.default_rng(1), 6, 3, 4)
    network = nn.Linear(3, 4, bias=False)
    with torch.no_grad():
        network.weight.copy_(W)
    P = (X @ W.T).softmax(dim=1)
    gradient = (P - nn.functional.one_hot(y, 4)).T @ X / len(X)
    optimiser = torch.optim.SGD(network.parameters(), lr=0.1)
    train_epoch(network, [(X, y)], optimiser)
    return torch.allclose(network.weight, W - 0.1 * gradient, atol=1e-5)


def predicts_in_training_mode(train_epoch):
    W, batches, learning_rate = epochs(np.random.default_rng(1))[0]
    network, modes = make_network(W).eval(), []
    network.register_forward_hook(lambda *call: modes.append(call[0].training))
    optimiser = torch.optim.SGD(network.parameters(), lr=learning_rate)
    train_epoch(network, batches, optimiser)
    return len(modes) == len(batches) and all(modes)


def is_ignorance_at_zero(evaluate):
    X, y, W = draw(np.random.default_rng(1), 6, 3, 4)
    loss, _ = evaluate(make_network(0 * W), X, y)
    return np.isclose(loss, np.log(4))


def records_no_graph(evaluate):
    X, y, W = draw(np.random.default_rng(1), 6, 3, 4)
    network, recorded = make_network(W), []
    network.register_forward_hook(lambda *call: recorded.append(call[2].requires_grad))
    evaluate(network, X, y)
    return recorded and not any(recorded)


def counts_each_image_the_same(evaluate):
    X, y, W = draw(np.random.default_rng(1), 65, 3, 4)
    network = make_network(W)
    once = evaluate(network, X, y)
    twice = evaluate(network, torch.cat([X, X]), torch.cat([y, y]))
    return np.allclose(once, twice, rtol=1e-4)


def hands_out_each_image_once(batches_by_index):
    X, y = torch.arange(12.0)[:, None], torch.arange(12)
    batches = batches_by_index(X, y, 3, torch.Generator().manual_seed(1))
    images, classes = map(torch.cat, zip(*batches, strict=True))
    same = torch.equal(images[:, 0].long(), classes)
    return same and sorted(classes.tolist()) == list(range(12))


def goes_on_in_a_new_order(batches_by_index):
    X, y = torch.arange(12.0)[:, None], torch.arange(12)
    generator = torch.Generator().manual_seed(1)
    first, second = (
        torch.cat([it[1] for it in batches_by_index(X, y, 3, generator)])
        for _ in range(2)
    )
    return not torch.equal(first, second)


TASKS = (
    Task(
        train_epoch,
        epochs,
        points=3,
        given=(make_network,),
        observe=weights_after,
        parts=("the weights", "the scales", "the shifts"),
        tolerance=1e-4,
        facts=(
            Fact(
                "the network predicts each batch once, in training mode",
                predicts_in_training_mode,
            ),
            Fact(
                "with one batch, softmax regression moves by "
                "-learning_rate * (P - Y)^T X / n",
                makes_the_step_of_softmax_regression,
            ),
        ),
        mistakes=(
            Mistake(
                "optimiser.step()  # 5 update",
                "pass",
                "It changes nothing: no weight moves. Each batch needs a gradient "
                "that is still there when the step is made, and then a step.",
            ),
            Mistake(
                "optimiser.zero_grad()",
                "pass",
                "The gradients pile up: that of each batch is added to those before. "
                "Clear them for each batch.",
            ),
            Mistake(
                "network.train()",
                "network.eval()",
                "The network is in evaluation mode: batch normalisation does not look "
                "at the batch. Switch to training first.",
            ),
            Mistake(
                "network(X_batch)",
                "network(X_batch).softmax(dim=1)",
                "There are two softmaxes: cross_entropy takes logits and applies its "
                "own.",
            ),
            Mistake(
                "        optimiser.step()  # 5 update",
                "    optimiser.step()",
                "There is a single step, after the last batch. Each batch has a step "
                "of its own.",
            ),
            Mistake(
                "optimiser.step()  # 5 update",
                "optimiser.step()\n        return",
                "Only the first batch is used. A return inside of the loop ends it.",
            ),
            Mistake(
                "cross_entropy(logits, y_batch)",
                'cross_entropy(logits, y_batch, reduction="sum")',
                "The loss is a sum over the batch, so the steps are too long. Its "
                "mean is due.",
            ),
            Mistake(
                "loss.backward()",
                "(-loss).backward()",
                "It goes uphill: the optimiser subtracts the gradient by itself.",
            ),
        ),
    ),
    Task(
        evaluate,
        to_evaluate,
        parts=("loss", "accuracy"),
        given=(make_network,),
        observe=evaluation_of,
        tolerance=1e-4,
        facts=(
            Fact("if all weights are zero, the loss is log C", is_ignorance_at_zero),
            Fact("no graph is recorded, as under torch.no_grad()", records_no_graph),
            Fact(
                "65 images twice give what they give once, since each counts the same",
                counts_each_image_the_same,
            ),
        ),
        mistakes=(
            Mistake(
                "network.eval()",
                "pass",
                "The network is still in training mode: its answer for an image then "
                "depends on the others. Switch the mode first.",
            ),
            Mistake(
                "argmax(dim=1)",
                "argmax(dim=0)",
                "The largest logit is sought down a column. Each image has a row of "
                "logits.",
            ),
            Mistake(
                "correct.item() / len(y)",
                "correct.item()",
                "The second result counts the images that are right. Their share is "
                "due.",
            ),
            Mistake(
                "== y",
                "!= y",
                "The second result is the share of the images that are misread.",
            ),
            Mistake(
                "logits = network(X)",
                "logits = network(X).softmax(dim=1)",
                "There are two softmaxes: cross_entropy takes logits and applies its "
                "own.",
            ),
            Mistake(
                "cross_entropy(logits, y)",
                'cross_entropy(logits, y, reduction="sum")',
                "The loss is a sum over the images, where their mean is due.",
            ),
            Mistake(
                "loss.item()",
                "loss.item() / len(y)",
                "The loss is divided by N twice: cross_entropy gives a mean already.",
            ),
            Mistake(
                "return loss.item()",
                "return loss",
                "The loss is a tensor. Take the number out of it.",
            ),
            Mistake(
                "loss.item(), correct.item() / len(y)",
                "correct.item() / len(y), loss.item()",
                "The order is wrong: first the loss, then the accuracy.",
            ),
        ),
    ),
    Task(
        batches_by_index,
        to_split,
        observe=list_batches,
        facts=(
            Fact(
                "12 images in batches of 3 come once each, with their own classes",
                hands_out_each_image_once,
            ),
            Fact("the next epoch has another order", goes_on_in_a_new_order),
        ),
        mistakes=(
            Mistake(
                "torch.randperm(len(X), generator=generator)",
                "torch.arange(len(X))",
                "The order is that of the data. Draw a random one.",
            ),
            Mistake(
                "torch.randperm(len(X), generator=generator)",
                "torch.randperm(len(X))",
                "The order does not come from the generator, so it cannot be repeated.",
            ),
            Mistake(
                "torch.randperm(len(X), generator=generator)",
                "torch.randint(len(X), (len(X),), generator=generator)",
                "Some images come twice and others never. Shuffle the rows instead of "
                "drawing each.",
            ),
            Mistake(
                "order[:full]",
                "order",
                "The last batch is smaller than the others. Leave it out.",
            ),
            Mistake(
                "split(batch_size)",
                "chunk(batch_size)",
                "There are batch_size batches. It is the number of rows in each.",
            ),
            Mistake(
                "y[rows]",
                "y[: len(rows)]",
                "Images and classes no longer belong together. Take the same rows of "
                "both.",
            ),
            Mistake(
                "yield X[rows], y[rows]",
                "yield X[rows]",
                "The images come without their classes.",
            ),
            Mistake(
                "yield X[rows], y[rows]",
                "return X[rows], y[rows]",
                "Only the first batch comes, since return ends the function. A yield "
                "goes on.",
            ),
        ),
    ),
)
