"""Let pages mention a chapter that is left out of the book.

A chapter that ``_toc.yml`` does not list is not built. Links to it become plain
text: the link text, or else the title of the target section, or else that of
the chapter. No chapter announces it as the next one. A label that is nowhere in
``chapters/`` is still an error and fails the build.
"""

import re
from pathlib import Path
from typing import Any

from docutils import nodes
from sphinx import addnodes
from sphinx.application import Sphinx
from sphinx.config import Config

from booktools.sources import book_files, read_chapter
from booktools.toc import CHAPTERS, chapter_files, pages
from booktools.yaml_files import read_text

LABEL = re.compile(r"^\((\S+)\)=\s*\n(?:#+ (.+))?", re.M)  # and title, if any
LABEL_OF_BLOCK = re.compile(r"^(?:\$\$ *\((\S+)\)|:(?:label|name): (\S+))$", re.M)
TITLE = re.compile(r"^# (.+)", re.M)
MARKUP = re.compile(r"[`*]")
LINKS = {"myst", "ref", "eq", "numref", "doc", "any"}  # neither terms nor citations


def prose_of(root: Path, path: Path) -> str:
    """Return the text of a chapter, without its header and its code cells."""
    cells = read_chapter(root, path).cells
    return "\n\n".join(cell.source for cell in cells if cell.cell_type == "markdown")


def labels_of(text: str) -> dict[str, str]:
    """Return the text that replaces a link to each label of a chapter, by label.

    It is the title of the section, or else that of the chapter, whose text is given, as
    from `prose_of`.
    """
    found = TITLE.search(text)
    title = MARKUP.sub("", found[1]).strip() if found else ""
    labels = {
        label.lower(): MARKUP.sub("", heading).strip() or title
        for label, heading in LABEL.findall(text)
    }
    for pair in LABEL_OF_BLOCK.findall(text):
        labels["".join(pair).lower()] = f"“{title}”"
    return labels | {"": title}


def excluded_labels(root: Path) -> dict[str, str]:
    """Return the text for each label, and each page, of the excluded chapters.

    A label that the book has as well, because a chapter was copied, leads there.
    """
    names: dict[str, str] = {}
    listed = pages(root)
    for path in book_files(root):
        page = path.with_suffix("").as_posix()
        is_chapter = path.suffix == ".md" and path.parts[0] == CHAPTERS
        if is_chapter and page not in listed:
            labels = labels_of(prose_of(root, root / path))
            names |= labels | {page: labels[""]}
    if names:
        for path in chapter_files(root):
            for label in labels_of(read_text(path, path.relative_to(root))):
                names.pop(label, None)
    return names


def _replace_links(app: Sphinx, page: nodes.document) -> None:
    for link in list(page.findall(addnodes.pending_xref)):
        target = str(link["reftarget"]).lower().removeprefix("/")
        if link["reftype"] not in LINKS or target not in app.config.excluded_labels:
            continue
        if link.parent.astext().startswith("Next:"):
            _remove(link.parent)
        elif link.get("refexplicit"):
            link.replace_self(link.children[0].children)
        else:
            link.replace_self(nodes.Text(app.config.excluded_labels[target]))


def _remove(node: Any) -> None:
    """Remove a node, unless another link in it has already done so."""
    if node in node.parent.children:
        node.parent.remove(node)


def _find_excluded(app: Sphinx, config: Config) -> None:
    config["excluded_labels"] = excluded_labels(Path(app.srcdir))


def setup(app: Sphinx) -> None:
    """Connect to Sphinx."""
    app.add_config_value("excluded_labels", {}, "env")
    app.connect("config-inited", _find_excluded)
    # By now the links to other pages are known, and nothing has been collected.
    app.connect("doctree-read", _replace_links, priority=100)
