"""The workers of chapter 22 do together what one does, and survive a kill.

Workers are threads here, with a stand-in for `torch.distributed`, so that many
mistakes can be tried; the page itself starts real processes and kills one.
"""

import io
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import pytest
import torch
from book import run_page
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from torch import nn

from helpers import max_relative_difference, mutate

SECONDS = 60  # after which a worker that waits for another gives up
KILLED_AT = 47
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


@pytest.fixture(scope="module")
def names() -> Iterator[Names]:
    """Return the names of the page, which its functions look up."""
    page = run_page("22-several-workers", until='torchrun("together")')
    yield page["main"].__globals__
    page["keeper"].cleanup()


@pytest.fixture
def play(names: Names, monkeypatch: pytest.MonkeyPatch) -> Callable[[int], Workers]:
    """Return a function that lets workers be threads."""

    def begin(size: int) -> Workers:
        workers = Workers(size)
        monkeypatch.setitem(names, "dist", workers)
        monkeypatch.setitem(names, "DistributedDataParallel", workers.wrap)
        monkeypatch.setenv("TORCHELASTIC_RESTART_COUNT", "0")

        def end() -> None:
            raise KilledError

        monkeypatch.setitem(names, "kill_the_last_worker", end)
        return workers

    return begin


# One step


def error_of_average(
    names: Names, workers: Workers, average: Any, sizes: list[int], *, weighted: bool
) -> float:
    """Return how far the workers' gradient is from that of one, relatively."""
    X, y = names["X"], names["y"]
    networks = [names["make_network"](names["begun"], X) for _ in sizes]
    parts = torch.arange(sum(sizes)).split(sizes)
    whole = names["gradient_of"](networks[0], X[: sum(sizes)], y[: sum(sizes)])
    found = workers.run(
        lambda: average(networks[workers.get_rank()], X, y, parts, weighted)
    )
    for gradient in found:
        assert torch.equal(gradient, found[0])
    return (torch.linalg.norm(found[0] - whole) / torch.linalg.norm(whole)).item()


@settings(
    deadline=None,
    max_examples=30,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(sizes=st.lists(st.integers(1, 40), min_size=1, max_size=5))
def test_weighted_means_are_right_and_plain_ones_for_equal_parts_alone(
    names, play, sizes
) -> None:
    workers = play(len(sizes))
    average = names["average_by_hand"]
    assert error_of_average(names, workers, average, sizes, weighted=True) < 1e-12
    plain = error_of_average(names, workers, average, sizes, weighted=False)
    assert (plain < 1e-12) == (len(set(sizes)) == 1)


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
    names, play, old, new, sizes, weighted
) -> None:
    workers = play(len(sizes))
    right, wrong = names["average_by_hand"], None
    assert error_of_average(names, workers, right, sizes, weighted=weighted) < 1e-12
    wrong = mutate(right, old, new)
    try:
        error = error_of_average(names, workers, wrong, sizes, weighted=weighted)
    except AssertionError:  # the workers do not have the same gradient
        return
    assert error > 1e-3


# A training


def train_alone(names: Names) -> list[float]:
    """Train as one worker does, written independently of the page."""
    task, X, y = names["task"], names["X"], names["y"]
    network = names["make_network"](task["start"], X)
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
                v.mul_(task["momentum"]).add_(g)
                p.sub_(task["learning_rate"] * v)
    return losses


@pytest.fixture(scope="module")
def alone(names: Names) -> list[float]:
    return train_alone(names)


def train_together(
    names: Names, workers: Workers, folder: Path, *, killed: bool
) -> list[float]:
    """Return the losses of a training that was killed and begun again, or not."""
    task, X, y = names["task"], names["X"], names["y"]

    def train(fatal_step: int) -> None:
        workers.run(lambda: names["train_together"](task, X, y, folder, fatal_step))

    if killed:
        with pytest.raises(KilledError):
            train(KILLED_AT)
        workers.barrier.reset()
    train(-1)
    return torch.load(folder / "checkpoint.pt", weights_only=True)["losses"]


