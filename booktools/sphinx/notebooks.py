"""Write each chapter beside its page as a self-contained notebook.

Jupyter and Colab do not understand what MyST and Sphinx add to Markdown. So the
text is taken from the page, where references, numbers and citations are
resolved, and written as plain Markdown by sphinx-markdown-builder. This module
overrides what notebooks need differently: code cells remain cells, images are
embedded, and links lead to the site. Code and outputs come from the executed
chapter. The first cell installs what is missing.
"""

import ast
import base64
import io
import posixpath
import re
import sys
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import quote, unquote

import nbformat
import resvg_py
from docutils import nodes
from IPython.core.inputtransformer2 import TransformerManager
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook
from PIL import Image
from sphinx import addnodes
from sphinx.application import Sphinx
from sphinx.environment.adapters.toctree import TocTree
from sphinx.util.logging import getLogger
from sphinx_markdown_builder.contexts import (
    IndentContext,
    SubContext,
    SubContextParams,
    TableContext,
    TitleContext,
    WrappedContext,
)
from sphinx_markdown_builder.escape import escape_markdown_chars
from sphinx_markdown_builder.translator import MarkdownTranslator, pushing_context
from tabulate import tabulate

from booktools.environment import OWN_PACKAGES, package_of
from booktools.execute import open_cache
from booktools.sources import is_readable, read_chapter
from booktools.sphinx.book import Book
from booktools.sphinx.chapter_head import chapter_number
from booktools.sphinx.images import VERSIONS, drawing_cache
from booktools.sphinx.tasks import TITLE, TRY
from booktools.urls import is_external

logger = getLogger(__name__)

BLOCK = SubContextParams(2, 2)  # a blank line before and after
PIXELS = 1400  # width of a drawing, for high-resolution screens
COLOURS = 64  # of a drawing
# The tags that hide code on a page, for Jupyter and for Colab ("@title").
HIDDEN: dict[str, dict[str, Any]] = {
    "hide-input": {"jupyter": {"source_hidden": True}, "cellView": "form"},
    "hide-cell": {
        "jupyter": {"source_hidden": True, "outputs_hidden": True},
        "cellView": "form",
    },
}
WRITEFILE = re.compile(r"\s*%%writefile (\w+)\.py\n")  # a module of the chapter's own
DROPPED_HTML = ("<script", "<svg", "<style")
FOLDED = {"jp-MarkdownHeadingCollapsed": True}
METADATA = {
    "kernelspec": {
        "display_name": "Python 3",
        "language": "python",
        "name": "python3",
    },
    "language_info": {"name": "python"},
}
INSTALL = """\
# @title Install what is missing
import importlib
import subprocess
import sys
from importlib.metadata import PackageNotFoundError, version

missing = []
for package in {needed}:
    try:
        version(package.partition(" @ ")[0])
    except PackageNotFoundError:
        missing.append(package)
if missing:
    print("Installing", ", ".join(missing))
    pip = [sys.executable, "-m", "pip", "install", "--quiet", *missing]
    done = subprocess.run(pip, capture_output=True, text=True)
    importlib.invalidate_caches()
    if done.returncode != 0:
        raise RuntimeError(
            f"pip could not install them:\\n{{done.stderr}}\\n"
            "Is there a network connection? Try: " + " ".join(pip)
        )
"""
FIND = """\
# @title Check that the required packages are installed
from importlib.metadata import PackageNotFoundError, version

for package in {needed}:
    try:
        version(package)
    except PackageNotFoundError:
        raise RuntimeError(
            f"{{package}} is not installed, and this notebook does not know where "
            "its book is on the web. In the book's folder, type: make lab"
        ) from None
"""
DEVICE = """
# Let PyTorch use a GPU if there is one.
import os

os.environ.setdefault("BOOK_DEVICE", "auto")
from helpers import select_device

print("PyTorch computes on:", select_device())
"""


Visit = TypeVar("Visit", bound=Callable[..., None])


def ends_with_node(visit: Visit) -> Visit:
    """End the context that a visit opens, such as a quotation, with its node."""
    return pushing_context(visit)


