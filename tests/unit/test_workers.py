"""The workers of chapter 22 do together what one does, and survive a kill.

Workers are threads here, with a stand-in for `torch.distributed`, so that many
mistakes can be tried; the page itself starts real processes and kills one.
"""

import io
import os
import re
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from importlib import import_module
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import psutil
import pytest
import torch
from book import execute_changed_chapter
from torch import nn

from helpers import max_relative_difference, mutate

SECONDS = 60  # after which a worker that waits for another gives up
KILLED_AT = 47
FILES = "gradients", "averages", "accident", "checkpoints", "training"
Names = dict[str, Any]


class KilledError(Exception):
    """What ends a worker that is a thread."""


class Workers:
    """Threads that play workers, and what they use of `torch.distributed`."""

    def __init__(self, size: int) -> None:
        self.size = size
        self.here = threading.local()
        self.barrier = threading.Barrier(size, timeout=SECONDS)
        self.given: list[Any] = [None] * size

    def get_rank(self) -> int:
        return self.here.rank

    def get_world_size(self) -> int:
        return self.size

    @torch.no_grad()
    def all_reduce(self, tensor: torch.Tensor) -> None:
        self.given[self.here.rank] = tensor.clone()
        self.barrier.wait()
        total = torch.stack(self.given).sum(dim=0)
        self.barrier.wait()
        tensor.copy_(total)

    def wrap(self, network: nn.Module) -> nn.Module:
        def average(parameter: torch.Tensor) -> None:
            self.all_reduce(parameter.grad)
            parameter.grad /= self.size

        for parameter in network.parameters():
            parameter.register_post_accumulate_grad_hook(average)
        return network

    def run(self, work: Callable[[], Any]) -> list[Any]:
        """Let each worker do the work; return the results, or raise what one raised."""

        def as_worker(rank: int) -> Any:
            self.here.rank = rank
            try:
                return work()
            except BaseException:
                self.barrier.abort()
                raise

        with ThreadPoolExecutor(self.size) as pool:
            ended = [pool.submit(as_worker, rank) for rank in range(self.size)]
        faults = [fault for one in ended if (fault := one.exception())]
        for fault in faults:
            if not isinstance(fault, threading.BrokenBarrierError):
                raise fault
        assert not faults
        return [one.result() for one in ended]


def without_processes(source: str) -> str:
    """Drop the cells that start workers and look at what they found."""
    return "" if re.search(r'"gradients"|relative_error\(g\)', source) else source


@pytest.fixture(scope="module")
def page() -> Iterator[Names]:
    """Return the names of the page, while the files that it writes are there."""
    before = Path.cwd(), list(sys.path)
    page = execute_changed_chapter(
        "22-several-workers", without_processes, until='"train.py", "together"'
    )
    try:
        yield page
    finally:
        os.chdir(before[0])
        sys.path[:] = before[1]
        for name in FILES:
            sys.modules.pop(name, None)
        page["keeper"].cleanup()


@pytest.fixture(scope="module")
def files(page: Names) -> SimpleNamespace:
    """Return the modules that the page has written."""
    return SimpleNamespace(**{name: import_module(name) for name in FILES})


@pytest.fixture
def play(
    files: SimpleNamespace, monkeypatch: pytest.MonkeyPatch
) -> Callable[[int], Workers]:
    """Return a function that lets workers be threads."""

    def begin(size: int) -> Workers:
        workers = Workers(size)
        for module in (files.averages, files.accident, files.training):
            monkeypatch.setattr(module, "dist", workers)
        monkeypatch.setattr(files.training, "DistributedDataParallel", workers.wrap)
        monkeypatch.setenv("TORCHELASTIC_RESTART_COUNT", "0")

        def end() -> None:
            raise KilledError

        monkeypatch.setattr(files.accident, "die", end)
        return workers

    return begin


# One step


