"""Execute chapters where everything is there, and never reuse stale outputs.

jupyter-cache finds an executed chapter again by its code cells alone. What
those cells compute also depends on `helpers`, on the data, on the device and
on every version installed. So the cache lives in a folder named after a
fingerprint of these: change one, and every chapter executes again.

As a Sphinx extension this module points MyST-NB at that folder. The tool
that executes chapters side by side, and pytest, import it for the rest.
"""

import hashlib
import json
import os
import platform
import shutil
from importlib.metadata import distributions
from pathlib import Path

from jupyter_cache import get_cache
from jupyter_cache.base import JupyterCacheAbstract
from myst_nb.core.read import read_myst_markdown_notebook
from nbformat import NotebookNode
from sphinx.application import Sphinx
from sphinx.config import Config
from sphinx.errors import ExtensionError
from sqlalchemy.exc import DatabaseError

import helpers
from helpers import (
    DataError,
    DeviceError,
    load_digits,
    requested_device,
    select_device,
)

ROOT = Path(__file__).resolve().parent.parent
BUILD = ROOT / "_build"
EXECUTED = BUILD / "executed"  # the chapters as the built pages show them


def prepare_execution() -> str:
    """Check the device, find the digits, and fingerprint all that matters.

    Where MNIST cannot be had, ``BOOK_OFFLINE`` is set for the kernels to
    come, so that they do not look for the network again, one after another.

    Returns
    -------
    str
        Hexadecimal digits that change with `helpers`, the data, the device,
        Python, the number of threads and every installed version.

    Raises
    ------
    DeviceError, DataError
        If the device or the data that were asked for are not there.
    """
    for name in ("MNIST_DIR", "BOOK_CACHE_DIR"):
        if os.environ.get(name):  # kernels run in another folder
            os.environ[name] = str(Path(os.environ[name]).resolve())
    os.environ.setdefault("OMP_NUM_THREADS", "1")  # chapters run side by side
    os.environ.setdefault("IPYTHONDIR", str(BUILD / "ipython"))  # nobody's own
    device = requested_device()
    if device != "cpu":
        device = str(select_device(device))
    digits = load_digits()
    if not digits.is_mnist:
        os.environ["BOOK_OFFLINE"] = "1"
    folder = Path(helpers.__file__).parent
    influences = {
        "helpers": {
            str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
            for path in sorted(folder.rglob("*"))
            if path.is_file() and "__pycache__" not in path.parts
        },
        "data": digits.name,
        "device": device,
        "python": platform.python_version(),
        "machine": f"{platform.system()} {platform.machine()}",
        "threads": os.environ.get("OMP_NUM_THREADS"),
        "versions": sorted(
            {f"{found.metadata['Name']} {found.version}" for found in distributions()}
        ),
    }
    return hashlib.sha256(json.dumps(influences).encode()).hexdigest()[:16]


def open_cache(fingerprint: str) -> JupyterCacheAbstract:
    """Open the cache of executed chapters that belongs to a fingerprint.

    One whose database cannot be read is thrown away: it can be made again.
    """
    cache = get_cache(_cache_path(fingerprint))
    try:
        cache.list_cache_records()
    except DatabaseError:
        shutil.rmtree(_cache_path(fingerprint))
        cache = get_cache(_cache_path(fingerprint))
    return cache


def _cache_path(fingerprint: str) -> Path:
    return BUILD / "cache" / fingerprint


def read_chapter(path: Path) -> NotebookNode:
    """Read a chapter as a notebook, the way MyST-NB does.

    Its metadata say on which line each cell stands; see `cell_line`.
    """
    return read_myst_markdown_notebook(
        path.read_text(encoding="utf-8"), add_source_map=True, path=path
    )


def cell_line(notebook: NotebookNode, index: int) -> int:
    """Return the line (from 1) of a chapter's file on which a code cell opens."""
    return int(notebook.metadata["source_map"][index])


def _use_fingerprinted_cache(app: Sphinx, config: Config) -> None:
    try:
        fingerprint = prepare_execution()
    except (DataError, DeviceError) as error:
        raise ExtensionError(str(error)) from None
    config["nb_execution_cache_path"] = str(_cache_path(fingerprint))


def setup(app: Sphinx) -> dict[str, bool]:
    """Connect to Sphinx, before MyST-NB reads its configuration."""
    app.connect("config-inited", _use_fingerprinted_cache, priority=100)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
