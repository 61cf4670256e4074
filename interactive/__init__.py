"""Interactive figures: data for their scripts, and a static figure without them."""

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
