"""What several chapters of the book share; what a chapter teaches is in it."""

from helpers.checks import check_gradient
from helpers.data import (
    TRUE_INTERCEPT,
    TRUE_WEIGHTS,
    DataError,
    Digits,
    DigitsSplit,
    Iris,
    Split,
    load_digits,
    load_two_irises,
    make_line_data,
    make_plane_data,
    split_digits,
)
from helpers.device import DeviceError, requested_device, select_device
from helpers.plots import plot_losses, show_images, show_slider, use_book_style

__all__ = [
    "TRUE_INTERCEPT",
    "TRUE_WEIGHTS",
    "DataError",
    "DeviceError",
    "Digits",
    "DigitsSplit",
    "Iris",
    "Split",
    "check_gradient",
    "load_digits",
    "load_two_irises",
    "make_line_data",
    "make_plane_data",
    "plot_losses",
    "requested_device",
    "select_device",
    "show_images",
    "show_slider",
    "split_digits",
    "use_book_style",
]
