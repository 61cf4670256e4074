"""Time the book's training code against common alternatives, as ratios.

Our side is the code of the pages themselves. Both sides take turns in one process,
on the digits that the book uses, with as many threads as a chapter has; the
median of the rounds counts. Exit status 1 means that a limit was missed. The
limits are set for MNIST; on the small digits everything is over in a few
hundredths of a second, so the ratios are shown but not judged.

Chapter 20 promises an accuracy within a time; that is judged as well, for a
full run on a CPU.
"""

import statistics
import sys
import time
import warnings
from collections.abc import Callable
from contextlib import redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression
from torch.nn.functional import cross_entropy
from torch.utils.data import DataLoader, TensorDataset

from booktools.run_chapter import execute_chapter
from helpers import load_digits, requested_run

ROUNDS = 3
N_EPOCHS = 10
ROOT = Path()  # `make bench` runs in the book's folder
TIME_LIMIT = 90  # the time in which chapter 20 promises to reach
MIN_ACCURACY = 0.987  # this test accuracy


@dataclass(frozen=True)
class Comparison:
    """Two ways to do the same thing, and the largest allowed ratio of times.

    Attributes
    ----------
    name : str
        A description.
    ours, theirs : callable
        Functions that do it and return the accuracy on the test images.
    limit : float
        The largest time allowed for ours, as a fraction of theirs.
    tolerance : float
        How much lower our accuracy may be: two training runs with different
        orders of the images differ by chance; two fits of one convex loss hardly
        do.
    """

    name: str
    ours: Callable[[], float]
    theirs: Callable[[], float]
    limit: float
    tolerance: float


def main() -> int:
    """Run everything, print the results, and return the exit status."""
    digits = load_digits()
    with redirect_stdout(None):
        linear_page = execute_chapter(
            ROOT, "05-softmax-regression", "test_accuracy = model.score("
        )
        network_page = execute_chapter(ROOT, "14-mlp-pytorch", "again, _ = train(")
    comparisons = [
        Comparison(
            f"{N_EPOCHS} epochs of 50 hidden units, evaluated after each:\n"
            "  chapter 14's loop against loaders, evaluated one by one",
            lambda: train_with_page(network_page),
            lambda: train_through_loaders(network_page),
            limit=1 / 3,
            tolerance=0.01,
        ),
        Comparison(
            "softmax regression:\n"
            "  chapter 05's fit against saga at its default iterations",
            lambda: fit_with_page(linear_page),
            lambda: fit_with_saga(linear_page),
            limit=1 / 3,
            tolerance=0.0,
        ),
    ]
    print(
        f"Training, on {digits.name}: {len(network_page['X_all']):,} to train, "
        f"{len(linear_page['y_test']):,} to test, on {network_page['device']}, "
        f"{torch.get_num_threads()} thread(s), median of {ROUNDS} rounds"
    )
    passed = [run(comparison) for comparison in comparisons]
    passed.append(time_last_training())
    if not digits.is_mnist:
        print("The limits are set for MNIST, so nothing is judged here.")
        return 0
    return 0 if all(passed) else 1


def last_training(page: dict[str, Any]) -> float:
    """Run the final training of chapter 20, with the settings it has chosen.

    Parameters
    ----------
    page : dict
        The names defined by the page, run until it caches its results.

    Returns
    -------
    float
        The test accuracy.
    """
    split, size = page["split"], page["size"]
    train = page["to_tensors"](split.x_train, split.y_train)
    test = page["to_tensors"](split.x_test, split.y_test)
    final = {"hidden": [2 * size["H"]], "epochs": size["final"]}
    layers, _ = page["train"](*train, page["recipe"] | final, seed=0)
    return page["accuracy"](layers, *test)


