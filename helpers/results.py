"""Long computations: how much of them to run, and a cache for their results.

``joblib.Memory`` compares the source of a function but not of those it calls,
and prints a traceback if an entry is damaged; hence this cache.
"""

import hashlib
import json
import os
import pickle
import sys
import sysconfig
import tempfile
from collections.abc import Callable, Mapping
from functools import update_wrapper
from operator import attrgetter
from pathlib import Path
from types import CodeType, FunctionType, ModuleType, SimpleNamespace
from typing import Any

__all__ = ["cached_result", "requested_run"]

RUNS = ("quick", "full", "long")
SITE_PACKAGES = sysconfig.get_path("purelib"), sysconfig.get_path("platlib")


def requested_run() -> str:
    """Return how much of the long computations to run, from ``BOOK_RUN``.

    Returns
    -------
    str
        ``"quick"``, ``"full"`` (the default) or ``"long"``.

    Raises
    ------
    ValueError
        If ``BOOK_RUN`` is anything else.
    """
    run = os.environ.get("BOOK_RUN") or "full"
    if run not in RUNS:
        raise ValueError(f"BOOK_RUN={run} is not one of {', '.join(RUNS)}.")
    return run


class cached_result:  # noqa: N801 (a decorator, like functools.cached_property)
    """Make a function reuse its result if the same call was computed before.

    Results are JSON files in the folder ``BOOK_RESULTS_DIR``, which a build
    names after its fingerprint (`helpers`, versions, data, device, threads);
    without it, they last as long as the kernel.

    A result is stored under a hash of the function and its arguments. For each
    function and class outside the installed packages, this covers the code,
    the defaults and, recursively, every global and module attribute whose name
    occurs in the code, even if only in a string. Other values are hashed as
    they are pickled; what cannot be pickled is an error.

    Parameters
    ----------
    function : callable
        Returns what JSON can represent; tuples become lists, and the keys of
        dictionaries are texts. It must depend on
        nothing else (files, global random generators, library settings) and have
        no side effects.

    Raises
    ------
    TypeError
        When called, if it uses something that cannot be hashed, or returns
        something that JSON cannot represent.
    RuntimeError
        When called, if it changes, or imports, what its result depends on.
    """

    def __init__(self, function: Callable[..., Any]) -> None:
        self._known: dict[Path, str] = {}  # used if no folder is set
        self.__wrapped__ = function
        update_wrapper(self, function)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Return the result, from the cache if it is there."""
        function, folder = self.__wrapped__, os.environ.get("BOOK_RESULTS_DIR")
        key = _hash((function, args, kwargs))
        path = Path(folder or "", f"{function.__name__}-{key}.json")
        text = _read(path) if folder else self._known.get(path)
        if text is None:
            result = function(*args, **kwargs)
            _check_keys(result)
            text = json.dumps(result)
            if _hash((function, args, kwargs)) != key:
                raise RuntimeError(
                    f"{function.__name__} changes what its result depends on."
                )
            if folder:
                _write(path, text)
            else:
                self._known[path] = text
        return json.loads(text)


class _Hasher(pickle.Pickler):
    """Hashes values by content, and functions and classes by what they do."""

    def __init__(self) -> None:
        self.hash = hashlib.sha256()
        super().__init__(SimpleNamespace(write=self.hash.update), protocol=5)
        self.fast = True  # equal objects hash like the same object twice
        self.seen: dict[FunctionType | type, int] = {}

    def reducer_override(self, value: Any) -> Any:
        """Return a type and arguments to pickle in place of a value."""
        torch = sys.modules.get("torch")
        if torch and isinstance(value, torch.Tensor):
            array = value.detach().cpu().numpy()
            return tuple, (str(value.device), value.requires_grad, array)
        if isinstance(value, CodeType):  # without file and lines
            parts = "code consts names varnames flags exceptiontable argcount "
            parts += "posonlyargcount kwonlyargcount"
            return tuple, attrgetter(*(f"co_{part}" for part in parts.split()))(value)
        if isinstance(value, property):
            return tuple, (value.fget, value.fset, value.fdel)
        if _is_installed(getattr(value, "__module__", None)):
            return NotImplemented
        if isinstance(value, (FunctionType, type)):
            if value in self.seen:
                return int, (self.seen[value],)
            self.seen[value] = len(self.seen)
            return tuple, _parts(value)
        if hasattr(value, "__wrapped__"):  # lru_cache, cached_result …
            return tuple, (type(value).__name__, value.__wrapped__)
        return NotImplemented


def _hash(value: Any) -> str:
    hasher = _Hasher()
    try:
        hasher.dump(value)
    except Exception as error:  # pickling may raise anything
        raise TypeError(
            f"The function or an argument cannot be hashed: {error}"
        ) from error
    return hasher.hash.hexdigest()


def _parts(value: FunctionType | type) -> tuple[Any, ...]:
    """Return what determines the behaviour of a function or a class."""
    if isinstance(value, type):
        members = vars(value).items()
        own = {k: v for k, v in members if not k.startswith("__") or callable(v)}
        return type(value), value.__bases__, own
    names = _names(value.__code__)
    used: dict[str, Any] = {}
    _collect(names, value.__module__, value.__globals__, used)
    _collect(names, "imported inside", sys.modules, used)
    closure = [cell.cell_contents for cell in value.__closure__ or ()]
    defaults = value.__defaults__, value.__kwdefaults__
    return value.__code__, defaults, closure, vars(value), used


def _names(code: CodeType) -> set[str]:
    """Return the names in code, and its strings, by which `getattr` may find more."""
    inner = (part for part in code.co_consts if isinstance(part, CodeType))
    texts = {part for part in code.co_consts if isinstance(part, str)}
    return texts.union(code.co_names, *map(_names, inner))


def _collect(
    names: set[str], space: str, values: Mapping[str, Any], used: dict[str, Any]
) -> None:
    """Add the values of names in a namespace, and in the modules it refers to.

    Installed packages are identified by their versions, so of their names only
    plain settings, and functions that a page has put there, are added.
    """
    found = used[space] = {}
    for name in sorted(names & values.keys()):
        value = values[name]
        if isinstance(value, ModuleType):
            found[name] = value.__name__
            if value.__name__ not in used:
                _collect(names, value.__name__, vars(value), used)
        elif (
            not _is_installed(space)
            or isinstance(value, (bool, int, float, str))
            or (isinstance(value, FunctionType) and not _is_installed(value.__module__))
        ):
            found[name] = value


def _is_installed(module: str | None) -> bool:
    """Return whether a module is Python's own or belongs to an installed package."""
    file = getattr(sys.modules.get(module or ""), "__file__", None) or ""
    top = (module or "").partition(".")[0]
    return top in sys.stdlib_module_names or file.startswith(SITE_PACKAGES)


def _check_keys(result: Any) -> None:
    """Raise TypeError at a key that is not a text: JSON would make one of it."""
    if isinstance(result, dict):
        for key, value in result.items():
            if not isinstance(key, str):
                raise TypeError(f"The result has the key {key!r}, which is not a str.")
            _check_keys(value)
    elif isinstance(result, (list, tuple)):
        for value in result:
            _check_keys(value)


def _read(path: Path) -> str | None:
    """Read an entry, or return None if it is missing, damaged or misnamed."""
    try:
        checksum, text = path.read_text(encoding="utf-8").split("\n")
    except (OSError, ValueError):
        return None
    return text if checksum == _hash((path.name, text)) else None


def _write(path: Path, text: str) -> None:
    """Write an entry under a temporary name first, so that no part is ever read."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=path.parent) as folder:
        whole = Path(folder, path.name)
        whole.write_text(f"{_hash((path.name, text))}\n{text}", encoding="utf-8")
        whole.replace(path)
