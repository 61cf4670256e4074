"""What takes minutes: how much of it is run, and results that are kept.

``joblib.Memory`` would keep results, too. It looks at the source of the
function alone and not of what that function calls, reads pickles, and writes
to stderr about a damaged entry; so here is a small keeper of its own.
"""

import copy
import dis
import hashlib
import inspect
import json
import os
import platform
import sys
import tempfile
import textwrap
import weakref
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from functools import update_wrapper
from pathlib import Path
from time import perf_counter
from types import CodeType, FunctionType, ModuleType
from typing import Any

import numpy as np

EXTENTS = ("quick", "full", "long")
KEPT = "BOOK_KEPT_DIR"


def requested_extent() -> str:
    """Return how much of what takes minutes is to be run.

    Returns
    -------
    str
        ``"quick"`` where ``BOOK_QUICK=1`` is set, ``"long"`` where
        ``BOOK_LONG=1`` is, ``"full"`` otherwise.

    Raises
    ------
    ValueError
        If both are set, or one of them is neither 0 nor 1.
    """
    asked = {}
    for name in ("BOOK_QUICK", "BOOK_LONG"):
        value = os.environ.get(name) or "0"
        if value not in ("0", "1"):
            raise ValueError(f"{name}={value} is neither 0 nor 1.")
        asked[name] = value == "1"
    if all(asked.values()):
        raise ValueError("BOOK_QUICK=1 and BOOK_LONG=1 exclude each other; unset one.")
    if asked["BOOK_QUICK"]:
        return "quick"
    return "long" if asked["BOOK_LONG"] else "full"


@dataclass(frozen=True)
class KeptCall:
    """One call of a function whose results are kept.

    Attributes
    ----------
    arguments : tuple
        What it was called with.
    seconds : float
        How long the computation took, whenever it was done.
    was_kept : bool
        Whether the result was read, and not computed in this call.
    """

    arguments: tuple[Any, ...]
    seconds: float
    was_kept: bool


class KeptResults:
    """A function that does not compute twice what it has computed before.

    Attributes
    ----------
    function : function
        What computes.
    calls : list of KeptCall
        Of this process, in order.
    """

    def __init__(self, function: FunctionType) -> None:
        self.function = function
        self.calls: list[KeptCall] = []
        self._known: dict[str, dict[str, Any]] = {}  # of this process
        update_wrapper(self, function)

    def __call__(self, *arguments: Any) -> Any:
        """Return the result, read if it is there and computed if not."""
        key = _describe_call(self.function, arguments)
        folder = os.environ.get(KEPT)
        path = Path(folder) / f"{self.function.__name__}-{key}.json" if folder else None
        entry = self._known.get(key) or (_read(path, key) if path else None)
        was_kept = entry is not None
        if entry is None:
            started = perf_counter()
            result = self.function(*arguments)
            entry = {"result": result, "seconds": perf_counter() - started}
            entry = json.loads(json.dumps(entry))  # as it is when it is read
            if path:
                _write(path, key, entry)
        self._known[key] = entry
        self.calls.append(KeptCall(arguments, entry["seconds"], was_kept))
        return copy.deepcopy(entry["result"])


def keep_results(function: Callable[..., Any]) -> KeptResults:
    """Let a function keep its results in the folder ``BOOK_KEPT_DIR``.

    `make book` names such a folder; where none is named, as in a notebook
    that stands alone, results last as long as the kernel does. A result is read
    only if nothing has changed that it depends on: the function's source and
    that of the functions of the same page, or of `helpers`, which it calls;
    the arguments; the global values that any of these use, arrays and
    tensors included; the versions of Python, NumPy and PyTorch; the
    processor, the device and the number of threads. A file that is damaged
    or half-written is not read.

    Parameters
    ----------
    function : callable
        Takes positional arguments and returns what JSON can hold: numbers,
        texts, lists, dictionaries by text. It must do nothing else.

    Returns
    -------
    KeptResults
        To be called like the function. What it returns has passed through
        JSON, kept or not, so tuples have become lists. Its attribute
        ``calls`` says what was computed and what was read.

    Raises
    ------
    TypeError
        At a call, if the function uses something that cannot be compared
        from run to run, or returns what JSON cannot hold.
    """
    return KeptResults(function)  # type: ignore[arg-type]


def _describe_call(function: FunctionType, arguments: tuple[Any, ...]) -> str:
    """Return 32 hexadecimal digits that change with all a call depends on."""
    parts: dict[str, str] = {}
    _describe_function(function, function.__globals__, parts)
    text = json.dumps(
        [parts, _describe(arguments, function.__globals__, parts), _machine()]
    )
    return hashlib.sha256(text.encode()).hexdigest()[:32]