class Table(TableContext):
    """A table whose cells are written as they are: 1.50 does not become 1.5."""

    def make(self) -> str:
        """Return it as Markdown, which needs a first row."""
        head, *rows = map(self.make_row, [*self.headers, *self.body])
        return tabulate(rows, head, tablefmt="github", disable_numparse=True)


class NotebookTranslator(MarkdownTranslator):
    """Converts the resolved text of a page into the cells of a notebook.

    Parameters
    ----------
    document : nodes.document
        The page, with all references resolved; it is not changed.
    app : Sphinx
        The application whose builder has resolved it.
    page : str
        Its name, such as ``"chapters/01-gradient-descent"``.
    executed : NotebookNode
        The executed chapter; its code cells are used unchanged.
    """

    def __init__(
        self, document: nodes.document, app: Sphinx, page: str, executed: NotebookNode
    ) -> None:
        builder: Any = app.builder  # the HTML builder works as well as its own
        super().__init__(document, builder)
        self.env = app.env
        self.page = page
        self.executed = executed
        self.cells: list[NotebookNode] = []
        self.book: Book = app.config.book
        self.cited: dict[str, str] = {}
        self.tables = 0  # depth of nesting: 0 or 1

    def end_cell(self, **metadata: Any) -> None:
        """Make a cell from the text since the last one."""
        text = self.ctx.make().strip()
        self._ctx_queue[-1] = SubContext()
        if text:
            name = f"text-{len(self.cells)}"
            self.cells.append(new_markdown_cell(text, id=name, metadata=metadata))

    # Code

    def visit_container(self, node: nodes.container) -> None:
        """Keep a code cell unchanged, and write the captions of its figures."""
        if node.get("nb_element") != "cell_code":
            return
        if TRY in node["classes"]:
            self.add(f"**{TITLE}**", prefix_eol=2)
        self.end_cell()
        cell = self.executed.cells[node["cell_index"]]
        tags = cell.metadata.get("tags", [])
        metadata: dict[str, Any] = {"tags": tags} if tags else {}
        for tag in tags:
            metadata |= HIDDEN.get(tag, {})
        name = f"code-{len(self.cells)}"
        self.cells.append(NotebookNode(cell, id=name, metadata=metadata))
        for caption in node.findall(nodes.caption):
            caption.walkabout(self)
        self.end_cell()
        raise nodes.SkipNode

    # Headings and boxes

    @ends_with_node
    def visit_title(self, node: nodes.title) -> None:
        """Begin a new cell with each section; write the title of a box in bold."""
        box: Any = node.parent
        if box.tagname.startswith("solution") or isinstance(box, nodes.table):
            raise nodes.SkipNode
        if box.tagname.startswith("exercise"):
            self._push_context(TitleContext(self.status.section_level + 1))
            self.add(node["title"].replace("%s", self._number("exercise", box)))
        elif not isinstance(box, nodes.section):
            self._push_context(WrappedContext("**", params=BLOCK))
        else:
            self.end_cell()
            self._push_context(TitleContext(self.status.section_level))
            number = chapter_number(self.env, self.page)
            if number and isinstance(box.parent, nodes.document):
                self.add(f"{number}. ")

    def _visit_exercise(self, node: nodes.Element) -> None:
        self.end_cell()

    visit_exercise_node = _visit_exercise
    visit_exercise_enumerable_node = _visit_exercise

    def visit_solution_node(self, node: nodes.Element) -> None:
        """Fold the solution under a heading in a separate cell."""
        self.end_cell()
        self.add(f"{'#' * (self.status.section_level + 2)} Solution")
        self.end_cell(**FOLDED)

    depart_solution_node = _visit_exercise

    def _push_box(self, title: str) -> None:
        self._push_context(IndentContext("> ", empty=True, params=BLOCK))
        self.add(f"**{title.capitalize()}**", suffix_eol=2)

    @ends_with_node
    def visit_block_quote(self, node: nodes.Element) -> None:
        """Write a quotation, or a box whose title says what it is."""
        self._push_context(IndentContext("> ", empty=True, params=BLOCK))

    visit_admonition = visit_topic = visit_sidebar = visit_block_quote

    def visit_attribution(self, node: nodes.attribution) -> None:
        """Begin the line that says whom a quotation is from."""
        self.add("— ", prefix_eol=2)

    def visit_toctree(self, node: addnodes.toctree) -> None:
        """List the pages below this one if the page does so."""
        found = TocTree(self.env).resolve(self.page, self.builder, node)
        if found is not None and not node.get("hidden"):
            found.walkabout(self)
        raise nodes.SkipNode

    def visit_citation(self, node: nodes.citation) -> None:
        """Write an entry of a bibliography as a paragraph."""
        label, *text = node.children
        self.add(f"[{label.astext()}]", prefix_eol=2, suffix_eol=2)
        for part in text:
            part.walkabout(self)
        raise nodes.SkipNode

    def unknown_visit(self, node: Any) -> None:
        """Write what is in a box of another kind; warn if that is nothing."""
        if not node.astext() and not any(node.findall(nodes.image)):
            logger.warning(
                "this page has a %s, which a notebook cannot show",
                node.tagname,
                location=node,
            )
        is_inline = isinstance(node, nodes.Inline)
        self._push_context(SubContext() if is_inline else SubContext(BLOCK))

    def unknown_departure(self, node: Any) -> None:
        """End it."""
        self._pop_context()

    @ends_with_node
    def visit_term(self, node: nodes.Element) -> None:
        """Write a defined term, or the title of a tab or dropdown, in bold.

        Jupyter has no definition lists.
        """
        self._push_context(WrappedContext("**", params=BLOCK))

    visit_dropdown_title = visit_sd_tab_label = visit_term
    visit_sd_tab_input = MarkdownTranslator._pass

    @ends_with_node
    def visit_dropdown_main(self, node: nodes.Element) -> None:
        """Write an answer to a question, and below it the explanation, folded.

        The content of a ``<summary>`` is not read as Markdown, so the answer is
        written above it.
        """
        self._push_context(SubContext(BLOCK))
        if "answer" not in node["classes"]:
            return
        answer, explanation = node.children
        answer.walkabout(self)
        self.add("<details><summary>Is it this one?</summary>", 1, 2)
        explanation.walkabout(self)
        self.add("</details>", 2, 2)
        raise nodes.SkipChildren

    @ends_with_node
    def visit_definition(self, node: nodes.definition) -> None:
        """Write a definition below its term."""
        self._push_context(SubContext(BLOCK))

    # Words

    def visit_Text(self, node: nodes.Text) -> None:  # noqa: N802
        """Escape characters that would be read as markup, a formula or a tag."""
        text = node.astext()
        if self.status.escape_text:
            text = escape_markdown_chars(text).replace("$", r"\$").replace("<", "&lt;")
            text = self._in_table(text)
        self.add(text)

    def visit_literal(self, node: nodes.literal) -> None:
        """Write inline code."""
        text = self._in_table(node.astext())
        marks, space = ("``", " ") if "`" in text else ("`", "")
        self.add(f"{marks}{space}{text}{space}{marks}")
        raise nodes.SkipNode

    def visit_math(self, node: nodes.math) -> None:
        """Write an inline formula, on one line."""
        formula = " ".join(node.astext().split())
        if self.tables:
            formula = formula.replace(r"\|", r"\Vert ").replace("|", r"\vert ")
        self.add(f"${formula}$")
        raise nodes.SkipNode

    def visit_math_block(self, node: nodes.math_block) -> None:
        """Write a displayed formula, with its number; on one line in a table."""
        if self.tables:
            self.visit_math(nodes.math("", rf"\displaystyle {node.astext()}"))
        formula = "\n".join(filter(str.strip, node.astext().splitlines()))
        if node.get("label"):
            number = self._number("displaymath", node) or node["number"]
            tag = f"\\tag{{{number}}}\n"
            if "amsmath" in node["classes"]:
                formula, _, rest = formula.rpartition(r"\end")
                formula += rf"{tag}\end{rest}"
            else:
                formula += f"\n{tag.strip()}"
        self.add(f"$$\n{formula}\n$$", prefix_eol=2, suffix_eol=2)
        raise nodes.SkipNode

    def depart_abbreviation(self, node: nodes.Element) -> None:
        """Spell out an abbreviation, since there are no tooltips."""
        if meaning := node.get("explanation"):
            self.add(f" ({meaning})")

    def visit_raw(self, node: nodes.raw) -> None:
        """Keep HTML, which Markdown may contain, except scripts, icons and styles."""
        html = node.astext().strip()
        if "html" in node["format"].split() and not html.startswith(DROPPED_HTML):
            self.add(html)
        raise nodes.SkipNode

    @ends_with_node
    def visit_table(self, node: nodes.table) -> None:
        """Write the caption above, and note that vertical bars must be escaped."""
        if isinstance(node[0], nodes.title):
            self.visit_caption(node[0])
            for part in node[0].children:
                part.walkabout(self)
            self._pop_context()
        self.tables += 1
        self._push_context(Table(BLOCK))

    def depart_table(self, node: nodes.table) -> None:
        """Note that they need not be escaped any more."""
        self.tables -= 1
        self._pop_context()

    def _in_table(self, text: str) -> str:
        return text.replace("|", r"\|") if self.tables else text

    # References

    @ends_with_node
    def visit_reference(self, node: nodes.reference) -> None:
        """Keep links that lead away from this page."""
        if cited := node.get("reftitle"):
            self.cited[node.astext()] = cited
        address = self._address(node)
        if address:
            self._push_context(WrappedContext("[", f"]({address})"))
        else:
            self._push_context(SubContext())

    def _address(self, node: nodes.reference) -> str:
        """Return the target of a link as seen from the notebook."""
        target = node.get("refuri", "")
        if not node.get("internal"):
            return target
        path, _, place = target.partition("#")
        here = posixpath.dirname(self.page)
        path = posixpath.normpath(posixpath.join(here, unquote(path))) if path else ""
        if path in ("", f"{self.page}.html"):
            return ""
        if self.book.site:
            return f"{self.book.site}{quote(path)}" + (f"#{place}" if place else "")
        if path.removesuffix(".html") in self.book.chapters:
            name = posixpath.relpath(path, here).removesuffix(".html")
            return f"{quote(name)}.ipynb"
        return ""

    @ends_with_node
    def visit_download_reference(self, node: addnodes.download_reference) -> None:
        """Link to the file on the site, if that has an address."""
        address = node.get("refuri", "")
        if self.book.site and "filename" in node:
            address = f"{self.book.site}_downloads/{quote(node['filename'])}"
        wrapped = WrappedContext("[", f"]({address})")
        self._push_context(wrapped if address else SubContext())

    def visit_target(self, node: nodes.target) -> None:
        """Leave out anchors: neither Jupyter nor Colab keeps them."""

    @ends_with_node
    def visit_footnote_reference(self, node: nodes.footnote_reference) -> None:
        """Write the number of a footnote."""
        self._push_context(WrappedContext("<sup>", "</sup>"))

    visit_comment = MarkdownTranslator._skip

    def visit_explanation(self, node: nodes.Element) -> None:
        """Leave out the definitions of terms, whose links lead to the glossary."""
        raise nodes.SkipNode

    # Pictures

    def visit_image(self, node: nodes.image) -> None:
        """Embed an image in the text, unless it is elsewhere or was not found."""
        address = node["uri"]
        if not is_external(address):
            path = Path(self.env.srcdir, address)
            if not is_readable(path):
                raise nodes.SkipNode
            address = embed(path, self.env.srcdir)
        alt = escape_markdown_chars(node.get("alt", "")).replace("]", r"\]")
        alone = 0 if isinstance(node.parent, nodes.TextElement) else 2
        self.add(f"![{alt}]({address})", prefix_eol=alone, suffix_eol=alone)

    @ends_with_node
    def visit_caption(self, node: nodes.caption | nodes.title) -> None:
        """Write a caption as a paragraph, with the number of its figure or table."""
        self._push_context(SubContext(BLOCK))
        box: Any = node.parent
        kind = self.env.domains["std"].get_enumerable_node_type(box) or ""
        if number := self._number(kind, box):
            self.add(f"**{self.config.numfig_format[kind] % number}** ")

    def _number(self, kind: str, node: Any) -> str:
        """Return the number of a figure, for example, or an empty string."""
        numbers = self.env.toc_fignumbers.get(self.page, {}).get(kind, {})
        found = (numbers[name] for name in node["ids"] if name in numbers)
        return ".".join(map(str, next(found, ())))


