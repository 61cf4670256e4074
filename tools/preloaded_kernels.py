"""Start kernels that have the large libraries imported already.

Importing PyTorch, scikit-learn and the plotting libraries takes longer than
many chapters compute. So one process imports them once, and each kernel is a
fork of it: a process of its own, with nothing in it but those imports.
`preload_kernels` makes jupyter_client start kernels like that, whoever asks
for one; where it cannot be done (no fork, or ``BOOK_FRESH_KERNELS=1``), they
start as usual. What a chapter computes is the same either way, to the byte:
`make check` builds the book both ways and compares.
"""

import atexit
import builtins
import gc
import importlib
import json
import os
import signal
import subprocess
import sys
import threading
from contextlib import suppress
from importlib.metadata import EntryPoint
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Never

import psutil
from jupyter_client.connect import KernelConnectionInfo
from jupyter_client.provisioning.factory import KernelProvisionerFactory
from jupyter_client.provisioning.local_provisioner import LocalProvisioner

LIBRARIES = (
    "numpy",
    "pandas",
    "scipy.stats",
    "matplotlib.pyplot",
    "seaborn",
    "sklearn.datasets",
    "sklearn.linear_model",
    "sklearn.model_selection",
    "sklearn.neural_network",
    "torch",
    "ipykernel.kernelapp",
)
LAUNCHER = "ipykernel_launcher"


def preload_kernels(at_once: bool = False) -> None:
    """Let kernels of this interpreter, from now on, start preloaded.

    Parameters
    ----------
    at_once : bool
        Import the libraries now rather than when the first kernel is wanted,
        so that their time is not counted as that of a chapter.
    """
    if os.environ.get("BOOK_FRESH_KERNELS") == "1" or sys.platform != "linux":
        return  # on macOS the system's own libraries do not survive a fork
    factory = KernelProvisionerFactory.instance()
    name = "preloaded"
    factory.provisioners[name] = EntryPoint(
        name, f"{__name__}:PreloadedProvisioner", factory.GROUP_NAME
    )
    factory.default_provisioner_name = name
    if at_once:
        PRELOADER.start()


class PreloadError(RuntimeError):
    """The process that preloads has died."""


class ForkedProcess(psutil.Process):
    """A fork of the process that preloads, with what jupyter_client asks of it."""

    stdin = stdout = stderr = None

    def poll(self) -> int | None:
        """Return None while it runs."""
        with suppress(psutil.NoSuchProcess):
            if self.is_running() and self.status() != psutil.STATUS_ZOMBIE:
                return None
        return 0


class PreloadedProvisioner(LocalProvisioner):
    """Manage a kernel on this machine that began as a fork."""

    async def launch_kernel(
        self, cmd: list[str], **kwargs: Any
    ) -> KernelConnectionInfo:
        """Fork a kernel; one of another interpreter is started as usual."""
        if cmd[0] != sys.executable or LAUNCHER not in cmd:
            return await super().launch_kernel(cmd, **kwargs)
        pid = PRELOADER.fork(
            {
                "arguments": cmd[cmd.index(LAUNCHER) + 1 :],
                "folder": str(kwargs.get("cwd") or Path.cwd()),
                "environment": kwargs.get("env") or dict(os.environ),
            }
        )
        self.process = ForkedProcess(pid)  # type: ignore[assignment]
        self.pid = self.pgid = pid  # it leads a session of its own
        return self.connection_info


class Preloader:
    """The process that preloads, started when the first kernel is wanted."""

    def __init__(self) -> None:
        self.process: subprocess.Popen[str] | None = None
        self.lock = threading.Lock()

    def start(self) -> None:
        """Start the process, if it is not there, and wait until it is ready."""
        with self.lock:
            if self.process is None or self.process.poll() is not None:
                self.stop()
                self.process = subprocess.Popen(
                    [sys.executable, __file__],
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    text=True,
                    start_new_session=True,  # Ctrl-C is for the build alone
                )
                atexit.register(self.stop)
                self.read()

    def fork(self, request: dict[str, Any]) -> int:
        """Ask for a kernel and return its process number."""
        self.start()
        with self.lock:
            assert self.process is not None
            assert self.process.stdin is not None
            with suppress(BrokenPipeError):  # then there is no answer either
                print(json.dumps(request), file=self.process.stdin, flush=True)
            return int(self.read())

    def read(self) -> str:
        """Read an answer.

        Raises
        ------
        PreloadError
            If the process has died.
        """
        assert self.process is not None
        assert self.process.stdout is not None
        answer = self.process.stdout.readline()
        if not answer:
            raise PreloadError(
                "the process that starts kernels has died, see above "
                "(BOOK_FRESH_KERNELS=1 does without it)"
            )
        return answer

    def stop(self) -> None:
        """End the process; it ends by itself, too, when this one does."""
        atexit.unregister(self.stop)
        if self.process is not None:
            with suppress(BrokenPipeError):
                self.process.communicate()


PRELOADER = Preloader()


def serve() -> None:
    """Import the libraries, then fork a kernel for every line of input."""
    # Matplotlib reads this when it is imported, and ipykernel sets it.
    os.environ["MPLBACKEND"] = "module://matplotlib_inline.backend_inline"
    sys.path.remove(str(Path(__file__).resolve().parent))
    # pandas asks at import whether it is in a notebook, and it will be.
    builtins.get_ipython = lambda: SimpleNamespace(kernel=None)  # type: ignore[attr-defined]
    for name in LIBRARIES:
        importlib.import_module(name)
    del builtins.get_ipython  # type: ignore[attr-defined]
    gc.freeze()
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # leave no zombies
    print("ready", flush=True)
    for line in sys.stdin:
        pid = os.fork()
        if pid == 0:
            become_kernel(**json.loads(line))
        print(pid, flush=True)


def become_kernel(
    arguments: list[str], folder: str, environment: dict[str, str]
) -> Never:
    """Run a kernel in this process, a fork, until it is told to end."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    os.setsid()
    nowhere = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nowhere, 0)
    os.dup2(2, 1)  # the answers' pipe is not for kernels
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(environment)
    # A kernel ends when its parent, the process that preloads, does.
    parent = f"--IPKernelApp.parent_handle={os.getppid()}"
    sys.argv = [LAUNCHER, *arguments, parent]
    from ipykernel.kernelapp import launch_new_instance

    status = 1
    try:
        launch_new_instance()
        status = 0
    finally:
        os._exit(status)


if __name__ == "__main__":
    serve()