def _machine() -> list[str]:
    here = [platform.machine(), platform.python_version(), np.__version__]
    if torch := sys.modules.get("torch"):
        here += [torch.__version__, str(torch.get_num_threads())]
        here.append(torch.backends.cpu.get_cpu_capability())
    return here


def _describe_function(
    function: FunctionType, page: dict[str, Any], parts: dict[str, str]
) -> None:
    """Add the source of a function, and all that it uses, to the parts."""
    name = f"{function.__module__}.{function.__qualname__}"
    if name in parts:
        return
    if function.__closure__:
        raise TypeError(
            f"{name} uses variables of the function around it; hand them over"
        )
    parts[name] = textwrap.dedent(inspect.getsource(function))
    for used in sorted(set(_globals_used(function.__code__))):
        if used in function.__globals__:
            value = function.__globals__[used]
            described = _describe(value, page, parts)
            parts[f"{name} {used}"] = described


def _globals_used(code: CodeType) -> Iterator[str]:
    for instruction in dis.get_instructions(code):
        if instruction.opname in ("LOAD_GLOBAL", "LOAD_NAME"):
            yield instruction.argval
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from _globals_used(constant)


def _describe(value: Any, page: dict[str, Any], parts: dict[str, str]) -> str:
    """Describe a value so that equal texts mean equal values.

    Raises
    ------
    TypeError
        If it is of a kind that this cannot be said of.
    """
    kind = type(value)
    if value is None or kind in (bool, int, float, complex, str, bytes, range):
        return repr(value)
    if kind in (list, tuple):
        return str([_describe(part, page, parts) for part in value])
    if kind is dict:
        return str(
            [
                (_describe(k, page, parts), _describe(v, page, parts))
                for k, v in value.items()
            ]
        )
    if isinstance(value, KeptResults):
        value = value.function
    if isinstance(value, FunctionType):
        if value.__globals__ is page or value.__module__.startswith("helpers."):
            _describe_function(value, page, parts)
        return f"{value.__module__}.{value.__qualname__}"
    if isinstance(value, ModuleType):
        return f"{value.__name__} {getattr(value, '__version__', '')}"
    if isinstance(value, type):
        if value.__module__ == page["__name__"]:
            raise TypeError(f"the class {value.__name__} of the page has no source")
        if value.__module__.startswith("helpers."):
            parts[value.__qualname__] = inspect.getsource(value)
        return f"{value.__module__}.{value.__qualname__}"
    if inspect.isbuiltin(value):
        return f"{value.__module__}.{value.__qualname__}"
    if isinstance(value, np.ndarray):
        return _digest(value)
    if isinstance(value, np.generic):
        return f"{value.dtype} {value!r}"
    torch = sys.modules.get("torch")
    if torch and isinstance(value, torch.Tensor):
        return _digest_tensor(value)
    if torch and isinstance(value, torch.device):
        if value.type == "cuda":
            return f"{value} {torch.cuda.get_device_name(value)}"
        return str(value)
    raise TypeError(f"a {kind.__name__} cannot be compared from run to run")


def _digest(array: np.ndarray[Any, Any]) -> str:
    content = hashlib.sha256(np.ascontiguousarray(array).tobytes()).hexdigest()
    return f"{array.dtype} {array.shape} {content}"


# A large tensor is looked at once, as long as nothing is written into it:
# PyTorch counts how often that was done.
_tensors: dict[tuple[int, int], tuple[weakref.ref[Any], str]] = {}


def _digest_tensor(tensor: Any) -> str:
    place = id(tensor), tensor._version
    known, digest = _tensors.get(place, (lambda: None, ""))
    if known() is not tensor:
        digest = f"{tensor.device} {_digest(tensor.detach().cpu().numpy())}"
        _tensors[place] = weakref.ref(tensor), digest
    return digest


def _read(path: Path, key: str) -> dict[str, Any] | None:
    """Read an entry, or return None if it is not there, whole and ours."""
    try:
        stored = json.loads(path.read_text(encoding="utf-8"))
        if stored["key"] == key and stored["sha256"] == _sum(stored["entry"]):
            return stored["entry"]
    except (OSError, ValueError, TypeError, KeyError):
        pass  # it is computed anew, and `calls` says so
    return None


def _write(path: Path, key: str, entry: dict[str, Any]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    text = json.dumps({"key": key, "sha256": _sum(entry), "entry": entry})
    with tempfile.NamedTemporaryFile(
        "w", encoding="utf-8", dir=path.parent, suffix=".tmp", delete=False
    ) as file:
        file.write(text)
    try:
        Path(file.name).replace(path)
    except OSError:
        with suppress(OSError):
            Path(file.name).unlink()
        raise


def _sum(entry: dict[str, Any]) -> str:
    return hashlib.sha256(json.dumps(entry).encode()).hexdigest()