def embed(path: Path, root: str | Path) -> str:
    """Return an image as a data URI.

    A drawing becomes PNG, on white: Colab shows no SVG in Markdown, and lines on
    a transparent background would be invisible on a dark page.

    Parameters
    ----------
    path : Path
        A file that browsers can show.
    root : Path
        The book's folder, which keeps the drawings.

    Raises
    ------
    ValueError
        If a drawing is not an SVG that browsers draw, in UTF-8.
    """
    kind, content = path.suffix.removeprefix("."), path.read_bytes()
    if kind == "svg":
        draw = drawing_cache(root).cache(draw_as_png)
        try:
            kind, content = "png", draw(content.decode(), PIXELS, COLOURS)
        except ValueError as error:
            raise ValueError(f"{path.name} cannot be drawn: {error}") from error
    kind = {"jpg": "jpeg"}.get(kind, kind)
    return f"data:image/{kind};base64,{base64.b64encode(content).decode()}"


def draw_as_png(
    drawing: str, width: int, colours: int, versions: str = VERSIONS
) -> bytes:
    """Return an SVG as PNG on white, with its width in pixels and few colours."""
    # The dpi converts sizes in points to pixels.
    drawn = resvg_py.svg_to_bytes(
        svg_string=drawing, width=width, background="white", dpi=96
    )
    picture = Image.open(io.BytesIO(bytes(drawn))).convert("RGB")
    file = io.BytesIO()
    few = picture.quantize(colours, dither=Image.Dither.NONE)
    few.save(file, "png", optimize=True)
    return file.getvalue()


