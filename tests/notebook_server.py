"""A Jupyter server that tests start, and talk to as JupyterLab does."""

import json
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
from jupyter_client.session import Session, json_default
from nbformat import NotebookNode
from websocket import WebSocket, create_connection

START = 60.0  # seconds that a server may take to answer
CELL = 300.0  # seconds that a cell may take, as in _config.yml


class NotebookServer:
    """A server, through its REST interface and the WebSockets of its kernels.

    Attributes
    ----------
    address : str
        Where it listens, without a slash at the end.
    token : str
        What it lets in.
    """

    def __init__(self, address: str, token: str) -> None:
        self.address = address
        self.token = token

    def ask(self, path: str, method: str = "GET", **options: Any) -> Any:
        """Return the answer to a request, which may not fail."""
        reply = requests.request(
            method,
            f"{self.address}/{path}",
            headers={"Authorization": f"token {self.token}"},
            timeout=START,
            **options,
        )
        reply.raise_for_status()
        return reply.json() if reply.content else None

    def open_notebook(self, path: str) -> NotebookNode:
        """Return a file of the server's folder, .md or .ipynb, as a notebook."""
        model = self.ask(f"api/contents/{quote(path)}?type=notebook")
        assert model["type"] == "notebook"
        return nbformat.from_dict(model["content"])

    def run_notebook(self, path: str) -> list[str]:
        """Open a file as a notebook and execute its code cells, in order.

        Returns
        -------
        list of str
            What went wrong, by cell: errors where the cell has no tag
            ``raises-exception``, no error where it has. After the first error
            that is not expected the rest is not executed.
        """
        notebook = self.open_notebook(path)
        session = self.ask(
            "api/sessions",
            "POST",
            json={
                "path": path,
                "name": Path(path).name,
                "type": "notebook",
                "kernel": {"name": notebook.metadata.kernelspec.name},
            },
        )
        kernel = session["kernel"]["id"]
        where = self.address.replace("http", "ws", 1)
        try:
            channels = create_connection(
                f"{where}/api/kernels/{kernel}/channels",
                header={"Authorization": f"token {self.token}"},
                timeout=CELL,
            )
            with closing(channels):
                return run_cells(channels, notebook)
        finally:
            self.ask(f"api/sessions/{session['id']}", "DELETE")


def run_cells(channels: WebSocket, notebook: NotebookNode) -> list[str]:
    """Execute code cells on a kernel; see `NotebookServer.run_notebook`."""
    codes = [cell for cell in notebook.cells if cell.cell_type == "code"]
    assert codes, "no cell of code"
    messages = Session()
    faults = []
    for number, cell in enumerate(codes):
        error = execute(channels, messages, cell.source)
        expected = "raises-exception" in cell.metadata.get("tags", [])
        if bool(error) != expected:
            faults.append(f"cell {number}: {error or 'raised nothing'}")
        if error and not expected:
            break
    return faults


def execute(channels: WebSocket, messages: Session, code: str) -> str:
    """Execute code, wait until the kernel is idle, and return its error, if any."""
    request = messages.msg(
        "execute_request",
        {"code": code, "silent": False, "store_history": True, "stop_on_error": False},
    )
    channels.send(json.dumps(request | {"channel": "shell"}, default=json_default))
    error, waiting_for = "", {"execute_reply", "idle"}
    while waiting_for:
        message = json.loads(channels.recv())
        if message["parent_header"].get("msg_id") != request["header"]["msg_id"]:
            continue
        content = message["content"]
        if message["msg_type"] == "error":
            error = f"{content['ename']}: {content['evalue']}"
        elif message["msg_type"] == "execute_reply":
            waiting_for.discard("execute_reply")
            if content["status"] != "ok":
                error = error or content.get("evalue", content["status"])
        elif message["msg_type"] == "status":
            waiting_for.discard(content["execution_state"])
    return error


def free_port() -> int:
    """Return the number of a port on which nobody listens."""
    with closing(socket.create_server(("127.0.0.1", 0))) as listener:
        return listener.getsockname()[1]


@contextmanager
def start_server(
    command: Sequence[str], folder: Path, environment: Mapping[str, str]
) -> Iterator[NotebookServer]:
    """Start a server in a folder, and stop it, and its kernels, in the end.

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
        If it does not answer in time; with what it said.
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
            give_up = time.monotonic() + START
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
