"""Slides: what goes on them, that nothing is lost, and that they can be shown."""

import re
import warnings
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from book import ROOT, chapter_files, read_chapter
from browser import SITE, note_complaints
from bs4 import BeautifulSoup, Tag
from interaction import find_violations
from playwright.sync_api import Browser, BrowserContext, Locator, Page, expect

from booktools.slides.arrange import LONGEST_CODE, Slide, arrange

with warnings.catch_warnings():  # Jupyter Book uses what its libraries give up
    warnings.simplefilter("ignore")
    from booktools import build as build_book
    from booktools.slides import deck as make_slides
    from booktools.slides.deck import ChapterError, choose_chapters, make_deck

CHAPTERS = [path.stem for path in chapter_files()]
FIRST = CHAPTERS[0]
NOW = ".slides > section.present > section.present"
STAGE = {"width": 1280, "height": 720}
SMALLEST_LETTER = 15.9  # pixels on that stage: a back row reads no smaller
MOST_KEYS = 300

each_chapter = pytest.mark.parametrize("chapter", CHAPTERS)

CODE = (
    '<div class="cell {tags}"><div class="cell_input"><pre>{code}</pre></div>'
    '<div class="cell_output">{output}</div></div>'
)
FIGURE = '<figure><img src="a.webp"><figcaption>What it shows</figcaption></figure>'
PRINTED = '<div class="output stream"><pre>printed</pre></div>'


def page(body: str) -> list[list[Slide]]:
    html = (
        "<article><section id='chapter'><h1>Chapter</h1>"
        f"<section id='part'><h2>Part</h2>{body}</section></section></article>"
    )
    article = BeautifulSoup(html, "html.parser").article
    assert article
    return arrange(article)


def shown(slide: Slide) -> str:
    return " ".join(piece.get_text() for piece in slide.pieces)


def said(slide: Slide) -> str:
    return " ".join(note.get_text() for note in slide.notes)


def cell(code: str = "x = 1", output: str = PRINTED, tags: str = "") -> str:
    return CODE.format(code=code, output=output, tags=tags)


def test_a_section_begins_a_stack_and_a_part_of_it_goes_down() -> None:
    stacks = page("<p>A.</p><section id='below'><h3>Below</h3><p>B.</p></section>")
    titles = [[slide.title.get_text() for slide in stack] for stack in stacks]
    assert titles == [["Chapter"], ["Part", "Below"]]
    assert stacks[1][1].names == ["below"]


def test_prose_is_for_the_speaker_but_for_what_opens_and_leads_on() -> None:
    table = "<table><tr><td>x</td></tr></table>"
    (slide,) = page(f"<p>It opens.\nIt goes on.\nThis leads to:</p>{table}")[1]
    assert [piece.get_text().strip() for piece in slide.pieces] == [
        "It opens.",
        "This leads to:",
        "x",
    ]
    assert said(slide) == "It opens.\nIt goes on.\nThis leads to:"


def test_code_stands_with_what_it_prints_and_a_figure_alone() -> None:
    first, second = page(cell() + cell("a\nb\nc\nd", FIGURE))[1]
    assert shown(first).split() == ["x", "=", "1", "printed", "a", "b", "c", "d"]
    assert shown(second) == "What it shows"


def test_long_code_is_cut_where_it_has_a_blank_line() -> None:
    block = "\n".join(f"line_{number}" for number in range(20))
    slides = page(cell(f"{block}\n\n{block}", ""))[1]
    assert [len(shown(slide).split()) for slide in slides] == [20, 20]
    assert LONGEST_CODE < 40


def test_of_a_traceback_the_error_is_shown() -> None:
    output = (
        '<div class="output traceback"><pre>-----\nCell In[1], line 2\n----> 2 f()\n'
        "ValueError: too\nlong</pre></div>"
    )
    (slide,) = page(cell(output=output))[1]
    assert shown(slide) == "x = 1 ValueError: too\nlong"


def test_long_output_scrolls_and_can_be_reached_by_keyboard() -> None:
    output = "<div class='output'><pre>" + "line\n" * 60 + "</pre></div>"
    *_, slide = page(cell(output=output))[1]
    pre = slide.pieces[-1].find("pre")
    assert isinstance(pre, Tag)
    assert (pre["tabindex"], pre["role"]) == ("0", "region")


def test_exercises_are_asked_and_solutions_kept() -> None:
    stacks = page(
        '<div class="exercise admonition" id="ex"><p class="admonition-title">Try</p>'
        "<section><p>Do it.</p></section></div>"
        f'<div class="solution admonition"><p>Done.</p>{cell("secret()")}</div>'
    )
    (slide,) = [slide for slide in stacks[1] if slide.pieces]
    assert (slide.title.get_text(), shown(slide), slide.names) == (
        "Try",
        "Do it.",
        ["part", "ex"],
    )


