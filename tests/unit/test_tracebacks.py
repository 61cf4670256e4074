"""A traceback shows the notebook's own frames and where the error was raised."""

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


def frames(shell: InteractiveShell, capsys) -> list[str]:
    shell.run_cell(CELL)
    lines = capsys.readouterr().out.splitlines()
    assert lines[-1].startswith("JSONDecodeError")
    return [line for line in lines if line.startswith(("Cell", "File"))]


def test_what_lies_between_is_left_out(shell, capsys) -> None:
    full = frames(shell, capsys)
    shell.extension_manager.load_extension("booktools.tracebacks")
    short = frames(shell, capsys)
    assert len(full) > 4
    assert short == [*full[:2], full[-1]]
    assert [frame[:4] for frame in short] == ["Cell", "Cell", "File"]


def test_an_error_of_the_cell_itself_is_shown(shell, capsys) -> None:
    shell.extension_manager.load_extension("booktools.tracebacks")
    shell.run_cell("1 / 0")
    said = capsys.readouterr().out
    assert "----> 1 1 / 0" in said
    assert "ZeroDivisionError: division by zero" in said
