"""`make bench` uses what the chapters define, and these change."""

import pytest

from benchmarks import training


@pytest.mark.slow
def test_every_race_is_run_and_its_result_printed(monkeypatch, capsys) -> None:
    monkeypatch.setattr(training, "ROUNDS", 1)
    monkeypatch.setattr(training, "N_EPOCHS", 1)
    assert training.main() in (0, 1)
    printed = capsys.readouterr().out
    assert printed.count("ratio ") == 2
    assert "goal " in printed
