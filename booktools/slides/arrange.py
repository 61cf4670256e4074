"""Arrange a built page of the book as slides for reveal.js.

The page is used as readers see it: executed, with typeset formulas and
numbered figures. Headings, formulas, figures, tables, lists, questions and code
with its output go on slides; running prose goes into the speaker notes. A
chapter can override this with Jupyter's slide tags on cells and blocks; see
CONTRIBUTING.md.
"""

import copy
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import pairwise
from math import ceil

from bs4 import BeautifulSoup, Tag

TAG = "tag_"  # prefix of the classes that MyST-NB makes of a cell's tags
SLIDE_TAGS = {"slide", "subslide", "fragment", "continued"}  # prose included
# Sizes in pixels, on a slide of 1280 by 720 (see slides.css). They need not be
# exact: slides.js shrinks content that is slightly too large.
BODY_HEIGHT = 540
MAX_CELL_HEIGHT = 680  # of code with its output before they are split
WIDTH = 1160
LINE, CODE_LINE, ROW = 39, 29, 46
LETTER, CODE_LETTER, EX = 13.5, 12.6, 14
FIGURE = 380
GAP = 22
MAX_CODE_LINES = 22  # longer code is split at a blank line
MAX_OUTPUT_LINES = 16  # longer output scrolls
OMITTED_CLASSES = {"solution", "at-a-glance", "head-picture"}
MAX_LINES_BESIDE_FIGURE = 2  # of code
MAX_SENTENCES = 5
END_OF_SENTENCE = re.compile(r"[.?!][)”\"]?$")
ERROR = re.compile(r"^[A-Za-z_.]+: ")


@dataclass
class Slide:
    """The content of one slide."""

    title: Tag  # the heading, to be copied
    first: bool = True  # whether no other slide with this heading is before it
    pieces: list[Tag] = field(default_factory=list)  # visible, from top to bottom
    notes: list[Tag] = field(default_factory=list)  # the speaker's
    names: list[str] = field(default_factory=list)  # anchors of the page for this slide
    # First sentences of the paragraphs, for a slide with no other content.
    sentences: list[Tag] = field(default_factory=list)
    used: float = 0  # how much of its height, in pixels


