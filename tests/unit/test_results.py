"""No result is read that is stale, damaged or half-written."""

import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import pytest
import torch

from helpers import requested_run

MODULES = {
    "settings": "RATE = 0.1\ndef speed(): return 10 * RATE",
    "spare": "RATE = 0.3",
    "late": "COUNT = 1\nSTEPS = 4",
}
PAGE = """
from dataclasses import dataclass
from functools import lru_cache, partial
import numpy as np
import torch
from book import ROOT
from helpers import cached_result
import settings, spare

which = spare
factor = 2
hidden = 6
setting = {"a": 1.5}
data = np.arange(3.0)
tensor = torch.arange(4.0)
plotted = [1, 2]
one = [2.5]
two = [2.5]
torch.backends.patched = lambda x: x + 30

def inner(x, scale=1, *, shift=0):
    return scale * factor * x + shift

first = inner

def inner(x):
    return first(x) + sum((lambda y: y * setting["a"])(z) for z in (x, x))

inner.offset = 1
order = [first, inner]

@lru_cache
def remembered(x):
    return x + 7

def power(base, exponent):
    return base ** exponent

def count(*rest):
    return len(rest)

def multiply_by(n):
    return lambda x: n * x

class Place:
    def moved(self, by):
        return self.x + by

@dataclass
class Point(Place):
    x: float = 1.25
    def __neg__(self):
        return self.x * 3
    @property
    def half(self):
        return self.x / 2

triple = multiply_by(3)
actions = {"add": lambda x: x + 100, "raise": partial(pow, 2)}
origin = Point()

@cached_result
def other(x):
    return x + 5

@cached_result
def compute(x, pair, *, sign=1):
    import late
    print("computed")
    total = data.sum().item() + tensor.sum().item() + late.COUNT
    used = settings.RATE, settings.speed(), torch.backends.extra
    used += inner(x), remembered(x), triple(x), actions["add"](x), other(x)
    used += actions["raise"](x), origin.moved(x), Point().x, -origin
    used += settings.RATE + spare.RATE, which.RATE, torch.backends.patched(x)
    used += inner.offset, order[0](x), sign * one[0], two[0]
    used += power(base=2, exponent=3), count(), origin.half
    used += getattr(late, "STEPS"), globals()["hidden"]
    return {"total": total, "used": used}
"""
Compute = Callable[..., dict[str, object]]
Make = Callable[..., Compute]


@pytest.fixture
def page(monkeypatch: pytest.MonkeyPatch) -> Make:
    """Make a page, with some of its text changed, as in a separate process."""

    def make(before: str = "", after: str = "", source: str = PAGE) -> Compute:
        def change(text: str) -> str:
            return text.replace(before, after) if before else text

        assert before in "".join([*MODULES.values(), source])
        for name, text in MODULES.items():
            monkeypatch.setitem(sys.modules, name, ModuleType(name))
            exec(change(text), vars(sys.modules[name]))
        monkeypatch.setattr(torch.backends, "extra", 1, raising=False)
        monkeypatch.setattr(torch.backends, "patched", 1, raising=False)
        names = {"__name__": "page"}
        exec(change(source), names)
        return names["compute"]  # type: ignore[return-value]

    return make


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("BOOK_RESULTS_DIR", str(tmp_path / "results"))
    return tmp_path / "results"


@pytest.fixture
def computes(capsys: pytest.CaptureFixture[str]) -> Callable[..., bool]:
    def call(compute: Compute, *args: object, **options: object) -> bool:
        compute(*(args or (3, (1, 2))), **options)
        return "computed" in capsys.readouterr().out

    return call


