"""What readers get in a fresh environment: on Binder, and in an empty folder.

Binder makes an image from the folder ``binder`` with repo2docker. Here the
commands that repo2docker would run in the image run in a virtual environment
and a copy of the repository. The same packages, without the helpers, stand in
for Colab.
"""

import json
import os
import re
import shutil
import subprocess
import sys
import time
import warnings
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import chdir, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from urllib.request import urlopen

import nbformat
import pytest
from book import CHAPTERS, FIRST, ROOT, SITE, executed, git
from playwright.sync_api import BrowserContext, expect

from booktools.environment import TRACKED_PREFIXES
from booktools.export import export
from booktools.sphinx.book import Book
from booktools.sphinx.notebooks import first_cell, needed_packages

with warnings.catch_warnings(action="ignore"):  # of modules that have moved
    from repo2docker.app import Repo2Docker
    from repo2docker.buildpacks import BuildPack, PythonBuildPack

pytestmark = pytest.mark.slow

MEGABYTES = 1350  # that the packages may take on disk, without what Python compiles
WAIT = 60_000  # milliseconds for JupyterLab, and what it does in a browser
ADDRESS = re.compile(r"http://127\.0\.0\.1:\d+/lab\?token=\w+")
LEFT_OUT = ("_build", ".venv", ".git", "*.egg-info", ".*_cache", ".hypothesis")
CPU_INDEX = "https://download.pytorch.org/whl/cpu"
REPOSITORY = "https://github.com/example/book"
WITH_PYTORCH = {"10-backprop-autograd"} & set(CHAPTERS)
# NumPy, the digits, and PyTorch with files that it writes and reads.
ALONE = {"01-gradient-descent", "05-softmax-regression", "14-mlp-pytorch"}
PACKAGES = "lib/python{}.{}/site-packages".format(*sys.version_info)


