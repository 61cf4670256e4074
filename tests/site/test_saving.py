"""What becomes of a chapter that Jupyter opens and saves."""

import shutil
from pathlib import Path

import pytest
from book import ROOT, chapter_files, read_chapter
from jupytext import TextFileContentsManager
from nbformat import NotebookNode


def contents(notebook: NotebookNode) -> list[tuple[str, str, dict]]:
    return [(cell.cell_type, cell.source, cell.metadata) for cell in notebook.cells]


@pytest.mark.parametrize("chapter", chapter_files(), ids=lambda path: path.stem)
def test_saving_a_chapter_changes_at_most_how_options_are_folded(
    chapter: Path, tmp_path: Path
) -> None:
    shutil.copy(ROOT / "jupytext.toml", tmp_path)
    saved = Path(shutil.copy(chapter, tmp_path))
    manager = TextFileContentsManager(root_dir=str(tmp_path))
    model = manager.get(saved.name, type="notebook")
    model["content"]["metadata"]["language_info"] = {"name": "python"}  # by a kernel
    manager.save(model, saved.name)
    before, after = chapter.read_text(), saved.read_text()
    assert after.partition("\n\n")[0] == before.partition("\n\n")[0]
    assert contents(read_chapter(saved)) == contents(read_chapter(chapter))
    assert prose(after) == prose(before)


def prose(text: str) -> list[str]:
    """Return the lines of a chapter, without the options of its cells."""
    lines, in_options, fence = [], False, ""
    for line in text.splitlines():
        if line == "---" and (in_options or fence.startswith("```{code-cell}")):
            in_options = not in_options
        elif not in_options:
            lines.append(line)
        fence = line
    return lines
