"""A fork is its own: title, authors, chapters left out, exercises of its own."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import fork
import nbformat
import own_exercises
import pytest
import yaml
from bs4 import BeautifulSoup
from execution import ROOT, chapter_files
from fork import ForkError, leave_out, set_value
from hypothesis import given
from hypothesis import strategies as st
from left_out import labels_in
from new_exercise import begin
from own_exercises import chapter_text, place_of
from test_build import CHAPTER, SmallBook, book, built  # noqa: F401

NASTY = 'Über “A” & B: “C” \\E #1 "D"'


def read(page: Path) -> BeautifulSoup:
    return BeautifulSoup(page.read_text(encoding="utf-8"), "html.parser")


def typed(text: str) -> str:
    """Write quotes as they are typed."""
    return text.replace("“", '"').replace("”", '"')


def text_of(page: Path) -> str:
    return " ".join(read(page).article.get_text().split())


# What the original says of itself


def test_the_citation_agrees_with_the_configuration() -> None:
    config = yaml.safe_load((ROOT / "_config.yml").read_text())
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text())
    assert citation["title"] == config["title"]
    assert ", ".join(one["name"] for one in citation["authors"]) == config["author"]


def test_the_licences_name_the_original() -> None:
    config = yaml.safe_load((ROOT / "_config.yml").read_text())
    original = config["sphinx"]["config"]["original"]
    licence = " ".join((ROOT / "LICENSE-TEXT").read_text().split())
    assert f'credit to "{original["title"]}"' in licence
    assert original["author"] in (ROOT / "LICENSE").read_text()


# Changing the files

CONFIG = """\
# A comment.
title: Old # another
author: "Someone: \\"else\\""

execute: {timeout: 5}
"""
CONTENTS = """\
format: jb-book
root: index
parts:
  # The first part.
  - caption: One
    chapters:
      - file: chapters/01-a
      - file: chapters/02-b # with a comment
        title: B
  - caption: Two
    chapters:
      - file: chapters/03-c

  # The last part.
  - caption: Reference
    chapters:
      - file: reference/notation
"""
texts = st.text(st.characters(exclude_categories=["C", "Zl", "Zp"]), min_size=1)


@given(title=texts.map(str.strip).filter(bool))
def test_any_title_is_written_as_it_is_meant(title: str) -> None:
    changed = set_value(set_value(CONFIG, "title", title), "author", title)
    expected = yaml.safe_load(CONFIG) | {"title": title, "author": title}
    assert yaml.safe_load(changed) == expected
    assert set_value(changed, "title", title) == changed
    assert "# A comment.\n" in changed
    assert changed.endswith("\n\nexecute: {timeout: 5}\n")


@given(names=st.lists(texts.map(str.strip).filter(bool), min_size=1))
def test_any_authors_are_written_as_they_are_meant(names: list[str]) -> None:
    text = "authors:\n  - name: A\n  - name: B\nversion: 1 # kept\n"
    entries = [{"name": name} for name in names]
    changed = set_value(text, "authors", entries)
    assert yaml.safe_load(changed) == {"authors": entries, "version": 1}
    assert changed.endswith("\nversion: 1 # kept\n")


def test_a_missing_key_is_named() -> None:
    with pytest.raises(ForkError, match="no 'title'"):
        set_value("author: A\n", "title", "B")


@pytest.mark.parametrize(
    ("chapters", "gone"),
    [
        ([], []),
        (["01-a"], [7]),
        (["02-b"], [8, 9]),
        (["03-c"], [10, 11, 12]),
        (["01-a", "02-b"], [5, 6, 7, 8, 9]),
    ],
)
def test_lines_of_chapters_go_and_empty_parts_with_them(
    chapters: list[str], gone: list[int]
) -> None:
    lines = CONTENTS.splitlines(keepends=True)
    left = [line for number, line in enumerate(lines, 1) if number not in gone]
    changed = leave_out(CONTENTS, chapters)
    assert changed == "".join(left)
    assert leave_out(changed, chapters) == changed


def test_the_last_chapter_stays() -> None:
    with pytest.raises(ForkError, match="no chapter would be left"):
        leave_out(CONTENTS, ["01-a", "02-b", "03-c"])


# The command


@pytest.fixture
def copy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a folder with what the command changes, and point it there."""
    for name in (fork.CONFIG, fork.CONTENTS, fork.CITATION, fork.CARD):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        shutil.copy(ROOT / name, tmp_path / name)
    shutil.copytree(ROOT / "chapters", tmp_path / "chapters")
    monkeypatch.setattr(fork, "ROOT", tmp_path)
    for name in ("TITLE", "AUTHORS", "WITHOUT"):
        monkeypatch.delenv(f"FORK_{name}", raising=False)
    return tmp_path


