"""What the outputs of a chapter depend on, and the name that it gives their cache."""

import os
import re
from dataclasses import fields, replace
from importlib.metadata import packages_distributions
from pathlib import Path
from types import SimpleNamespace

import pytest
from book import ROOT, chapter_files, read_chapter
from packaging.utils import canonicalize_name
from small_book import SmallBook, write_small_book

from booktools import environment
from booktools.environment import (
    Environment,
    hash_file,
    hash_files,
    library_versions,
    number_of_jobs,
    positive_number,
    prepare_environment,
    read_code,
    set_variables,
    tracked_variables,
)
from booktools.errors import AuthorError
from booktools.pytest_chapters import pytest_xdist_auto_num_workers
from booktools.sphinx.notebooks import imported_modules
from booktools.yaml_files import read_text
from helpers.data import find_mnist

HERE = Environment(
    digits="d",
    device="cpu",
    run="full",
    python="3",
    machine="m",
    threads="1",
    versions={"numpy": "2"},
    files={"helpers/data.py": "0"},
    variables={},
)


@pytest.fixture(autouse=True)
def _variables_are_put_back(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "environ", os.environ.copy())
    find_mnist.cache_clear()


@pytest.fixture
def book(tmp_path: Path) -> SmallBook:
    return write_small_book(tmp_path / "book")


@pytest.fixture
def root(book: SmallBook) -> Path:
    return book.root


def hash_files_of(root: Path) -> dict[str, str]:
    return hash_files(root, read_code(root))


@pytest.mark.parametrize("field", [field.name for field in fields(Environment)])
def test_the_fingerprint_changes_with_every_part(field: str) -> None:
    is_text = isinstance(getattr(HERE, field), str)
    other = replace(HERE, **{field: "another" if is_text else {"another": "1"}})
    assert re.fullmatch("[0-9a-f]{16}", HERE.fingerprint)
    assert other.fingerprint != HERE.fingerprint == replace(HERE).fingerprint


@pytest.mark.parametrize(
    ("name", "value", "field"),
    [
        ("OMP_NUM_THREADS", "2", "threads"),
        ("MKL_CBWR", "COMPATIBLE", "variables"),
        ("CUDA_VISIBLE_DEVICES", "", "variables"),
        ("NUMBA_DISABLE_JIT", "1", "variables"),
        ("TZ", "Asia/Tokyo", "variables"),
        ("BOOK_RUN", "quick", "run"),
    ],
)
def test_variables_count(monkeypatch, root, name, value, field) -> None:
    monkeypatch.delenv(name, raising=False)
    before = prepare_environment(root)
    monkeypatch.setenv(name, value)
    after = prepare_environment(root)
    changed = [name for name, it in vars(after).items() if it != vars(before)[name]]
    assert field in changed
    assert {*changed} <= {field, "variables"}  # where threads are as well
    results = root / environment.RESULTS / after.fingerprint
    assert os.environ["BOOK_RESULTS_DIR"] == str(results)


def test_each_file_is_read_once(monkeypatch: pytest.MonkeyPatch, root: Path) -> None:
    read: list[Path] = []

    def note(path: Path, name: str) -> str:
        read.append(path)
        return read_text(path, name)

    monkeypatch.setattr(environment, "read_text", note)
    prepare_environment(root)
    assert root / "chapters" / "01-small.md" in read
    assert len(set(read)) == len(read)


@pytest.mark.parametrize(
    "code",
    [
        "os.environ['COURSE']",
        'os.environ.get("COURSE", 1)',
        'os.environ.get(\n    "COURSE")',
        "getenv('COURSE')",
    ],
)
def test_a_variable_that_a_chapter_reads_counts(
    monkeypatch: pytest.MonkeyPatch, book: SmallBook, code: str
) -> None:
    monkeypatch.setenv("COURSE", "2026")
    assert "COURSE" not in tracked_variables(read_code(book.root))
    book.add_cell(code)
    assert tracked_variables(read_code(book.root))["COURSE"] == "2026"


def test_the_machine_counts(monkeypatch: pytest.MonkeyPatch, root: Path) -> None:
    monkeypatch.setattr("platform.python_version", lambda: "3.99.0")
    monkeypatch.setattr("platform.machine", lambda: "abacus")
    monkeypatch.setattr(environment, "find_mnist", lambda: None)
    here = prepare_environment(root)
    assert here.python == "3.99.0"
    assert "abacus" in here.machine
    assert any(word in here.machine for word in ("openblas", "mkl", "blis", "Darwin"))
    assert (
        os.environ["BOOK_OFFLINE"] == "1"
    )  # otherwise all kernels would try the network


# The libraries