def imported_modules(source: str) -> set[str]:
    """Return the names of the modules that a cell imports.

    Those after ``%%time`` count as well; what is not Python imports nothing.
    """
    if source.lstrip().startswith("%%"):
        source = source.lstrip().partition("\n")[2]
    if "import" not in source:
        return set()  # most cells; to parse one takes a while
    try:
        code = ast.parse(TransformerManager().transform_cell(source))
    except SyntaxError:
        return set()
    names: list[str] = []
    for node in ast.walk(code):
        if isinstance(node, ast.Import):
            names += [name.name for name in node.names]
        elif isinstance(node, ast.ImportFrom) and not node.level:
            names.append(str(node.module))
    return {name.partition(".")[0] for name in names}


def needed_packages(book: Book, executed: NotebookNode) -> list[str]:
    """Return what pip has to install for a chapter, the helpers first.

    Parameters
    ----------
    book : Book
        Tells where its own package can be installed from.
    executed : NotebookNode
        The chapter.

    Raises
    ------
    ValueError
        If it imports what no installed package provides.
    """
    cells = [cell.source for cell in executed.cells if cell.cell_type == "code"]
    modules = {name for cell in cells for name in imported_modules(cell)}
    modules -= {found[1] for cell in cells if (found := WRITEFILE.match(cell))}
    packages = []
    for module in sorted(modules - set(sys.stdlib_module_names) - OWN_PACKAGES):
        if not (package := package_of(module)):
            raise ValueError(
                f"it imports {module!r}, which no installed package provides; the code "
                "that chapters share belongs in helpers/"
            )
        packages.append(package)
    return [own_package(book), *packages]


