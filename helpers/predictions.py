"""What came of a prediction, so that a page can compare the two."""

from __future__ import annotations

import math
from html import escape
from numbers import Real

__all__ = ["Outcome"]


class Outcome:
    """What a reader was asked to predict, as the last line of a cell.

    The page takes it out of the cell, and compares it with the prediction; a
    notebook shows it as “Outcome: …”.

    Parameters
    ----------
    value : number or object
        A number, of which three digits are shown unless it is whole. Or, where the
        reader chooses, the right one of the choices; its text is compared.

    Raises
    ------
    ValueError
        If the number is not finite, or the text is empty.
    """

    def __init__(self, value: object) -> None:
        if not isinstance(value, Real):
            self.value = self.text = str(value).strip()
        elif not math.isfinite(value):
            raise ValueError(f"the outcome {value} is not finite")
        elif float(value).is_integer():
            self.value, self.text = f"{value:.0f}", f"{value:,.0f}"
        else:
            self.value = self.text = f"{value:.3g}"
        if not self.text:
            raise ValueError("the outcome is an empty text")

    def __repr__(self) -> str:
        """Return what is shown where there is no HTML."""
        return f"Outcome: {self.text}"

    def _repr_html_(self) -> str:
        value, text = escape(self.value), escape(self.text, quote=False)
        return f'<p>Outcome: <data class="outcome" value="{value}">{text}</data></p>'
