"""The builder ``print``: the whole book as one page, laid out for paper.

It reads and resolves pages as for the site, and turns them into a book: code
that the site folds is left out, answers and solutions move to the back with
links both ways, and links to other places are marked, so that
``theme/print/book.css`` can add page numbers to them. The template and the style
sheet in ``theme/print`` give the look; the theme of the site has no part in it.
"""

import re
import shutil
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import PIL.Image
from docutils import nodes
from docutils.io import StringOutput
from docutils.utils import new_document
from jinja2 import Environment, FileSystemLoader
from myst_nb.sphinx_ import HideCodeCellNode
from sphinx.application import Sphinx
from sphinx.builders.html import StandaloneHTMLBuilder
from sphinx.config import Config
from sphinx_design.dropdown import dropdown_main
from sphinx_exercise.nodes import is_exercise_node, solution_node

from booktools.sources import is_readable
from booktools.sphinx.attribution import adapted_from
from booktools.sphinx.chapter_head import chapter_number
from booktools.sphinx.images import PIXELS
from booktools.sphinx.questions import RIGHT

FOLDER = "theme/print"
PAGE = "index.html"
DRAWING = Path("figures") / "road.svg"  # on the cover, if the book has it
VERSIONS = ("numpy", "torch", "scikit-learn")
# In raw HTML, which names a page of the site.
LINK = re.compile(r"""href=(["'])(?:\.\./)+([\w/-]+)\.html\1""")
PLOT_SCALE = 0.6
FAR = "far"  # the class of links that need a page number
BACK = "back"  # prefix of the names of parts that moved to the back


@dataclass
class Section:
    """A heading, whose title is HTML, its id, and the headings of the next level."""

    anchor: str
    title: str
    sections: list["Section"] = field(default_factory=list)


@dataclass
class Page(Section):
    """A page of the book as HTML."""

    number: str = ""  # of a chapter; empty for other pages
    body: str = ""  # without what has moved to the back:
    answers: str = ""  # to questions
    solutions: str = ""  # to exercises