def own_package(book: Book) -> str:
    """Return the pip requirement for the book's package, with its address if known."""
    text = (book.root / "pyproject.toml").read_text(encoding="utf-8")
    name = tomllib.loads(text)["project"]["name"]
    if book.repository and book.revision:
        return f"{name} @ git+{book.repository}@{book.revision}"
    return name


def first_cell(book: Book, executed: NotebookNode) -> NotebookNode:
    """Return the cell that installs what is missing and selects a device."""
    needed = needed_packages(book, executed)
    form = INSTALL if "@" in needed[0] else FIND
    listed = "".join(f'\n    "{package}",' for package in needed)
    code = form.format(needed=f"[{listed}\n]")
    if any("select_device" in cell.source for cell in executed.cells):
        code += DEVICE
    return new_code_cell(code.strip(), id="install", metadata=HIDDEN["hide-input"])


def about(app: Sphinx, page: str, executed: NotebookNode) -> str:
    """Return a note on where the notebook comes from, and the macros of the book."""
    title = app.config.html_title
    here = f"the book *{title}*"
    book: Book = app.config.book
    if book.site:
        here = f"[this page]({book.site}{quote(page)}.html) of {here}"
    text = f"This notebook was made from {here}"
    text += f", commit {book.commit}." if book.commit else "."
    if any("raises-exception" in c.metadata.get("tags", []) for c in executed.cells):
        text += (
            " Some of its cells raise an error on purpose. Jupyter continues by "
            "itself; in Colab, continue with *Run cell and below* in the next cell."
        )
    if macros := app.config.tex_macros:
        text += f"\n\n${macros}$"
    return text


