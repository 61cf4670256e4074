"""An expression as a graph, and five walks: the still figure and its description."""

import matplotlib.pyplot as plt
import pytest
from bs4 import BeautifulSoup
from matplotlib.text import Annotation

from interactive import expression, show_expression

TEXT = "a = 1; b = 2 * a; c = 3 * b; s = b + c"
RIGHT = {"a": 8.0, "b": 4.0, "c": 1.0, "s": 1.0}
FOUND = {"nearest first": RIGHT | {"a": 2.0}, "in order": RIGHT}


def test_figure_shows_the_graph_and_marks_what_is_wrong(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    drawn = []
    monkeypatch.setattr(
        expression,
        "show_explorable",
        lambda name, figure, data, alt: drawn.append((figure, data, alt)),
    )
    show_expression({"two lengths": TEXT, "square": "a = 2; b = a * a"}, FOUND)
    [(figure, data, alt)] = drawn
    texts = [text.get_text() for text in figure.axes[0].texts]
    assert [text for text in texts if text.endswith(" wrong")] == ["2 wrong"]
    assert texts.count("8") == 1
    arrows = [text for text in figure.axes[0].texts if isinstance(text, Annotation)]
    ends = [(arrow.xyann[0], arrow.xy[0]) for arrow in arrows]
    assert ends == [(0, 1), (1, 2), (1, 3), (2, 3)]  # b goes into c and into s
    assert data["examples"]["square"] == "a = 2; b = a * a"
    assert data["walk"] == "nearest first"
    assert "Nearest first: a 2, not 8, b 4, c 1, s 1. In order: a 8, b 4" in alt
    plt.close(figure)


def test_a_name_used_twice_has_two_arrows() -> None:
    uses = expression._read_uses("a = 1; b = a + a")
    assert uses == {"a": [], "b": ["a", "a"]}
    found = {"in order": {"a": 2.0, "b": 1.0}}
    html = show_expression({"a + a": "a = 1; b = a + a"}, found).data
    assert len(BeautifulSoup(html, "html.parser").img["alt"]) > 100


@pytest.mark.parametrize(
    ("text", "found", "message"),
    [
        ("a = 1 +", FOUND, "is not an expression"),
        ("a = 1; a + a", FOUND, "is not a list of assignments"),
        ("", FOUND, "assigns nothing"),
        (TEXT, {"nearest first": RIGHT}, "there is no walk “in order”"),
        (TEXT, {"in order": {"a": 8.0, "c": 1.0, "s": 1.0}}, "no gradient for b"),
    ],
)
def test_what_is_missing_or_no_expression_is_named(
    text: str, found: dict[str, dict[str, float]], message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        show_expression({"example": text}, found)
