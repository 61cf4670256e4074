"""Where the fonts come from, and what happens without them."""

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from book import ROOT
from small_site import render, warnings_of

from booktools.sphinx import fonts

PINS = ROOT / fonts.PINS
FILES = set(fonts.FILES)


class Npm:
    """Stands in for npm: writes files that are not fonts, or fails."""

    def __init__(self) -> None:
        self.calls: list[Path] = []
        self.files = FILES
        self.error: Exception | None = None

    def __call__(self, command: list[str], cwd: Path, **options: object) -> None:
        self.calls.append(cwd)
        assert (cwd / "package-lock.json").is_file()
        for name in fonts.PACKAGES:
            package = cwd / "node_modules" / "@fontsource" / name
            (package / "files").mkdir(parents=True)
            (package / "LICENSE").write_text("SIL OPEN FONT LICENSE")
            for file in self.files:
                (package / "files" / file).write_text(file)
        if self.error:
            raise self.error


@pytest.fixture
def npm(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Npm:
    npm = Npm()
    monkeypatch.setenv("BOOK_CACHE_DIR", str(tmp_path / "cache"))
    monkeypatch.setattr(subprocess, "run", npm)
    return npm


def test_fonts_are_fetched_once_and_elsewhere(npm: Npm) -> None:
    folder = fonts.find_fonts(PINS)
    names = {path.name for path in folder.iterdir()}
    licences = {f"{package}-LICENSE.txt" for package in fonts.PACKAGES}
    assert names == FILES | licences
    assert fonts.find_fonts(PINS) == folder
    (place,) = npm.calls
    assert not place.exists()
    assert not place.is_relative_to(ROOT)
    assert not (PINS / "node_modules").exists()


@pytest.mark.parametrize(
    "error",
    [
        subprocess.CalledProcessError(1, "npm"),
        subprocess.TimeoutExpired("npm", fonts.NPM_TIMEOUT),
        FileNotFoundError("node"),
    ],
    ids=lambda error: type(error).__name__,
)
def test_what_failed_is_tried_again(npm: Npm, error: Exception) -> None:
    npm.error = error
    assert fonts.find_fonts(PINS) is None
    npm.error = None
    assert fonts.find_fonts(PINS)


def test_what_was_interrupted_is_not_taken_for_whole(npm: Npm) -> None:
    npm.files = FILES - {"source-code-pro-latin-400-normal.woff2"}
    assert fonts.find_fonts(PINS) is None  # as it stopped at a missing file
    npm.files = FILES
    folder = fonts.find_fonts(PINS)
    assert {path.name for path in folder.glob("*.woff2")} == FILES


def test_a_cache_that_cannot_be_written_is_not_an_error(
    npm: Npm, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("BOOK_CACHE_DIR", str(tmp_path / "file"))
    assert fonts.find_fonts(PINS) is None


def test_other_versions_are_other_fonts(npm: Npm, tmp_path: Path) -> None:
    folder = fonts.find_fonts(PINS)
    for path in PINS.iterdir():
        text = path.read_text().replace('"5.', '"6.')
        (tmp_path / path.name).write_text(text)
    assert fonts.find_fonts(tmp_path) not in (None, folder)


@pytest.fixture
def make_site(npm: Npm, tmp_path: Path) -> Callable[..., Path]:
    """Renders a page, with the book's style sheets, into a folder, which it returns."""
    (tmp_path / "theme").mkdir()
    (tmp_path / fonts.PINS).symlink_to(PINS)

    def make(text: str, builder: str = "html") -> Path:
        app = render(tmp_path, text, "booktools.sphinx.fonts", builder=builder)
        assert not warnings_of(app)
        return tmp_path / "_site"

    return make


@pytest.mark.parametrize("builder", ["html", "singlehtml"])
def test_a_site_without_fonts_names_those_of_the_system_and_says_so_once(
    npm: Npm, make_site, capsys: pytest.CaptureFixture[str], builder: str
) -> None:
    npm.error = subprocess.CalledProcessError(1, "npm")
    for text in ("One.", "Two."):
        site = make_site(text, builder)
    assert capsys.readouterr().err == fonts.NOTE
    assert fonts.NOTE.count("\n") == 1
    css = (site / "_static" / "fonts.css").read_text()
    assert "@font-face" not in css
    for kind in ("serif", "sans", "mono"):
        assert f"--{kind}:" in css
    assert not (site / "_static" / "fonts").exists()
    assert "preload" not in (site / "index.html").read_text()


def test_a_site_has_the_fonts(make_site) -> None:
    site = make_site("One.")
    css = (site / "_static" / "fonts.css").read_text()
    for file in FILES:
        assert (site / "_static" / "fonts" / file).read_text() == file
        assert f'url("fonts/{file}")' in css
    assert "local(" in css


def test_on_paper_no_font_takes_the_place_of_another() -> None:
    css = fonts.style_sheet(PINS, fetched=True, paper=True)
    assert css.count("@font-face") == len(FILES)
    assert "local(" not in css


def test_a_later_build_leaves_the_fonts_alone(make_site, npm: Npm) -> None:
    static = make_site("One.") / "_static"

    def times() -> dict[Path, int]:
        files = [static / "fonts.css", *(static / "fonts").iterdir()]
        return {path: path.stat().st_mtime_ns for path in files}

    before = times()
    assert len(before) > len(FILES)
    make_site("Two.")
    assert times() == before
    assert len(npm.calls) == 1


def test_the_fonts_that_are_preloaded_are_among_them() -> None:
    assert set(fonts.PRELOADED) <= FILES
