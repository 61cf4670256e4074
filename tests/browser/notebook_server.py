"""A Jupyter server that tests start, and query as JupyterLab does."""

import socket
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from secrets import token_hex
from typing import Any
from urllib.parse import quote

import nbformat
import requests
from nbformat import NotebookNode

START_TIMEOUT = 60.0  # seconds that a server may take to answer


class NotebookServer:
    """A server, through its REST interface.

    Attributes
    ----------
    address : str
        Where it listens, without a slash at the end.
    token : str
        The token that it accepts.
    """

    def __init__(self, address: str, token: str) -> None:
        self.address = address
        self.token = token

    def ask(self, path: str) -> Any:
        """Return the answer to a request, which must not fail."""
        reply = requests.get(
            f"{self.address}/{path}",
            headers={"Authorization": f"token {self.token}"},
            timeout=START_TIMEOUT,
        )
        reply.raise_for_status()
        return reply.json()

    def open_notebook(self, path: str) -> NotebookNode:
        """Return a file of the server's folder, .md or .ipynb, as a notebook."""
        model = self.ask(f"api/contents/{quote(path)}?type=notebook")
        assert model["type"] == "notebook"
        return nbformat.from_dict(model["content"])


def free_port() -> int:
    """Return the number of a port on which nothing listens."""
    with closing(socket.create_server(("127.0.0.1", 0))) as listener:
        return listener.getsockname()[1]


@contextmanager
def start_server(
    command: Sequence[str], folder: Path, environment: Mapping[str, str]
) -> Iterator[NotebookServer]:
    """Start a server in a folder, and at the end stop it and its kernels.

    Parameters
    ----------
    command : sequence of str
        What starts it, to which port and token are added.
    folder : Path
        What it shows.
    environment : mapping of str to str
        All variables that it sees.

    Raises
    ------
    RuntimeError
        If it does not answer in time; with its output.
    """
    port, token = free_port(), token_hex()
    options = ["--no-browser", "--allow-root", "--ip=127.0.0.1", f"--port={port}"]
    options += ["--ServerApp.port_retries=0", f"--IdentityProvider.token={token}"]
    log = folder.parent / f"{folder.name}.log"
    server = NotebookServer(f"http://127.0.0.1:{port}", token)
    with (
        log.open("w") as said,
        subprocess.Popen(
            [*command, *options],
            cwd=folder,
            env=environment,
            stdout=said,
            stderr=subprocess.STDOUT,
        ) as process,
    ):
        try:
            give_up = time.monotonic() + START_TIMEOUT
            while not answers(server):
                if process.poll() is not None or time.monotonic() > give_up:
                    raise RuntimeError(f"No server answers: {log.read_text()}")
                time.sleep(0.1)
            yield server
        finally:
            process.terminate()  # it ends its kernels before itself


def answers(server: NotebookServer) -> bool:
    """Say whether a server is ready."""
    try:
        server.ask("api/status")
    except requests.ConnectionError:
        return False
    return True