def test_a_question_stands_alone_before_its_answer() -> None:
    question = '<div class="hint admonition"><p>Which?</p></div>'
    slides = page(cell() + question + cell())[1]
    assert [shown(slide) for slide in slides] == [
        "x = 1 printed",
        "Which?",
        "x = 1 printed",
    ]


def test_skipped_cells_are_left_out_and_hidden_input_too() -> None:
    for tag in ("skip", "hide-cell"):
        (slide,) = page(cell("a") + cell("b", tags=f"tag_{tag}"))[1]
        assert shown(slide) == "a printed"
    code = '<details><div class="cell_input"><pre>plot()</pre></div></details>'
    output = f'<div class="cell_output">{FIGURE}</div>'
    (slide,) = page(f'<div class="cell tag_hide-input">{code}{output}</div>')[1]
    assert shown(slide) == "What it shows"


def test_tags_begin_slides_show_prose_and_send_to_the_notes() -> None:
    stacks = page(
        '<p>One. Two.</p><p class="tag_slide">New.\nAll of it.</p>'
        '<p class="tag_continued">And this.</p><p class="tag_subslide">Below.</p>'
        '<p class="tag_fragment">Later.</p><ul class="tag_notes"><li>Aside.</li></ul>'
    )
    assert [[shown(slide) for slide in stack] for stack in stacks[1:]] == [
        ["One. Two."],
        ["New.\nAll of it. And this.", "Below. Later."],
    ]
    last = stacks[2][1]
    assert "fragment" in last.pieces[-1]["class"]
    assert said(last) == "Aside."
    (slide,) = page(cell(tags="tag_fragment"))[1]  # the output comes after the code
    assert ["fragment" in piece["class"] for piece in slide.pieces] == [False, True]


def test_a_chapter_can_be_named_in_short_and_none_means_all() -> None:
    for asked in ("1", "01", FIRST, f"chapters/{FIRST}.md"):
        assert choose_chapters(asked) == [FIRST]
    assert choose_chapters("") == CHAPTERS


@pytest.mark.parametrize("asked", ["0", "99", "gradient", "01-", "../01"])
def test_an_unknown_chapter_is_refused_with_a_list(asked: str) -> None:
    with pytest.raises(ChapterError) as caught:
        choose_chapters(asked)
    assert f"CHAPTER={asked}" in str(caught.value)
    assert all(chapter in str(caught.value) for chapter in CHAPTERS)