class Arrangement:
    """Arranges the pieces of a page on slides: stacks of them, grouped by section."""

    def __init__(self) -> None:
        self.stacks: list[list[Slide]] = []
        self._names: list[str] = []
        self._title: Tag | None = None  # the heading of the section
        self._lead: Tag | None = None  # a sentence waiting for what it introduces
        self._soup = BeautifulSoup("", "html.parser")

    @property
    def _slide(self) -> Slide:
        return self.stacks[-1][-1]

    def add(self, piece: Tag) -> None:
        """Add the next piece of the page to a slide or to the notes."""
        tags = tags_of(piece)
        if piece.name == "span":
            self._names.append(str(piece["id"]))
        elif "skip" in tags or OMITTED_CLASSES & set(classes_of(piece)):
            self._lead = None
        elif "notes" in tags:
            self._slide.notes.append(piece)
        elif piece.name in ("h1", "h2", "h3", "h4"):
            stack = piece.name in ("h1", "h2") or "slide" in tags
            self._begin_section(piece, stack=stack and "subslide" not in tags)
        else:
            if tags & {"slide", "subslide"}:
                self._continue_section(stack="slide" in tags)
            if "fragment" in tags:
                add_class(piece, "fragment")
            self._add_content(piece, tags)

    def _begin_section(self, title: Tag, *, stack: bool) -> None:
        slide = Slide(title)
        if title.parent and title.parent.name == "section":
            slide.names = [str(title.parent["id"]), *self._names]
        self._names = []
        self._lead = None
        self._title = title
        self._begin(slide, stack=stack)

    def _continue_section(self, *, stack: bool = False) -> None:
        """Begin another slide of the same section."""
        assert self._title is not None
        self._begin(Slide(self._title, first=False), stack=stack)

    def _begin(self, slide: Slide, *, stack: bool = False) -> None:
        if stack or not self.stacks:
            self.stacks.append([])
        self.stacks[-1].append(slide)

    def _add_content(self, piece: Tag, tags: set[str]) -> None:
        classes = classes_of(piece)
        is_prose = piece.name == "p" and piece.get_text().strip()
        if is_prose and not tags & SLIDE_TAGS:
            self._add_prose(piece)
        elif "cell" in classes:
            self._add_cell(piece, tags)
        elif classes & {"exercise", "question", "tip", "try-it"}:
            self._add_admonition(piece)
        elif "hint" in classes:
            self._place([piece], alone=True)
            self._slide.used = BODY_HEIGHT  # the answer goes on the next slide
        else:
            self._place([piece], alone=is_picture(piece))

    def _add_prose(self, piece: Tag) -> None:
        """Put a paragraph into the notes, and its key sentences on the slide.

        These are the first sentence of a section, and one that has no full stop
        because it introduces a formula or a list.
        """
        slide = self._slide
        sentences = self._sentences(piece)
        slide.notes.append(piece)
        opening, closing = sentences[0], sentences[-1]
        leads_on = not END_OF_SENTENCE.search(closing.get_text().strip())
        self._lead = None
        is_whole = not opening.get_text()[:1].islower()  # not cut by a formula
        if is_whole and not (leads_on and opening is closing):
            slide.sentences.append(opening)
            if slide.first and not slide.pieces:
                self._place([opening])
        if leads_on:
            self._lead = closing

    def _sentences(self, paragraph: Tag) -> list[Tag]:
        """Split a paragraph at line breaks: the sources have one sentence per line."""
        sentences = [self._soup.new_tag("p")]
        for part in copy.copy(paragraph).contents[:]:
            if isinstance(part, Tag):
                sentences[-1].append(part)
                continue
            head, *rest = str(part).split("\n")
            sentences[-1].append(head)
            for line in rest:
                sentences.append(self._soup.new_tag("p"))
                sentences[-1].append(line)
        return [sentence for sentence in sentences if sentence.get_text().strip()]

    def _add_admonition(self, admonition: Tag) -> None:
        """Give an admonition a separate slide, with its title as the heading."""
        title = admonition.find(class_="admonition-title")
        assert isinstance(title, Tag)
        heading = self._soup.new_tag("h2")
        heading.extend(copy.copy(title).contents[:])
        title.decompose()
        self._begin(Slide(heading, names=[str(admonition.get("id", ""))]))
        parts = list(admonition.find_all(recursive=False))
        if len(parts) == 1 and parts[0].name == "section":
            parts = list(parts[0].find_all(recursive=False))
        for part in parts:
            is_note = "notes" in tags_of(part)
            (self._slide.notes if is_note else self._slide.pieces).append(part)
        self._slide.used = BODY_HEIGHT  # the next piece has another heading

    def _add_cell(self, cell: Tag, tags: set[str]) -> None:
        """Put code and output on one slide if both fit, or else on several."""
        if "hide-cell" in tags and not tags & SLIDE_TAGS:
            return
        code = cell.find(class_="cell_input", recursive=False)  # None if it is folded
        box = cell.find(class_="cell_output", recursive=False)
        outputs = list(box.find_all(recursive=False)) if isinstance(box, Tag) else []
        if isinstance(code, Tag):
            text = code.get_text().strip()
            set_up = len(self.stacks) == 1 and text.startswith(("import ", "from "))
            if set_up and not outputs and not tags & SLIDE_TAGS:
                return
        for output in outputs:
            shorten(output)
        if "fragment" in tags or ("hide-output" in tags and isinstance(code, Tag)):
            # Show the code first, then its output.
            for part in outputs or filter(None, [code]):
                add_class(part, "fragment")
        parts = split_code(code) if isinstance(code, Tag) else []
        short = sum(count_lines(part) for part in parts) <= MAX_LINES_BESIDE_FIGURE
        for part in parts[:-1]:
            self._place([part], alone=True)
        last = parts[-1:]
        pictures = [output for output in outputs if is_picture(output)]
        if pictures and not short:
            if last:
                self._place(last)
            last = []
        rest = outputs
        if last and outputs:
            together = [*last, outputs[0]]
            if pictures or sum(map(height_of, together)) <= MAX_CELL_HEIGHT:
                self._place(together, alone=bool(pictures))
                last, rest = [], outputs[1:]
        for part in [*last, *rest]:
            self._place([part], alone=is_picture(part))

    def _place(self, pieces: list[Tag], *, alone: bool = False) -> None:
        """Put pieces together on the current slide, or on a new one if it is full."""
        if self._lead is not None:
            pieces = [self._lead, *pieces]
            self._lead = None
        height = sum(height_of(piece) + GAP for piece in pieces)
        if alone:
            height = BODY_HEIGHT  # give a picture as much space as possible
        slide = self._slide
        only_text = not any(it.name != "p" or is_picture(it) for it in slide.pieces)
        full = slide.used + height > BODY_HEIGHT + GAP and not (alone and only_text)
        if full and slide.pieces:
            self._continue_section()
        self._slide.pieces += pieces
        self._slide.used += height

    def finish(self) -> list[list[Slide]]:
        """Return the slides, filling empty ones with the sentences kept for them."""
        for stack in self.stacks[1:]:
            for slide in stack:
                only_prose = all(piece in slide.sentences for piece in slide.pieces)
                if only_prose and len(slide.sentences) > 1:
                    points = self._soup.new_tag("ul")
                    for sentence in slide.sentences[:MAX_SENTENCES]:
                        point = self._soup.new_tag("li")
                        point.append(sentence)
                        points.append(point)
                    slide.pieces = [points]
            for slide, following in pairwise(stack[:]):
                if not slide.pieces:  # only a heading, such as that of the exercises
                    following.names = slide.names + following.names
                    following.notes = slide.notes + following.notes
                    stack.remove(slide)
        return self.stacks


