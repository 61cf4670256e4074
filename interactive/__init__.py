"""Interactive figures: data for their scripts, and a static figure without them.

Make a call of one of these functions the last expression of a cell.
"""

from interactive.backward_pass import show_backward_pass, show_steps
from interactive.boundary import show_boundary
from interactive.confusion import show_confusion
from interactive.drawing import show_drawing
from interactive.explorable import show_explorable
from interactive.expression import show_expression
from interactive.learning_rate import show_learning_rate
from interactive.one_example import show_one_example
from interactive.playground import show_playground
from interactive.race import show_race
from interactive.roofline import show_roofline
from interactive.temperature import show_temperature
from interactive.templates import show_templates

__all__ = [
    "show_backward_pass",
    "show_boundary",
    "show_confusion",
    "show_drawing",
    "show_explorable",
    "show_expression",
    "show_learning_rate",
    "show_one_example",
    "show_playground",
    "show_race",
    "show_roofline",
    "show_steps",
    "show_temperature",
    "show_templates",
]