def test_what_was_computed_is_read(folder, page, computes) -> None:
    assert computes(page())
    assert not computes(page())
    result = page()(3, (1, 2))
    assert result["total"] == 10
    assert sum(result["used"]) == pytest.approx(228.675)
    names = sorted(path.name.split("-")[0] for path in folder.iterdir())
    assert names == ["compute", "other"]


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("scale=1", "scale=2"),
        ("shift=0", "shift=1"),
        ("RATE = 0.1", "RATE = 0.2"),
        ("10 * RATE", "20 * RATE"),
        ("return scale *", "return 2 * scale *"),  # of the first of two names
        ("factor = 2", "factor = 2.0"),
        ('"a": 1.5', '"a": 1.25'),
        ("y * setting", "y + setting"),
        ("np.arange(3.0)", "np.array([0.0, 1.0, 2.5])"),
        ("torch.arange(4.0)", "torch.arange(4.0).double()"),
        ("torch.arange(4.0)", "torch.arange(4.0).requires_grad_()"),
        ("x + 7", "x + 8"),
        ("lambda x: n * x", "lambda x: n + x"),
        ("multiply_by(3)", "multiply_by(4)"),
        ("x + 100", "x + 101"),
        ("partial(pow, 2)", "partial(pow, 3)"),
        ("self.x + by", "self.x - by"),
        ("self.x * 3", "self.x * 4"),
        ("which = spare", "which = settings"),
        ("x + 30", "x + 31"),
        ("inner.offset = 1", "inner.offset = 2"),
        ("[first, inner]", "[inner, first]"),
        ("x: float = 1.25", "x: float = 1.5"),
        ("Point()\n\n@", "Point(2.0)\n\n@"),
        ("x + 5", "x + 6"),
        ("COUNT = 1", "COUNT = 2"),
        ("factor = 2", "factor = 2; torch.backends.extra = 2"),
        ("total = data", "total = 1 + data"),
        ("data.sum", "data.prod"),
        ("self.x / 2", "self.x / 4"),
        ("STEPS = 4", "STEPS = 5"),
        ("hidden = 6", "hidden = 7"),
        ("*rest", "**rest"),
        (
            "base, exponent):\n    return base ** exponent",
            "exponent, base):\n    return exponent ** base",
        ),
    ],
)
def test_what_has_changed_is_computed(folder, page, computes, before, after) -> None:
    assert computes(page())
    assert computes(page(before, after))
    assert not computes(page())


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("plotted = [1, 2]", "plotted = [1, 2, 3]; figure = open"),
        ("two = [2.5]", "two = one"),
        ("\nfactor", "\n\n# Used by nobody\ndef f(): 0\nfactor"),
    ],
)
def test_what_makes_no_difference_is_read(
    folder, page, computes, before, after
) -> None:
    assert computes(page())
    assert not computes(page(before, after))


def test_other_arguments_are_computed(folder, page, computes) -> None:
    for args in ((3, (1, 2)), (4, (1, 2)), (3.0, (1, 2)), (3, (2, 1)), (3, (12,))):
        assert computes(page(), *args)
    assert computes(page(), sign=2)


@pytest.mark.parametrize("damage", ["cut off", "a digit", "another's"])
def test_a_damaged_entry_is_computed_and_mended(folder, page, computes, damage) -> None:
    page()(4, (1, 2))
    others = set(folder.glob("compute-*"))
    expected = page()(3, (1, 2))
    (victim,) = set(folder.glob("compute-*")) - others
    text = victim.read_text()
    victim.write_text(
        {
            "cut off": text[: len(text) // 2],
            "a digit": text.replace("1.25", "1.26"),
            "another's": others.pop().read_text(),
        }[damage]
    )
    assert computes(page())
    assert not computes(page())
    assert page()(3, (1, 2)) == expected


def test_nothing_half_written_stays(folder, page, monkeypatch) -> None:
    def fail(*args: object) -> None:
        raise OSError("no space left")

    monkeypatch.setattr(Path, "replace", fail)
    with pytest.raises(OSError, match="no space"):
        page()(3, (1, 2))
    assert list(folder.iterdir()) == []


def test_without_a_folder_results_last_as_long_as_the_kernel(
    tmp_path, page, computes, monkeypatch
) -> None:
    monkeypatch.delenv("BOOK_RESULTS_DIR", raising=False)
    monkeypatch.chdir(tmp_path)
    compute = page()
    assert computes(compute)
    compute(3, (1, 2))["used"].append("mine")
    assert not computes(compute)
    assert "mine" not in compute(3, (1, 2))["used"]
    assert computes(page())
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("source", "error", "message"),
    [
        (
            "import threading; f = threading.Lock()\n{}: return f",
            TypeError,
            "cannot be hashed",
        ),
        ("{}: return {{1, 2}}", TypeError, "JSON"),
        ("{}: return [{{'a': {{2: 3}}}}]", TypeError, "the key 2, which is not a str"),
        (
            "n = [0]\n{}: n.append(1)",
            RuntimeError,
            "changes what its result depends on",
        ),
    ],
)
def test_what_cannot_be_kept_is_refused(folder, page, source, error, message) -> None:
    head = "from helpers import cached_result\n"
    source = head + source.format("@cached_result\ndef compute()")
    with pytest.raises(error, match=message):
        page(source=source)()


def test_an_empty_request_is_none_and_an_unknown_run_is_refused(monkeypatch) -> None:
    monkeypatch.setenv("BOOK_RUN", "")
    assert requested_run() == "full"
    monkeypatch.setenv("BOOK_RUN", "1")
    with pytest.raises(ValueError, match="BOOK_RUN=1 is not one of quick, full, long"):
        requested_run()
