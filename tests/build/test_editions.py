"""The student's edition: everything but the solutions, and no trace of them."""

import base64
import hashlib
import html
import os
import re
import zlib
from functools import cache
from pathlib import Path

import nbformat
import pytest
import snowballstemmer
from book import BUILD, EXECUTED, ROOT, chapter_files
from bs4 import BeautifulSoup
from small_book import EXERCISE, SmallBook

from booktools.assignments import head_and_body
from booktools.build import STAMP
from booktools.edition import SITES
from booktools.sphinx.buttons import BRANCH
from booktools.sphinx.images import ENCODER
from helpers.tasks import load_tasks

INSTRUCTOR, STUDENT = (BUILD / name for name in SITES.values())
SOLUTION = re.compile(r"^```\{solution-start\}.*?\{solution-end\}", re.M | re.S)
CELL = re.compile(r"^```\{code-cell\}[^\n]*\n(.*?)^```$", re.M | re.S)
# Markup, which splits text: what is between appears on the page as typed.
MARKUP = re.compile(r"\$[^$]*\$|\{\w+\}`[^`]*`|\[.*?\]\(.*?\)|[`*|]")
FORMULA = re.compile(r"^\$\$.*?^\$\$", re.M | re.S)
LEAST = 12  # letters; fewer may occur anywhere by chance


def squeeze(text: str) -> str:
    """Drop white space, and write quotes as they are typed."""
    for written, typed in (("‘", "'"), ("’", "'"), ("“", '"'), ("”", '"')):  # noqa: RUF001
        text = text.replace(written, typed)
    return re.sub(r"\s+", "", text)


def pieces(text: str) -> set[str]:
    """Return the lines of code, and the fragments of prose, of a source."""
    found = set()
    for code in CELL.findall(text):
        found |= set(code.splitlines())
    for line in FORMULA.sub("", CELL.sub("", text)).splitlines():
        if not line.startswith((":", "```")):
            found |= set(MARKUP.split(line))
    return {piece for piece in map(squeeze, found) if len(piece) >= LEAST}


@cache
def solutions() -> dict[str, set[str]]:
    """Return what can be recognised of each solution, by its exercise."""
    texts = [path.read_text(encoding="utf-8") for path in chapter_files()]
    others = [SOLUTION.sub("", text) for text in texts]
    others += [path.read_text() for path in (ROOT / "reference").glob("*.md")]
    elsewhere = squeeze("\n".join(others))
    return {
        found.group().split()[1]: {
            piece for piece in pieces(found.group()) if piece not in elsewhere
        }
        for text in texts
        for found in SOLUTION.finditer(text)
    }


@cache
def bodies() -> set[str]:
    """Return the lines of the functions that readers write."""
    modules = (ROOT / "chapters" / "tasks").glob("[!_]*.py")
    tasks = [task for it in modules for task in load_tasks(it.stem).values()]
    bodies = [head_and_body(task)[1] for task in tasks]
    lines = {squeeze(line) for body in bodies for line in body.splitlines()}
    shown = squeeze("".join(it.read_text(encoding="utf-8") for it in chapter_files()))
    return {it for it in lines if len(it) >= LEAST and it not in shown}


def pictures_of_solutions() -> set[bytes]:
    """Return the pictures drawn by solutions alone."""
    kinds: dict[bool, set[bytes]] = {True: set(), False: set()}
    for path in chapter_files():
        executed = nbformat.read(EXECUTED / f"{path.stem}.ipynb", as_version=4)
        inside = False
        for cell in executed.cells:
            for output in cell.get("outputs", []):
                if picture := output.get("data", {}).get("image/png"):
                    kinds[inside].add(base64.b64decode(picture))
            if cell.cell_type == "markdown":
                marks = re.findall(r"\{solution-(start|end)\}", cell.source)
                inside = marks[-1] == "start" if marks else inside
    return kinds[True] - kinds[False]


