"""A pytest plugin that runs the chapters with nbval: one test per cell.

Each cell is executed again and its outputs, including images, are compared
with those of the executed chapter that `make book` saved beside the site. A
chapter without such a reference, or with one that is out of date, fails before
its first cell.
"""

import os
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbval.plugin import IPyNbCell, IPyNbFile

from booktools.build import executed_file, read_records
from booktools.environment import number_of_jobs, prepare_environment
from booktools.errors import AuthorError
from booktools.kernels import preload_kernels
from booktools.outputs import normalise
from booktools.sources import cell_place, read_chapter
from booktools.toc import chapter_files, chapter_name
from helpers import load_digits, requested_device

FINGERPRINT = pytest.StashKey[str]()
CHAPTERS = pytest.StashKey[list[Path]]()


def pytest_configure(config: pytest.Config) -> None:
    """Check device and data once, before any chapter runs."""
    try:
        config.stash[CHAPTERS] = chapter_files(config.rootpath)
    except AuthorError as error:
        raise pytest.UsageError(str(error)) from None
    if hasattr(config, "workerinput"):  # the controlling process has already checked
        config.stash[FINGERPRINT] = config.workerinput["fingerprint"]
        return
    try:
        with warnings.catch_warnings(action="ignore"):  # the header reports it
            environment = prepare_environment(config.rootpath)
    except AuthorError as error:
        raise pytest.UsageError(str(error)) from None
    config.stash[FINGERPRINT] = environment.fingerprint


def pytest_configure_node(node: Any) -> None:
    """Pass the fingerprint on to a worker process."""
    node.workerinput["fingerprint"] = node.config.stash[FINGERPRINT]


@pytest.hookimpl(tryfirst=True)  # before xdist's own, which counts cores
def pytest_xdist_auto_num_workers(config: pytest.Config) -> int:
    """Return how many worker processes to start.

    This is ``JOBS``, or else the number of chapters that the build would run at
    once. Quick tests get one more, since they wait for other processes about a
    third of the time; a browser keeps the cores busy by itself.
    """
    spare = config.option.markexpr == "not slow" and not os.environ.get("JOBS")
    try:
        return number_of_jobs() + spare
    except AuthorError as error:
        raise pytest.UsageError(str(error)) from None


def pytest_report_header() -> str:
    """Return which data and which device the tests use."""
    return f"digits: {load_digits().name}; device: {requested_device()}"


def pytest_collect_file(
    file_path: Path, parent: pytest.Collector
) -> "ChapterFile | None":
    """Collect the chapters in the table of contents, and no other Markdown files."""
    if file_path in parent.config.stash[CHAPTERS]:
        return ChapterFile.from_parent(parent, path=file_path)
    return None


def pytest_collection_modifyitems(
    config: pytest.Config, items: list[pytest.Item]
) -> None:
    """Run the chapters first, the longest ones before the others."""
    records = read_records(config.rootpath)

    def rank(item: pytest.Item) -> float:
        if not isinstance(item.parent, ChapterFile):
            return 1.0
        name = chapter_name(config.rootpath, item.path)
        return -records.get(name, {}).get("seconds", 0.0)

    items.sort(key=rank)


class ChapterFile(IPyNbFile):
    """A chapter: the check of its reference, then its cells."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        # nbval skips images; ours are identical from run to run.
        self.skip_compare: Any = tuple(
            key for key in self.skip_compare if not key.startswith("image/")
        )

    def setup(self) -> None:
        """Start a kernel that executes a cell as the build does.

        nbval executes without history, and then a semicolon at the end of a
        cell does not suppress its result.
        """
        if hasattr(self.config, "workerinput"):  # which has several chapters
            preload_kernels()
        super().setup()
        kernel: Any = self.kernel

        def execute(source: str, allow_stdin: bool | None = None) -> str:
            return kernel.kc.execute(
                source, allow_stdin=allow_stdin, stop_on_error=False
            )

        kernel.execute_cell_input = execute

    def collect(self) -> Iterator[pytest.Item]:
        """Yield the check of the reference, then one test per code cell."""
        root = self.config.rootpath
        chapter = read_chapter(root, self.path)
        reference_path = executed_file(root, self.path)
        reference, fault = None, "make book has not built this chapter"
        if reference_path.is_file():
            reference = nbformat.read(reference_path, as_version=4)
            fault = _fault(chapter, reference, self.config.stash[FINGERPRINT])
        yield ReferenceItem.from_parent(self, name="reference", fault=fault)
        self.nb = chapter if fault or reference is None else reference
        cells = [cell for cell in self.nb.cells if cell.cell_type == "code"]
        indices = [i for i, c in enumerate(chapter.cells) if c.cell_type == "code"]
        for number, (index, cell) in enumerate(zip(indices, cells, strict=True)):
            if not cell.source.strip():
                continue
            tags = cell.metadata.get("tags", [])
            yield ChapterCell.from_parent(
                self,
                name=f"Cell {number}",
                cell_num=number,
                cell=cell,
                options={
                    "skip": False,
                    "check": not (fault or "nbval-ignore-output" in tags),
                    "check_exception": "raises-exception" in tags,
                },
                place=cell_place(chapter, index),
            )


def _fault(
    chapter: nbformat.NotebookNode,
    reference: nbformat.NotebookNode,
    fingerprint: str,
) -> str:
    """Return why a reference is not usable, or an empty string if it is."""
    if reference.metadata.get("fingerprint") != fingerprint:
        return "it was built with different helpers, data, device, threads or versions"
    ours, theirs = (
        [cell for cell in notebook.cells if cell.cell_type == "code"]
        for notebook in (chapter, reference)
    )
    if [_code(cell) for cell in ours] != [_code(cell) for cell in theirs]:
        return "the code was changed after it was built"
    if any(cell.execution_count is None for cell in theirs if cell.source.strip()):
        return "one of its cells was not executed"  # nbval would not compare it
    return ""


def _code(cell: nbformat.NotebookNode) -> tuple[str, list[str]]:
    return cell.source, list(cell.metadata.get("tags", []))


class ReferenceItem(pytest.Item):
    """Checks that the chapter has a reference and that it is up to date."""

    def __init__(self, *, fault: str, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.fault = fault

    def runtest(self) -> None:
        """Fail if the reference is not usable."""
        if self.fault:
            pytest.fail(
                f"Nothing to compare the outputs with: {self.fault}. Type: make book",
                pytrace=False,
            )

    def reportinfo(self) -> tuple[Path, int, str]:
        """Return the chapter's file and name."""
        return self.path, 0, f"{self.path.relative_to(self.config.rootpath)} reference"


class ChapterCell(IPyNbCell):
    """A code cell, reported with its line in the Markdown file."""

    def __init__(self, *args: Any, place: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.place = place

    def sanitize(self, s: Any) -> Any:
        """Return a part of an output as the build keeps it."""
        return normalise(s, self.config.rootpath)

    def reportinfo(self) -> tuple[Path, int, str]:
        """Return file, line and cell."""
        file, _, line = self.place.rpartition(":")
        return self.config.rootpath / file, int(line) - 1, f"{self.place} {self.name}"