def error_of_average(
    page: Names, workers: Workers, average: Any, sizes: list[int], *, weighted: bool
) -> float:
    """Return how far the workers' gradient is from that of one, relatively."""
    X, y = page["X"], page["y"]
    networks = [page["make_network"](page["begun"], X) for _ in sizes]
    parts = torch.arange(sum(sizes)).split(sizes)
    whole = page["gradient_of"](networks[0], X[: sum(sizes)], y[: sum(sizes)])
    found = workers.run(
        lambda: average(networks[workers.get_rank()], X, y, parts, weighted)
    )
    for gradient in found:
        assert torch.equal(gradient, found[0])
    return (torch.linalg.norm(found[0] - whole) / torch.linalg.norm(whole)).item()


@pytest.mark.parametrize(
    ("old", "new", "sizes", "weighted"),
    [
        ("gradient /= dist.get_world_size()", "pass", [32, 32], False),
        ("dist.all_reduce(gradient)", "pass", [32, 32], False),
        ("parts[dist.get_rank()]", "parts[0]", [32, 32], False),
        ("if weighted", "if not weighted", [48, 16], True),
        ("sum(len(part) for part in parts)", "len(mine)", [48, 16], True),
        ("len(mine) / sum", "1 / sum", [48, 16], True),
    ],
)
def test_a_mistake_in_the_average_is_seen(
    page, files, play, old, new, sizes, weighted
) -> None:
    workers = play(len(sizes))
    right = files.averages.average_by_hand
    assert error_of_average(page, workers, right, sizes, weighted=weighted) < 1e-12
    wrong = mutate(right, old, new)
    try:
        error = error_of_average(page, workers, wrong, sizes, weighted=weighted)
    except AssertionError:  # the workers do not have the same gradient
        return
    assert error > 1e-3


# A training


def train_alone(page: Names) -> list[float]:
    """Train as one worker does, written independently of the page."""
    task, X, y = page["task"], page["X"], page["y"]
    network = page["make_network"](task["start"], X)
    velocities = [torch.zeros_like(p) for p in network.parameters()]
    generator = torch.Generator().manual_seed(task["seed"])
    losses = []
    for _ in range(task["n_steps"]):
        rows = torch.randperm(len(X), generator=generator)[: task["n"]]
        loss = nn.functional.cross_entropy(network(X[rows]), y[rows])
        losses.append(loss.item())
        gradients = torch.autograd.grad(loss, list(network.parameters()))
        with torch.no_grad():
            for p, v, g in zip(
                network.parameters(), velocities, gradients, strict=True
            ):
                v.mul_(task["sgd"]["momentum"]).add_(g)
                p.sub_(task["sgd"]["lr"] * v)
    return losses


@pytest.fixture(scope="module")
def alone(page: Names) -> list[float]:
    return train_alone(page)


