"""Choose the device that PyTorch computes on."""

import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import torch

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
            f"DEVICE={name} is not a device; choose one of {', '.join(DEVICES)}."
        )
    return name


def select_device(name: str | None = None) -> "torch.device":
    """Return the device to compute on, after checking that it is available.

    Parameters
    ----------
    name : str, optional
        ``"cpu"``, ``"cuda"``, ``"mps"`` or ``"auto"`` (the first of cuda,
        mps and cpu that is available). By default, ``BOOK_DEVICE``.

    Returns
    -------
    torch.device
        The device.

    Raises
    ------
    DeviceError
        If the name is none of these, or this machine has no such device.
    """
    import torch  # late, so that chapters without PyTorch start faster

    if name is None:
        name = requested_device()
    elif name not in DEVICES:
        raise DeviceError(
            f"{name!r} is not a device; choose one of {', '.join(DEVICES)}."
        )
    available = [
        device
        for device, is_there in (
            ("cuda", torch.cuda.is_available()),
            ("mps", torch.backends.mps.is_available()),
            ("cpu", True),
        )
        if is_there
    ]
    if name == "auto":
        return torch.device(available[0])
    if name not in available:
        raise DeviceError(
            f"DEVICE={name} was asked for, but this machine has only: "
            f"{', '.join(available)}. Type DEVICE={available[0]} or "
            "DEVICE=auto instead."
        )
    return torch.device(name)
