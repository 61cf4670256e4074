"""What readers get on Binder: every chapter opens as a notebook and runs.

Binder makes an image from the folder ``binder`` with repo2docker. Which
commands that runs, it says itself; here they run in a virtual environment and
a copy of the repository, in place of an image.
"""

import os
import shutil
import subprocess
import sys
import warnings
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import chdir, suppress
from dataclasses import dataclass
from pathlib import Path
from urllib.request import urlopen

import pytest
from book import BUILD, ROOT, chapter_files
from browser import start_browser
from notebook_server import NotebookServer, start_server
from playwright.sync_api import expect

from booktools.environment import number_of_jobs

with warnings.catch_warnings(action="ignore"):  # of modules that have moved
    from repo2docker.app import Repo2Docker
    from repo2docker.buildpacks import BuildPack, PythonBuildPack

    from booktools import export as export_notebooks

pytestmark = [pytest.mark.check, pytest.mark.alone]

MEGABYTES = 1600  # that the installed packages may take on disk
WAIT = 60_000  # milliseconds for JupyterLab in a browser
LEFT_OUT = ("_build", ".venv", ".git", "*.egg-info", ".*_cache", ".hypothesis")
CPU_INDEX = "https://download.pytorch.org/whl/cpu"
CHAPTERS = [path.relative_to(ROOT).as_posix() for path in chapter_files()]


@dataclass
class Binder:
    """A repository as Binder has it, and what was installed for it."""

    home: Path
    environment: Path
    recipe: BuildPack

    @property
    def variables(self) -> dict[str, str]:
        """Those that an image sets, and how pip reaches its packages here."""
        kept = ("PIP_", "SSL_", "LANG", "LC_", "http", "HTTP", "no_proxy", "NO_PROXY")
        here = {name: it for name, it in os.environ.items() if name.startswith(kept)}
        prefix = str(self.environment)
        return here | {
            "HOME": str(self.home),
            "REPO_DIR": str(self.home),
            "NB_PYTHON_PREFIX": prefix,
            "KERNEL_PYTHON_PREFIX": prefix,
            "PATH": f"{prefix}/bin{os.pathsep}{os.environ['PATH']}",
            "BOOK_OFFLINE": "1",
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
    top = tmp_path_factory.mktemp("binder")
    home, environment = top / "home", top / "environment"
    shutil.copytree(ROOT, home, ignore=shutil.ignore_patterns(*LEFT_OUT))
    return install(home, environment)


def install(home: Path, environment: Path) -> Binder:
    """Do in a folder what repo2docker would do in an image."""
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
def server(binder: Binder) -> Iterator[NotebookServer]:
    start = binder.recipe.get_start_script().replace("${REPO_DIR}", str(binder.home))
    with start_server([start, "jupyter", "lab"], binder.home, binder.variables) as it:
        yield it


@pytest.fixture(scope="module")
def faults(server: NotebookServer) -> dict[str, list[str]]:
    with ThreadPoolExecutor(number_of_jobs()) as pool:
        return dict(zip(CHAPTERS, pool.map(server.run_notebook, CHAPTERS), strict=True))


def test_binder_installs_with_the_python_that_the_tests_run_on(binder: Binder) -> None:
    assert isinstance(binder.recipe, PythonBuildPack)
    text = (ROOT / ".github" / "workflows" / "test.yml").read_text()
    assert f'"{binder.recipe.python_version}"' in text


@pytest.mark.parametrize("chapter", CHAPTERS)
def test_a_chapter_opens_as_a_notebook_and_runs(
    chapter: str, faults: dict[str, list[str]]
) -> None:
    assert not faults[chapter]


def test_the_branch_of_notebooks_is_installed_and_run_alike(
    binder: Binder, server: NotebookServer, tmp_path: Path
) -> None:
    branch = tmp_path / "branch"
    export_notebooks.export(BUILD / "html", branch, outputs=False)
    recipe = choose_recipe(branch)
    assert type(recipe) is type(binder.recipe)
    assert recipe.python_version == binder.recipe.python_version
    assert recipe.get_assemble_scripts() == binder.recipe.get_assemble_scripts()
    assert recipe.get_post_build_scripts() == binder.recipe.get_post_build_scripts()
    for name in ("helpers", "pyproject.toml", "constraints.txt"):
        assert (branch / name).exists()
    shutil.copytree(branch / "chapters", binder.home / "notebooks")
    for chapter in (CHAPTERS[0], CHAPTERS[-1]):
        name = Path(chapter).with_suffix(".ipynb").name
        assert not server.run_notebook(f"notebooks/{name}")


def test_the_environment_is_within_its_budget(
    binder: Binder, capsys: pytest.CaptureFixture[str]
) -> None:
    files = [path for path in binder.environment.rglob("*") if not path.is_symlink()]
    megabytes = sum(path.stat().st_size for path in files if path.is_file()) / 1e6
    with capsys.disabled():
        print(f"\nWhat Binder installs takes {megabytes:.0f} MB of {MEGABYTES}.")
    assert megabytes < MEGABYTES


def test_pytorch_comes_without_cuda(binder: Binder) -> None:
    binder.run("python -c 'import torch; assert torch.version.cuda is None'")


def test_chapters_compute_as_they_are_told_to(
    binder: Binder, server: NotebookServer
) -> None:
    cells = ["import os", "assert os.environ['BOOK_DEVICE'] == 'auto'", "import torch"]
    cells += ["assert torch.get_num_threads() == 1", "import helpers", "1 / 1"]
    blocks = "".join(f"```{{code-cell}} ipython3\n{cell}\n```\n\n" for cell in cells)
    header = (ROOT / CHAPTERS[0]).read_text().partition("\n\n")[0]
    (binder.home / "elsewhere").mkdir()
    (binder.home / "elsewhere" / "notes.md").write_text(f"{header}\n\n{blocks}")
    assert not server.run_notebook("elsewhere/notes.md")


def test_a_click_on_a_chapter_opens_a_notebook_that_runs(
    server: NotebookServer,
) -> None:
    folder, _, name = CHAPTERS[0].partition("/")
    address = f"{server.address}/lab/tree/{folder}?token={server.token}"
    with start_browser() as browser:
        page = browser.new_page()
        page.set_default_timeout(WAIT)
        page.goto(address)
        page.locator(f".jp-DirListing-item[title*='{name}']").dblclick()
        cell = page.locator(".jp-NotebookPanel .jp-CodeCell").first
        # Until there is a kernel, JupyterLab goes on without running a cell.
        expect(page.locator("#jp-main-statusbar")).to_contain_text(
            "| Idle", timeout=WAIT
        )
        cell.locator(".jp-InputArea-editor").click()
        page.keyboard.press("Shift+Enter")
        expect(cell.locator(".jp-InputPrompt")).to_have_text("[1]:", timeout=WAIT)
        expect(page.locator(".jp-FileEditor")).to_have_count(0)
