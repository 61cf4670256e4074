"""What several chapters of the book share; what a chapter teaches is in it."""

from helpers.checks import check_gradient, mutate
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
from helpers.digit_network import (
    DIGIT_SETTINGS,
    DigitSettings,
    make_digit_network,
    train_digit_network,
)
from helpers.explorables import (
    show_backward_pass,
    show_drawing,
    show_explorable,
    show_learning_rate,
)
from helpers.network import (
    CURVE_TOLERANCE,
    HIDDEN_UNITS,
    LEARNING_RATE,
    N_STEPS,
    Curves,
    draw_weights,
    largest_difference,
    load_petal_data,
    train_by_hand,
    working_dtype,
)
from helpers.plots import plot_losses, show_images, show_slider, use_book_style
from helpers.results import cached_result, requested_run

__all__ = [
    "CURVE_TOLERANCE",
    "DIGIT_SETTINGS",
    "HIDDEN_UNITS",
    "LEARNING_RATE",
    "N_STEPS",
    "TRUE_INTERCEPT",
    "TRUE_WEIGHTS",
    "Curves",
    "DataError",
    "DeviceError",
    "DigitSettings",
    "Digits",
    "DigitsSplit",
    "Iris",
    "Split",
    "cached_result",
    "check_gradient",
    "draw_weights",
    "largest_difference",
    "load_digits",
    "load_petal_data",
    "load_two_irises",
    "make_digit_network",
    "make_line_data",
    "make_plane_data",
    "mutate",
    "plot_losses",
    "requested_device",
    "requested_run",
    "select_device",
    "show_backward_pass",
    "show_drawing",
    "show_explorable",
    "show_images",
    "show_learning_rate",
    "show_slider",
    "split_digits",
    "train_by_hand",
    "train_digit_network",
    "use_book_style",
    "working_dtype",
]
