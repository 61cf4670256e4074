"""Formulas are typeset to see and to hear, and what is not TeX is named."""

import re
from collections.abc import Iterator
from contextlib import suppress

import pytest
from bs4 import BeautifulSoup
from hypothesis import given
from hypothesis import strategies as st

from booktools.sphinx.math import MathematicsError, Typesetter

# What one hears: the words of a formula in MathML, in order.
FORMULAS = {
    r"\frac{\partial L}{\partial w_j}": "∂L∂wj",
    r"\eta < \frac{2}{\lambda_{\max}}": "η<2λmax",
    r"\begin{aligned} a &= 1 \\ b &= 2 \end{aligned}": "a=1b=2",
    r"\operatorname{softmax}(z)_k": "softmax(z)k",
}


@pytest.fixture(scope="module")
def typesetter() -> Iterator[Typesetter]:
    typesetter = Typesetter()
    yield typesetter
    typesetter.close()


@pytest.mark.parametrize("tex", FORMULAS)
def test_formula_is_drawn_and_spoken(typesetter: Typesetter, tex: str) -> None:
    for display in (False, True):
        made = BeautifulSoup(typesetter.typeset(tex, display=display), "html.parser")
        spoken = re.sub(r"\s", "", made.math.get_text())
        assert spoken == FORMULAS[tex]
        assert made.svg["aria-hidden"] == "true"
        assert (made.math.get("display") == "block") == display


def test_page_gets_the_shapes_that_its_formulas_use(typesetter: Typesetter) -> None:
    one = typesetter.typeset(r"\alpha + \alpha", display=False)
    other = typesetter.typeset(r"\beta", display=False)
    used = set(re.findall(r'xlink:href="#([^"]+)"', one))
    shapes = BeautifulSoup(typesetter.shapes_of(one), "html.parser")
    assert {path["id"] for path in shapes.find_all("path")} == used
    assert used < set(re.findall(r'id="([^"]+)"', typesetter.shapes_of(one + other)))
    assert typesetter.shapes_of("<p>no formula</p>") == ""


@pytest.mark.parametrize(
    "tex", [r"\frac{1}{", r"\nosuchcommand", r"x_1_2", r"\begin{matrix} 1"]
)
def test_what_is_not_tex_is_refused_and_named(typesetter: Typesetter, tex: str) -> None:
    with pytest.raises(MathematicsError, match=re.escape(f"in the formula {tex}")):
        typesetter.typeset(tex, display=True)
    assert typesetter.typeset("x", display=False)  # and it goes on


@given(tex=st.text(max_size=40))
def test_no_text_stops_the_typesetter(typesetter: Typesetter, tex: str) -> None:
    with suppress(MathematicsError):
        assert typesetter.typeset(tex, display=False).startswith("<mjx-container")
    assert "<mjx-container" in typesetter.typeset("x", display=False)


def test_typesetter_says_that_it_has_stopped() -> None:
    typesetter = Typesetter()
    typesetter._process.kill()
    typesetter._process.wait()
    with pytest.raises((RuntimeError, BrokenPipeError)):
        typesetter.typeset("x", display=False)
    typesetter.close()
