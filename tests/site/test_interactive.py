"""What explorables give to pages and notebooks, read without a browser."""

import json

import pytest
from book import PAGES, SITE, each_chapter, notebook_of, read
from bs4 import BeautifulSoup, Tag

from booktools.sphinx.explorables import SCRIPTS, scripts_of

MAX_BYTES = 150_000  # bytes of one explorable, with all its scripts
MAX_SCRIPT_BYTES = 40_000  # of all explorables of a page


def check_figure(box: Tag) -> None:
    """Check that a box shows one figure, described, and nothing to use."""
    figure, *stages = box.find_all("img")
    assert len(figure["alt"]) > 100
    assert not figure.parent.has_attr("hidden")
    assert all(stage.parent.has_attr("hidden") for stage in stages)
    assert not box.find_all(["input", "button", "svg"])
    assert [script["type"] for script in box("script")] == ["application/json"]


@each_chapter
def test_a_page_loads_the_scripts_of_its_explorables_which_weigh_little(
    chapter: str,
) -> None:
    page = read(f"chapters/{chapter}.html")
    boxes = page.select("[data-explorable]")
    names = [str(box["data-explorable"]) for box in boxes]
    sources = [str(script["src"]) for script in page.select("script[src]")]
    files = [source.partition("?")[0].rpartition("/")[2] for source in sources]
    ours = {path.name for path in SCRIPTS.glob("*.js")}
    expected = [f"{name}.js" for name in scripts_of(names)]
    expected += ["spot-the-line.js"] if page.select(".spot-the-line") else []
    assert [name for name in files if name in ours] == expected
    assert sum((SCRIPTS / name).stat().st_size for name in expected) <= MAX_SCRIPT_BYTES
    for box in boxes:
        check_figure(box)
        assert box.find_parent("figure").select_one("figcaption .caption-number")
        needed = [SITE / "chapters" / str(picture["src"]) for picture in box("img")]
        scripts = scripts_of([str(box["data-explorable"])])
        needed += [SCRIPTS / f"{name}.js" for name in scripts]
        own = len(str(box).encode()) + sum(file.stat().st_size for file in needed)
        assert own <= MAX_BYTES, f"{own} bytes"

    # A notebook has the same, with its figure inside.
    html = "".join(
        output.get("data", {}).get("text/html", "")
        for cell in notebook_of(chapter).cells
        for output in cell.get("outputs", [])
    )
    there = BeautifulSoup(html, "html.parser").select("[data-explorable]")
    assert [box["data-explorable"] for box in there] == names
    for box in there:
        check_figure(box)
        assert box.img["src"].startswith("data:image/webp;base64,")


def test_both_papers_to_draw_on_imitate_the_same_hand() -> None:
    """Chapter 14 measures on its page what chapter 05 only calls."""
    papers = []
    for chapter, name in (
        ("05-softmax-regression", "templates"),
        ("14-mlp-pytorch", "draw-digit"),
    ):
        if f"chapters/{chapter}.html" in PAGES:
            page = read(f"chapters/{chapter}.html")
            box = page.select_one(f'[data-explorable="{name}"]')
            papers.append(json.loads(box.script.text))
    for name in ("shape", "box", "centre", "pen", "blackest"):
        for paper in papers[1:]:
            assert paper[name] == pytest.approx(papers[0][name], rel=1e-6)
