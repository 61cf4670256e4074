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
import select
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
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


def preload_kernels(address: str | None = None) -> str | None:
    """Let kernels of this interpreter, from now on, start preloaded.

    Parameters
    ----------
    address : str, optional
        What another process got from this function: its preloading process
        serves this one, too. Otherwise one is started; it ends with this.

    Returns
    -------
    str or None
        Where to ask for kernels; None if they are to start as usual.
    """
    if os.environ.get("BOOK_FRESH_KERNELS") == "1" or sys.platform != "linux":
        return None  # on macOS the system's own libraries do not survive a fork
    try:
        PreloadedProvisioner.address = address or _start_preloading()
    except OSError as error:  # the name of a temporary folder may be too long
        print(f"Kernels start without preloading: {error}", file=sys.stderr)
        return None
    name = "preloaded"
    factory = KernelProvisionerFactory.instance()
    factory.provisioners[name] = EntryPoint(
        name, f"{__name__}:{PreloadedProvisioner.__name__}", factory.GROUP_NAME
    )
    factory.default_provisioner_name = name
    return PreloadedProvisioner.address


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

    address = ""

    async def launch_kernel(
        self, cmd: list[str], **kwargs: Any
    ) -> KernelConnectionInfo:
        """Ask for a fork; a kernel of another interpreter is started as usual."""
        if cmd[0] != sys.executable or LAUNCHER not in cmd:
            return await super().launch_kernel(cmd, **kwargs)
        request = {
            "arguments": cmd[cmd.index(LAUNCHER) + 1 :],
            "folder": str(kwargs.get("cwd") or Path.cwd()),
            "environment": kwargs.get("env") or dict(os.environ),
        }
        try:
            pid = ask(self.address, request)
            self.process = ForkedProcess(pid)  # type: ignore[assignment]
        except (OSError, ValueError, psutil.NoSuchProcess):
            message = "The process that preloads has died; a kernel starts without it."
            print(message, file=sys.stderr)
            return await super().launch_kernel(cmd, **kwargs)
        self.pid = self.pgid = pid  # it leads a session of its own
        return self.connection_info


def ask(address: str, request: dict[str, Any] | None = None) -> int:
    """Ask for a kernel, or with no request whether all is imported; wait.

    Returns
    -------
    int
        The number of the kernel's process, or 0.

    Raises
    ------
    OSError, ValueError
        If nobody is there, or there is no answer.
    """
    with socket.socket(socket.AF_UNIX) as connection:
        connection.connect(address)
        with connection.makefile("rw") as talk:
            print(json.dumps(request), file=talk, flush=True)
            return int(talk.readline())


def _start_preloading() -> str:
    """Start the process that preloads and return where it listens."""
    folder = tempfile.mkdtemp(prefix="kernels-")
    address = f"{folder}/socket"
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(address)
        listener.listen()  # whoever asks from now on waits for the imports
        process = subprocess.Popen(
            [sys.executable, __file__, str(listener.fileno())],
            stdin=subprocess.PIPE,  # closed when this process ends, however
            pass_fds=[listener.fileno()],
            start_new_session=True,  # Ctrl-C is for the build alone
        )

    def stop() -> None:
        process.kill()
        process.communicate()
        shutil.rmtree(folder, ignore_errors=True)

    atexit.register(stop)
    return address


def serve(listener: socket.socket) -> None:
    """Import the libraries, then fork kernels until nobody is there to ask."""
    sys.path.remove(str(Path(__file__).resolve().parent))
    # pandas asks at import whether it is in a notebook, and it will be.
    builtins.get_ipython = lambda: SimpleNamespace(kernel=None)  # type: ignore[attr-defined]
    for name in LIBRARIES:
        importlib.import_module(name)
    del builtins.get_ipython  # type: ignore[attr-defined]
    gc.freeze()
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # leave no zombies
    while True:
        ready, _, _ = select.select([sys.stdin, listener], [], [])
        if sys.stdin in ready:  # its end: whoever started this has ended
            shutil.rmtree(Path(listener.getsockname()).parent, ignore_errors=True)
            return
        connection, _ = listener.accept()
        # Whoever asked may be gone by now.
        with (
            suppress(OSError, ValueError),
            connection,
            connection.makefile("rw") as talk,
        ):
            request = json.loads(talk.readline())
            pid = os.fork() if request else 0
            if request and pid == 0:
                listener.close()
                connection.close()
                become_kernel(**request)
            print(pid, file=talk, flush=True)


def become_kernel(
    arguments: list[str], folder: str, environment: dict[str, str]
) -> Never:
    """Run a kernel in this process, a fork, until it is told to end."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    os.setsid()
    nowhere = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nowhere, 0)
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
    serve(socket.socket(fileno=int(sys.argv[1])))
