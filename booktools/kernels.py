"""Start kernels that already have the large libraries imported.

Importing PyTorch, scikit-learn and the plotting libraries takes longer than
many chapters' own computations. So a `multiprocessing` fork server imports them
once, and each kernel is forked from it: a separate process with nothing in it
but those imports. What a chapter computes is the same either way, to the byte.
"""

import gc
import json
import multiprocessing
import os
import subprocess
import sys
from multiprocessing import forkserver
from multiprocessing.context import ForkServerProcess
from pathlib import Path
from threading import Thread
from typing import Any

from jupyter_client.connect import KernelConnectionInfo
from jupyter_client.provisioning.factory import KernelProvisionerFactory
from jupyter_client.provisioning.local_provisioner import LocalProvisioner

PRELOADED = ["booktools.libraries"]  # modules that the fork server imports
LAUNCHER = "ipykernel_launcher"
PROVISIONER = "preloaded"  # its entry point is in pyproject.toml


def start_fork_server() -> bool:
    """Start to import the libraries, in another process; return whether it began.

    It does not on systems other than Linux, with ``BOOK_FRESH_KERNELS=1``, and when
    the server would inherit ``-O`` or ``-W`` from this interpreter, which kernels do
    not.
    """
    from booktools.environment import flag  # late: each fork imports this module

    if flag("BOOK_FRESH_KERNELS") or sys.platform != "linux":
        return False  # on macOS, system libraries do not survive a fork
    if sys.flags.optimize or sys.warnoptions:
        return False
    multiprocessing.set_forkserver_preload(PRELOADED)
    forkserver.ensure_running()
    return True


def preload_kernels() -> None:
    """Make this process start its kernels as forks from now on.

    Returns once the libraries are imported. Where `start_fork_server` does nothing,
    kernels start as usual.
    """
    factory = KernelProvisionerFactory.instance()
    first = ForkedProcess(target=gc.collect)
    try:
        if not start_fork_server():
            return
        if factory.default_provisioner_name == PROVISIONER:
            return  # by an earlier call
        first.start()  # waits for the imports
        if status := first.wait():
            raise OSError(f"the first fork ended with {status}")
    except (OSError, EOFError) as error:
        print(f"Kernels start without preloading: {error!r}", file=sys.stderr)
        return
    show = [sys.executable, "-P", "-c", "import json, sys; print(json.dumps(sys.path))"]
    PreloadedProvisioner.search_path = json.loads(subprocess.check_output(show))
    factory.default_provisioner_name = PROVISIONER


class ForkedProcess(ForkServerProcess):
    """A fork with the `subprocess.Popen` methods that jupyter_client calls."""

    stdin = stdout = stderr = None

    def poll(self) -> int | None:
        """Return the exit code, or None if the process is still running."""
        return self.exitcode

    def wait(self) -> int | None:
        """Wait for the process to end and return its exit code."""
        self.join()
        return self.exitcode

    def send_signal(self, signum: int) -> None:
        """Send the process a signal, if it is running."""
        if self.pid and self.poll() is None:
            os.kill(self.pid, signum)


class PreloadedProvisioner(LocalProvisioner):
    """Manage a kernel on this machine that is started as a fork."""

    search_path: list[str]  # of a fresh interpreter; this one's may be longer

    async def launch_kernel(
        self, cmd: list[str], **kwargs: Any
    ) -> KernelConnectionInfo:
        """Start a fork; kernels of another interpreter start as usual."""
        if cmd[0] != sys.executable or LAUNCHER not in cmd:
            return await super().launch_kernel(cmd, **kwargs)
        arguments = cmd[cmd.index(LAUNCHER) :]
        folder = str(kwargs.get("cwd") or Path.cwd())
        environment = dict(kwargs.get("env") or os.environ)
        process = ForkedProcess(
            target=run_kernel,
            args=(arguments, folder, environment, self.search_path),
            daemon=True,  # terminated when this process ends, not waited for
        )
        try:
            process.start()  # starts another fork server if the first has died
        except (OSError, EOFError) as error:
            print(f"A kernel starts without preloading: {error!r}", file=sys.stderr)
            return await super().launch_kernel(cmd, **kwargs)
        self.process = process  # type: ignore[assignment]
        self.pid = self.pgid = process.pid  # it leads its own session
        return self.connection_info


def run_kernel(
    arguments: list[str],
    folder: str,
    environment: dict[str, str],
    search_path: list[str],
) -> None:
    """Run a kernel in this process, which is a fork, until it is told to end."""
    os.setsid()
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(environment)
    sys.path[:] = search_path
    multiprocessing.current_process().daemon = False  # it may start processes
    Thread(target=_end_with_parent, daemon=True).start()
    import matplotlib as mpl
    import pandas as pd
    from ipykernel.kernelapp import launch_new_instance

    # pandas sets this at import, which happened outside a notebook.
    pd.set_option("display.max_columns", 20)
    mpl.rc_file(mpl.matplotlib_fname())  # a chapter's folder may have settings
    # End with the fork server, too: without it the exit code is lost.
    sys.argv = [*arguments, f"--IPKernelApp.parent_handle={os.getppid()}"]
    launch_new_instance()


def _end_with_parent() -> None:
    """End this process, whatever it is doing, when the parent process ends."""
    parent = multiprocessing.parent_process()
    assert parent is not None
    parent.join()
    os._exit(1)
