"""`python -m booktools` says in one line what is wrong with what it was asked."""

from pathlib import Path

import pytest

from booktools.__main__ import main


@pytest.fixture
def book(tmp_path: Path) -> Path:
    for name in ("_config.yml", "_toc.yml"):
        (tmp_path / name).touch()
    return tmp_path


@pytest.mark.parametrize("missing", ["_config.yml", "_toc.yml"])
def test_a_folder_that_is_no_book_is_named(
    book: Path, missing: str, capsys: pytest.CaptureFixture[str]
) -> None:
    (book / missing).unlink()
    with pytest.raises(SystemExit) as stopped:
        main(["serve", "--root", str(book)])
    assert stopped.value.code == 2
    assert f"{book} is no book: it has no {missing}." in capsys.readouterr().err


def test_a_wrong_request_becomes_one_line(
    book: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PORT", "eighty")
    assert main(["serve", "--root", str(book)]) == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("PORT=eighty is not a port")


def test_a_command_is_run_in_the_folder_it_is_given(
    book: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[Path] = []
    monkeypatch.setattr("booktools.serve.main", lambda root: asked.append(root) or 7)
    monkeypatch.chdir(book)
    assert main(["serve"]) == 7
    assert asked == [book.resolve()]