def contents_of(folder: Path) -> dict[str, bytes]:
    paths = [path for path in folder.rglob("*") if path.is_file()]
    return {str(path.relative_to(folder)): path.read_bytes() for path in paths}


def test_the_command_changes_what_is_asked_and_nothing_the_second_time(
    copy: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    before = contents_of(copy)
    last = chapter_files()[-1].stem
    monkeypatch.setenv("FORK_TITLE", NASTY)
    monkeypatch.setenv("FORK_AUTHORS", "A. One, B. Two")
    monkeypatch.setenv("FORK_WITHOUT", last)
    assert fork.main() == 0
    after = contents_of(copy)
    changed = {name for name in after if after[name] != before.get(name)}
    assert changed == {fork.CONFIG, fork.CONTENTS, fork.CITATION, fork.CARD}
    said = capsys.readouterr().out
    for name in changed:
        assert name in said
    config = yaml.safe_load(after[fork.CONFIG])
    citation = yaml.safe_load(after[fork.CITATION])
    assert config["title"] == citation["title"] == NASTY
    assert config["author"] == "A. One, B. Two"
    assert citation["authors"] == [{"name": "A. One"}, {"name": "B. Two"}]
    assert last not in after[fork.CONTENTS].decode()
    assert fork.main() == 0
    assert contents_of(copy) == after
    assert "nothing was changed" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("variables", "complaint"),
    [
        ({}, "make fork TITLE="),
        ({"FORK_WITHOUT": "13-error"}, "WITHOUT=13-error: there is no such chapter"),
        ({"FORK_AUTHORS": "A,, B"}, "a comma too many"),
        ({"FORK_TITLE": "A\nB"}, "a character that cannot be shown"),
        ({"FORK_TITLE": "日本"}, "The card cannot show this title"),
    ],
)
def test_a_wish_that_cannot_be_granted_changes_nothing(
    copy: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    variables: dict[str, str],
    complaint: str,
) -> None:
    before = contents_of(copy)
    good = {"FORK_TITLE": "A good title"} if variables else {}
    for name, value in (good | variables).items():
        monkeypatch.setenv(name, value)
    assert fork.main() == 1
    said = capsys.readouterr().err
    assert said.startswith("Nothing was changed.")
    assert complaint in said
    assert contents_of(copy) == before


