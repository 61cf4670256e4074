"""Results are kept, and no stale, damaged or half-written one is read."""

import json
import linecache
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from execution import prepare_execution

from helpers import KeptResults, keep_results, requested_extent

PAGE = """
def inner(x):
    return factor * x

def compute(x, pair):
    total = float(data.sum()) + float(tensor.sum())
    return {"tuple": (inner(x), total), "list": [setting["a"] for _ in pair]}
"""
Keeper = Callable[..., KeptResults]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("BOOK_KEPT_DIR", str(tmp_path / "kept"))
    return tmp_path / "kept"


@pytest.fixture
def keeper(tmp_path: Path) -> Keeper:
    """Make a page as a notebook would, in another process each time."""

    def make(source: str = PAGE, **changed: Any) -> KeptResults:
        values = {
            "factor": 2,
            "setting": {"a": 1.5},
            "data": np.arange(3.0),
            "tensor": torch.arange(4.0),
        }
        names: dict[str, Any] = {"__name__": "page", **(values | changed)}
        place = f"page {len(linecache.cache)}"
        lines = source.splitlines(keepends=True)
        linecache.cache[place] = (len(source), None, lines, place)
        exec(compile(source, place, "exec"), names)
        return keep_results(names["compute"])

    return make


def was_kept(function: KeptResults, *arguments: Any) -> bool:
    function(*(arguments or (3, (1, 2))))
    return function.calls[-1].was_kept


def test_what_was_computed_is_read_the_next_time(folder: Path, keeper: Keeper) -> None:
    first, again = keeper(), keeper()
    expected = {"tuple": [6, 9.0], "list": [1.5, 1.5]}
    assert first(3, (1, 2)) == again(3, (1, 2)) == expected
    assert (first.calls[0].was_kept, again.calls[0].was_kept) == (False, True)
    assert again.calls[0].seconds == first.calls[0].seconds
    assert [path.suffix for path in folder.iterdir()] == [".json"]


@pytest.mark.parametrize(
    "change",
    [
        {"source": PAGE.replace("factor * x", "x * factor")},
        {"source": PAGE.replace("total = ", "total = 0.0 + ")},
        {"factor": 3},
        {"factor": 2.0},
        {"setting": {"a": 1.25}},
        {"data": np.array([0.0, 1.0, 2.5])},
        {"data": np.arange(3)},
        {"tensor": torch.arange(4.0).double()},
        {"tensor": torch.tensor([0.0, 1.0, 2.0, 4.0])},
    ],
    ids=str,
)
def test_what_has_changed_is_computed(
    folder: Path, keeper: Keeper, change: dict[str, Any]
) -> None:
    assert not was_kept(keeper())
    assert not was_kept(keeper(**change))
    assert was_kept(keeper())


def test_other_arguments_are_computed(folder: Path, keeper: Keeper) -> None:
    assert not was_kept(keeper(), 3, (1, 2))
    for other in ((4, (1, 2)), (3.0, (1, 2)), (3, (2, 1)), (3, (12,))):
        assert not was_kept(keeper(), *other)


def test_a_tensor_that_is_written_into_is_looked_at_again(
    folder: Path, keeper: Keeper
) -> None:
    tensor = torch.arange(4.0)
    function = keeper(tensor=tensor)
    assert not was_kept(function)
    assert was_kept(function)
    tensor[0] = 1.0
    assert not was_kept(function)


