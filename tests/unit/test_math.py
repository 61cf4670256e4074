"""Formulas are typeset to see and to hear, and what is not TeX is named."""

import re
from collections.abc import Callable, Iterator
from contextlib import suppress

import pytest
from bs4 import BeautifulSoup
from docutils import nodes
from docutils.frontend import get_default_settings
from docutils.parsers.rst import Parser
from docutils.utils import new_document
from fontTools.pens.boundsPen import BoundsPen
from fontTools.svgLib.path import parse_path
from hypothesis import given
from hypothesis import strategies as st

from booktools.sphinx.math import KeepPunctuation, MathematicsError, Typesetter

# What a screen reader reads: the words of a formula in MathML, in order.
FORMULAS = {
    r"\frac{\partial L}{\partial w_j}": "∂L∂wj",
    r"\eta < \frac{2}{\lambda_{\max}}": "η<2λmax",
    r"\begin{aligned} a &= 1 \\ b &= 2 \end{aligned}": "a=1b=2",
    r"\operatorname{softmax}(z)_k": "softmax(z)k",
}


@pytest.fixture(scope="module")
def typeset() -> Iterator[Callable[..., str]]:
    typesetter = Typesetter()
    yield lambda tex, display=False: typesetter.typeset(tex, display=display).result()
    typesetter.close()


@pytest.mark.parametrize("tex", FORMULAS)
def test_formula_is_drawn_and_spoken(typeset, tex) -> None:
    for display in (False, True):
        made = BeautifulSoup(typeset(tex, display), "html.parser")
        spoken = re.sub(r"\s", "", made.math.get_text())
        assert spoken == FORMULAS[tex]
        assert made.svg["aria-hidden"] == "true"
        assert (made.math.get("display") == "block") == display


def test_formula_is_one_path_with_each_part_in_its_place(typeset) -> None:
    made = typeset(r"\frac{x}{x}", display=True)
    (path,) = BeautifulSoup(made, "html.parser").svg.find_all("path")
    above, below, bar = re.findall(r"M(\d+) ?(-?\d+)([^M]+)", path["d"])
    assert above[0] == below[0]
    assert above[2] == below[2]  # the same glyph
    assert int(below[1]) < int(bar[1]) < int(above[1])
    assert re.fullmatch(r"h(\d+)v\d+h-\1z", bar[2])


def bounds(outline: str) -> tuple[float, float, float, float]:
    """Return the left, lower, right and upper bounds of an outline."""
    pen = BoundsPen(None)
    parse_path(outline, pen)
    assert pen.bounds
    return pen.bounds


@pytest.mark.parametrize("letter", ["x", "y", "p", r"\theta", r"\mathbf{y}"])
@pytest.mark.parametrize("accent", [r"\hat", r"\bar", r"\tilde", r"\vec", r"\dot"])
def test_accent_is_above_its_letter(typeset, accent, letter) -> None:
    made = typeset(rf"{accent}{{{letter}}}")
    (path,) = BeautifulSoup(made, "html.parser").svg.find_all("path")
    *letter_outlines, accent_outline = path["d"].split("M")[1:]
    (left, _, right, top), (start, bottom, end, _) = (
        bounds(f"M{'M'.join(outlines)}")
        for outlines in (letter_outlines, [accent_outline])
    )
    assert bottom > 0.6 * top
    # Over the middle, or somewhat to the right of it, since letters lean.
    middle, size = (left + right) / 2, right - left
    assert -0.1 * size < (start + end) / 2 - middle < 0.4 * size


@pytest.mark.parametrize(
    ("tex", "kept"),
    [
        (r"\color{red}{x}", "fill"),
        (r"\boxed{x}", "rect"),
        (r"\href{https://example.org}{x}", "href"),
        (r"\overline{abc}", "scale(4"),
        (r"\bbox[yellow]{x}", "yellow"),
    ],
)
def test_what_one_path_cannot_show_stays_as_it_is(typeset, tex, kept) -> None:
    drawing = BeautifulSoup(typeset(tex), "html.parser").svg
    assert kept in str(drawing.g)


def test_formula_with_letters_of_no_font_keeps_them_as_text(typeset) -> None:
    made = BeautifulSoup(typeset("x = 山"), "html.parser")
    assert made.svg.find("text").get_text() == "山"
    assert made.svg.find_all("path")


@pytest.mark.parametrize(
    "tex", [r"\frac{1}{", r"\nosuchcommand", r"x_1_2", r"\begin{matrix} 1"]
)
def test_what_is_not_tex_is_refused_and_named(typeset, tex) -> None:
    with pytest.raises(MathematicsError, match=re.escape(f"in the formula {tex}")):
        typeset(tex, display=True)
    assert typeset("x")  # and it goes on


@given(tex=st.text(max_size=40))
def test_no_text_stops_the_typesetter(typeset, tex) -> None:
    with suppress(MathematicsError):
        assert typeset(tex).startswith("<mjx-container")
    assert "<mjx-container" in typeset("x")


def test_typesetter_says_that_it_has_stopped() -> None:
    typesetter = Typesetter()
    typesetter._process.kill()
    typesetter._process.wait()
    with pytest.raises((RuntimeError, BrokenPipeError)):
        typesetter.typeset("x", display=False).result()
    typesetter.close()


def test_what_follows_a_formula_without_a_space_stays_with_it() -> None:
    document = new_document("page", get_default_settings(Parser))
    parts = [nodes.math("", "a"), nodes.Text("), or "), nodes.math("", "b")]
    parts += [nodes.Text(" is"), nodes.math("", "c"), nodes.strong("", ".")]
    document += nodes.paragraph("", "", *parts)
    KeepPunctuation(document).run()
    (paragraph,) = document
    assert paragraph.astext() == "a), or b isc."
    (box,) = paragraph.findall(nodes.inline)
    assert box.astext() == "a),"
