"""Pages are made light and right: icons, scripts, style sheets."""

from pathlib import Path

import pytest
from bs4 import BeautifulSoup
from sphinx.errors import ExtensionError

from booktools.sphinx.light_pages import (
    MEASURES_ALL,
    draw_icon,
    keep_used_rules,
    lighten,
    link_styles,
    measure_nothing,
    names_in,
    put_right,
    read_icons,
    read_plain_tokens,
    sheets_of,
    write_styles,
)

ICONS = {"fa-solid": {"bars": [448, 512, [], "f0c9", "M0 96"]}}


def test_icon_is_drawn_for_those_who_see_or_missed_by_its_name() -> None:
    html = draw_icon('class="theme fa-solid fa-bars fa-lg" data-mode="dark"', ICONS)
    icon = BeautifulSoup(html, "html.parser").svg
    assert icon["aria-hidden"] == "true"
    assert icon["viewbox"] == "0 0 448 512"
    assert icon["data-mode"] == "dark"
    assert {"theme", "fa-bars", "fa-lg"} < set(icon["class"])
    assert icon.path["d"] == "M0 96"
    with pytest.raises(ValueError, match=r"no icon for .*fa-unicorn"):
        draw_icon('class="fa-solid fa-unicorn"', ICONS)


def test_icons_are_read_from_a_script_that_keeps_them_in_its_window(
    tmp_path: Path,
) -> None:
    script = tmp_path / "all.js"
    icons = '{fas: {bars: [1, 2, [9, "navicon"], "f0c9", "M1"]}}'
    script.write_text(f"window.___FONT_AWESOME___ = {{styles: {icons}}};")
    bars = [1, 2, [9, "navicon"], "f0c9", "M1"]
    # An icon has older names, by which the theme may call it.
    assert read_icons(script)["fas"] == {"bars": bars, "9": bars, "navicon": bars}


PAGE = """<head><meta charset="utf-8" />
<meta name="viewport" content="one"><meta name="viewport" content="two">
<script defer src="../_static/scripts/fontawesome.js?digest=1"></script>
<script src="../_static/searchtools.js"></script>
<script src="../_static/mine.js"></script></head>
<body><i class="fa-solid fa-bars"></i><i>word</i></body>"""


@pytest.mark.parametrize("search", [False, True])
def test_page_keeps_what_it_needs(search: bool) -> None:
    page = BeautifulSoup(lighten(PAGE, ICONS, set(), search=search), "html.parser")
    sources = [tag["src"].rpartition("/")[2] for tag in page.find_all("script")]
    assert sources == ["searchtools.js"] * search + ["mine.js"]
    assert len(page.find_all("meta", attrs={"name": "viewport"})) == 1
    assert page.find("svg", class_="fa-bars")
    assert page.i.text == "word"


def test_words_of_code_without_a_colour_need_no_element() -> None:
    css = """
html[data-theme="light"] .highlight { background: #fefefe; color: #080808 }
html[data-theme="light"] .highlight .n { color: #080808 } /* Name */
html[data-theme="light"] .highlight .k { color: #080808 } /* Keyword */
html[data-theme="light"] .highlight .nf { color: #080808; font-weight: bold }
html[data-theme="dark"] .highlight { background: #2b2b2b; color: #F8F8F2 }
html[data-theme="dark"] .highlight .n { color: #F8F8F2 } /* Name */
html[data-theme="dark"] .highlight .k { color: #dcc6e0 } /* Keyword */
html[data-theme="dark"] .highlight .nf { color: #F8F8F2 }
"""
    assert read_plain_tokens(css) == {"n"}
    code = '<span class="k">def</span> <span class="n">x</span>'
    assert lighten(code, ICONS, {"n"}, search=False) == '<span class="k">def</span> x'


def test_header_cells_without_a_word_are_no_headers() -> None:
    table = '<th class="blank level0" >&nbsp;</th><th></th><th>loss</th><thead></thead>'
    assert put_right(table) == (
        '<td class="blank level0" ></td><td></td><th>loss</th><thead></thead>'
    )


def test_style_sheets_become_one_whose_addresses_hold_good(tmp_path: Path) -> None:
    styles = tmp_path / "_static" / "styles"
    styles.mkdir(parents=True)
    (tmp_path / "_static" / "basic.css").write_text("a { background: url(file.png) }")
    (styles / "theme.css").write_text(
        '@import "../basic.css";\n@font-face { src: url("../fonts/f.woff2") }'
    )
    (tmp_path / "_static" / "book.css").write_text("i { mask: url(data:image/x) }")
    page = tmp_path / "chapters" / "one.html"
    html = (
        '<link href="../_static/styles/theme.css?v=1" rel="stylesheet" /><title>One'
        '</title><link rel="icon" href="x.svg">'
        '<link rel="stylesheet" href="../_static/book.css">'
    )
    sheets = sheets_of(html, page)
    version = write_styles(sheets, styles / "all.css", set())
    joined = link_styles(html, f"../_static/styles/all.css?v={version}")
    assert [sheet.name for sheet in sheets_of(joined, page)] == ["all.css"]
    assert '<link rel="icon" href="x.svg">' in joined
    css = (styles / "all.css").read_text()
    for address in ("url(../file.png)", "url(../fonts/f.woff2)", "url(data:image/x)"):
        assert address in css
    assert css.index("../file.png") < css.index("../fonts") < css.index("data:")
    assert "@import" not in css


@pytest.mark.parametrize(
    ("rule", "kept"),
    [
        ("a{b:c}", "a{b:c}"),
        (".gone{b:c}", ""),
        (".gone,.here{b:c}", ".here{b:c}"),
        (".here .gone>a{b:c}", ""),
        (".here:not(.gone){b:c}", ".here:not(.gone){b:c}"),
        (":is(.gone,.here) a{b:c}", ":is(.gone,.here) a{b:c}"),
        ('.scripted[href=".gone"]{b:c}', '.scripted[href=".gone"]{b:c}'),
        (".bs-tooltip-auto{b:c}", ".bs-tooltip-auto{b:c}"),
        ("@media print{.gone{b:c}}", ""),
        ("@media print{.gone{b:c}.here{b:c}}", "@media print{.here{b:c}}"),
        ("@font-face{src:url(x.y)}", "@font-face{src:url(x.y)}"),
        ("@keyframes k{from{b:c}33.3%{b:d}}", "@keyframes k{from{b:c}33.3%{b:d}}"),
    ],
)
def test_rules_that_no_page_uses_are_left_out(rule: str, kept: str) -> None:
    names = names_in(['<p class="here and-there">'], ["e.classList.add('scripted')"])
    assert keep_used_rules(rule, names) == kept


def test_the_theme_measures_nothing(tmp_path: Path) -> None:
    script = tmp_path / "theme.js"
    script.write_text(f"all.forEach(e=>{{{MEASURES_ALL}}});rest()")
    measure_nothing(script)
    assert script.read_text() == "all.forEach(e=>{});rest()"
    with pytest.raises(ExtensionError, match=r"theme\.js is not the script"):
        measure_nothing(script)