@pytest.fixture
def train_together(
    page: Names,
    files: SimpleNamespace,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Callable[[Workers, int], None]:
    """Return a function that trains, and kills the last worker in a step."""

    def train(workers: Workers, fatal_step: int = -1) -> None:
        monkeypatch.setenv("FATAL_STEP", str(fatal_step))
        arguments = page["task"], page["X"], page["y"], tmp_path
        with nullcontext() if fatal_step < 0 else pytest.raises(KilledError):
            workers.run(lambda: files.training.train_together(*arguments))
        workers.barrier.reset()

    return train


def losses_in(folder: Path) -> list[float]:
    return torch.load(folder / "checkpoint.pt", weights_only=True)["losses"]


def begins_of(folder: Path, rank: int) -> list[int]:
    """Return the steps of a worker that do not follow the one before."""
    steps = np.loadtxt(folder / f"steps-{rank}.txt", dtype=int)[:, 1]
    return steps[np.diff(steps, prepend=-2) != 1].tolist()


ONCE = [0]
AGAIN = [0, 40]  # with a checkpoint every 20 steps


@pytest.mark.parametrize(
    ("killed", "size"), [(0, 1), (0, 2), (0, 4), (1, 1), (2, 2), (4, 4), (4, 2)]
)
def test_any_number_of_workers_trains_as_one_and_takes_up_what_others_have_left(
    play, train_together, alone, tmp_path, killed, size
) -> None:
    if killed:
        train_together(play(killed), KILLED_AT)
    train_together(play(size))
    assert max_relative_difference(losses_in(tmp_path), alone) < 1e-12
    for rank in range(size):
        assert begins_of(tmp_path, rank) == (AGAIN if killed else ONCE)


MISTAKES = {
    "rows twice": ("train_together", "rows[rank::size]", "rows[: len(rows) // size]"),
    "unequal parts": (
        "train_together",
        "rows[rank::size]",
        "rows[16 * rank : 16 + 48 * rank]",
    ),
    "batches of one's own": (
        "train_together",
        'manual_seed(task["seed"])',
        "manual_seed(rank)",
    ),
    "no exchange": ("train_together", "DistributedDataParallel(network)", "network"),
    "losses added up": (
        "mean_of_all",
        "loss.detach() / dist.get_world_size()",
        "loss.detach()",
    ),
    "velocities not restored": (
        "load_checkpoint",
        'optimiser.load_state_dict(saved["optimiser"])',
        "pass",
    ),
    "velocities not saved": (
        "save_checkpoint",
        "optimiser.state_dict(),",
        'optimiser.state_dict() | {"state": {}},',
    ),
    "weights not restored": (
        "load_checkpoint",
        'network.load_state_dict(saved["network"])',
        "pass",
    ),
    "batches from the beginning": (
        "load_checkpoint",
        'generator.set_state(saved["generator"])',
        "pass",
    ),
    "steps not counted": ("load_checkpoint", 'saved["losses"]', 'saved["losses"][1:]'),
    "nothing loaded": ("load_checkpoint", "not path.exists()", "True"),
}


@pytest.mark.parametrize(("function", "old", "new"), MISTAKES.values(), ids=MISTAKES)
def test_a_mistake_in_the_training_is_seen(
    files, play, train_together, alone, tmp_path, monkeypatch, function, old, new
) -> None:
    workers = play(2)
    wrong = mutate(getattr(files.training, function), old, new)
    monkeypatch.setattr(files.training, function, wrong)
    killed = function.endswith("checkpoint")  # these matter only after a death
    if killed:
        train_together(workers, KILLED_AT)
    train_together(workers)
    losses = losses_in(tmp_path)
    as_it_should = (
        len(losses) == len(alone)
        and max_relative_difference(losses, alone) < 1e-3
        and begins_of(tmp_path, 0) == (AGAIN if killed else ONCE)
    )
    assert not as_it_should


@pytest.mark.parametrize("in_place", [False, True])
def test_what_is_killed_while_it_writes_leaves_the_old_checkpoint(
    page, files, tmp_path, monkeypatch, in_place
) -> None:
    network = page["make_network"](page["begun"], page["X"])
    optimiser = torch.optim.SGD(network.parameters(), 0.1)
    things = network, optimiser, torch.Generator().manual_seed(0)
    save, load = files.checkpoints.save_checkpoint, files.checkpoints.load_checkpoint
    if in_place:
        save = mutate(save, 'path.with_suffix(".new")', "path")
    path = tmp_path / "checkpoint.pt"
    save(path, *things, [3.0, 2.0])
    write = torch.save

    def write_half(content: Any, path: Path) -> None:
        file = io.BytesIO()
        write(content, file)
        path.write_bytes(file.getvalue()[: file.tell() // 2])
        raise KilledError

    monkeypatch.setattr(torch, "save", write_half)
    with pytest.raises(KilledError):
        save(path, *things, [3.0, 2.0, 1.0])
    lost = pytest.raises((OSError, RuntimeError))
    with lost if in_place else nullcontext():
        assert load(path, *things) == [3.0, 2.0]


# Real processes


def processes_of(script: Path) -> list[int]:
    found = []
    for process in psutil.process_iter(["cmdline"]):
        if str(script) in (process.info["cmdline"] or []):
            found.append(process.pid)
    return found


def test_a_run_that_takes_too_long_is_ended_with_all_its_workers(page) -> None:
    impatient = mutate(page["torchrun"], "timeout=240", "timeout=4")
    forever = page["workshop"] / "forever.py"
    forever.write_text("import time\ntime.sleep(600)\n")
    with pytest.raises(page["subprocess"].TimeoutExpired):
        impatient("forever.py", "forever")
    assert processes_of(forever) == []