@cache
def readable(path: Path) -> str:
    """Return what a file says, in whatever way it is written down."""
    content = path.read_bytes()
    if path.name == "objects.inv":
        content = zlib.decompress(content.split(b"zlib.\n", 1)[1])
    text = content.decode("utf-8", errors="ignore")
    if path.suffix == ".html":
        text += html.unescape(re.sub(r"<[^>]*>", "", text))
    elif path.suffix in (".js", ".ipynb"):
        text += text.replace(r"\n", "\n").replace(r"\"", '"')
    for coded in re.findall(r"base64,([A-Za-z0-9+/=]{40,})", text):
        text += base64.b64decode(coded + "==").decode("utf-8", errors="ignore")
    return squeeze(text)


def files_of(site: Path) -> list[Path]:
    return [path for path in site.rglob("*") if path.is_file()]


def name_in_site(picture: bytes) -> str:
    return hashlib.sha256(picture + ENCODER).hexdigest()


def pictures_in_notebooks(site: Path) -> set[bytes]:
    return {
        base64.b64decode(picture)
        for path in site.rglob("*.ipynb")
        for cell in nbformat.read(path, as_version=4).cells
        for output in cell.get("outputs", [])
        if (picture := output.get("data", {}).get("image/png"))
    }


@cache
def parse(page: Path) -> BeautifulSoup:
    """Return a page without its solutions; do not change it."""
    soup = BeautifulSoup(page.read_text(encoding="utf-8"), "html.parser")
    for solution in soup.select("div.solution"):
        solution.decompose()
    return soup


def index_of(site: Path) -> set[str]:
    """Return the words that the search of a site finds, as `words_of` has them."""
    return words_of((site / "searchindex.js").read_text(encoding="utf-8"))


def words_of(text: str) -> set[str]:
    """Return the stems of the words of a text."""
    stem = snowballstemmer.stemmer("english").stemWord
    return {stem(word.lower()) for word in re.findall(r"\w+", text)}


@pytest.fixture(scope="module")
def student() -> Path:
    """Return the folder of the student's site, made from the executed chapters."""
    (STUDENT / STAMP).unlink(missing_ok=True)
    ours = {name: it for name, it in os.environ.items() if name.startswith("BOOK_")}
    said = SmallBook(ROOT).must_build(**ours | {"BOOK_EDITION": "student"})
    assert "executed in" not in said
    assert "Nothing has changed" not in said
    return STUDENT


def test_every_solution_can_be_recognised_where_it_is_shown() -> None:
    # Otherwise the tests below would prove nothing.
    shown = "".join(readable(path) for path in INSTRUCTOR.rglob("*.html"))
    assert len(solutions()) >= 3 * len(chapter_files())
    for exercise, found in solutions().items():
        assert len(found) >= 3, exercise
        missing = {piece for piece in found if piece not in shown}
        assert len(missing) <= len(found) / 10, (exercise, missing)
    assert bodies()
    assert all(line in shown for line in bodies())


@pytest.mark.slow
def test_no_file_of_the_student_edition_has_a_solution(student: Path) -> None:
    for path in files_of(student):
        text = readable(path)
        for exercise, found in solutions().items():
            seen = [piece for piece in found if piece in text]
            assert not seen, f"{path.relative_to(student)}: {exercise}: {seen[0]}"
        seen = [line for line in bodies() if line in text]
        assert not seen, f"{path.relative_to(student)}: {seen[0]}"


@pytest.mark.slow
def test_no_picture_of_a_solution_is_in_the_student_edition(student: Path) -> None:
    pictures = pictures_of_solutions()
    assert pictures
    for site, expected in ((INSTRUCTOR, pictures), (student, set())):
        names = {path.stem for path in files_of(site)}
        assert {it for it in pictures if name_in_site(it) in names} == expected
        assert pictures & pictures_in_notebooks(site) == expected


@pytest.mark.slow
def test_the_search_of_the_student_edition_knows_no_solution(student: Path) -> None:
    sources = [path.read_text(encoding="utf-8") for path in chapter_files()]
    inside = words_of("".join("".join(SOLUTION.findall(text)) for text in sources))
    outside = [SOLUTION.sub("", text) for text in sources]  # formulas, as typed
    outside += [path.read_text() for path in (ROOT / "reference").glob("*.md")]
    outside += [parse(page).get_text(" ") for page in INSTRUCTOR.rglob("*.html")]
    alone = inside - words_of(" ".join(outside))
    assert alone & index_of(INSTRUCTOR)  # of its prose: code is not searched
    assert alone & index_of(student) == set()