@pytest.fixture
def last_deck(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(make_slides, "SLIDES", tmp_path)
    monkeypatch.setattr(build_book, "main", lambda: 0)
    monkeypatch.setenv("CHAPTER", FIRST)
    deck = tmp_path / FIRST / "index.html"
    deck.parent.mkdir()
    deck.write_text("the last good deck")
    return deck


def test_a_deck_takes_the_place_of_the_last(last_deck: Path) -> None:
    assert make_slides.main() == 0
    assert "Gradient descent" in last_deck.read_text()
    assert [path.name for path in last_deck.parent.parent.iterdir()] == [FIRST]


def test_where_the_book_fails_the_last_deck_stays(
    last_deck: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(build_book, "main", lambda: 1)
    assert make_slides.main() == 1
    assert last_deck.read_text() == "the last good deck"


def test_where_slides_fail_the_last_deck_stays_and_nothing_half_made(
    last_deck: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(make_slides, "LOGO", Path("nowhere.svg"))
    with pytest.raises(FileNotFoundError):
        make_slides.main()
    assert last_deck.read_text() == "the last good deck"
    assert [path.name for path in last_deck.parent.parent.iterdir()] == [FIRST]


@each_chapter
def test_tags_of_text_blocks_reach_the_page_and_change_nothing_seen(
    chapter: str,
) -> None:
    html = (SITE / "chapters" / f"{chapter}.html").read_text()
    wanted = Counter(
        tag
        for block in read_chapter(ROOT / "chapters" / f"{chapter}.md").cells
        for tag in block.metadata.get("tags", [])
    )
    found = Counter(re.findall(r'class="[^"]*\btag_([\w-]+)', html))
    for tag in wanted:
        assert found[tag] >= wanted[tag]
    assert set(found) <= {*wanted, "continued"}
    styles = (SITE / "_static" / "styles" / "book.css").read_text()
    assert not re.search(r"tag_(slide|subslide|fragment|skip|notes|continued)", styles)


@pytest.fixture(scope="module")
def decks(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("slides")


def deck_of(chapter: str, decks: Path) -> Path:
    if not (decks / chapter).exists():
        make_deck(chapter, decks / chapter)
    return decks / chapter / "index.html"


def words(text: str) -> str:
    return re.sub(r"\s+", "", text)


@each_chapter
def test_all_that_a_page_says_is_on_slides_or_in_the_notes(
    chapter: str, decks: Path
) -> None:
    deck = BeautifulSoup(deck_of(chapter, decks).read_text(), "html.parser")
    source = (SITE / "chapters" / f"{chapter}.html").read_text()
    article = BeautifulSoup(source, "html.parser").article
    assert article
    for left_out in article.select(
        ".solution, .tag_skip, .tag_hide-cell, .headerlink, .traceback, details,"
        "[data-measured]"
    ):
        left_out.decompose()
    for drawn in [*article.select("svg"), *deck.select("svg")]:
        drawn.decompose()
    there = words(deck.get_text())
    for part in article.select("p, li, figcaption, td, div.math, div.exercise"):
        assert words(part.get_text()) in there


@each_chapter
def test_a_deck_needs_nothing_but_its_own_files(chapter: str, decks: Path) -> None:
    path = deck_of(chapter, decks)
    deck = BeautifulSoup(path.read_text(), "html.parser")
    needed = [
        str(element.get("src") or element.get("href"))
        for element in deck.select("[src], link[href]")
    ]
    assert needed
    assert not [name for name in needed if not (path.parent / name).is_file()]
    assert not deck.select("aside a, .headerlink, button, script:not([src])")
    names = Counter(str(element["id"]) for element in deck.select("[id]"))
    assert not [name for name, times in names.items() if times > 1]
    for link in deck.select("a[href]"):
        address = str(link["href"])
        assert address.startswith("http") or address.removeprefix("#") in names
    for sheet in path.parent.glob("files/*.css"):
        outside = re.findall(r"(?:url\(|@import)\s*['\"]?(?!data:)", sheet.read_text())
        assert not outside, sheet.name


@pytest.fixture
def context(browser: Browser) -> Iterator[BrowserContext]:
    with browser.new_context(viewport=STAGE) as context:  # type: ignore[arg-type]
        context.set_default_timeout(15_000)
        context.set_offline(True)
        yield context


def show(context: BrowserContext, deck: Path) -> tuple[Page, list[str]]:
    """Open a deck from its file; collect what it complains of, and asks for."""
    tab = context.new_page()
    complaints, ours = note_complaints(tab), (deck.parent.as_uri(), "data:", "blob:")
    tab.on(
        "request",
        lambda request: (
            request.url.startswith((*ours, "about:")) or complaints.append(request.url)
        ),
    )
    tab.goto(deck.as_uri())
    tab.wait_for_function("Reveal.isReady()")
    return tab, complaints


def go_to(tab: Page, part: str) -> Locator:
    """Press the arrow key until the slide that is shown has such a part."""
    shown = tab.locator(f"{NOW} {part}")
    for _ in range(MOST_KEYS):
        if shown.count():
            break
        tab.keyboard.press("ArrowRight")
    return shown


# What is wrong with the slide that is shown, in words; nothing if all is well.
JUDGE = """async (smallest) => {
  const slide = Reveal.getCurrentSlide(), wrong = [];
  const sheet = slide.querySelector(".sheet"), stage = sheet.getBoundingClientRect();
  if (Math.abs(stage.width - 1280) > 1 || Math.abs(stage.height - 720) > 1)
    wrong.push(`the sheet is of ${stage.width} by ${stage.height}`);
  await Promise.all([...slide.querySelectorAll("img:not([hidden])")].map(
    (image) => image.decode().catch(() => wrong.push(`${image.src} is missing`))));
  const body = slide.querySelector(".body").getBoundingClientRect();
  for (const element of sheet.querySelectorAll("*")) {
    if (element.closest("mjx-assistive-mml, svg, [hidden]")) continue;
    const scroll = element.closest("pre.scroll");
    if (scroll && scroll !== element) continue;
    const box = element.getBoundingClientRect();
    const name = `${element.tagName} ${element.textContent.trim().slice(0, 40)}`;
    if (box.right > stage.right - 40 || box.left < stage.left + 40)
      wrong.push(`too wide: ${name}`);
    if (box.bottom > stage.bottom - 30) wrong.push(`too low: ${name}`);
    if (element.scrollWidth > element.clientWidth + 1 && !scroll && element.clientWidth
      && /^(DIV|FIGURE|LI|PRE|TABLE|TD|TH)$/.test(element.tagName))
      wrong.push(`wider than its box: ${name}`);
    if (scroll && scroll.tabIndex !== 0) wrong.push(`cannot be focused: ${name}`);
    const text = [...element.childNodes].some(
      (node) => node.nodeType === 3 && node.data.trim());
    if (text && parseFloat(getComputedStyle(element).fontSize) < smallest)
      wrong.push(`too small: ${name}`);
    if (element.tagName === "IMG" && box.height < 50) wrong.push(`tiny: ${name}`);
  }
  const parts = [...sheet.querySelectorAll(".body > *")].map(
    (part) => part.getBoundingClientRect());
  parts.forEach((part, i) => {
    if (i && part.top < parts[i - 1].bottom - 1) wrong.push("parts overlap");
  });
  for (const formula of slide.querySelectorAll(".sheet .math")) {
    const drawn = formula.querySelector("svg")?.getBoundingClientRect().width;
    if (!drawn) wrong.push(`not typeset: ${formula.textContent}`);
  }
  const lost = [...slide.querySelectorAll("use")].filter(
    (use) => !document.querySelector(use.getAttribute("xlink:href")));
  if (lost.length) wrong.push(`${lost.length} letters without a shape`);
  const { h, v, f } = Reveal.getIndices();
  return [`${h}/${v}/${f}`, wrong.map((what) => `slide ${h}/${v}: ${what}`)];
}"""


@pytest.mark.slow
@each_chapter
def test_every_slide_fits_and_the_arrow_key_shows_them_all(
    context: BrowserContext, chapter: str, decks: Path
) -> None:
    tab, complaints = show(context, deck_of(chapter, decks))
    before, wrong = None, []
    for _ in range(MOST_KEYS):
        here, found = tab.evaluate(JUDGE, SMALLEST_LETTER)
        if here == before:
            break
        before, wrong = here, wrong + found
        tab.keyboard.press("ArrowRight")
    assert not wrong, "\n".join(wrong)
    assert tab.locator(".body:not([data-fitted])").count() == 0, "slides not seen"
    assert tab.locator(".fragment:not(.visible)").count() == 0
    assert tab.evaluate("Reveal.getProgress()") == 1
    assert not complaints


# One program makes them of pages that are all examined: some stand for all.
@pytest.mark.slow
@pytest.mark.parametrize("chapter", CHAPTERS[::4])
def test_slides_are_accessible(
    context: BrowserContext, chapter: str, decks: Path
) -> None:
    tab = context.new_page()
    tab.goto(f"{deck_of(chapter, decks).as_uri()}?view=print")
    tab.wait_for_function("Reveal.isReady()")
    expect(tab.locator(".pdf-page").first).to_be_visible()
    # Formulas are many, and examined on the pages.
    assert not find_violations(tab, {"exclude": [["mjx-container"]]})


@pytest.mark.slow
def test_sliders_fragments_and_links_work_by_keyboard(
    context: BrowserContext, decks: Path
) -> None:
    tab, _ = show(context, deck_of(FIRST, decks))
    slider = go_to(tab, ".frames input")
    before = tab.evaluate("JSON.stringify(Reveal.getIndices())")
    label = tab.locator(f"{NOW} .frames output").inner_text()
    slider.focus()
    tab.keyboard.press("ArrowLeft")
    assert tab.locator(f"{NOW} .frames output").inner_text() != label
    assert tab.locator(f"{NOW} .frames img:visible").count() == 1
    assert tab.evaluate("JSON.stringify(Reveal.getIndices())") == before
    slider.blur()

    output = go_to(tab, ".fragment")
    expect(output).to_have_css("visibility", "hidden")
    expect(tab.locator(f"{NOW} .cell_input")).to_be_visible()
    tab.keyboard.press("ArrowRight")
    expect(output).to_have_css("visibility", "visible")

    tab.evaluate("location.hash = '#equation-eq-mse'")
    expect(tab.locator(f"{NOW} #equation-eq-mse")).to_be_visible()


@pytest.mark.slow
def test_the_speaker_sees_the_prose_with_its_formulas(
    context: BrowserContext, decks: Path
) -> None:
    tab, complaints = show(context, deck_of(FIRST, decks))
    tab.keyboard.press("ArrowRight")
    tab.keyboard.press("ArrowRight")
    with tab.expect_popup() as opened:
        tab.keyboard.press("s")
    notes = opened.value.locator(".speaker-controls-notes .value")
    expect(notes).to_contain_text("There are 100 examples.")
    assert notes.locator("svg").count() == 0  # its shapes are not there
    assert notes.locator("math").first.evaluate(
        "(m) => m.getBoundingClientRect().width"
    )
    assert not complaints