def test_all_that_chapters_import_counts_and_nothing_else() -> None:
    versions = library_versions(read_code(ROOT))
    providers = packages_distributions()
    cells = [cell for path in chapter_files() for cell in read_chapter(path).cells]
    code = [cell.source for cell in cells if cell.cell_type == "code"]
    needed = set().union(*map(imported_modules, code)) & providers.keys()
    ours = {"helpers", "interactive", "booktools", "figures"}
    assert needed >= {"numpy", "torch", "sklearn"}
    for module in needed - ours:
        names = {canonicalize_name(name) for name in providers[module]}
        assert names & versions.keys(), module
    assert {"pillow", "traitlets"} <= versions.keys()  # what those require
    assert not {"ruff", "sphinx", "nbval", "jupyter-book"} & versions.keys()


def test_what_a_chapter_begins_to_import_counts(book: SmallBook) -> None:
    assert "pyyaml" not in library_versions(read_code(book.root))
    book.add_cell("import os, yaml")
    assert "pyyaml" in library_versions(read_code(book.root))


# The files


def test_what_makes_and_executes_chapters_counts(root: Path) -> None:
    found = hash_files_of(root)
    kept = {f"helpers/{path.name}" for path in (ROOT / "helpers").glob("*.py")}
    kept |= {
        f"booktools/{name}.py"
        for name in (
            *("environment", "execute", "ipython_kernel_config", "kernels"),
            *("outputs", "tracebacks"),
        )
    }
    assert kept | {"interactive/explorable.py"} <= found.keys()


@pytest.mark.parametrize(
    "name",
    [
        *("chapters/table.csv", "chapters/data/a.npy", "chapters/beside.py"),
        *("data/table.csv", "data/notes.md", "more/_data/b", "helpers/table.json"),
        "chapters/tasks/small.py",
        *("figures/photo.png", "table.txt", "settings.yml", "chapters/matplotlibrc"),
    ],
)
def test_every_file_that_a_chapter_could_read_counts(root: Path, name: str) -> None:
    before = hash_files_of(root)
    (root / name).parent.mkdir(parents=True, exist_ok=True)
    (root / name).write_text("1")
    first = hash_files_of(root)
    assert set(first) - set(before) == {name}
    (root / name).write_text("2")
    assert hash_files_of(root) != first


@pytest.mark.parametrize("name", ["notes.md", "../_static/a.png", "../.env", "{}/b c"])
def test_a_file_that_a_chapter_names_counts_wherever_it_is(
    book: SmallBook, tmp_path: Path, name: str
) -> None:
    name = name.format(tmp_path)
    book.add_cell(f"open({name!r})")
    key = f"chapters/01-small.md: {name}"
    assert key not in hash_files_of(book.root)
    (book.root / "chapters" / name).write_text("1")
    before = hash_files_of(book.root)
    (book.root / "chapters" / name).write_text("2")
    assert hash_files_of(book.root)[key] != before[key]


@pytest.mark.parametrize("text", ["é" * 190 + "/b", "a.\0"])
def test_a_text_that_can_name_no_file_is_only_a_text(
    book: SmallBook, text: str
) -> None:
    before = hash_files_of(book.root)
    book.add_cell(f"print('{text}')")
    assert hash_files_of(book.root) == before


def test_a_file_that_nobody_may_read_is_only_a_text(
    monkeypatch: pytest.MonkeyPatch, book: SmallBook
) -> None:
    book.add_cell("print('../index.md')")
    assert "chapters/01-small.md: ../index.md" in hash_files_of(book.root)
    monkeypatch.setattr(os, "access", lambda path, mode: False)
    assert "chapters/01-small.md: ../index.md" not in hash_files_of(book.root)


def test_what_a_module_beside_the_chapters_uses_counts(
    monkeypatch: pytest.MonkeyPatch, root: Path
) -> None:
    monkeypatch.setenv("COURSE", "2026")
    (root / "table").write_text("1")
    module = root / "chapters" / "beside.py"
    module.write_text("import os, yaml\nos.environ['COURSE']\nopen('../table')\n")
    assert "pyyaml" in library_versions(read_code(root))
    assert "COURSE" in tracked_variables(read_code(root))
    assert "chapters/beside.py: ../table" in hash_files_of(root)


@pytest.mark.parametrize(
    "name",
    [
        *(
            "chapters/02-other.md",
            "chapters/.hidden",
            "chapters/Untitled.ipynb",
            "chapters/.#01-small.md",
        ),
        *("chapters/.ipynb_checkpoints/a.csv", "_config.yml", "_static/a.png"),
        *("theme/static/book.css", "figures/neuron.svg", "reference/references.bib"),
        *("tests/a.csv", "_build/a.csv", "venv/pyvenv.cfg", "index.md"),
        "a_book.egg-info/PKG-INFO",
    ],
)
def test_what_no_chapter_reads_does_not_count(root: Path, name: str) -> None:
    before = hash_files_of(root)
    (root / name).parent.mkdir(parents=True, exist_ok=True)
    (root / name).write_text("1")
    assert hash_files_of(root) == before