class PrintBuilder(StandaloneHTMLBuilder):
    """Renders each page, and joins all of them at the end."""

    name = "print"
    epilog = ""
    search = False
    allow_parallel = False
    add_permalinks = False
    download_support = False  # their names stay
    html_scaled_image_link = False

    def init(self) -> None:
        """Set up the HTML builder, with no pages yet."""
        super().init()
        self.config.html_secnumber_suffix = "\N{EN SPACE}"
        self.pages: dict[str, Page] = {}
        self.imgpath = self.imagedir

    def get_outdated_docs(self) -> list[str]:  # type: ignore[override]
        """Return all pages, since all are on the one that is written."""
        return sorted(self.env.found_docs)

    def get_target_uri(self, docname: str, typ: str | None = None) -> str:
        """Return the address of a page within the book."""
        return f"#{docname}"

    def get_relative_uri(self, from_: str, to: str, typ: str | None = None) -> str:
        """Return the address of a page within the book."""
        return self.get_target_uri(to, typ)

    def write_doc_serialized(self, docname: str, doctree: nodes.document) -> None:
        """Do nothing: a book on paper has no search."""

    def write_doc(self, docname: str, doctree: nodes.document) -> None:
        """Render a page and the parts of it that move to the back."""
        self.current_docname = docname
        self.secnumbers = {
            f"#{docname}/{anchor.removeprefix('#')}" if anchor else "": number
            for anchor, number in self.env.toc_secnumbers.get(docname, {}).items()
        }
        self.fignumbers = {
            kind: {f"{docname}/{name}": number for name, number in numbers.items()}
            for kind, numbers in self.env.toc_fignumbers.get(docname, {}).items()
        }
        self.post_process_images(doctree)
        scale_images(doctree, Path(self.srcdir))
        remove_folded_code(doctree)
        answers = take_answers(doctree)
        solutions = take_solutions(doctree)
        for part in (doctree, *answers, *solutions):
            qualify_names(part, docname)
        top = doctree.next_node(nodes.section)
        assert top
        for part in (*answers, *solutions, *top.children):
            mark_far_links(part)
        self.pages[docname] = Page(
            anchor=docname,
            title=self._title(top),
            sections=[
                Section(part["ids"][0], self._title(part))
                for part in top.children
                if isinstance(part, nodes.section)
            ],
            number=chapter_number(self.env, docname),
            body=self._render(doctree.children),
            answers=self._render(answers),
            solutions=self._render(solutions),
        )

    def _title(self, section: nodes.section) -> str:
        title = section.next_node(nodes.title)
        return self._render(title.children)

    def _render(self, parts: Sequence[nodes.Node]) -> str:
        """Return nodes as HTML."""
        document = new_document("", self.docsettings)
        document += [part.deepcopy() for part in parts]
        self.docwriter.write(document, StringOutput(encoding="unicode"))
        self.docwriter.assemble_parts()
        return LINK.sub(r'href="#\2"', self.docwriter.parts["fragment"])

    def finish(self) -> None:
        """Write the page with the whole book, and all that it needs."""
        self.copy_image_files()
        config, book = self.config, self.config.book
        here = book.environment
        folder = book.root / FOLDER
        template = Environment(
            loader=FileSystemLoader(folder), autoescape=True, trim_blocks=True
        ).get_template("book.html")
        html = template.render(
            title=config.html_title,
            author=config.author,
            copyright=config.copyright,
            site=book.site,
            chapters=book.chapters,
            edition=config.edition,
            commit=book.commit,
            device=here.device,
            digits=here.digits,
            python=here.python,
            versions={name: here.versions[name] for name in VERSIONS},
            credit=adapted_from(config),
            preface=self.pages[config.root_doc],
            parts=[
                (title, [self.pages[name] for name in names])
                for title, names in book.parts
            ],
            drawing=DRAWING.name if (book.root / DRAWING).is_file() else "",
        )
        Path(self.outdir, PAGE).write_text(html, encoding="utf-8")
        for path in folder.glob("*.css"):
            shutil.copy(path, self.outdir)
        if (book.root / DRAWING).is_file():
            shutil.copy(book.root / DRAWING, self.outdir)


def scale_images(doctree: nodes.Element, folder: Path) -> None:
    """Make plots smaller, so that their lettering is smaller than the text.

    The addresses of images are relative to the folder.
    """
    for image in doctree.findall(nodes.image):
        width = image.get("width", "")
        path = folder / image["uri"].removeprefix("/")
        if stated := PIXELS.fullmatch(width):
            pixels = float(stated[1])
        elif not width and path.suffix != ".svg" and is_readable(path):
            with PIL.Image.open(path) as picture:
                pixels = picture.width
        else:
            continue
        image["width"] = f"{PLOT_SCALE * pixels:.0f}px"
        image.attributes.pop("height", None)


def remove_folded_code(doctree: nodes.Element) -> None:
    """Remove the code that the site folds, and keep its output."""
    for cell in list(doctree.findall(nodes.container)):
        mode = cell.get("hide_mode")
        if cell.get("nb_element") != "cell_code" or not mode:
            continue
        parts: list[Any] = []
        for part in cell.children:
            parts += part.children if isinstance(part, HideCodeCellNode) else [part]
        if mode != "output":
            parts = [it for it in parts if it.get("nb_element") != "cell_code_source"]
        cell.children = []
        cell += parts
        if not parts:
            cell.parent.remove(cell)