@pytest.mark.slow
def test_exercises_and_numbers_are_the_same_in_both_editions(student: Path) -> None:
    for path in chapter_files():
        ours, theirs = (
            parse(site / "chapters" / f"{path.stem}.html")
            for site in (student, INSTRUCTOR)
        )
        assert len(ours.select("div.exercise")) >= 3
        for parts in ("div.exercise", ".eqno, .caption-number"):
            assert [squeeze(part.get_text()) for part in ours.select(parts)] == [
                squeeze(part.get_text()) for part in theirs.select(parts)
            ]


@pytest.mark.slow
def test_the_student_edition_says_so_and_its_links_hold(student: Path) -> None:
    for path in chapter_files():
        page = student / "chapters" / f"{path.stem}.html"
        soup = parse(page)
        (note,) = soup.article.find_all(string=re.compile("This is the student edi"))
        exercise = soup.select_one("div.exercise")
        assert note.find_next("div", class_="exercise") is exercise
        for link in soup.find_all("a", href=True):
            name, _, anchor = link["href"].partition("#")
            if re.match(r"\w+:", name):
                # A source has the solutions; the branch of notebooks has not.
                assert "/chapters/" not in name or f"/{BRANCH}" in name
                continue
            target = page.parent / name if name else page
            assert target.exists(), link
            if anchor:
                assert re.search(f"""id=["']{re.escape(anchor)}""", target.read_text())


# On a small book


def pictures_in(site: Path) -> int:
    return len(list((site / "_images").iterdir()))


def test_a_small_book_has_two_editions_side_by_side(book: SmallBook) -> None:
    book.append(EXERCISE)
    other = book.root / "_build" / "student"
    book.must_build()
    said = book.must_build(BOOK_EDITION="student")
    assert "executed in" not in said
    for secret in (
        "marzipan",
        "liquorice",
        "only solutions show",
        "equation-eq-answ",
        "nougat",
        "toffee",
    ):
        squeezed = squeeze(secret)
        assert any(squeezed in readable(path) for path in files_of(book.site))
        assert not any(squeezed in readable(path) for path in files_of(other))
    assert pictures_in(book.site) == pictures_in(other) + 2
    for variables in ({}, {"BOOK_EDITION": "student"}):
        assert "Nothing has changed" in book.must_build(**variables)


def test_an_edition_is_stale_once_the_executed_chapters_are_others(
    book: SmallBook,
) -> None:
    text = book.chapter.read_text()
    book.chapter.write_text(text + "\n```{code-cell} ipython3\nprint(1)\n```\n")
    book.must_build(BOOK_EDITION="student")
    book.chapter.write_text(text)  # of which the other edition was built
    said = book.must_build()
    assert "Nothing has changed" not in said
    assert "print(1)" not in book.executed.read_text()


def test_a_failed_student_edition_leaves_the_last_one(book: SmallBook) -> None:
    book.must_build(BOOK_EDITION="student")
    page = book.root / "_build" / "student" / "chapters" / "01-small.html"
    before = page.read_bytes()
    book.replace("# A small chapter", "# A small chapter\n\nSee [](#nowhere).")
    said = book.must_fail(BOOK_EDITION="student")
    assert f"The last good site is still in {page.parents[1]}" in said
    assert page.read_bytes() == before


def test_a_solution_that_cannot_be_left_out_fails_the_build(book: SmallBook) -> None:
    text = EXERCISE.replace("Nobody guesses", "## A heading\n\nNobody guesses")
    book.append(text)
    said = book.must_fail(BOOK_EDITION="student")
    assert "this solution begins in one section and ends in another" in said


def test_a_link_into_a_solution_fails_the_student_edition(book: SmallBook) -> None:
    book.append(EXERCISE.replace("It is small.", "It is {eq}`eq-answer`."))
    said = book.must_fail(BOOK_EDITION="student")
    assert "01-small.md" in said
    assert "eq-answer" in said
    assert "Traceback" not in said