def test_other_versions_and_threads_are_computed(
    folder: Path, keeper: Keeper, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert not was_kept(keeper())
    with monkeypatch.context() as other:
        other.setattr(np, "__version__", "0.1")
        assert not was_kept(keeper())
    with monkeypatch.context() as other:
        other.setattr(torch, "get_num_threads", lambda: 77)
        assert not was_kept(keeper())
    assert was_kept(keeper())


@pytest.mark.parametrize("damage", ["cut off", "a digit", "another's", "empty", "list"])
def test_a_damaged_result_is_computed_and_mended(
    folder: Path, keeper: Keeper, damage: str
) -> None:
    keeper()(4, (1, 2))
    (other,) = folder.iterdir()
    expected = keeper()(3, (1, 2))
    (victim,) = set(folder.iterdir()) - {other}
    text = victim.read_text()
    victim.write_text(
        {
            "cut off": text[: len(text) // 2],
            "a digit": text.replace("1.5", "1.6"),
            "another's": other.read_text(),
            "empty": "",
            "list": "[]",
        }[damage]
    )
    function = keeper()
    assert not was_kept(function)
    assert function(3, (1, 2)) == expected
    assert was_kept(keeper())


def test_nothing_half_written_bears_the_name_of_a_result(
    folder: Path, keeper: Keeper, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*arguments: Any) -> None:
        raise OSError("no space left")

    monkeypatch.setattr(Path, "replace", fail)
    with pytest.raises(OSError, match="no space"):
        keeper()(3, (1, 2))
    assert list(folder.iterdir()) == []


def test_nothing_is_kept_where_no_folder_is_named(
    tmp_path: Path, keeper: Keeper, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("BOOK_KEPT_DIR", raising=False)
    monkeypatch.chdir(tmp_path)
    function = keeper()
    assert not was_kept(function)
    assert was_kept(function)  # by this process alone
    assert not was_kept(keeper())
    assert list(tmp_path.iterdir()) == []


def test_what_is_returned_may_be_changed(folder: Path, keeper: Keeper) -> None:
    function = keeper()
    function(3, (1, 2))["list"].append("mine")
    assert function(3, (1, 2))["list"] == [1.5, 1.5]


def test_what_cannot_be_compared_is_refused(folder: Path, keeper: Keeper) -> None:
    with pytest.raises(TypeError, match="cannot be compared"):
        keeper(setting={"a": object()})(3, (1, 2))
    of_the_page = "class Setting:\n    pass\n\n" + PAGE.replace("1.5", "Setting")
    of_the_page = of_the_page.replace("setting[", "Setting and setting[")
    with pytest.raises(TypeError, match="the class Setting of the page"):
        keeper(of_the_page)(3, (1, 2))
    inside = "def make():\n    n = 1\n    def compute(x, y):\n        return n\n"
    with pytest.raises(TypeError, match="function around it"):
        keeper(f"{inside}    return compute\n\ncompute = make()\n")(3, (1, 2))
    with pytest.raises(TypeError, match="JSON"):
        keeper("def compute(x, y):\n    return {1, 2}\n")(3, (1, 2))


def test_the_entry_says_what_it_is(folder: Path, keeper: Keeper) -> None:
    keeper()(3, (1, 2))
    (path,) = folder.iterdir()
    stored = json.loads(path.read_text())
    assert path.stem == f"compute-{stored['key']}"
    assert stored["entry"]["result"]["tuple"] == [6, 9.0]


# How much is run


@pytest.mark.parametrize(
    ("quick", "long", "extent"),
    [("", "", "full"), ("0", "0", "full"), ("1", "", "quick"), ("0", "1", "long")],
)
def test_the_switches(
    quick: str, long: str, extent: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BOOK_QUICK", quick)
    monkeypatch.setenv("BOOK_LONG", long)
    assert requested_extent() == extent


@pytest.mark.parametrize(("quick", "long"), [("1", "1"), ("yes", ""), ("", "2")])
def test_switches_that_say_nothing(
    quick: str, long: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BOOK_QUICK", quick)
    monkeypatch.setenv("BOOK_LONG", long)
    with pytest.raises(ValueError, match="BOOK_"):
        requested_extent()
    with pytest.raises(ValueError, match="BOOK_"):
        prepare_execution()


def test_quick_long_and_full_runs_have_caches_of_their_own(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name in os.environ:  # prepare_execution writes there
        monkeypatch.setenv(name, os.environ[name])
    found = set()
    for quick, long in (("0", "0"), ("1", "0"), ("0", "1")):
        monkeypatch.setenv("BOOK_QUICK", quick)
        monkeypatch.setenv("BOOK_LONG", long)
        found.add(prepare_execution().fingerprint)
    assert len(found) == 3
