"""What a reader moves on a page: its data, and a figure where no script runs."""

from interactive.explorables import (
    show_backward_pass,
    show_drawing,
    show_explorable,
    show_learning_rate,
)

__all__ = [
    "show_backward_pass",
    "show_drawing",
    "show_explorable",
    "show_learning_rate",
]
