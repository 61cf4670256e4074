"""The one style sheet of the site, and the one font, keep only what is used."""

from book import SITE

from booktools.sphinx.light_pages import STYLES, read_styles


def test_only_icons_that_are_drawn_have_rules_and_letters() -> None:
    sheet = SITE / STYLES
    css = read_styles(sheet, sheet.parent)
    assert ".fa-bars:before" not in css
    assert "--pst-icon-lightbulb" in css
    fonts = SITE / "_static" / "vendor" / "fontawesome" / "webfonts"
    (font,) = fonts.iterdir()
    assert font.stat().st_size < 10_000
