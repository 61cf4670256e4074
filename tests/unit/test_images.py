"""What pages make of images."""

import base64
import io
import zlib
from importlib.metadata import version
from inspect import signature
from pathlib import Path
from threading import Barrier
from typing import Any
from unittest import mock

import pytest
from bs4 import BeautifulSoup, Tag
from PIL import Image
from small_site import render, warnings_of
from sphinx.application import Sphinx

from booktools.sphinx import images
from booktools.sphinx.chapter_cards import make_thumbnail
from booktools.sphinx.notebooks import draw_as_png

DRAWING = """<?xml version="1.0"?>
<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink"
  width="700" height="350" viewBox="0 0 350 175">
  <style>@media (prefers-color-scheme: dark){[fill="#1d2125"]{fill:#e4e2dd}}</style>
  <title>A drawing</title>
  <defs><clipPath id="cut"><path id="letter" d="M0 0L9 9" /></clipPath></defs>
  <use xlink:href="#letter" fill="#1d2125" clip-path="url(#cut)" />
  <path d="M0 0" fill="#123456" class="wide" />
  <text font-size="8" font-family="Arial">a label</text>
</svg>
"""
FIGURE = "```{image} a.svg\n:alt: What it shows.\n```\n"


def png(width: int, height: int) -> bytes:
    file = io.BytesIO()
    Image.new("RGB", (width, height), "red").save(file, "png")
    return file.getvalue()


