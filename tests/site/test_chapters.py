"""What every chapter must have, read from its source."""

import re
from pathlib import Path

import pytest
from book import chapter_files, executed, read_chapter
from nbformat import NotebookNode

CHAPTERS = chapter_files()
PARTS = (
    "What you will do",
    "**You need:**",
    "```{prediction}",
    "## Summary",
    "**Next:**",
)
LONGEST_LINE = 70  # longer ones are cut in print and scroll on a phone
LONGEST_CELL = 32
TAGS = {"hide-cell", "hide-input", "hide-output"}
TAGS |= {"raises-exception", "nbval-ignore-output"}
TAGS |= {"slide", "subslide", "fragment", "skip", "notes"}  # see CONTRIBUTING.md
TAGS |= {"try-it", "check-it"}  # what the reader writes, and its check
TAGS |= {"key-picture"}  # the picture in the chapter's head and on its card

each_chapter = pytest.mark.parametrize("path", CHAPTERS, ids=lambda path: path.stem)


def code_cells(path: Path) -> list[NotebookNode]:
    return [cell for cell in read_chapter(path).cells if cell.cell_type == "code"]


@each_chapter
def test_has_what_every_chapter_has(path: Path) -> None:
    text = path.read_text()
    for part in PARTS:
        assert part in text, f"{part!r} is missing"


@each_chapter
def test_has_exercises_with_solutions_that_run(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    exercises = re.findall(r"\{exercise-start\}.*\n:label: (\S+)", text)
    solutions = re.findall(
        r"\{solution-start\} (\S+)\n:class: dropdown\n(.*?)\{solution-end\}", text, re.S
    )
    assert len(exercises) >= 3
    assert exercises == [label for label, _ in solutions]
    for label, body in solutions:
        assert "{code-cell}" in body, f"the solution of {label} runs nothing"


QUESTION = re.compile(r"^```\{question\}\n(.*?)^```", re.M | re.S)
ANSWER = re.compile(r"^\d\. ", re.M)
# What was measured or computed: 0.5, 1,000 or 3e-4, but not 3.
NUMBER = re.compile(r"(?<![\w.])\d[\d,]*(?:\.\d+)?(?:e-?\d+)?(?![\w])")
DECIMAL = re.compile(r"\d+\.\d+")


def measured_numbers(text: str) -> set[str]:
    found = {number.rstrip(",").replace(",", "") for number in NUMBER.findall(text)}
    found = {number for number in found if not number.isdecimal() or len(number) > 2}
    return found | {*DECIMAL.findall(text)}


@each_chapter
def test_asks_what_readers_get_wrong_and_measures_it(path: Path) -> None:
    text = path.read_text()
    _, heading, section = text.partition("\n## Check yourself\n")
    assert heading, "no section has this title"
    section = section.partition("\n## ")[0]
    assert len(QUESTION.findall(section)) >= 4
    *_, measures = section.split("```{code-cell}")
    assert ":tags: [hide-cell]" in measures, "the mistakes are not made in a cell"
    assert "assert" in measures
    # A number stands in a cell, or in what a cell has printed.
    ran = executed(path.stem).cells
    cells = str([cell for cell in ran if cell.cell_type == "code"])
    cells = cells.replace(",", "").replace("_", "")
    for question in QUESTION.findall(text):
        _, *answers = ANSWER.split(question)
        for number in sorted(measured_numbers("".join(answers))):
            assert re.search(rf"(?<![\d.]){re.escape(number)}(?!\d)", cells), (
                f"no cell computes the {number} of a question: {question}"
            )


@each_chapter
def test_code_fits_the_page(path: Path) -> None:
    for number, cell in enumerate(code_cells(path)):
        lines = cell.source.splitlines()
        assert len(lines) <= LONGEST_CELL, f"cell {number} has {len(lines)} lines"
        for line in lines:
            assert len(line) <= LONGEST_LINE, f"cell {number}: {line}"


@each_chapter
def test_needs_nothing_but_helpers_and_public_libraries(path: Path) -> None:
    for cell in code_cells(path):
        for name in re.findall(r"^(?:from|import) (\w+)", cell.source, re.M):
            assert name not in ("booktools", "myst_nb", "sphinx"), name


@each_chapter
def test_pictures_say_what_they_show(path: Path) -> None:
    for number, cell in enumerate(executed(path.stem).cells):
        pictures = [
            output
            for output in cell.get("outputs", [])
            if "image/png" in output.get("data", {})
        ]
        assert len(pictures) <= 1, f"cell {number} draws {len(pictures)} figures"
        if pictures:
            alt = cell.metadata.get("mystnb", {}).get("image", {}).get("alt", "")
            assert len(alt) > 40, f"the figure of cell {number} has no alt text"


@each_chapter
def test_has_one_key_picture(path: Path) -> None:
    drawn = [
        cell
        for cell in executed(path.stem).cells
        if "key-picture" in cell.metadata.get("tags", [])
    ]
    for cell in drawn:
        kinds = {kind for output in cell.outputs for kind in output.get("data", {})}
        assert "image/png" in kinds, "the key picture is not drawn"
    of_figures = path.read_text(encoding="utf-8").count("\n:class: key-picture\n")
    assert len(drawn) + of_figures == 1


@each_chapter
def test_tags_are_known(path: Path) -> None:
    for number, cell in enumerate(read_chapter(path).cells):
        unknown = set(cell.metadata.get("tags", [])) - TAGS
        assert not unknown, f"cell {number}: no tool knows the tag {unknown}"


def test_only_times_go_uncompared() -> None:
    for path in CHAPTERS:
        tagged = [
            cell
            for cell in code_cells(path)
            if "nbval-ignore-output" in cell.metadata.get("tags", [])
        ]
        assert len(tagged) <= 2, "times belong in few cells"
        for cell in tagged:
            assert re.search(r"perf_counter\(\)|best_of\(|\bseconds\b", cell.source)
            assert "assert" not in cell.source


def test_no_seed_is_global() -> None:
    for path in CHAPTERS:
        for cell in code_cells(path):
            assert "random.seed(" not in cell.source
            of_its_own = r"Generator\((device=device)?\)\.manual_seed\("
            assert "manual_seed(" not in re.sub(of_its_own, "", cell.source)


def test_each_item_of_the_primer_is_linked_where_it_is_needed() -> None:
    primer, *others = (path.read_text(encoding="utf-8") for path in CHAPTERS)
    items = re.findall(r"^\((primer-[\w-]+)\)=$", primer, re.M)
    assert len(items) > 8
    assert [it for it in items if f"(#{it})" not in "".join(others)] == []
