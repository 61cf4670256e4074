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
import re
import shutil
from dataclasses import dataclass
from importlib.metadata import distributions
from pathlib import Path
from typing import Any

from joblib import cpu_count
from jupyter_cache import get_cache
from jupyter_cache.cache.main import JupyterCacheBase
from myst_nb.core.read import read_myst_markdown_notebook
from nbformat import NotebookNode
from own_exercises import chapter_text, check_own_exercises, place_of
from sphinx.application import Sphinx
from sphinx.config import Config
from sphinx.errors import ExtensionError
from sphinx_external_toc.parsing import parse_toc_yaml
from sqlalchemy.exc import DatabaseError
from threadpoolctl import threadpool_info

import helpers
from helpers import (
    DataError,
    DeviceError,
    load_digits,
    requested_device,
    requested_run,
    select_device,
)

ROOT = Path(__file__).resolve().parent.parent
BUILD = ROOT / "_build"
EXECUTED = BUILD / "executed"  # the chapters as the built pages show them
RESULTS = BUILD / "results"  # of what takes minutes; see helpers/results.py

THREADS = "OMP_NUM_THREADS"
# Libraries that would rather listen to a variable of their own.
OTHER_THREADS = ("OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "VECLIB_MAXIMUM_THREADS")
# What else numerical libraries read from the environment.
SWITCHES = (
    "ATEN_",
    "CUBLAS_",
    "CUDA_",
    "DNNL_",
    "KMP_",
    "MKL_",
    "NPY_",
    "NVIDIA_",
    "ONEDNN_",
    "OPENBLAS_",
    "PYTORCH_",
    "TORCH_",
)
# Beside `helpers`, the files that say how a chapter is executed.
EXECUTORS = (
    "_ext/execution.py",
    "tools/execute_chapters.py",
    "tools/ipython_kernel_config.py",
    "tools/preloaded_kernels.py",
)
STAMP = ".sources"  # in a site: the hash of what it was made from


@dataclass(frozen=True)
class Surroundings:
    """All that the outputs of a chapter depend on, beside its own code.

    Attributes
    ----------
    digits : str
        Name of the digits that the pages show.
    digits_sha256 : str
        Of their pixels and labels.
    device : str
        What PyTorch computes on.
    run : str
        How much of what takes minutes is run: quick, full or long.
    python, machine : str
        Version; system, processor and the kernels that its BLAS chose.
    threads : str
        Of each chapter.
    versions : dict of str to str
        Every package installed, with its version.
    files : dict of str to str
        The files of `helpers`, and those that execute chapters, with their
        SHA-256 sums.
    switches : dict of str to str
        Environment variables that numerical libraries read.
    """

    digits: str
    digits_sha256: str
    device: str
    run: str
    python: str
    machine: str
    threads: str
    versions: dict[str, str]
    files: dict[str, str]
    switches: dict[str, str]

    @property
    def fingerprint(self) -> str:
        """Sixteen hexadecimal digits that change with any of these."""
        text = json.dumps(vars(self), sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()[:16]


def settle_environment() -> None:
    """Make all kernels to come alike.

    Threads, hash seed, backend of the pictures and IPython profile are set in
    the environment, and nobody's own kernels are used.

    Raises
    ------
    ValueError
        If ``OMP_NUM_THREADS`` is not a number of threads.
    """
    for name in ("MNIST_DIR", "BOOK_CACHE_DIR"):
        if os.environ.get(name):  # kernels run in another folder
            os.environ[name] = str(Path(os.environ[name]).resolve())
    threads = str(positive_number(THREADS, 1, "threads"))
    for name in (THREADS, *OTHER_THREADS):
        os.environ[name] = threads
    os.environ["PYTHONHASHSEED"] = "0"  # sets keep their order from run to run
    os.environ["MPLBACKEND"] = "module://matplotlib_inline.backend_inline"
    os.environ["IPYTHONDIR"] = str(BUILD / "ipython")
    os.environ["JUPYTER_PREFER_ENV_PATH"] = "1"
    os.environ.pop("JUPYTER_PATH", None)


def prepare_execution() -> Surroundings:
    """Settle the environment, and look at all that outputs depend on.

    Where MNIST cannot be had, ``BOOK_OFFLINE`` is set, so that kernels do not
    look for the network one after another. ``BOOK_RESULTS_DIR`` is set to a
    folder for the results that belong to this fingerprint.

    Raises
    ------
    DeviceError, DataError
        If the device or the data that were asked for are not there.
    ValueError
        If ``OMP_NUM_THREADS`` is not a number of threads, or ``BOOK_RUN`` no
        run that there is.
    """
    settle_environment()
    run = requested_run()
    device = requested_device()
    if device != "cpu":
        device = _name_of(select_device(device))
    digits = load_digits()
    if not digits.is_mnist:
        os.environ["BOOK_OFFLINE"] = "1"
    data = hashlib.sha256(digits.images.tobytes() + digits.labels.tobytes())
    kernels = {
        f"{library['internal_api']} {library['architecture']}"
        for library in threadpool_info()
        if "architecture" in library
    }
    surroundings = Surroundings(
        digits=digits.name,
        digits_sha256=data.hexdigest(),
        device=device,
        run=run,
        python=platform.python_version(),
        machine=", ".join([platform.system(), platform.machine(), *sorted(kernels)]),
        threads=os.environ[THREADS],
        versions={found.name: found.version for found in distributions()},
        files=hash_files(),
        switches={
            name: value
            for name, value in sorted(os.environ.items())
            if name.startswith(SWITCHES)
        },
    )
    os.environ["BOOK_RESULTS_DIR"] = str(RESULTS / surroundings.fingerprint)
    return surroundings


def hash_files() -> dict[str, str]:
    """Return the SHA-256 sum of each file that decides what chapters compute."""
    folder = Path(helpers.__file__).parent
    paths = {str(path.relative_to(folder)): path for path in folder.rglob("*")}
    paths |= {name: ROOT / name for name in EXECUTORS}
    return {
        name: hashlib.sha256(path.read_bytes()).hexdigest()
        for name, path in sorted(paths.items())
        if path.is_file() and "__pycache__" not in path.parts
    }


def _name_of(device: Any) -> str:
    """Name a device with its make, since another one may round differently."""
    if device.type == "cuda":
        import torch

        return f"{device.type} ({torch.cuda.get_device_name(device)})"
    return str(device)


def number_of_jobs() -> int:
    """Return how many chapters, or tests, may run at once.

    ``JOBS``, or as many as leave each thread of each a core.

    Raises
    ------
    ValueError
        If ``JOBS`` or ``OMP_NUM_THREADS`` is not a positive number.
    """
    threads = positive_number(THREADS, 1, "threads")
    return positive_number("JOBS", max(1, cpu_count() // threads), "chapters")


def positive_number(variable: str, default: int, what: str) -> int:
    """Read a positive whole number from the environment.

    Raises
    ------
    ValueError
        If there is anything else.
    """
    asked = os.environ.get(variable) or str(default)
    if not asked.isdecimal() or int(asked) < 1:
        raise ValueError(
            f"{variable}={asked} is not a number of {what}; try {variable}={default}."
        )
    return int(asked)


def open_cache(fingerprint: str) -> JupyterCacheBase:
    """Open the cache of executed chapters that belongs to a fingerprint.

    One whose database cannot be read is thrown away: it can be made again.
    """
    cache = get_cache(_cache_path(fingerprint))
    try:
        cache.list_cache_records()
    except (DatabaseError, RuntimeError):  # the second is jupyter-cache's own
        shutil.rmtree(_cache_path(fingerprint))
        cache = get_cache(_cache_path(fingerprint))
    return cache


def _cache_path(fingerprint: str) -> Path:
    return BUILD / "cache" / fingerprint


def chapter_files() -> list[Path]:
    """Return the chapters that the table of contents names, in order.

    Raises
    ------
    FileNotFoundError
        If one of them is not there.
    ValueError
        If a file of own exercises belongs to no chapter.
    """
    check_own_exercises()
    named = parse_toc_yaml(ROOT / "_toc.yml")
    files = [ROOT / f"{name}.md" for name in named if name.startswith("chapters/")]
    for file in files:
        if not file.is_file():
            raise FileNotFoundError(
                f"_toc.yml names {file.relative_to(ROOT)}, which is not there."
            )
    return files


def read_chapter(path: Path) -> NotebookNode:
    """Read a chapter as a notebook, the way MyST-NB does.

    A fork's own exercises are in it. Its metadata say where each cell stands;
    see `cell_place`. Cells are numbered, where MyST-NB would draw names at
    random.

    Raises
    ------
    ValueError
        If a cell cannot be read; it is named by file and line.
    """

    def place(line: int) -> str:
        file, line = place_of(path, line)
        name = file.relative_to(ROOT) if file.is_relative_to(ROOT) else file
        return f"{name}:{line}"

    try:
        notebook = read_myst_markdown_notebook(
            chapter_text(path), add_source_map=True, path=path
        )
    except Exception as error:  # MyST-NB's own have no common kind
        said = re.sub(r"line (\d+)", lambda found: place(int(found[1])), str(error))
        raise ValueError(said) from error
    for number, cell in enumerate(notebook.cells):
        cell["id"] = f"cell-{number}"
    notebook.metadata["places"] = list(map(place, notebook.metadata["source_map"]))
    return notebook


def cell_place(notebook: NotebookNode, index: int) -> str:
    """Return file and line (from 1) on which a code cell opens, as ``file:line``."""
    return str(notebook.metadata["places"][index])


def _use_fingerprinted_cache(app: Sphinx, config: Config) -> None:
    try:
        surroundings = prepare_execution()
    except (DataError, DeviceError, ValueError) as error:
        raise ExtensionError(str(error)) from None
    config["nb_execution_cache_path"] = str(_cache_path(surroundings.fingerprint))
    # What is about to be written there, by whatever tool, is not what it says.
    (Path(app.outdir) / STAMP).unlink(missing_ok=True)


def setup(app: Sphinx) -> dict[str, bool]:
    """Connect to Sphinx, before MyST-NB reads its configuration."""
    app.connect("config-inited", _use_fingerprinted_cache, priority=100)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
