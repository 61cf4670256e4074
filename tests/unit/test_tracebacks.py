"""A traceback shows the notebook's own frames, and none of a library's."""

import pytest
from IPython.core.interactiveshell import InteractiveShell

CELL = """
import json

def ours():
    return json.loads("{]")
ours()
"""


@pytest.fixture
def shell():
    InteractiveShell.clear_instance()
    yield InteractiveShell.instance(colors="nocolor")
    InteractiveShell.clear_instance()


CHAIN = """
try:
    ours()
except ValueError as error:
    raise KeyError("key") from error
"""


def frames(shell: InteractiveShell, capsys, cell: str, error: str) -> list[str]:
    shell.run_cell(cell)
    lines = capsys.readouterr().out.splitlines()
    assert lines[-1].startswith(f"{error}: ")
    return [line[:4] for line in lines if line.startswith(("Cell", "File"))]


def test_frames_of_libraries_are_left_out(shell, capsys) -> None:
    full = frames(shell, capsys, CELL, "JSONDecodeError")
    shell.extension_manager.load_extension("booktools.tracebacks")
    assert full[:2] == ["Cell", "Cell"]
    assert full[2:] == ["File"] * 3
    assert frames(shell, capsys, CELL, "JSONDecodeError") == ["Cell"] * 2
    assert frames(shell, capsys, CHAIN, "KeyError") == ["Cell"] * 3


def test_an_error_of_the_cell_itself_is_shown(shell, capsys) -> None:
    shell.extension_manager.load_extension("booktools.tracebacks")
    shell.run_cell("1 / 0")
    said = capsys.readouterr().out
    assert "----> 1 1 / 0" in said
    assert "ZeroDivisionError: division by zero" in said