def arrange(article: Tag) -> list[list[Slide]]:
    """Return the slides of a chapter, given its page, which is changed.

    They are in stacks from left to right, each from top to bottom.
    """
    arrangement = Arrangement()
    for piece in pieces_of(article):
        arrangement.add(piece)
    return arrangement.finish()


def pieces_of(section: Tag) -> Iterator[Tag]:
    """Yield headings, paragraphs, cells and so on in the order of the page."""
    for piece in list(section.find_all(recursive=False)):
        if piece.name == "section":
            yield from pieces_of(piece)
        elif piece.name != "script":
            yield piece


def classes_of(element: Tag) -> set[str]:
    """Return the classes of an element."""
    names: str | list[str] = element.get("class") or []
    return set(names.split() if isinstance(names, str) else names)


def add_class(element: Tag, name: str) -> None:
    """Add a class to an element."""
    element["class"] = " ".join([*sorted(classes_of(element)), name])


def tags_of(element: Tag) -> set[str]:
    """Return the tags of an element's cell or block."""
    return {
        name.removeprefix(TAG) for name in classes_of(element) if name.startswith(TAG)
    }


def is_picture(element: Tag) -> bool:
    """Return whether an element is a figure, or a slider through several figures."""
    return element.name in ("figure", "img") or bool(
        element.select_one("img, .drawing")
    )


def lines_of(element: Tag) -> list[str]:
    """Return the lines of code or of its printed output."""
    return element.get_text().strip("\n").split("\n")


def count_lines(element: Tag) -> int:
    """Return how many lines code takes on a slide, where long lines wrap."""
    letters = WIDTH / CODE_LETTER
    return sum(max(1, ceil(len(line) / letters)) for line in lines_of(element))


def height_of(element: Tag) -> float:
    """Return the approximate height of an element on a slide, in pixels."""
    if is_picture(element):
        return FIGURE
    if "math" in classes_of(element) and (formula := element.find("svg")):
        return 24 + EX * float(str(formula["height"]).removesuffix("ex"))
    if table := element if element.name == "table" else element.find("table"):
        return ROW * len(table.find_all("tr"))
    if element.find("pre"):
        return 30 + CODE_LINE * min(count_lines(element), MAX_CODE_LINES)
    if element.name in ("ul", "ol"):
        return sum(height_of(point) + 8 for point in element.find_all("li"))
    if "admonition" in classes_of(element):
        return 40 + sum(map(height_of, element.find_all(recursive=False)))
    letters = len("".join(part for part in element.strings if part != "\n"))
    return LINE * ceil(letters * LETTER / WIDTH)


def split_code(code: Tag) -> list[Tag]:
    """Split long code at blank lines, into parts that fit on a slide."""
    if len(lines_of(code)) <= MAX_CODE_LINES:
        return [code]
    pre = code.find("pre")
    assert isinstance(pre, Tag)
    lines = pre.decode_contents().strip("\n").split("\n")
    blank = [number for number, line in enumerate(lines) if not line.strip()]
    if not blank:
        return [code]
    middle = min(blank, key=lambda number: abs(number - len(lines) / 2))
    parts = []
    for half in (lines[:middle], lines[middle:]):
        part = copy.copy(code)
        _set_lines(part, half)
        parts += split_code(part)
    return parts


def shorten(output: Tag) -> None:
    """Reduce a traceback to its final message, and make long output scroll."""
    pre = output.find("pre")
    if not isinstance(pre, Tag):
        return
    lines = lines_of(pre)
    if "traceback" in classes_of(output):
        errors = [number for number, line in enumerate(lines) if ERROR.match(line)]
        if errors:
            html = pre.decode_contents().strip("\n").split("\n")
            _set_lines(output, html[errors[-1] :])
    if count_lines(pre) > MAX_OUTPUT_LINES:
        pre["class"] = "scroll"
        pre["tabindex"] = "0"
        pre["role"] = "region"
        pre["aria-label"] = "Scrollable output"


def _set_lines(code: Tag, lines: list[str]) -> None:
    pre = code.find("pre")
    assert isinstance(pre, Tag)
    pre.clear()
    pre.append(BeautifulSoup("\n".join(lines).strip("\n"), "html.parser"))