@pytest.mark.parametrize("killed", [False, True])
@pytest.mark.parametrize("size", [1, 2, 4])
def test_any_number_of_workers_trains_as_one(
    names, play, alone, tmp_path, size, killed
) -> None:
    losses = train_together(names, play(size), tmp_path, killed=killed)
    assert max_relative_difference(losses, alone) < 1e-12
    begun = [[0, 0], [0, 40]] if killed else [[0, 0]]
    for rank in range(size):
        lives = np.loadtxt(tmp_path / f"lives-{rank}.txt", dtype=int, ndmin=2)
        assert lives.tolist() == begun


def test_fewer_workers_may_take_up_what_more_have_left(
    names, play, alone, tmp_path
) -> None:
    four = play(4)
    arguments = names["task"], names["X"], names["y"], tmp_path
    with pytest.raises(KilledError):
        four.run(lambda: names["train_together"](*arguments, KILLED_AT))
    two = play(2)
    two.run(lambda: names["train_together"](*arguments, -1))
    saved = torch.load(tmp_path / "checkpoint.pt", weights_only=True)
    assert max_relative_difference(saved["losses"], alone) < 1e-12


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
    "losses added up": ("train_together", "loss.detach() / size", "loss.detach()"),
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
    names, play, alone, tmp_path, monkeypatch, function, old, new
) -> None:
    workers = play(2)
    monkeypatch.setitem(names, function, mutate(names[function], old, new))
    killed = function != "train_together"  # checkpoints matter only after a death
    losses = train_together(names, workers, tmp_path, killed=killed)
    lives = np.loadtxt(tmp_path / "lives-0.txt", dtype=int, ndmin=2)
    as_it_should = (
        len(losses) == len(alone)
        and max_relative_difference(losses, alone) < 1e-3
        and lives.tolist() == ([[0, 0], [0, 40]] if killed else [[0, 0]])
    )
    assert not as_it_should


def test_what_is_killed_while_it_writes_leaves_the_old_checkpoint(
    names, tmp_path, monkeypatch
) -> None:
    network = names["make_network"](names["begun"], names["X"])
    things = (
        network,
        torch.optim.SGD(network.parameters(), 0.1),
        torch.Generator().manual_seed(0),
    )
    save, load = names["save_checkpoint"], names["load_checkpoint"]
    in_place = mutate(save, 'path.with_suffix(".new")', "path")
    right_save = torch.save

    def die(content: Any, path: Path) -> None:
        file = io.BytesIO()
        right_save(content, file)
        path.write_bytes(file.getvalue()[: file.tell() // 2])
        raise KilledError

    for number, saver in enumerate((save, in_place)):
        path = tmp_path / f"{number}.pt"
        saver(path, *things, [3.0, 2.0])
        assert load(path, *things) == [3.0, 2.0]
        with monkeypatch.context() as patch:
            patch.setattr(torch, "save", die)
            with pytest.raises(KilledError):
                saver(path, *things, [3.0, 2.0, 1.0])
        if saver is save:
            assert load(path, *things) == [3.0, 2.0]
        else:
            with pytest.raises((OSError, RuntimeError)):
                load(path, *things)


# Real processes


def processes_of(script: Path) -> list[int]:
    found = []
    for process in psutil.process_iter(["cmdline"]):
        if str(script) in (process.info["cmdline"] or []):
            found.append(process.pid)
    return found


def test_a_run_that_takes_too_long_is_ended_with_all_its_workers(names) -> None:
    impatient = mutate(names["torchrun"], "timeout=240", "timeout=4")
    forever = names["script"].with_name("forever.py")
    forever.write_text("import time\ntime.sleep(600)\n")
    impatient.__globals__["script"] = forever
    with pytest.raises(names["subprocess"].TimeoutExpired):
        impatient("forever")
    assert processes_of(forever) == []