def huge_png() -> bytes:
    """Return a PNG that states more pixels than Pillow accepts."""
    small, side = png(1, 1), (20_000).to_bytes(4, "big")
    head = b"IHDR" + side + side + small[24:29]
    return small[:12] + head + zlib.crc32(head).to_bytes(4, "big") + small[33:]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with a drawing and a photograph."""
    (tmp_path / "a.svg").write_text(DRAWING)
    (tmp_path / "b.png").write_bytes(png(400, 200))
    return tmp_path


def build(folder: Path, text: str) -> tuple[Sphinx, BeautifulSoup]:
    app = render(folder, text, "booktools.sphinx.images")
    page = (folder / "_site" / "index.html").read_text(encoding="utf-8")
    return app, BeautifulSoup(page, "html.parser")


def image_of(folder: Path, text: str) -> Tag:
    app, page = build(folder, text)
    assert not warnings_of(app)
    (image,) = page.find_all("img")
    return image


def files_of(folder: Path) -> list[str]:
    return sorted(path.suffix for path in (folder / "_site" / "_images").glob("*"))


def test_a_drawing_is_part_of_the_page_in_its_colours_and_font(folder: Path) -> None:
    app, page = build(folder, FIGURE)
    assert not warnings_of(app)
    drawing = page.select_one(".drawing > svg")
    assert drawing["role"] == "img"
    assert drawing["aria-label"] == "What it shows."
    assert (drawing["width"], drawing["height"]) == ("700", "350")
    # It scrolls before its letters, 8 units high, are too small: 16 pixels at 700.
    least = 700 * images.MIN_LETTER_SIZE / 16
    assert drawing["style"] == f"min-width: {least:.0f}px"
    assert drawing.use["fill"] == "var(--ink, #1d2125)"
    assert drawing.find("path", fill="#123456")
    assert drawing.find("text")["font-family"] == "var(--sans, Arial)"
    assert not drawing.find_all(["style", "title"])
    assert not drawing.find_all(class_=True)
    assert not page.find_all("img")
    assert files_of(folder) == []


def test_the_same_drawing_twice_has_its_own_ids_twice(folder: Path) -> None:
    _, page = build(folder, FIGURE + "\n" + FIGURE)
    drawings = page.select(".drawing > svg")
    ids = [tag["id"] for drawing in drawings for tag in drawing.find_all(id=True)]
    assert len(set(ids)) == len(ids) == 4
    for drawing in drawings:
        cut, letter = drawing.find("clippath")["id"], drawing.find(id=True).path["id"]
        assert drawing.use["href"] == f"#{letter}"
        assert drawing.use["clip-path"] == f"url(#{cut})"


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("<title>", "<script>alert(1)</script><title>"),
        ("<title>", "<style>path { fill: red }</style><title>"),
        ("<title>", "<style>@media print { path { fill: red } }</style><title>"),
        ("<title>", "<foreignObject><p>text</p></foreignObject><title>"),
        ("<title>", '<image href="b.png" /><title>'),
        ("<title>", '<a href="https://example.org"><path d="" /></a><title>'),
        ('class="wide"', 'onclick="alert(1)"'),
        ('xlink:href="#letter"', 'xlink:href="other.svg#letter"'),
        ("url(#cut)", "url(https://example.org/#cut)"),
        ('viewBox="0 0 350 175"', ""),
    ],
)
def test_a_drawing_that_does_more_than_draw_stays_a_file(
    folder: Path, old: str, new: str
) -> None:
    assert DRAWING.count(old) >= 1
    (folder / "a.svg").write_text(DRAWING.replace(old, new, 1))
    image = image_of(folder, FIGURE)
    assert image["src"] == "_images/a.svg"
    assert image["alt"] == "What it shows."
    assert files_of(folder) == [".svg"]


@pytest.mark.parametrize(
    "address", ["https://example.org/a.svg", "data:image/gif;base64,R0lGOD"]
)
def test_an_image_elsewhere_is_left_there(folder: Path, address: str) -> None:
    assert image_of(folder, f"![Theirs.]({address})\n")["src"] == address


@pytest.mark.parametrize("name", ["a@2x", "a b", "bü", "a#b", "50%", "a+b", "a%20b"])
def test_any_name_may_be_an_image(folder: Path, name: str) -> None:
    (folder / f"{name}.png").write_bytes(png(40, 20))
    image = image_of(folder, f'![It.](<{name.replace("%", "%25")}.png> "Its title")\n')
    assert image["src"].endswith(".webp")
    assert (image["width"], image["title"]) == ("40", "Its title")


def test_what_is_transparent_is_laid_on_white(folder: Path) -> None:
    clear = Image.new("RGBA", (40, 20), (0, 0, 0, 0))
    clear.putpixel((1, 1), (0, 0, 0, 255))
    for picture in (clear, clear.convert("LA"), clear.quantize(4)):
        picture.save(folder / "b.png")
        image = image_of(folder, f"![It.](b.png)\n\n{picture.mode}")
        with Image.open(folder / "_site" / image["src"]) as shown:
            assert shown.convert("RGB").getpixel((30, 10)) == (255, 255, 255)
            assert shown.convert("RGB").getpixel((1, 1)) == (0, 0, 0)


FRAME = Image.new("RGB", (40, 20), "blue")


@pytest.mark.parametrize(
    ("picture", "options"),
    [
        (Image.new("I;16", (40, 20), 40_000), {}),
        (Image.new("L", (2, images.MAX_WEBP_SIDE + 1)), {}),
        (Image.new("RGB", (40, 20)), {"save_all": True, "append_images": [FRAME]}),
        (Image.new("RGB", (40, 20)), {"icc_profile": b"a profile"}),
    ],
)
def test_what_webp_cannot_hold_stays_as_it_is(
    folder: Path, picture: Image.Image, options: dict[str, Any]
) -> None:
    picture.save(folder / "b.png", **options)
    image = image_of(folder, "![It.](b.png)\n")
    assert image["src"] == "_images/b.png"
    assert (image["width"], image["height"]) == tuple(map(str, picture.size))


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("b.png", b""),
        ("b.png", b"not a picture"),
        ("b.png", png(40, 20)[:60]),
        ("b.png", huge_png()),
        ("b.JPG", b"not a picture"),
        ("b.webp", b""),
        ("b.svg", b""),
        ("b.svg", DRAWING.replace("</svg>", "").encode()),
        ("b.svg", DRAWING.replace('"1.0"', '"1.0" encoding="none"').encode()),
        ("b.svg", DRAWING.replace("a label", "gr\xfcn").encode("latin-1")),
    ],
)
def test_a_picture_that_cannot_be_read_is_named(
    folder: Path, name: str, content: bytes
) -> None:
    (folder / name).write_bytes(content)
    app, _ = build(folder, f"# T\n\n![It.]({name})\n")
    assert f"index.md:3: WARNING: {name} cannot be read" in warnings_of(app)


@pytest.mark.parametrize("name", ["none.png", f"{'a' * 300}.png"])
def test_a_picture_that_is_not_there_is_named(folder: Path, name: str) -> None:
    app, _ = build(folder, f'# T\n\n![It.]({name})\n\n<img src="{name}">\n')
    assert "index.md:3: WARNING: image file not readable" in warnings_of(app)
    assert f"index.md:5: WARNING: {name}, which HTML names" in warnings_of(app)


@pytest.mark.parametrize(
    ("old", "new", "shown"),
    [
        ("0 0 350 175", "0, 0, 350 ,175", "svg"),
        ("0 0 350 175", "0 0 100% 175", "img"),
        ("0 0 350 175", "0 0 0 0", "img"),
        ('font-size="8"', 'font-size="0"', "svg"),
        ('width="700"', 'width="1.2.3"', "svg"),
        ('"1.0"', '"1.0" encoding="iso-8859-1"', "svg"),
    ],
)
def test_any_drawing_is_shown(folder: Path, old: str, new: str, shown: str) -> None:
    (folder / "a.svg").write_bytes(DRAWING.replace(old, new).encode("latin-1"))
    app, page = build(folder, FIGURE)
    assert not warnings_of(app)
    assert [it.name for it in page.select(".drawing > svg, img[alt]")] == [shown]


def test_a_file_that_html_names_must_be_on_the_site(folder: Path) -> None:
    (folder / "_static").mkdir()
    (folder / "_static" / "c d.mp4").touch()
    good = "".join(
        f'<video src="{it}"></video>'
        for it in ("_static/c%20d.mp4", "https://example.org/a.mp4", "data:video/mp4,")
    )
    script = "<script>const html = '<img src=\"x.png\">';</script>"
    app, _ = build(folder, f"# T\n\n<div>{good}{script}</div>\n")
    assert not warnings_of(app)
    app, _ = build(folder, '# T\n\n<div><img src="b.png"></div>\n')
    assert "index.md:3: WARNING: b.png, which HTML names" in warnings_of(app)


@pytest.mark.parametrize(
    ("options", "size", "style"),
    [
        ("", ("400", "200"), None),
        (":width: 300px\n", ("300", "150"), None),
        (":width: 300\n", ("300", "150"), None),
        (":height: 50px\n", ("100", "50"), None),
        (":scale: 50\n", ("200", "100"), None),
        (":scale: 50\n:width: 300px\n", ("150", "75"), None),
        (":width: 80%\n", ("400", "200"), "width: 80%"),
    ],
)
def test_a_png_becomes_a_small_file_that_states_its_size(
    folder: Path, options: str, size: tuple[str, str], style: str | None
) -> None:
    image = image_of(folder, f"```{{image}} b.png\n:alt: Red.\n{options}```\n")
    assert (image["width"], image["height"]) == size
    assert image.get("style") == style
    assert image["loading"] == "lazy"
    with Image.open(folder / "_site" / image["src"]) as shown:
        assert shown.format == "WEBP"
        assert shown.size == (400, 200)
    assert files_of(folder) == [".webp"]
    if options:  # Sphinx links what is shown smaller than it is
        assert image.parent["href"] == image["src"]


def test_a_target_and_an_alignment_are_kept(folder: Path) -> None:
    text = (
        "```{image} NAME\n:alt: It.\n:target: https://example.org\n:align: left\n```\n"
    )
    image = image_of(folder, text.replace("NAME", "b.png"))
    assert image["class"] == ["align-left"]
    assert image.parent["href"] == "https://example.org"
    _, page = build(folder, text.replace("NAME", "a.svg"))
    assert page.select_one('a[href="https://example.org"] > .drawing.align-left > svg')


def frames(*sizes: tuple[int, int]) -> str:
    """Return what a slider shows: images in the page, of which one is hidden."""
    tags = []
    for size in sizes:
        file = io.BytesIO()
        Image.new("RGB", size, "blue").save(file, "webp")
        data = base64.b64encode(file.getvalue()).decode()
        tags.append(
            f'<span hidden><img alt="Blue &amp; {size[0]}" style="width:30px" '
            f'src="data:image/webp;base64,{data}"></span>'
        )
    return f'<div class="frames">{"".join(tags)}<output>x &lt; 1</output></div>'


def test_frames_in_the_page_become_files(folder: Path) -> None:
    raw = frames((60, 30), (50, 30))
    app, page = build(folder, f"```{{raw}} html\n:class: text-html\n{raw}\n```\n")
    assert not warnings_of(app)
    box = page.select_one("div.text-html > div.frames")
    assert len(box.select("span[hidden] > img[loading=lazy]")) == 2
    assert [(it["width"], it["height"], it["alt"]) for it in box.find_all("img")] == [
        ("30", "15", "Blue & 60"),
        ("30", "18", "Blue & 50"),
    ]
    assert box.output.get_text() == "x < 1"
    assert not box.find("a")
    for image in box.find_all("img"):
        assert (folder / "_site" / image["src"]).is_file()
    assert "data:image" not in str(page)


@pytest.mark.parametrize("text", ["![](b.png)\n", "![](a.svg)\n"])
def test_an_image_without_alt_text_gives_a_warning(folder: Path, text: str) -> None:
    app, _ = build(folder, text)
    assert "this image has no alt text" in warnings_of(app)


def test_an_image_that_is_gone_leaves_no_file(folder: Path) -> None:
    build(folder, "![Red.](b.png)\n")
    assert files_of(folder) == [".webp"]
    (kept,) = (folder / images.COMPRESSED).iterdir()
    with mock.patch.dict("os.environ", BOOK_EDITION="student"):
        build(folder, "Nothing.\n")
    assert files_of(folder) == []
    assert kept.exists()  # since the other edition may show it
    build(folder, "Nothing at all.\n")
    assert not kept.exists()


def test_an_image_is_compressed_once(folder: Path) -> None:
    text = "![Red.](b.png)\n"
    build(folder, text)
    with mock.patch.object(images, "to_webp", side_effect=AssertionError):
        build(folder, text + "\nMore.\n")


def test_a_page_may_show_the_same_picture_twice(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    both, write = Barrier(2, timeout=20), Path.write_bytes

    def write_slowly(path: Path, content: bytes) -> int:
        size = write(path, content)
        if path.parent.name == images.COMPRESSED.name:
            both.wait()  # until the other thread has written it as well
        return size

    monkeypatch.setattr(Path, "write_bytes", write_slowly)
    app = render(folder, "![Red.](b.png)\n\n![It.](b.png)\n", "booktools.sphinx.images")
    assert not warnings_of(app)
    (kept,) = (folder / images.COMPRESSED).iterdir()
    assert kept.suffix == ".webp"


def test_another_version_of_a_library_draws_again(tmp_path: Path) -> None:
    cached = images.drawing_cache(tmp_path).cache(make_thumbnail)
    content = png(40, 20)
    cached(content, 20)
    assert cached.check_call_in_cache(content, 20)
    assert not cached.check_call_in_cache(content, 20, "Pillow 0")
    for draw in (make_thumbnail, draw_as_png):
        default = signature(draw).parameters["versions"].default
        assert default == images.VERSIONS
    assert all(version(name) in images.VERSIONS for name in ("pillow", "resvg-py"))


def test_a_printed_page_shows_all_at_once_in_the_colours_of_paper(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(images, "PRINT_BUILDER", "singlehtml")  # a simpler builder
    app = render(
        folder,
        FIGURE + "\n![Red.](b.png)\n",
        "booktools.sphinx.images",
        builder="singlehtml",
    )
    assert not warnings_of(app)
    page = BeautifulSoup((folder / "_site" / "index.html").read_text(), "html.parser")
    assert not page.img.has_attr("loading")
    assert page.select_one(".drawing use")["fill"] == "#1d2125"
