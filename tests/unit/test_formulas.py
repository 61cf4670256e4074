"""What Jupyter shows as a formula is one on the page, or the build says why not."""

import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest
from bs4 import BeautifulSoup
from docutils import nodes
from small_site import render, warnings_of
from sphinx.errors import ConfigError

EXTENSIONS = ("booktools.sphinx.formulas", "booktools.sphinx.math")
SETTINGS = {
    "html_math_renderer": "mathematics",
    "myst_dmath_double_inline": True,
    "myst_enable_extensions": ["amsmath", "deflist", "dollarmath"],
    "numfig": True,
}


def build(folder: Path, text: str, **settings: Any) -> tuple[BeautifulSoup, str]:
    """Return a page, see `read`, and what Sphinx warned of."""
    app = render(folder, text, *EXTENSIONS, **SETTINGS | settings)
    return read(folder), warnings_of(app)


def read(folder: Path, name: str = "index") -> BeautifulSoup:
    """Return a page with its formulas replaced by ⟦what a screen reader says⟧."""
    html = (folder / "_site" / f"{name}.html").read_text(encoding="utf-8")
    page = BeautifulSoup(html, "html.parser").select_one("div.body")
    assert page
    for formula in page.select("mjx-container"):
        assert formula.math
        spoken = "".join(formula.math.get_text().split())
        formula.replace_with(f"⟦{spoken}⟧")
    return page


def build_each(folder: Path, texts: Iterable[str]) -> str:
    """Make a page of each text, named by its number; return what Sphinx warned of."""
    for number, text in enumerate(texts):
        page = f"---\norphan: true\n---\n# T\n\n{text}\n"
        (folder / f"{number}.md").write_text(page, encoding="utf-8")
    (folder / "a.png").touch()
    return build(folder, "# T\n")[1]


ROWS = r"""\begin{align} a &= b \\ c &= d \end{align}"""
SHOWN = {
    "We have $$x = 1$$ here, and\n$$y = 2$$ there.": "We have⟦x=1⟧here, and⟦y=2⟧there.",
    "- A point $$x$$ here\n\n  $$\n  y\n  $$": "A point⟦x⟧here⟦y⟧",
    "> quoted $$x$$": "quoted⟦x⟧",
    "| a |\n|---|\n| $$x$$ |": "a⟦x⟧",
    "## Of $$x$$": "Of⟦x⟧",
    "A *word $$x$$*": "Aword⟦x⟧",
    "Term $$x$$\n: It is $$y$$ so": "Term⟦x⟧It is⟦y⟧so",
    "```{figure} a.png\n:alt: a\nOf $$x$$\n```": "Of⟦x⟧",
    ROWS: "⟦a=bc=d⟧",
    ROWS.replace("{align}", "{align*}"): "⟦a=bc=d⟧",
    r"\begin{gather} a \\ b \end{gather}": "⟦ab⟧",
    r"\begin{alignat}{2} a &= b & c &= d \end{alignat}": "⟦a=bc=d⟧",
    r"\begin{eqnarray} a &=& b \end{eqnarray}": "⟦a=b⟧",
    r"\begin{equation} a \end{equation}": "⟦a⟧",
    "$$\na \\\\ b\n$$": "⟦ab⟧",
    "```{math}\na\n\nb\n```": "⟦ab⟧",
    r"$$a \tag{7}$$": "⟦(7)a⟧",
    r"3$+$3 and $ x $": "3⟦+⟧3 and⟦x⟧",
    r"From \$5 to \$6": "From $5 to $6",
    r"`\begin{align}` and `$$`": r"\begin{align}and$$",
}


def test_a_formula_is_typeset_wherever_it_stands(tmp_path: Path) -> None:
    assert not build_each(tmp_path, SHOWN)
    for number, text in enumerate(SHOWN):
        page = read(tmp_path, str(number))
        for part in page.select("h1, .headerlink"):
            part.decompose()
        words = "".join(part.strip() for part in page.strings)
        assert words == SHOWN[text], text
        assert not page.select("p div.math")


def test_rows_stand_below_each_other(tmp_path: Path) -> None:
    app = render(tmp_path, "$$\na \\\\ b\n$$\n", *EXTENSIONS, **SETTINGS)
    html = Path(app.outdir, "index.html").read_text(encoding="utf-8")
    assert len(BeautifulSoup(html, "html.parser").find_all("mtr")) == 2


REFUSED = {
    "It costs $5 and $6.": r"write \$ for a dollar sign",
    r"where \begin{align} a": r"\begin{align} a stands on the page as typed",
    r"so \\(x\\) is": "write a formula as $…$",
    r"so \\[x\\] is": "write a formula as $…$",
    r"\[ \frac{1}{2} \]": "write a formula as $…$",
    "a $$ b": "write a formula as $…$",
    r"see $\eqref{one}$": "as {eq}`one`",
    r"$$a \label{one}$$ (two)": "a formula can have only one label",
    r"$\frac{1}{$": r"Missing close brace in the formula \frac{1}{",
}


