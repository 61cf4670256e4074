"""A forked kernel is like a fresh one, and lives and dies as one does."""

import json
import multiprocessing
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psutil
import pytest
from jupyter_client.blocking import BlockingKernelClient
from jupyter_client.manager import KernelManager
from jupyter_client.provisioning.factory import KernelProvisionerFactory

from booktools import kernels
from booktools.errors import AuthorError
from booktools.kernels import PROVISIONER, preload_kernels

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="forks are for Linux")

FEW = ["ipykernel.kernelapp"]  # libraries, where it does not matter which
CELLS = (
    "import sys, os, pandas as pd, torch, multiprocessing, matplotlib.pyplot as plt",
    "print(pd.DataFrame([range(1000, 1030)]))",
    "torch.arange(12.0).reshape(3, 4) / 7",
    "pd.DataFrame([range(1000, 1030)])",
    "1 / 0",
    "print(sys.flags, sys.path, sys.warnoptions, len({*'abc'}), [*{*'book'}])",
    "print(os.getcwd(), os.environ['ASKED'], 'EDITOR' in os.environ)",
    "print(plt.get_backend(), multiprocessing.current_process().daemon)",
    "print('wide', plt.rcParams['lines.linewidth'], plt.rcParams['figure.dpi'])",
    "import beside",
    "import gc; print(gc.isenabled(), gc.get_threshold())",
    "torch.rand(3, generator=torch.Generator().manual_seed(0)).sum()",
)


@pytest.fixture(scope="module", autouse=True)
def preloaded() -> Iterator[None]:
    factory = KernelProvisionerFactory.instance()
    before = factory.default_provisioner_name
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("BOOK_FRESH_KERNELS", "0")
        patch.setenv("PYTHONHASHSEED", "0")
        preload_kernels()
    assert factory.default_provisioner_name == PROVISIONER
    yield
    factory.default_provisioner_name = before


@contextmanager
def kernel(
    provisioner: str = PROVISIONER, **kwargs: Any
) -> Iterator[tuple[KernelManager, BlockingKernelClient]]:
    factory = KernelProvisionerFactory.instance()
    factory.default_provisioner_name = provisioner
    manager = KernelManager()
    manager.start_kernel(**kwargs)
    client = manager.client()
    client.start_channels()
    try:
        client.wait_for_ready(timeout=60)
        yield manager, client
    finally:
        factory.default_provisioner_name = PROVISIONER
        client.stop_channels()
        manager.shutdown_kernel(now=True)


def outputs(client: BlockingKernelClient, *cells: str) -> list[Any]:
    given: list[Any] = []

    def collect(message: dict[str, Any]) -> None:
        content = message["content"]
        if message["msg_type"] == "stream" and given and "name" in given[-1]:
            given[-1]["text"] += content["text"]  # where it is cut is chance
        elif message["msg_type"] != "status":
            given.append(content)

    for cell in cells:
        client.execute_interactive(cell, timeout=60, output_hook=collect)
    return given


def value(client: BlockingKernelClient, expression: str) -> Any:
    (_, shown) = outputs(
        client, f"import json, os, sys; print(json.dumps({expression}))"
    )
    return json.loads(shown["text"])


def fork_server() -> psutil.Process:
    (server,) = [
        child
        for child in psutil.Process().children()
        if any("multiprocessing.forkserver" in part for part in child.cmdline())
    ]
    return server


def test_a_fork_shows_what_a_fresh_kernel_shows(tmp_path) -> None:
    asked = {"cwd": str(tmp_path), "env": {**os.environ, "ASKED": "yes"}}
    asked["env"].pop("EDITOR", None)
    asked["env"]["PYTHONHASHSEED"] = "0"
    (tmp_path / "matplotlibrc").write_text("lines.linewidth: 7\n")
    (tmp_path / "beside.py").write_text("print('read')\n")
    with kernel(**asked) as (_, client):
        forked = outputs(client, *CELLS)
    with kernel("local-provisioner", **asked) as (_, client):
        fresh = outputs(client, *CELLS)
    assert forked == fresh
    assert f"{tmp_path} yes False" in str(forked)
    assert "optimize=0" in str(forked)
    assert "wide 7.0" in str(forked)
    assert "read" in str(forked)


