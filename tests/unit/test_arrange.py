"""How a page is cut into slides."""

import pytest
from bs4 import BeautifulSoup, Tag

from booktools.slides.arrange import MAX_CODE_LINES, Slide, arrange

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


def test_prose_is_for_the_speaker_except_what_opens_or_leads_on() -> None:
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
    assert MAX_CODE_LINES < 40


def test_only_the_error_of_a_traceback_is_shown() -> None:
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
    for tag in ("fragment", "hide-output"):  # the output comes after the code
        (slide,) = page(cell(tags=f"tag_{tag}"))[1]
        assert ["fragment" in it["class"] for it in slide.pieces] == [False, True]


@pytest.mark.parametrize("picture", ['<p><img src="a.webp"></p>', '<img src="a.webp">'])
def test_a_picture_without_a_caption_is_on_a_slide(picture: str) -> None:
    first, second = page(f"<p>It opens.</p>{picture}<p>It closes.</p>{picture}")[1]
    for slide in (first, second):
        assert slide.pieces[-1].select_one("img") or slide.pieces[-1].name == "img"