def test_an_unknown_chapter_is_answered_with_all_there_are(
    copy: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("FORK_WITHOUT", "nothing")
    assert fork.main() == 1
    said = capsys.readouterr().err
    for path in (ROOT / "chapters").glob("*.md"):
        assert path.stem in said


def test_a_file_that_cannot_be_written_leaves_all_as_it_was(
    copy: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = contents_of(copy)
    (copy / f"{fork.CITATION}.part").mkdir()  # in the way
    monkeypatch.setenv("FORK_TITLE", "A good title")
    assert fork.main() == 1
    (copy / f"{fork.CITATION}.part").rmdir()
    assert contents_of(copy) == before


def test_make_hands_over_a_title_as_it_was_typed(tmp_path: Path) -> None:
    makefile = (ROOT / "Makefile").read_text()
    lines = re.findall(r"^fork: export .+$", makefile, re.M)
    recipe = "fork:\n\t@printenv FORK_TITLE\n"
    (tmp_path / "Makefile").write_text("\n".join([*lines, recipe]))
    title = "$5 & \"B\": 'C' \\D #1 $(shell no) ü"
    done = subprocess.run(
        ["make", "--no-print-directory", "fork", f"TITLE={title}"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == f"{title}\n"


# Title and authors on the pages


def rename(book: SmallBook, title: str, authors: str) -> None:  # noqa: F811
    config = book.root / "_config.yml"
    text = set_value(config.read_text(), "title", title)
    config.write_text(set_value(text, "author", authors))


@pytest.mark.check
def test_a_fork_has_its_own_title_and_credits_the_original(book: SmallBook) -> None:  # noqa: F811
    config = yaml.safe_load((book.root / "_config.yml").read_text())
    original = config["sphinx"]["config"]["original"]
    index = book.root / "index.md"
    index.write_text("# {book}`title`\n\nBy {book}`author`.\n")
    rename(book, original["title"], original["author"])
    status, said = book.build()
    assert status == 0, said
    assert "adapted" not in text_of(book.site / "index.html")
    rename(book, NASTY, "A. One, B. Two")
    status, said = book.build()
    assert status == 0, said
    page = read(book.site / "index.html")
    assert typed(page.article.h1.get_text()).startswith(typed(NASTY))
    assert "By A. One, B. Two." in page.article.get_text()
    assert NASTY in page.title.get_text()
    shown = page.find("meta", property="og:title")["content"]
    assert typed(shown) == typed(NASTY)
    (credit,) = page.select("p.adapted-from")
    for part in (original["title"], original["author"], "CC BY 4.0", "been changed"):
        assert part in credit.get_text()
    assert credit.find("a", href=re.compile("creativecommons.org/licenses/by/4.0"))
    chapter = read(book.site / "chapters" / "01-small.html")
    assert chapter.find("meta", property="og:site_name")["content"] == NASTY
    assert "adapted" not in chapter.article.get_text()


@pytest.mark.check
def test_the_book_is_asked_for_what_it_knows(book: SmallBook) -> None:  # noqa: F811
    (book.root / "index.md").write_text("# {book}`price`\n")
    status, said = book.build()
    assert status == 1
    assert "knows title and author, and not 'price'" in said


# Chapters left out

OTHER = (
    CHAPTER.replace("# A small chapter", "(other)=\n# The *other* chapter")
    + """
(other-part)=
## A part of it

$$ (eq-other)
a = 1
$$

```{exercise-start} Do it
:label: ex-other
```

Now.

```{exercise-end}
```

:::{math}
:label: eq-written
b = 2
:::
"""
)
LINKS = """

See [](#other), [those words](#other), {ref}`other-part`, {eq}`eq-other`,
[an exercise](#ex-other), {numref}`ex-other`, {eq}`eq-written` and
[the file](02-other.md).

**Next:** [](#other) comes next, and [](#other-part).
"""
CARDS = """# A small book

## The way

### First

::::{grid} 1 1 2 2
:::{grid-item-card} One
:link: small
:link-type: ref
Small.
:::
::::

### Second

::::{grid} 1 1 2 2
:::{grid-item-card} Two
:link: other
:link-type: ref
The other.
:::
::::

## The end
"""


@pytest.fixture
def two(book: SmallBook) -> SmallBook:  # noqa: F811
    """Return a book whose table of contents names one of its two chapters."""
    (book.root / "chapters" / "02-other.md").write_text(OTHER)
    (book.root / "index.md").write_text(CARDS)
    book.replace("# A small chapter", "(small)=\n# A small chapter" + LINKS)
    return book


@pytest.mark.check
def test_a_left_out_chapter_is_spoken_of_in_words(two: SmallBook) -> None:
    status, said = two.build()
    assert status == 0, said
    page = two.site / "chapters" / "01-small.html"
    assert (
        "See The other chapter, those words, A part of it, "
        "an equation of “The other chapter”, an exercise, "
        "an exercise of “The other chapter”, "
        "an equation of “The other chapter” and the file."
    ) in text_of(page)
    assert "Next:" not in text_of(page)
    assert not read(page).article.find_all("a", href=re.compile("other"))
    index = read(two.site / "index.html")
    titles = [part.get_text(strip=True) for part in index.select(".sd-card-title")]
    assert titles == ["1 · One"]
    assert "Second" not in index.get_text()
    assert "The end" in index.article.get_text()
    assert not (two.site / "chapters" / "02-other.html").exists()
    status, said = two.test()
    assert status == 0, said
    assert "4 passed" in said


@pytest.mark.check
def test_with_both_chapters_all_is_linked(two: SmallBook) -> None:
    two.add_chapter("02-other", OTHER)
    status, said = two.build()
    assert status == 0, said
    page = read(two.site / "chapters" / "01-small.html")
    assert len(page.article.find_all("a", href=re.compile("02-other.html"))) >= 10
    index = read(two.site / "index.html")
    titles = [part.get_text(strip=True) for part in index.select(".sd-card-title")]
    assert titles == ["1 · One", "2 · Two"]


@pytest.mark.check
def test_a_mistyped_label_still_fails_the_build(two: SmallBook) -> None:
    two.replace("[](#other),", "[](#othr),")
    status, said = two.build()
    assert status == 1
    assert "cross-reference target not found: 'othr'" in said
    assert "'other" not in said


def test_labels_of_all_kinds_are_found_and_none_in_code() -> None:
    code = "```{code-cell} ipython3\n# in code\n'''\n(no)=\n# No\n'''\n```\n"
    assert labels_in(f"{OTHER}\n{code}", "T") == {
        "other": "The other chapter",
        "other-part": "A part of it",
        "eq-other": "an equation of “T”",
        "ex-other": "an exercise of “T”",
        "eq-written": "an equation of “T”",
    }


@pytest.mark.check
@pytest.mark.parametrize(
    "without",
    [
        ["13-errors", "museum-of-bugs"],
        ["03-learning-rate"],
        [path.stem for path in chapter_files()[2:]],
    ],
    ids=["without the end", "without one in the middle", "only the first two"],
)
def test_the_book_without_some_chapters_builds_and_passes(
    tmp_path: Path, without: list[str]
) -> None:
    root = tmp_path / "fork"
    left = shutil.ignore_patterns("_build", ".venv", "*.egg-info", ".*", "student")
    shutil.copytree(ROOT, root, ignore=left)
    (root / "_build").mkdir()
    shutil.copytree(ROOT / "_build" / "cache", root / "_build" / "cache")
    shutil.copytree(ROOT / "_build" / "pictures", root / "_build" / "pictures")
    stems = [path.stem for path in chapter_files()]
    gone = [stem for stem in stems if stem in without]
    if not gone or len(gone) == len(stems):
        pytest.skip("this fork leaves them out already")
    contents = root / "_toc.yml"
    contents.write_text(leave_out(contents.read_text(), gone))

    def run(*arguments: str) -> str:
        done = subprocess.run(
            [sys.executable, *arguments],
            cwd=root,
            env={k: v for k, v in os.environ.items() if not k.startswith("PYTEST_")}
            | {"PYTHONPATH": str(root)},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    assert "executed in" not in run("tools/build_book.py")
    pages = {path.stem for path in (root / "_build/html/chapters").glob("*.html")}
    assert pages == {*stems} - {*gone}
    tests = ("chapters", "site", "references", "plots", "museum", "addresses")
    tests += ("notebooks", "slides")
    names = [f"tests/test_{name}.py" for name in tests]
    if len(pages) > 2:
        return  # the few that are left in another case are tested sooner
    run("-m", "pytest", "-q", "-p", "no:cacheprovider", *names)


# Own exercises

OWN = """\
```{exercise-start} Ours
:label: ex-ours
```

Print it.

```{exercise-end}
```

```{solution-start} ex-ours
:class: dropdown
```

```{code-cell} ipython3
print(f"ours: {make_line_data().y_train.size}")
```

```{solution-end}
```
"""
TAIL = "\n## Exercises\n\nThere are some.\n\n## Summary\n\nIt was small.\n"


@pytest.fixture
def owned(book: SmallBook) -> SmallBook:  # noqa: F811
    """Return a book with an exercise of its own."""
    book.chapter.write_text(book.chapter.read_text() + TAIL)
    (book.root / "exercises").mkdir()
    (book.root / "exercises" / "01-small.md").write_text(OWN)
    return book


def own(book: SmallBook, old: str, new: str) -> int:  # noqa: F811
    """Change the own exercises; return the line on which the change stands."""
    file = book.root / "exercises" / "01-small.md"
    assert OWN.count(old) == 1
    file.write_text(OWN.replace(old, new))
    return OWN[: OWN.index(old)].count("\n") + 1


@pytest.mark.check
def test_own_exercises_are_part_of_their_chapter(owned: SmallBook) -> None:
    status, said = owned.build()
    assert status == 0, said
    text = text_of(owned.site / "chapters" / "01-small.html")
    assert re.search(r"There are some.*Ours.*ours: \d+.*It was small", text)
    status, said = owned.test("-v")
    assert status == 0, said
    assert "5 passed" in said
    own(owned, "Print it.", "Print it all.")
    status, said = owned.build()
    assert status == 0, said
    assert "executed in" not in said
    assert "Print it all" in text_of(owned.site / "chapters" / "01-small.html")


@pytest.mark.check
def test_a_cell_that_fails_is_named_in_the_file_it_is_from(owned: SmallBook) -> None:
    line = own(owned, 'print(f"ours', 'raise ArithmeticError("odd")\nprint(f"ours') - 1
    status, said = owned.build()
    assert status == 1
    assert f"exercises/01-small.md:{line} Cell 3" in said
    own(owned, "Print it.", "Print it.")
    after = "\n```{code-cell} ipython3\nraise ArithmeticError\n```\n"
    owned.replace("It was small.\n", f"It was small.\n{after}")
    line = owned.chapter.read_text().split(after)[0].count("\n") + 2
    status, said = owned.build()
    assert status == 1
    assert f"chapters/01-small.md:{line} Cell 4" in said


@pytest.mark.check
def test_a_test_that_fails_names_the_file_it_is_from(owned: SmallBook) -> None:
    status, said = owned.build()
    assert status == 0, said
    notebook = nbformat.read(owned.executed, as_version=4)
    (output,) = notebook.cells[5].outputs
    output.text = output.text.replace("ours", "theirs")
    nbformat.write(notebook, owned.executed)
    status, said = owned.test()
    assert status == 1
    line = OWN[: OWN.index("```{code-cell}")].count("\n") + 1
    assert f"exercises/01-small.md:{line} Cell 3" in said


MISTAKES = {
    "See [](#nowhere).": "nowhere",
    "{nosuch}`role`": "nosuch",
    r"It is $\frac{1}{$.": "Missing close brace",
}


@pytest.mark.check
def test_what_sphinx_complains_of_is_named_too(owned: SmallBook) -> None:
    text = "\n\n".join(MISTAKES)
    line = own(owned, "Print it.", text)
    owned.replace("It was small.", text)
    below = owned.chapter.read_text().split(text)[0].count("\n") + 1
    status, said = owned.build()
    assert status == 1
    for number, complaint in enumerate(MISTAKES.values()):
        for name, first in (("exercises", line), ("chapters", below)):
            place = owned.root / name / f"01-small.md:{first + 2 * number}"
            assert re.search(rf"{re.escape(str(place))}: .*{complaint}", said), said


def test_a_cell_that_cannot_be_read_is_named_too(owned: SmallBook) -> None:
    line = own(owned, "print(f", "---\nmystnb: [\n---\nprint(f") - 1
    status, said = owned.build()
    assert status == 1
    assert f"exercises/01-small.md:{line}" in said


@pytest.mark.check
def test_own_exercises_of_no_chapter_are_named(owned: SmallBook) -> None:
    folder = owned.root / "exercises"
    (folder / "01-small.md").rename(folder / "01-smal.md")
    complaint = "exercises/01-smal.md belongs to no chapter. Give it the name of one"
    status, said = owned.build()
    assert status == 1
    assert complaint in said
    status, said = owned.test()
    assert status != 0
    assert complaint in said
    assert "Traceback" not in said


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        (f"---\na: b\n---\n{OWN}", "exercises/01-small.md:1 begins with a header"),
        (OWN, "has no line '## Summary'"),
    ],
)
def test_own_exercises_that_cannot_be_put_in_are_refused(
    owned: SmallBook, text: str, complaint: str
) -> None:
    (owned.root / "exercises" / "01-small.md").write_text(text)
    if "Summary" in complaint:
        owned.replace("## Summary", "## The end")
    status, said = owned.build()
    assert status == 1
    assert complaint in said
    assert "Traceback" not in said


@pytest.mark.check
def test_the_student_edition_has_own_exercises_and_not_their_solutions(
    owned: SmallBook,
) -> None:
    status, said = owned.build(BOOK_EDITION="student")
    assert status == 0, said
    text = text_of(owned.root / "_build" / "student" / "chapters" / "01-small.html")
    assert "Print it." in text
    assert "ours:" not in text


lines = st.lists(st.sampled_from(["a", "", "# b", "```"]), max_size=6)


@given(before=lines, own=lines, after=lines)
def test_each_line_of_the_whole_is_found_in_its_file(
    tmp_path_factory: pytest.TempPathFactory,
    before: list[str],
    own: list[str],
    after: list[str],
) -> None:
    root = tmp_path_factory.mktemp("places")
    with pytest.MonkeyPatch.context() as patch:
        for name in ("CHAPTERS", "OWN"):
            patch.setattr(own_exercises, name, root / name)
            (root / name).mkdir()
        chapter, ours = root / "CHAPTERS" / "a.md", root / "OWN" / "a.md"
        chapter.write_text("\n".join([*before, "## Summary", *after, ""]))
        ours.write_text("".join(f"{line}\n" for line in own))
        whole = chapter_text(chapter).splitlines()
        there = {path: path.read_text().splitlines() for path in (chapter, ours)}
        seen = []
        for number, line in enumerate(whole, 1):
            path, place = place_of(chapter, number)
            if number != len(before) + len(own) + 1:  # the blank line between
                assert there[path][place - 1] == line
                seen.append((path, place))
        assert len(seen) == len({*seen}) == sum(map(len, there.values()))


@pytest.mark.check
def test_an_own_exercise_is_begun_in_a_form_that_builds(book: SmallBook) -> None:  # noqa: F811
    book.chapter.write_text(book.chapter.read_text() + TAIL)
    path = begin("01", book.root)
    assert path == book.root / "exercises" / "01-small.md"
    status, said = book.build()
    assert status == 0, said
    with pytest.raises(ValueError, match="is there already"):
        begin("01-small", book.root)
    for name in ("", "7"):
        with pytest.raises(ValueError, match=r"names none(.|\n)*01-small"):
            begin(name, book.root)
    assert list(path.parent.iterdir()) == [path]