def test_links_are_followed_once_and_dangling_ones_left_alone(
    root: Path, tmp_path: Path
) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "table.csv").write_text("1")
    (root / "data").symlink_to(tmp_path / "elsewhere")
    (root / "chapters" / "round").symlink_to(root)
    before = hash_files_of(root)
    assert "data/table.csv" in before
    assert len(before) < 100
    (root / "dangling").symlink_to(tmp_path / "nowhere")
    assert hash_files_of(root) == before


def test_a_large_file_is_read_in_pieces_and_once(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(environment, "LARGE_FILE", 3)
    path = tmp_path / "large"
    path.write_text("1234")
    first = hash_file(path)
    monkeypatch.setattr(Path, "open", None)
    assert hash_file(path) == first
    monkeypatch.undo()
    path.write_text("12345")
    assert hash_file(path) != first


@pytest.mark.parametrize("limit", [0, 2**20])
def test_a_file_that_cannot_be_read_is_named(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, limit: int
) -> None:
    monkeypatch.setattr(environment, "LARGE_FILE", limit)
    for path, fault in ((tmp_path, "Is a directory"), (tmp_path / "a", "No such file")):
        for read in (hash_file, lambda path: read_text(path, path)):
            with pytest.raises(AuthorError, match=f"{path}: this .* read: {fault}"):
                read(path)


# What kernels inherit


def test_kernels_inherit_what_makes_them_alike(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    unset = (
        *("COLUMNS", "FORCE_COLOR", "JUPYTER_PATH", "NO_COLOR", "PYTHONDEBUG"),
        *("PYTHONDEVMODE", "PYTHONINSPECT", "PYTHONOPTIMIZE", "PYTHONPATH"),
        *("PYTHONSTARTUP", "PYTHONUTF8", "PYTHONWARNINGS", "PYTHON_COLORS"),
    )
    for name in (*unset, "MATPLOTLIBRC", "IPYTHONDIR", "MPLBACKEND"):
        monkeypatch.setenv(name, "1")
    monkeypatch.setenv("OMP_NUM_THREADS", "3")
    monkeypatch.setenv("MKL_NUM_THREADS", "8")
    monkeypatch.setenv("MNIST_DIR", "data")
    monkeypatch.chdir(tmp_path)
    set_variables(tmp_path)
    assert not {*unset} & os.environ.keys()
    assert "inline" in os.environ["MPLBACKEND"]
    assert (Path(os.environ["MATPLOTLIBRC"]) / "matplotlibrc").is_file()
    assert os.environ["MKL_NUM_THREADS"] == os.environ["OPENBLAS_NUM_THREADS"] == "3"
    assert os.environ["PYTHONHASHSEED"] == "0"
    assert os.environ["MNIST_DIR"] == str(tmp_path / "data")
    assert Path(os.environ["IPYTHONDIR"]).is_relative_to(tmp_path)


# How many at once


def test_every_thread_of_every_chapter_has_a_core(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(environment, "cpu_count", lambda: 8)
    monkeypatch.delenv("JOBS", raising=False)
    for threads, jobs in (("1", 8), ("2", 4), ("3", 2), ("16", 1)):
        monkeypatch.setenv("OMP_NUM_THREADS", threads)
        assert number_of_jobs() == jobs
    monkeypatch.setenv("JOBS", "5")
    assert number_of_jobs() == 5


@pytest.mark.parametrize("asked", ["0", "-1", "1.5", "two", " 2"])
def test_a_number_is_a_positive_integer(
    monkeypatch: pytest.MonkeyPatch, asked: str
) -> None:
    monkeypatch.setenv("JOBS", asked)
    with pytest.raises(AuthorError, match=f"JOBS={asked} is not a number of chapters"):
        positive_number("JOBS", 4, "chapters")
    monkeypatch.setenv("JOBS", "")
    assert positive_number("JOBS", 4, "chapters") == 4


@pytest.mark.parametrize(
    ("marks", "jobs", "workers"),
    [("not slow", "", 5), ("slow and not serial", "", 4), ("not slow", "2", 2)],
)
def test_quick_tests_have_a_worker_to_spare(
    monkeypatch: pytest.MonkeyPatch, marks: str, jobs: str, workers: int
) -> None:
    monkeypatch.setattr(environment, "cpu_count", lambda: 4)
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    monkeypatch.setenv("JOBS", jobs)
    config = SimpleNamespace(option=SimpleNamespace(markexpr=marks))
    assert pytest_xdist_auto_num_workers(config) == workers
