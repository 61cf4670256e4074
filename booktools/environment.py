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

from booktools.errors import AuthorError, unreadable
from booktools.sources import BUILD, book_files, is_readable, package_folder
from booktools.toc import chapter_files
from booktools.yaml_files import read_text
from helpers import (
    DataError,
    DeviceError,
    requested_device,
    requested_run,
    select_device,
)
from helpers.data import BUNDLED, find_mnist
from helpers.flags import read_flag

CACHE = BUILD / "cache"  # of executed chapters, one folder per fingerprint
RESULTS = BUILD / "results"  # of long computations; see helpers/results.py
# What most chapters import; their own requirements are found from their metadata.
LIBRARIES = (
    "ipykernel",
    "matplotlib",
    "numpy",
    "pandas",
    "pillow",
    "scikit-learn",
    "seaborn",
    "torch",
)
THREADS = "OMP_NUM_THREADS"
# What some libraries read in preference to that one.
OTHER_THREADS = ("OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "VECLIB_MAXIMUM_THREADS")
# Variables with these prefixes change what Python does with a chapter's code, or how
# its output is shown: kernels do not inherit them.
UNSET_FOR_KERNELS = (
    *("COLUMNS", "FORCE_COLOR", "IPYTHON", "JUPYTER_PATH", "LINES", "NO_COLOR"),
    "PYTHON",
)
KEPT_FOR_KERNELS = {"PYTHONDONTWRITEBYTECODE", "PYTHONPYCACHEPREFIX"}
# Prefixes of other variables, which numerical libraries read.
TRACKED_PREFIXES = (
    *("ATEN_", "BLIS_", "CUBLAS_", "CUDA_", "DNNL_", "GOTO_", "JAX_", "JOBLIB_"),
    *("KMP_", "LOKY_", "MKL_", "NPY_", "NUMBA_", "NUMEXPR_", "NVIDIA_", "OMP_"),
    *("ONEDNN_", "OPENBLAS_", "PANDAS_", "PYTORCH_", "SCIPY_", "SKLEARN_"),
    *("TORCH_", "XLA_"),
)
TRACKED_VARIABLES = {"SOURCE_DATE_EPOCH", "TZ"}
# A variable that a chapter reads; those of the book are in the fingerprint anyway.
READ_VARIABLE = re.compile(
    r"""(?:environ(?:\.get)?\s*[\[(]|getenv\()\s*["'](?!BOOK_|MNIST_DIR)(\w+)"""
)
IMPORT = re.compile(r"^[^\S\n]*(from|import) +([\w., ]+)", re.M)
# A string in code that may name a file.
FILE_NAME = re.compile(r"""(["'])([^"'\n]{0,200}[./][^"'\n]{0,200})\1""")
OWN_PACKAGES = {"helpers", "interactive"}
WRITEFILE = re.compile(r"^%%writefile +(\w+)\.py$", re.M)  # by a chapter, for itself
# What pages and tools use; a chapter reads it only by name. All else may be data.
NON_DATA_FILES = re.compile(
    r"(_static|benchmarks|binder|booktools|interactive/static|theme)/"
    r"|(chapters|reference)/.*\.(md|bib|ipynb)$|figures/\w+\.(py|svg)$|[^/]+\.(cff|md)$"
    r"|(_config|_toc)\.yml$|(jupytext|pyproject)\.toml$|(LICENSE|Makefile)[^/]*$"
    r"|(requirements[^/]*|constraints)\.txt$"
)
LARGE_FILE = 2**20  # bytes; a larger one is read again only if its timestamp changes
# The modules that decide how a chapter is executed.
EXECUTION_MODULES = (
    "environment.py",
    "execute.py",
    "ipython_kernel_config.py",
    "kernels.py",
    "outputs.py",
    "tracebacks.py",
)

Code = dict[str, tuple[Path, str]]  # file and text of a chapter or module, by its name


@dataclass(frozen=True)
class Environment:
    """Everything that the outputs of a chapter depend on, besides its own code."""

    digits: str  # MNIST, whose every byte is checked, or those of scikit-learn
    device: str  # what PyTorch computes on
    run: str  # how much of the long computations: quick, full or long
    python: str  # its version
    machine: str  # system, processor, and the kernels that NumPy's BLAS chose
    threads: str  # how many threads each chapter uses
    versions: dict[str, str]  # of what chapters import, and of what that requires
    files: dict[str, str]  # SHA-256 sums of what chapters read, and of what runs them
    variables: dict[str, str]  # that numerical libraries, or the chapters, read

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

    Raise AuthorError if the requested device or data are not available, or a
    variable is invalid.
    """
    set_variables(root)
    try:
        run, device, mnist = requested_run(), requested_device(), find_mnist()
        if device != "cpu":
            device = _device_name(select_device())
    except (DataError, DeviceError, ValueError) as error:
        raise AuthorError(str(error)) from None
    if mnist is None:
        os.environ["BOOK_OFFLINE"] = "1"
    code = read_code(root)
    environment = Environment(
        digits=mnist.name if mnist else BUNDLED,
        device=device,
        run=run,
        python=platform.python_version(),
        machine=", ".join([platform.system(), platform.machine(), *_blas_kernels()]),
        threads=os.environ[THREADS],
        versions=library_versions(code),
        files=hash_files(root, code),
        variables=tracked_variables(code),
    )
    os.environ["BOOK_RESULTS_DIR"] = str(root / RESULTS / environment.fingerprint)
    return environment


def set_variables(root: Path) -> None:
    """Set the environment variables that make all kernels behave alike.

    Threads, hash seed, plotting backend, IPython profile and kernels are the
    book's, whatever else the user has installed. Raise AuthorError if
    ``OMP_NUM_THREADS`` is not a number of threads.
    """
    for name in ("MNIST_DIR", "BOOK_CACHE_DIR"):
        if os.environ.get(name):  # kernels run in another folder
            os.environ[name] = str(Path(os.environ[name]).resolve())
    threads = str(positive_number(THREADS, 1, "threads"))
    for name in (THREADS, *OTHER_THREADS):
        os.environ[name] = threads
    for name in os.environ.keys() - KEPT_FOR_KERNELS:
        if name.startswith(UNSET_FOR_KERNELS):
            del os.environ[name]
    os.environ["PYTHONHASHSEED"] = "0"  # sets keep their order from run to run
    os.environ["MPLBACKEND"] = "module://matplotlib_inline.backend_inline"
    os.environ["IPYTHONDIR"] = str(root / BUILD / "ipython")
    os.environ["JUPYTER_PREFER_ENV_PATH"] = "1"
    # Not the user's: it would change every plot.
    os.environ["MATPLOTLIBRC"] = str(package_folder("matplotlib") / "mpl-data")


def tracked_variables(code: Code) -> dict[str, str]:
    """Return the variables that libraries, or the chapters themselves, read."""
    texts = [text for _, text in code.values()]
    found = {name for text in texts for name in READ_VARIABLE.findall(text)}
    named = TRACKED_VARIABLES | found
    return {
        name: value
        for name, value in sorted(os.environ.items())
        if name in named or name.startswith(TRACKED_PREFIXES)
    }


def library_versions(code: Code) -> dict[str, str]:
    """Return the versions of what chapters import and of its requirements."""
    modules = set()
    texts = [text for _, text in code.values()]
    for kind, names in (found for text in texts for found in IMPORT.findall(text)):
        for name in names.split(",") if kind == "import" else [names]:
            modules.add(re.split(r"[. ]", name.strip())[0])
    modules -= {name for text in texts for name in WRITEFILE.findall(text)}
    modules -= OWN_PACKAGES | set(sys.stdlib_module_names)
    modules = {name for name in modules if name.isidentifier()}
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


def hash_files(root: Path, code: Code) -> dict[str, str]:
    """Return the SHA-256 sum of each file that affects what chapters compute."""
    paths = data_files(root)
    for name, (path, words) in code.items():
        for _, text in FILE_NAME.findall(words):
            file = path.parent / os.path.expanduser(text)  # noqa: PTH111 (no errors)
            if is_readable(file) and not text.startswith(("/proc", "/sys")):
                paths[f"{name}: {text}"] = file
    for name in EXECUTION_MODULES:
        paths[f"booktools/{name}"] = Path(__file__).with_name(name)
    return {name: hash_file(path) for name, path in sorted(paths.items())}


def read_code(root: Path) -> Code:
    """Return the chapters, and the modules that they can import."""
    files = {it.relative_to(root).as_posix(): it for it in chapter_files(root)}
    data = data_files(root).items()
    files |= {name: path for name, path in data if path.suffix == ".py"}
    return {name: (path, read_text(path, name)) for name, path in files.items()}


def data_files(root: Path) -> dict[str, Path]:
    """Return each file of the book that a chapter may read without naming it.

    That is all but its pages, and what only pages and tools use.
    """
    paths = {it.as_posix(): root / it for it in book_files(root)}
    for package in OWN_PACKAGES:
        folder = package_folder(package)
        paths |= {f"{package}/{it}": folder / it for it in book_files(folder)}
    return {
        name: path for name, path in paths.items() if not NON_DATA_FILES.match(name)
    }


def hash_file(path: Path) -> str:
    """Return the SHA-256 sum of a file, or raise AuthorError if it is unreadable."""
    try:
        status = path.stat()
        if status.st_size < LARGE_FILE:
            return _hash_content(path)
        return _hash_large(path, status.st_mtime_ns, status.st_size)
    except OSError as error:
        raise unreadable(error, path) from None


@cache  # a build asks for it more than twenty times
def _hash_large(path: Path, changed: int, size: int) -> str:
    return _hash_content(path)


def _hash_content(path: Path) -> str:
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
    """
    threads = positive_number(THREADS, 1, "threads")
    return positive_number("JOBS", max(1, cpu_count() // threads), "chapters")


def positive_number(variable: str, default: int, what: str) -> int:
    """Read a positive whole number from the environment, or raise AuthorError."""
    asked = os.environ.get(variable) or str(default)
    if not asked.isdecimal() or int(asked) < 1:
        raise AuthorError(
            f"{variable}={asked} is not a number of {what}; try {variable}={default}."
        )
    return int(asked)


def flag(variable: str) -> bool:
    """Return what `helpers.flags.read_flag` does, or raise AuthorError."""
    try:
        return read_flag(variable)
    except ValueError as error:
        raise AuthorError(str(error)) from None
