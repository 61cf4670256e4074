"""Chromium is found where it is; where it is missing, the error says what to do."""

import stat
from pathlib import Path

import chromium
import pytest
from chromium import COMMANDS, VARIABLE, ChromiumError, find_chromium


def put_program(path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("#!/bin/sh\n")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return path


@pytest.fixture(autouse=True)
def bare_machine(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv(VARIABLE, raising=False)
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    monkeypatch.setattr(chromium, "APPLICATIONS", ())


@pytest.mark.parametrize("command", COMMANDS)
def test_each_command_is_found(command, tmp_path) -> None:
    program = put_program(tmp_path / "bin" / command)
    assert find_chromium() == program


def test_the_requested_one_takes_precedence_and_must_exist(
    monkeypatch, tmp_path
) -> None:
    put_program(tmp_path / "bin" / "chromium")
    mine = put_program(tmp_path / "mine" / "chrome")
    monkeypatch.setenv(VARIABLE, str(mine))
    assert find_chromium() == mine
    mine.unlink()
    with pytest.raises(ChromiumError, match=f"BOOK_CHROMIUM={mine}"):
        find_chromium()


def test_without_any_the_message_says_what_to_install() -> None:
    with pytest.raises(ChromiumError, match="apt install chromium"):
        find_chromium()


@pytest.mark.parametrize(("user", "sandboxed"), [(0, False), (1000, True)])
def test_only_root_runs_without_a_sandbox(monkeypatch, user, sandboxed) -> None:
    monkeypatch.setattr("os.geteuid", lambda: user)
    assert ("--no-sandbox" not in chromium.launch_arguments()) == sandboxed
