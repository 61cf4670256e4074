"""Choose the device that PyTorch computes on."""

import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import torch

__all__ = ["DeviceError", "requested_device", "select_device"]

DEVICES = ("cpu", "cuda", "mps", "auto")


class DeviceError(RuntimeError):
    """The requested device is not available."""


def requested_device() -> str:
    """Return the device named in ``BOOK_DEVICE``, or ``"cpu"`` if it is not set.

    Returns
    -------
    str
        One of ``"cpu"``, ``"cuda"``, ``"mps"``, ``"auto"``.

    Raises
    ------
    DeviceError
        If ``BOOK_DEVICE`` is anything else.
    """
    name = os.environ.get("BOOK_DEVICE") or "cpu"
    if name not in DEVICES:
        raise DeviceError(
            f"DEVICE={name} is not a device; choose one of {', '.join(DEVICES)}. "
            f"This machine has: {', '.join(_available_devices())}."
        )
    return name


def select_device() -> "torch.device":
    """Return the device to compute on, after checking that it is available.

    Returns
    -------
    torch.device
        The device named in ``BOOK_DEVICE``; with ``"auto"``, the first of cuda, mps
        and cpu that is available.

    Raises
    ------
    DeviceError
        If ``BOOK_DEVICE`` names no device, or one that this machine does not have.
    """
    import torch  # late, so that chapters without PyTorch start faster

    name, available = requested_device(), _available_devices()
    if name == "auto":
        return torch.device(available[0])
    if name not in available:
        raise DeviceError(
            f"DEVICE={name} was asked for, but this machine has only: "
            f"{', '.join(available)}. Type DEVICE={available[0]} or "
            "DEVICE=auto instead."
        )
    return torch.device(name)


def _available_devices() -> list[str]:
    """Return the names of the devices of this machine, the fastest first."""
    import torch

    devices = {
        "cuda": torch.cuda.is_available(),
        "mps": torch.backends.mps.is_available(),
        "cpu": True,
    }
    return [name for name, is_available in devices.items() if is_available]
