"""The environment that chapters execute in, and its fingerprint.

jupyter-cache identifies an executed chapter by its code cells alone. What
those cells compute also depends on `helpers`, the data, the device and the
library versions. So the cache is in a folder named after a fingerprint of
these: if one changes, every chapter is executed again.
"""

import hashlib
import json
import os
import platform
import re
import sys
from dataclasses import dataclass
from functools import cache
from importlib.metadata import (
    PackageNotFoundError,
    distribution,
    packages_distributions,
)
from pathlib import Path
from typing import Any

from joblib import cpu_count
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from threadpoolctl import ThreadpoolController

from booktools.sources import BUILD, chapter_files, package_folder
from helpers import requested_device, requested_run, select_device
from helpers.data import BUNDLED, find_mnist

CACHE = BUILD / "cache"  # of executed chapters, one folder per fingerprint
RESULTS = BUILD / "results"  # of long computations; see helpers/results.py
# What most chapters import; their own requirements are found from their metadata.
LIBRARIES = (
    "ipykernel",
    "matplotlib",
    "numpy",
    "pandas",
    "scikit-learn",
    "seaborn",
    "torch",
)
THREADS = "OMP_NUM_THREADS"
# Libraries whose own variable takes precedence over that one.
OTHER_THREADS = ("OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "VECLIB_MAXIMUM_THREADS")
# These would make Python run something other than the chapter's code as written.
UNSET_FOR_KERNELS = (
    "PYTHONDEBUG",
    "PYTHONDEVMODE",
    "PYTHONINSPECT",
    "PYTHONOPTIMIZE",
    "PYTHONSTARTUP",
    "PYTHONWARNINGS",
)
# Prefixes of other variables that numerical libraries read.
SWITCH_PREFIXES = (
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
IMPORT = re.compile(r"^\s*(?:import|from) ([A-Za-z_]\w*)", re.M)
OURS = {"helpers", "interactive"}
# The modules that decide how a chapter is executed.
EXECUTORS = (
    "environment.py",
    "execute.py",
    "ipython_kernel_config.py",
    "kernels.py",
    "tracebacks.py",
)


@dataclass(frozen=True)
class Environment:
    """Everything that the outputs of a chapter depend on, besides its own code.

    Attributes
    ----------
    digits : str
        Name of the digits that the pages show: MNIST, whose every byte is
        checked, or those that scikit-learn ships.
    device : str
        What PyTorch computes on.
    run : str
        How much of the long computations is run: quick, full or long.
    python, machine : str
        Version; system, processor and the kernels that NumPy's BLAS chose.
    threads : str
        How many threads each chapter uses.
    versions : dict of str to str
        Versions of the libraries that chapters import and of their requirements.
    files : dict of str to str
        SHA-256 sums of the files of `helpers` and `interactive`, of the modules
        that execute chapters, and of the data beside the chapters.
    switches : dict of str to str
        Environment variables that numerical libraries read.
    """

    digits: str
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


def prepare_environment(root: Path) -> Environment:
    """Set the variables that kernels inherit, and describe their environment.

    If MNIST is not available, ``BOOK_OFFLINE`` is set, so that the kernels do
    not each try to download it. ``BOOK_RESULTS_DIR`` is set to the folder of
    the results that belong to this fingerprint.

    Parameters
    ----------
    root : Path
        The book.

    Raises
    ------
    DeviceError, DataError
        If the requested device or data are not available.
    ValueError
        If ``OMP_NUM_THREADS`` is not a number of threads, or ``BOOK_RUN`` is
        not a kind of run.
    """
    set_variables(root)
    run = requested_run()
    device = requested_device()
    if device != "cpu":
        device = _device_name(select_device(device))
    mnist = find_mnist()
    if mnist is None:
        os.environ["BOOK_OFFLINE"] = "1"
    environment = Environment(
        digits=mnist.name if mnist else BUNDLED,
        device=device,
        run=run,
        python=platform.python_version(),
        machine=", ".join([platform.system(), platform.machine(), *_blas_kernels()]),
        threads=os.environ[THREADS],
        versions=library_versions(root),
        files=hash_files(root),
        switches={
            name: value
            for name, value in sorted(os.environ.items())
            if name.startswith(SWITCH_PREFIXES)
        },
    )
    os.environ["BOOK_RESULTS_DIR"] = str(root / RESULTS / environment.fingerprint)
    return environment


def set_variables(root: Path) -> None:
    """Set the environment variables that make all kernels behave alike.

    Threads, hash seed, plotting backend, IPython profile and kernels are the
    book's, whatever else the user has installed.

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
    os.environ["IPYTHONDIR"] = str(root / BUILD / "ipython")
    os.environ["JUPYTER_PREFER_ENV_PATH"] = "1"
    for name in ("JUPYTER_PATH", *UNSET_FOR_KERNELS):
        os.environ.pop(name, None)


def library_versions(root: Path) -> dict[str, str]:
    """Return the versions of what chapters import and of its requirements."""
    modules = {
        module
        for path in chapter_files(root)
        for module in IMPORT.findall(path.read_text(encoding="utf-8"))
    }
    modules -= OURS | set(sys.stdlib_module_names)
    return _versions_of(frozenset(filter(None, map(package_of, modules))))


@cache  # a build asks three times
def _versions_of(packages: frozenset[str]) -> dict[str, str]:
    versions: dict[str, str] = {}
    waiting = [*LIBRARIES, *packages]
    while waiting:
        name = canonicalize_name(waiting.pop())
        if name in versions:
            continue
        try:
            found = distribution(name)
        except PackageNotFoundError:
            continue  # for another system, or optional
        versions[name] = found.version
        for line in found.requires or ():
            requirement = Requirement(line)
            if requirement.marker is None or requirement.marker.evaluate({"extra": ""}):
                waiting.append(requirement.name)
    return dict(sorted(versions.items()))


@cache
def package_of(module: str) -> str:
    """Return the name of the package that provides a module, or an empty string."""
    try:
        return canonicalize_name(distribution(module).name)
    except (PackageNotFoundError, ValueError):
        pass
    for name in LIBRARIES:  # searching all packages is slow
        files = distribution(name).read_text("RECORD") or ""
        if f"\n{module}/__init__.py," in f"\n{files}":
            return name
    return packages_distributions().get(module, [""])[0]


def hash_files(root: Path) -> dict[str, str]:
    """Return the SHA-256 sum of each file that affects what chapters compute."""
    paths = {f"booktools/{name}": Path(__file__).with_name(name) for name in EXECUTORS}
    for package in OURS:
        for path in package_folder(package).glob("*.py"):
            paths[f"{package}/{path.name}"] = path
    paths |= {
        str(path.relative_to(root)): path
        for path in sorted((root / "chapters").rglob("[!._]*"))
        if path.suffix != ".md" and "checkpoints" not in path.parent.name
    }
    return {
        name: hash_file(path) for name, path in sorted(paths.items()) if path.is_file()
    }


def hash_file(path: Path) -> str:
    """Return the SHA-256 sum of a file, read in pieces."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _blas_kernels() -> list[str]:
    """Return the names of the BLAS libraries NumPy uses, with the kernels chosen."""
    found = ThreadpoolController().select(user_api="blas").info()
    return sorted(
        f"{library['internal_api']} {library.get('architecture', '')}".strip()
        for library in found
        if "numpy" in library["filepath"]  # whether others are loaded varies
    )


def _device_name(device: Any) -> str:
    """Return the name of a device with its model, since models round differently."""
    if device.type == "cuda":
        import torch

        return f"{device.type} ({torch.cuda.get_device_name(device)})"
    return str(device)


def number_of_jobs() -> int:
    """Return how many chapters, or tests, may run at once.

    This is ``JOBS``, or as many as leave one core for each thread.

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
        If the variable is set to anything else.
    """
    asked = os.environ.get(variable) or str(default)
    if not asked.isdecimal() or int(asked) < 1:
        raise ValueError(
            f"{variable}={asked} is not a number of {what}; try {variable}={default}."
        )
    return int(asked)