def test_a_fork_is_a_separate_process_that_has_the_libraries() -> None:
    with kernel() as (manager, client), kernel() as (_, other):
        pid, parent, session, modules, libraries = value(
            client,
            "[os.getpid(), os.getppid(), os.getsid(0), list(sys.modules), "
            "sys.modules['booktools.libraries'].LIBRARIES]",
        )
        assert pid == session == manager.provisioner.pid
        assert parent == fork_server().pid
        assert set(libraries) <= set(modules)
        assert "_pytest" not in modules
        assert value(other, "os.getpid()") != pid
    assert not psutil.pid_exists(pid)


def test_the_first_optimiser_finds_its_modules_imported() -> None:
    cells = (
        "import sys, torch",
        "before = {*sys.modules}; torch.optim.SGD([torch.zeros(1)], lr=1)",
        "print([it for it in {*sys.modules} - before if it.startswith('torch._')])",
    )
    with kernel() as (_, client):
        assert outputs(client, *cells)[-1]["text"] == "[]\n"


def test_a_cell_that_is_running_can_be_interrupted() -> None:
    with kernel() as (manager, client):
        # Otherwise it may abort a request that comes right after the interrupt.
        cell = "print('on'); import time; time.sleep(60)"
        asked = client.execute(cell, stop_on_error=False)
        while client.get_iopub_msg(timeout=30)["msg_type"] != "stream":
            pass
        manager.interrupt_kernel()
        # Others may come first, to what was asked while it started.
        replies = iter(lambda: client.get_shell_msg(timeout=10), None)
        reply = next(it for it in replies if it["parent_header"]["msg_id"] == asked)
        assert reply["content"]["ename"] == "KeyboardInterrupt"
        assert value(client, "6 * 7") == 42


def test_a_kernel_that_dies_is_known_to_be_dead() -> None:
    with kernel() as (manager, _):
        os.kill(manager.provisioner.pid, signal.SIGKILL)
        deadline = time.monotonic() + 10
        while manager.is_alive():
            assert time.monotonic() < deadline
            time.sleep(0.05)


def test_kernels_start_though_the_fork_server_has_died() -> None:
    multiprocessing.set_forkserver_preload(FEW)  # for the next server
    server = fork_server().pid
    os.kill(server, signal.SIGKILL)
    for _ in range(2):  # one may meet it dying, and then starts as usual
        with kernel() as (_, client):
            parent = value(client, "os.getppid()")
    assert parent == fork_server().pid != server


def test_kernels_start_as_usual_if_there_is_no_fork(monkeypatch, capsys) -> None:
    def refuse(process: Any) -> None:
        raise EOFError("unexpected EOF")

    monkeypatch.setattr(kernels.ForkedProcess, "start", refuse)
    with kernel() as (_, client):
        assert value(client, "os.getppid()") == os.getpid()
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("A kernel starts without preloading: EOFError")


def test_kernels_start_as_usual_on_request(monkeypatch) -> None:
    monkeypatch.setattr(kernels, "forkserver", None)  # none is started
    monkeypatch.setenv("BOOK_FRESH_KERNELS", "Yes")
    preload_kernels()
    monkeypatch.setenv("BOOK_FRESH_KERNELS", "maybe")
    with pytest.raises(AuthorError, match="BOOK_FRESH_KERNELS=maybe says neither"):
        preload_kernels()


PARENT = f"""
import signal, time
signal.signal(signal.SIGINT, signal.default_int_handler)  # ignored behind nohup
from booktools import kernels
kernels.PRELOADED = {FEW}
kernels.preload_kernels()
from jupyter_client.manager import start_new_kernel
manager, client = start_new_kernel()
client.execute("while True: pass")
print(manager.provisioner.pid, type(manager.provisioner).__name__, flush=True)
time.sleep(60)
"""


@pytest.mark.parametrize("signum", [signal.SIGKILL, signal.SIGINT])
def test_a_kernel_ends_with_the_process_that_asked_for_it(signum) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", PARENT],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    ) as process:
        assert process.stdout is not None
        pid, name = process.stdout.readline().split()
        assert name == "PreloadedProvisioner"
        fork = psutil.Process(int(pid))
        family = [fork, *psutil.Process(process.pid).children(recursive=True)]
        process.send_signal(signum)
    _, alive = psutil.wait_procs(family, timeout=10)
    assert alive == []