def take_answers(doctree: nodes.Element) -> list[nodes.Element]:
    """Letter the answers of each question, and take out their explanations.

    For each question, return which answer is right, and why.
    """
    taken: list[nodes.Element] = []
    questions = [
        node
        for node in doctree.findall(nodes.admonition)
        if "question" in node["classes"]
    ]
    for question in questions:
        choices = [it for it in question if isinstance(it, dropdown_main)]
        answer = nodes.container(classes=["answer"])
        listed = nodes.enumerated_list(enumtype="upperalpha", classes=["choices"])
        for number, choice in enumerate(choices):
            summary, why = choice.children
            letter = "ABCDEF"[number]
            if RIGHT in choice["classes"]:
                answer["right"] = letter
            listed += nodes.list_item("", nodes.paragraph("", "", *summary.children))
            why.children[0][:0] = [nodes.strong("", letter, classes=["letter"])]
            answer += why.children
            question.remove(choice)
        question += listed
        name = question["ids"][0]
        answer["ids"] = [f"{BACK}-{name}"]
        title = nodes.paragraph("", classes=["answer-title"])
        title += _link(name, question.next_node(nodes.title).astext())
        title += nodes.Text(f": {answer['right']}")
        answer.insert(0, title)
        question.insert(0, _see("Answer", answer["ids"][0]))
        taken.append(answer)
    return taken


def take_solutions(doctree: nodes.Element) -> list[nodes.Element]:
    """Take out the solutions, and leave links to them in their exercises."""
    exercises = {it["label"]: it for it in doctree.findall(is_exercise_node)}
    taken: list[Any] = list(doctree.findall(solution_node))
    for solution in taken:
        solution.parent.remove(solution)
        if exercise := exercises.get(solution["target_label"]):  # on the same page
            exercise.insert(0, _see("Solution", solution["ids"][0]))
    return taken


def _link(name: str, text: str) -> nodes.reference:
    return nodes.reference("", text, internal=True, refid=name)


def _see(text: str, name: str) -> nodes.paragraph:
    return nodes.paragraph("", "", _link(name, text), classes=["see"])


def qualify_names(part: nodes.Element, docname: str) -> None:
    """Put the page's name before the names in it, which other pages may also use."""
    for node in part.findall(nodes.Element):
        for key in ("ids", "backrefs"):
            if node.get(key):
                node[key] = [f"{docname}/{name}" for name in node[key]]
        if "refid" in node:
            node["refid"] = f"{docname}/{node['refid']}"
        elif node.get("refuri", "").startswith("#"):
            page, _, name = node["refuri"][1:].partition("#")
            node["refuri"] = f"#{page}/{name}" if name else f"#{page}"


def mark_far_links(part: nodes.Element) -> None:
    """Mark the links that lead out of a part of the book.

    Links to the glossary and the references need no page number, since both are in
    alphabetical order.
    """
    near = {name for node in part.findall(nodes.Element) for name in node["ids"]}
    for link in part.findall(nodes.reference):
        target = link.get("refid") or link.get("refuri", "").removeprefix("#")
        inside = "refid" in link or link.get("internal")  # MyST says only the former
        if inside and target not in near and not _is_listed(link):
            link["classes"] = [*{*link["classes"], FAR}]


def _is_listed(link: nodes.reference) -> bool:
    parts: list[Any] = [link.parent, *link.findall(nodes.Element)]
    classes = {name for part in parts if part for name in part["classes"]}
    return bool({"std-term", "bibtex-citation"} & classes)


def _set_priorities(app: Sphinx, config: Config) -> None:
    """Let MyST-NB choose the same outputs for paper as for the site."""
    images = ("image/svg+xml", "image/png", "image/gif", "image/jpeg")
    kinds = ("text/html", *images, "text/markdown", "text/latex", "text/plain")
    config.nb_mime_priority_overrides = [
        *config.nb_mime_priority_overrides,
        *((PrintBuilder.name, kind, number) for number, kind in enumerate(kinds)),
    ]


def setup(app: Sphinx) -> None:
    """Register the builder."""
    app.add_builder(PrintBuilder)
    app.connect("config-inited", _set_priorities, priority=100)