def is_title(cell: NotebookNode) -> bool:
    """Return whether a cell begins with the title of the page."""
    return cell.cell_type == "markdown" and cell.source.startswith("# ")


def make_notebook(
    app: Sphinx, doctree: nodes.document, page: str, executed: NotebookNode
) -> NotebookNode:
    """Return a chapter as a notebook, with the outputs of its cells.

    Parameters
    ----------
    app : Sphinx
        The application whose builder has resolved the page.
    doctree : nodes.document
        The resolved page.
    page : str
        Its name.
    executed : NotebookNode
        The chapter, executed.

    Raises
    ------
    ValueError
        If it imports what no installed package provides.
    """
    translator = NotebookTranslator(doctree, app, page, executed)
    doctree.walkabout(translator)
    translator.end_cell()
    cells = [first_cell(app.config.book, executed), *translator.cells]
    title = next(cell for cell in cells if is_title(cell))
    heading, _, rest = title.source.partition("\n")
    title.source = f"{heading}\n\n{about(app, page, executed)}\n{rest}".strip()
    if translator.cited:
        listed = (f"- [{key}] {text}" for key, text in translator.cited.items())
        text = "\n".join(["## References", "", *listed])
        cells.append(new_markdown_cell(text, id="references"))
    folded = []
    for cell in cells:
        if FOLDED.items() <= cell.metadata.items():
            cell.metadata["id"] = cell.id  # which Colab refers to
            folded.append(cell.id)
    colab = {"collapsed_sections": folded, "toc_visible": True}
    return new_notebook(cells=cells, metadata={**METADATA, "colab": colab})


def _write_notebook(app: Sphinx, doctree: nodes.document, page: str) -> None:
    book: Book = app.config.book
    if app.builder.name != "html" or page not in book.chapters:
        return
    chapter = read_chapter(book.root, book.root / f"{page}.md")
    executed_chapters = open_cache(book.root, book.environment.fingerprint)
    try:
        _, executed = executed_chapters.merge_match_into_notebook(chapter)
        notebook = make_notebook(app, doctree, page, executed)
    except (KeyError, ValueError) as error:
        logger.warning("no notebook was made from this page: %s", error, location=page)
        return
    target = Path(app.outdir) / f"{page}.ipynb"
    target.parent.mkdir(parents=True, exist_ok=True)
    nbformat.write(notebook, target)


def setup(app: Sphinx) -> None:
    """Connect to Sphinx, once all references of a page are resolved."""
    app.setup_extension("sphinx_markdown_builder")  # for its settings
    app.connect("doctree-resolved", _write_notebook, priority=999)