@dataclass
class Binder:
    """A repository as Binder has it, and what was installed for it."""

    home: Path
    environment: Path
    recipe: BuildPack

    @property
    def start(self) -> str:
        """The script that Binder starts programs through."""
        return self.recipe.get_start_script().replace("${REPO_DIR}", str(self.home))

    @property
    def variables(self) -> dict[str, str]:
        """Those that an image sets, and how pip reaches its packages here."""
        kept = ("PIP_", "SSL_", "LANG", "LC_", "http", "HTTP", "no_proxy", "NO_PROXY")
        kept += TRACKED_PREFIXES  # or its BLAS may round otherwise than the book's
        here = {name: it for name, it in os.environ.items() if name.startswith(kept)}
        prefix = str(self.environment)
        return here | {
            "HOME": str(self.home),
            "REPO_DIR": str(self.home),
            "NB_PYTHON_PREFIX": prefix,
            "KERNEL_PYTHON_PREFIX": prefix,
            "PATH": f"{prefix}/bin{os.pathsep}{os.environ['PATH']}",
            "BOOK_OFFLINE": "1",
            "PIP_NO_COMPILE": "0",  # pip's spelling of --no-compile
        }

    def run(self, script: str) -> None:
        done = subprocess.run(
            ["bash", "-euc", script],
            cwd=self.home,
            env=self.variables,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        assert done.returncode == 0, done.stdout


def choose_recipe(folder: Path) -> BuildPack:
    """Return what repo2docker chooses to make an image of a folder."""
    with chdir(folder):
        for kind in Repo2Docker().buildpacks:
            recipe = kind(base_image="")
            recipe.platform = "linux/amd64"
            if recipe.detect():
                # It looks into the folder now, and remembers.
                recipe.render()
                return recipe
    raise AssertionError("repo2docker does not know what to do.")


@pytest.fixture(scope="module")
def binder(tmp_path_factory: pytest.TempPathFactory) -> Binder:
    """Do in a copy of the repository what repo2docker would do in an image."""
    top = tmp_path_factory.mktemp("binder")
    home, environment = top / "home", top / "environment"
    shutil.copytree(ROOT, home, ignore=shutil.ignore_patterns(*LEFT_OUT))
    wanted = home / "binder" / "requirements.txt"
    text = wanted.read_text()
    assert CPU_INDEX in text
    if not is_there(CPU_INDEX):  # then pip finds PyTorch where `make setup` does
        wanted.write_text(text.replace(f"--extra-index-url {CPU_INDEX}\n", ""))
    it = Binder(home, environment, choose_recipe(home))
    subprocess.run([sys.executable, "-m", "venv", environment], check=True)
    for _, script in it.recipe.get_preassemble_scripts():
        it.run(script)
    for _, script in it.recipe.get_assemble_scripts():
        it.run(script)
    for script in it.recipe.get_post_build_scripts():
        it.run(f"./{script}")
    return it


def is_there(address: str) -> bool:
    with suppress(OSError), urlopen(f"{address}/", timeout=5):
        return True
    return False


@pytest.fixture(scope="module")
def lab(binder: Binder) -> Iterator[str]:
    """Start JupyterLab, and give its address, with the token that it accepts."""
    command = [binder.start, "jupyter", "lab", "--no-browser", "--allow-root"]
    command += ["--ip=127.0.0.1", "--port=0"]  # any free one
    log = binder.home.with_name("lab.log")
    with (
        log.open("w") as said,
        subprocess.Popen(
            command, cwd=binder.home, env=binder.variables, stdout=said, stderr=said
        ) as process,
    ):
        try:
            give_up = time.monotonic() + WAIT / 1000
            while not (found := ADDRESS.search(log.read_text())):
                assert process.poll() is None, log.read_text()
                assert time.monotonic() < give_up, log.read_text()
                time.sleep(0.1)
            yield found[0]
        finally:
            process.terminate()  # it ends its kernels before itself


def run_chapter(binder: Binder, path: str) -> None:
    """Make a notebook of a file, as JupyterLab does, and execute its cells."""
    opened = (binder.home / path).with_suffix(".opened.ipynb")
    binder.run(f"{binder.start} jupytext --quiet --output {opened} {path}")
    binder.run(f"{binder.start} jupyter execute --timeout=300 {opened}")


# On Binder


def test_binder_installs_with_the_python_that_the_tests_run_on(binder: Binder) -> None:
    assert isinstance(binder.recipe, PythonBuildPack)
    text = (ROOT / ".github" / "workflows" / "test.yml").read_text()
    assert f'"{binder.recipe.python_version}"' in text


@pytest.mark.parametrize("chapter", [FIRST, *WITH_PYTORCH])
def test_a_chapter_opens_as_a_notebook_and_runs(chapter: str, binder: Binder) -> None:
    run_chapter(binder, f"chapters/{chapter}.md")


def test_what_every_chapter_needs_is_installed(binder: Binder, book: Book) -> None:
    cells = [cell for chapter in CHAPTERS for cell in executed(chapter).cells]
    every = nbformat.NotebookNode(cells=cells)
    needed = [package.partition(" @ ")[0] for package in needed_packages(book, every)]
    assert len(needed) > 4
    versions = f"from importlib.metadata import version; [*map(version, {needed})]"
    binder.run(f'python -c "{versions}"')


def test_the_branch_of_notebooks_is_installed_and_run_alike(
    binder: Binder, book: Book, tmp_path: Path
) -> None:
    branch = tmp_path / "branch"
    export(book, SITE, branch, outputs=False)
    recipe = choose_recipe(branch)
    assert type(recipe) is type(binder.recipe)
    assert recipe.python_version == binder.recipe.python_version
    assert recipe.get_assemble_scripts() == binder.recipe.get_assemble_scripts()
    assert recipe.get_post_build_scripts() == binder.recipe.get_post_build_scripts()
    for name in ("helpers", "pyproject.toml", "constraints.txt"):
        assert (branch / name).exists()
    shutil.copytree(branch / "chapters", binder.home / "notebooks")
    run_chapter(binder, f"notebooks/{FIRST}.ipynb")


def test_the_environment_is_within_its_budget(
    binder: Binder, capsys: pytest.CaptureFixture[str]
) -> None:
    files = [
        path
        for path in binder.environment.rglob("*")
        if path.is_file() and not path.is_symlink() and path.suffix != ".pyc"
    ]
    megabytes = sum(path.stat().st_size for path in files) / 1e6
    with capsys.disabled():
        print(f"\nWhat Binder installs takes {megabytes:.0f} MB of {MEGABYTES}.")
    assert megabytes < MEGABYTES


def test_pytorch_comes_without_cuda(binder: Binder) -> None:
    binder.run("python -c 'import torch; assert torch.version.cuda is None'")


def test_chapters_compute_as_they_are_told_to(binder: Binder) -> None:
    cells = ["import os", "assert os.environ['BOOK_DEVICE'] == 'auto'", "import torch"]
    cells += ["assert torch.get_num_threads() == 1", "import helpers", "1 / 1"]
    blocks = "".join(f"```{{code-cell}} ipython3\n{cell}\n```\n\n" for cell in cells)
    chapter = ROOT / "chapters" / f"{FIRST}.md"
    header = chapter.read_text().partition("\n\n")[0]
    (binder.home / "elsewhere").mkdir()
    (binder.home / "elsewhere" / "notes.md").write_text(f"{header}\n\n{blocks}")
    run_chapter(binder, "elsewhere/notes.md")


def test_a_click_on_a_chapter_opens_a_notebook_that_runs(
    lab: str, context: BrowserContext
) -> None:
    page = context.new_page()
    page.set_default_timeout(WAIT)
    page.goto(lab.replace("lab?", "lab/tree/chapters?"))
    page.locator(f".jp-DirListing-item[title*='{FIRST}.md']").dblclick()
    cell = page.locator(".jp-NotebookPanel .jp-CodeCell").first
    # Until there is a kernel, JupyterLab goes on without running a cell.
    expect(page.locator("#jp-main-statusbar")).to_contain_text("| Idle", timeout=WAIT)
    cell.locator(".jp-InputArea-editor").click()
    page.keyboard.press("Shift+Enter")
    expect(cell.locator(".jp-InputPrompt")).to_have_text("[1]:", timeout=WAIT)
    expect(page.locator(".jp-FileEditor")).to_have_count(0)


# In an empty folder, without the helpers


@pytest.fixture(scope="module")
def clone(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A clone of this book as it is now, changes included."""
    folder = tmp_path_factory.mktemp("clone")
    shutil.copytree(
        ROOT, folder, ignore=shutil.ignore_patterns(*LEFT_OUT), dirs_exist_ok=True
    )
    git(folder, "init", "--quiet")
    git(folder, "add", ".")
    git(folder, "commit", "--quiet", "--message", "All")
    return folder


def make_environment(folder: Path, given: Path) -> Path:
    """Make one that shares all packages but the helpers; return its Python."""
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", folder], check=True)
    for package in (given / PACKAGES).iterdir():
        if "gradient_descent_to_mlp" not in package.name:
            (folder / PACKAGES / package.name).symlink_to(package)
    return folder / "bin" / "python"


def test_notebooks_run_in_an_empty_folder_and_install_the_helpers(
    binder: Binder, clone: Path, book: Book, tmp_path: Path
) -> None:
    revision = git(clone, "rev-parse", "HEAD")
    there = replace(book, repository=REPOSITORY, revision=revision)
    export(there, SITE, tmp_path / "branch", outputs=False)
    variables = binder.variables | {
        "HOME": str(tmp_path),
        "OMP_NUM_THREADS": "1",  # as when the book was built
        "OPENBLAS_NUM_THREADS": "1",
        "PYTHONHASHSEED": "0",
        # What pip asks of the repository on the web, the clone answers.
        "GIT_CONFIG_COUNT": "1",
        "GIT_CONFIG_KEY_0": f"url.{clone.as_uri()}.insteadOf",
        "GIT_CONFIG_VALUE_0": REPOSITORY,
    }

    def run(chapter: str) -> None:
        exported = tmp_path / "branch" / "chapters" / f"{chapter}.ipynb"
        notebook = nbformat.read(exported, as_version=4)
        notebook.cells[0] = first_cell(there, executed(chapter))
        again = nbformat.v4.new_code_cell(notebook.cells[0].source)
        notebook.cells.append(again)
        place = tmp_path / chapter
        python = make_environment(place, binder.environment)
        alone = place / "empty" / "notebook.ipynb"
        alone.parent.mkdir()
        nbformat.write(notebook, alone)
        execute = "from nbclient.cli import main; main()"
        done = subprocess.run(
            [python, "-c", execute, "--inplace", "--timeout=300", alone],
            env=variables,
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, done.stderr
        assert list(alone.parent.iterdir()) == [alone], "a chapter leaves a file"
        notebook = nbformat.read(alone, as_version=4)
        first, *cells = (cell for cell in notebook.cells if cell.cell_type == "code")
        assert f"git+{REPOSITORY}@{revision}" in first.outputs[0].text
        *cells, last = cells
        assert "Installing" not in "".join(o.get("text", "") for o in last.outputs)
        (record,) = place.rglob("gradient_descent_to_mlp-*/direct_url.json")
        assert json.loads(record.read_text())["vcs_info"]["commit_id"] == revision
        theirs = [cell for cell in executed(chapter).cells if cell.cell_type == "code"]
        for ours, cell in zip(cells, theirs, strict=True):
            if "nbval-ignore-output" not in cell.metadata.get("tags", []):
                assert streams(ours) == streams(cell), ours.source

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(run, ALONE & set(CHAPTERS)))


def streams(cell: nbformat.NotebookNode) -> str:
    """Return what a cell has printed, addresses in memory left out."""
    text = "".join(o.text for o in cell.outputs if o.output_type == "stream")
    return re.sub(r"\b0x[0-9a-f…]+", "0x…", text)