def test_what_is_not_a_formula_is_named_with_its_line(tmp_path: Path) -> None:
    warned = build_each(tmp_path, REFUSED).splitlines()
    assert len(warned) == len(REFUSED)
    for number, complaint in enumerate(REFUSED.values()):
        (line,) = (it for it in warned if f"/{number}.md:6: WARNING" in it)
        assert complaint in line


LABELLED = (
    r"\begin{equation}\label{NAME} a = b \end{equation}",
    r"\begin{align} a &= b \label{NAME} \\ c &= d \end{align}",
    r"$$ a = b \label{NAME} $$",
    "$$ a = b $$ (NAME)",
)


def test_a_formula_is_found_by_the_label_in_it(tmp_path: Path) -> None:
    formulas = [it.replace("NAME", f"eq-{n}") for n, it in enumerate(LABELLED)]
    links = " ".join(f"{{eq}}`eq-{number}`" for number in range(len(LABELLED)))
    text = "\n\n".join(["# T", ROWS, *formulas, links])
    page, warned = build(tmp_path, text)
    assert not warned
    numbers = [it.get_text() for it in page.select("a.internal")]
    assert numbers == ["(1)", "(2)", "(3)", "(4)"]  # only what has a name has one
    for link in page.select("a.internal"):
        assert page.find(id=link["href"].removeprefix("#"))
    again, _ = build(tmp_path, text + "\n")
    assert str(again) == str(page)


def test_no_page_changes_another_and_each_formula_knows_its_page(
    tmp_path: Path,
) -> None:
    vector = r"Of $\vec{v}$"
    (tmp_path / "a.md").write_text(
        "# A\n\n" r"$\renewcommand{\vec}[1]{b}\def\half{h}$ $\vec{v}\half$" "\n"
    )
    (tmp_path / "c.md").write_text(f"# {vector}\n")
    page, warned = build(
        tmp_path, f"# T {vector}\n\n```{{toctree}}\na\nc\n```\n\n{vector}\n"
    )
    assert not warned
    assert page.get_text().count("⟦v→⟧") == 3
    html = (tmp_path / "_site" / "a.html").read_text(encoding="utf-8")
    assert "<mi>b</mi><mi>h</mi>" in re.sub(r"\s|</?mrow.*?>|</?mstyle.*?>", "", html)
    (tmp_path / "c.md").write_text("# C\n\n" r"$\half$")
    assert "Undefined control sequence" in build(tmp_path, "# T\n\n$x$")[1]


DEFINITIONS = (
    r"\newcommand{\a}{a}",
    r"\renewcommand{\a}{b}",
    r"\newenvironment{e}{}{}",
    r"\DeclareMathOperator{\c}{c}",
    r"\let\d\c",
    r"\def\f{f}",
)


def test_only_definitions_are_carried_on(tmp_path: Path) -> None:
    formulas = (r"a \newline b", r"\left( a \right)", *DEFINITIONS, "x")
    text = "\n\n".join(["# T", *(f"${it}$" for it in formulas)])
    page = render(tmp_path, text, *EXTENSIONS, **SETTINGS).env.get_doctree("index")
    *_, last = page.findall(nodes.math)
    assert last["definitions"].splitlines() == [*DEFINITIONS]


MACROS = {
    "RR": r"\mathbb{R}",
    "bold": [r"\boldsymbol{#1}", 1],
    "power": ["#1^{#2}", 2, "2"],
}


def test_macros_of_the_configuration_are_known(tmp_path: Path) -> None:
    tex = {"macros": MACROS, "environments": {"set": [r"\lbrace", r"\rbrace"]}}
    page, warned = build(
        tmp_path,
        r"$\RR \bold{x} \power{y} \power[3]{z} \begin{set} u \end{set}$",
        mathjax3_config={"tex": tex | {"packages": {"[+]": ["physics"]}}},
    )
    assert not warned
    assert "⟦Rx2y3z{u}⟧" in page.get_text()


@pytest.mark.parametrize(
    "wrong", [{"svg": {"scale": 2}}, {"tex": {"macros": {"a": 3}}}, {"tex": 3}]
)
def test_what_cannot_be_set_is_refused(tmp_path: Path, wrong: Any) -> None:
    with pytest.raises(ConfigError, match=r"mathjax3_config in _config\.yml"):
        build(tmp_path, "$x$", mathjax3_config=wrong)


HTML = """<table><tr><td title="$a$">$x &lt; 1$</td><td><b>of $y$</b></td></tr></table>
<p>$5 and $6, \\$z\\$</p><pre><b>a</b> $c$</pre><script>let s = "$d$";</script>"""


def test_formulas_in_html_are_typeset_and_nothing_else(tmp_path: Path) -> None:
    page, warnings = build(tmp_path, f"# T\n\n```{{raw}} html\n{HTML}\n```\n")
    assert not warnings
    assert page.td["title"] == "$a$"
    assert [it.get_text() for it in page.select("td")] == ["⟦x<1⟧", "of ⟦y⟧"]
    assert page.p.get_text() == r"$5 and $6, \$z\$"
    assert page.pre.get_text() == "a $c$"
    assert '"$d$"' in page.script.string