def time_last_training() -> bool:
    """Time the final training of chapter 20 with two threads, and judge it."""
    with redirect_stdout(None):
        page = execute_chapter(ROOT, "20-ablation", "def misread(")
    threads = torch.get_num_threads()
    torch.set_num_threads(2)
    started = time.perf_counter()
    score = last_training(page)
    seconds = time.perf_counter() - started
    torch.set_num_threads(threads)
    fast, good = seconds <= TIME_LIMIT, score >= MIN_ACCURACY
    on_cpu = page["device"].type == "cpu"
    judged = requested_run() == "full" and on_cpu and page["digits"].is_mnist
    size = page["size"]
    print(
        f"\n{size['final']} epochs of {2 * size['H']} hidden units, all images, two "
        f"threads:\n  {seconds:.0f} s, limit {TIME_LIMIT} s: "
        f"{'met' if fast else 'MISSED'}\n  test accuracy {score:.4f}, "
        f"goal {MIN_ACCURACY}: "
        f"{'met' if good else 'MISSED'}"
        f"{'' if judged else ' (not judged: not a full run on MNIST and a CPU)'}",
        flush=True,
    )
    return (fast and good) or not judged


def run(comparison: Comparison) -> bool:
    """Run a comparison, print its results, and return whether it met the limit."""
    seconds: dict[str, list[float]] = {"ours": [], "theirs": []}
    accuracy = {}
    for _ in range(ROUNDS):
        for side, do in (("ours", comparison.ours), ("theirs", comparison.theirs)):
            started = time.perf_counter()
            accuracy[side] = do()
            seconds[side].append(time.perf_counter() - started)
    ours, theirs = (statistics.median(seconds[side]) for side in ("ours", "theirs"))
    fast = ours <= comparison.limit * theirs
    good = accuracy["ours"] >= accuracy["theirs"] - comparison.tolerance
    print(
        f"\n{comparison.name}\n"
        f"  {ours:.2f} s against {theirs:.2f} s: ratio {ours / theirs:.3f}, "
        f"limit {comparison.limit:.3f}: {'met' if fast else 'MISSED'}\n"
        f"  test accuracy {accuracy['ours']:.4f} against "
        f"{accuracy['theirs']:.4f}: {'no lower' if good else 'LOWER'}",
        flush=True,
    )
    return fast and good


def train_with_page(page: dict[str, Any]) -> float:
    """Train and evaluate with the functions of the page."""
    test = page["X_test"], page["y_test"]
    _, history = page["train"](
        page["X_all"], page["y_all"], seed=0, n_epochs=N_EPOCHS, watch=[test]
    )
    return history[-1, 0, 1]


def train_through_loaders(page: dict[str, Any]) -> float:
    """Train the same network with a loader, and evaluate it at batch size 1."""
    network = page["DigitNetwork"](0).to(page["device"])
    optimiser = torch.optim.SGD(
        network.parameters(), lr=page["best_rate"], momentum=0.9
    )
    train = DataLoader(
        TensorDataset(page["X_all"], page["y_all"]),
        batch_size=page["batch_size"],
        shuffle=True,
        generator=torch.Generator().manual_seed(0),
    )
    test = DataLoader(TensorDataset(page["X_test"], page["y_test"]), batch_size=1)
    right = 0
    for _ in range(N_EPOCHS):
        for x, y in train:
            loss = cross_entropy(network(x), y)
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
        right = 0
        with torch.no_grad():
            for x, y in test:
                right += (network(x).argmax(dim=1) == y).sum().item()
    return right / len(page["y_test"])


def fit_with_page(page: dict[str, Any]) -> float:
    """Run the cell of the page that fits and scores the model."""
    names = dict(page)
    with redirect_stdout(None):
        exec(page["next_cell"], names)
    return names["test_accuracy"]


def fit_with_saga(page: dict[str, Any]) -> float:
    """Fit the same loss to the same images with another solver."""
    model = LogisticRegression(C=page["best"], solver="saga", random_state=0)
    with warnings.catch_warnings():
        # Not converging within the default iterations is part of the comparison.
        warnings.simplefilter("ignore", ConvergenceWarning)
        model.fit(page["X_all"], page["y_all"])
    return model.score(page["X_test"], page["y_test"])


if __name__ == "__main__":
    sys.exit(main())
