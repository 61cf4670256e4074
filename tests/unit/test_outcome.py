"""What came of a prediction, as cells say it."""

import re

import numpy as np
import pytest

from helpers import Outcome


def values(value: object) -> tuple[str, ...]:
    """Return what a page reads, and what a notebook shows."""
    found = re.fullmatch(
        r'<p>Outcome: <data class="outcome" value="(.*?)">(.*?)</data></p>',
        Outcome(value)._repr_html_(),
    )
    assert found
    return found.groups()


@pytest.mark.parametrize(
    ("value", "read", "shown"),
    [
        (131_071, "131071", "131,071"),
        (np.int64(2), "2", "2"),
        (8.0, "8", "8"),
        (np.log(2), "0.693", "0.693"),
        (np.float32(2) ** -20, "9.54e-07", "9.54e-07"),
        (1234.5, "1.23e+03", "1.23e+03"),
        ((2, 2), "(2, 2)", "(2, 2)"),
        ("0.1", "0.1", "0.1"),
        ('a < b & "c"', "a &lt; b &amp; &quot;c&quot;", 'a &lt; b &amp; "c"'),
    ],
)
def test_it_is_a_number_with_three_digits_or_a_text(
    value: object, read: str, shown: str
) -> None:
    assert values(value) == (read, shown)


def test_where_there_is_no_html_it_says_the_same() -> None:
    assert repr(Outcome(131_071)) == "Outcome: 131,071"


@pytest.mark.parametrize("value", [np.nan, -np.inf, " "])
def test_what_nobody_can_predict_is_refused(value: object) -> None:
    with pytest.raises(ValueError, match=r"is not finite|is an empty text"):
        Outcome(value)
