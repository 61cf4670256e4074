import pytest
import torch

from helpers import DeviceError, requested_device, select_device


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch):
    def make(*, cuda: bool, mps: bool) -> None:
        monkeypatch.setattr(torch.cuda, "is_available", lambda: cuda)
        monkeypatch.setattr(torch.backends.mps, "is_available", lambda: mps)

    return make


def test_cpu_unless_asked_otherwise(monkeypatch) -> None:
    monkeypatch.setenv("BOOK_DEVICE", "")
    assert requested_device() == "cpu"
    assert select_device() == torch.device("cpu")


@pytest.mark.parametrize(
    ("cuda", "mps", "chosen"),
    [(True, True, "cuda"), (False, True, "mps"), (False, False, "cpu")],
)
def test_auto_takes_the_first_that_is_there(
    monkeypatch, machine, cuda, mps, chosen
) -> None:
    machine(cuda=cuda, mps=mps)
    monkeypatch.setenv("BOOK_DEVICE", "auto")
    assert select_device() == torch.device(chosen)


def test_absent_device_names_what_is_there(monkeypatch, machine) -> None:
    machine(cuda=False, mps=False)
    monkeypatch.setenv("BOOK_DEVICE", "cuda")
    with pytest.raises(DeviceError, match=r"DEVICE=cuda .* only: cpu.*DEVICE=cpu"):
        select_device()


def test_the_environment_decides(monkeypatch, machine) -> None:
    machine(cuda=False, mps=True)
    monkeypatch.setenv("BOOK_DEVICE", "mps")
    assert select_device() == torch.device("mps")


def test_unknown_names_are_refused(monkeypatch, machine) -> None:
    machine(cuda=False, mps=True)
    said = r"is not a device; choose one of cpu, .*auto. This machine has: mps, cpu."
    monkeypatch.setenv("BOOK_DEVICE", "GPU")
    with pytest.raises(DeviceError, match=f"DEVICE=GPU {said}"):
        requested_device()
