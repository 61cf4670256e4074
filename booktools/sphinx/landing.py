"""What moves on the landing page: a descent, and a network that reads digits.

The directives ``{hero}``, ``{descent}`` and ``{digit-pad}`` are made from what the
book computes: the loss of chapter 1, and the network that chapter 14 lets readers
draw for. Where no script runs, the descent is a picture. If the book leaves out
chapter 14, the section of the pad and the button that leads there are left out.
"""

import json
from dataclasses import dataclass
from html import escape
from typing import Any

import numpy as np
from docutils import nodes
from docutils.parsers.rst import directives
from numpy.typing import NDArray
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective, SphinxRole

from booktools.edition import STUDENT
from booktools.sphinx.buttons import launch_addresses
from booktools.sphinx.digit_network import READER, network_of, write_script
from booktools.sphinx.explorables import SCRIPTS, scripts_of
from helpers.data import make_line_data

STYLE, SCRIPT = "landing.css", "landing.js"
PAD_SCRIPT = "digit-pad.js"

Floats = NDArray[np.float64]

# The picture of the loss, in units of intercept and slope
CENTRE, SIZE = (1.0, 1.6), 4.6
SHARE = 0.8  # learning rate, relative to the largest that converges
CLOSE = 0.01  # to the bottom; then the descent has ended
LEVELS = np.geomspace(0.004, 16, 14)  # above the bottom


@dataclass(frozen=True)
class Descent:
    """Gradient descent on the mean squared error of a straight line."""

    hessian: Floats  # (2, 2), with respect to intercept and slope; constant
    bottom: Floats  # (2,), where the loss is smallest
    start: Floats  # (2,), as in chapter 1
    floor: float  # the smallest loss
    rate: float  # the learning rate

    def path(self) -> Floats:
        """Return the steps from the start to the bottom, shape (steps + 1, 2)."""
        path = [self.start]
        while np.linalg.norm(path[-1] - self.bottom) > CLOSE:
            slope = self.hessian @ (path[-1] - self.bottom)
            path.append(path[-1] - self.rate * slope)
        return np.array(path)

    def loss(self, point: Floats) -> float:
        """Return the mean squared error of the line with these parameters."""
        away = point - self.bottom
        return float(self.floor + away @ self.hessian @ away / 2)


def first_descent() -> Descent:
    """Return the descent of chapter 1, with a larger step."""
    data = make_line_data()
    x, y = data.x_train.ravel(), data.y_train.ravel()
    columns = np.stack([np.ones_like(x), x], axis=1)  # (N, 2)
    hessian = 2 / len(x) * columns.T @ columns
    bottom, *_ = np.linalg.lstsq(columns, y, rcond=None)
    rng = np.random.RandomState(42)  # as in chapter 1
    return Descent(
        hessian=hessian,
        bottom=bottom.astype(np.float64),
        start=np.ravel([rng.randn(1), rng.randn(1)]),
        floor=float(np.mean((columns @ bottom - y) ** 2)),
        rate=SHARE * 2 / float(np.linalg.eigvalsh(hessian)[-1]),
    )


def draw_descent(descent: Descent) -> str:
    """Return the contour lines, which are ellipses, and the path, as SVG."""
    values, vectors = np.linalg.eigh(descent.hessian)
    angle = -np.degrees(np.arctan2(vectors[1, 0], vectors[0, 0]))  # y points down
    x, y = descent.bottom * (1, -1)
    path = descent.path()
    rings = [
        f'<ellipse rx="{np.sqrt(2 * level / values[0]):.3f}" '
        f'ry="{np.sqrt(2 * level / values[1]):.3f}"/>'
        for level in LEVELS[::-1]
    ]
    points = " ".join(f"{b:.3f},{-w:.3f}" for b, w in path)
    left, top = CENTRE[0] - SIZE / 2, -CENTRE[1] - SIZE / 2
    facts = vars(descent) | {"close": CLOSE}
    data = {name: np.asarray(value).tolist() for name, value in facts.items()}
    label = (
        "Contour lines of the loss over intercept and slope: nested ellipses. A path "
        f"of {len(path) - 1} steps zigzags from the start to the bottom in the middle."
    )
    frame = f'x="{left:.3f}" y="{top:.3f}" width="{SIZE}" height="{SIZE}"'
    (b, w), (b0, w0) = path[-1], path[0]
    return f"""<svg viewBox="{left:.3f} {top:.3f} {SIZE} {SIZE}" role="img"
aria-label="{label}" data-descent="{escape(json.dumps(data))}">
<defs><marker id="step" markerUnits="userSpaceOnUse" markerWidth="0.1"
markerHeight="0.1" viewBox="-1 -1 2 2" refX="0" refY="0"><circle r="0.55"/></marker>
<radialGradient id="fade"><stop offset="0.7" stop-color="#fff"/>
<stop offset="1" stop-color="#fff" stop-opacity="0"/></radialGradient>
<mask id="island" maskUnits="userSpaceOnUse" {frame}>
<rect fill="url(#fade)" {frame}/></mask></defs>
<g mask="url(#island)">
<g class="rings" transform="translate({x:.4f} {y:.4f}) rotate({angle:.3f})">
{"".join(rings)}</g></g>
<path class="bottom" d="M{x - 0.06:.3f},{y:.3f}h0.12M{x:.3f},{y - 0.06:.3f}v0.12"/>
<circle class="start" cx="{b0:.3f}" cy="{-w0:.3f}" r="0.055"/>
<polyline class="path" points="{points}" marker-mid="url(#step)"/>
<circle class="ball" cx="{b:.3f}" cy="{-w:.3f}" r="0.075"/>
<text x="{CENTRE[0]}" y="{top + SIZE - 0.06:.3f}">intercept <tspan>b</tspan></text>
<text transform="translate({left + 0.14:.3f} {-CENTRE[1]}) rotate(-90)">slope
<tspan>w</tspan></text>
</svg>
<p class="descent-state"><span>step <b>{len(path) - 1}</b></span>
<span>b <b>{b:.2f}</b></span> <span>w <b>{w:.2f}</b></span>
<span>loss <b>{descent.loss(path[-1]):.4f}</b></span>
<button type="button">Again</button></p>"""


# The directives


class hero_buttons(nodes.General, nodes.Element):  # noqa: N801
    """Where the buttons will be."""


class digit_pad(nodes.General, nodes.Element):  # noqa: N801
    """Where the pad will be."""


class Hero(SphinxDirective):
    """What the book is, in a few words, with two buttons, and a descent beside them."""

    has_content = True
    option_spec = {  # type: ignore[assignment]  # noqa: RUF012
        "start": directives.unchanged,
        "draw": directives.unchanged,
    }

    def run(self) -> list[nodes.Node]:
        """Put words and buttons into one column; a descent is the other."""
        self.assert_has_content()
        hero = nodes.container(classes=["hero"])
        self.state.nested_parse(self.content, self.content_offset, hero)
        figures = [it for it in hero.children if "descent" in it.get("classes", [])]
        words = [it for it in hero.children if it not in figures]
        names = {name: self.options.get(name, "") for name in self.option_spec}
        hero.children = []
        hero += nodes.container("", *words, hero_buttons(**names), classes=["words"])
        hero += figures
        return [hero]


class DescentFigure(SphinxDirective):
    """The descent, with a caption."""

    has_content = True

    def run(self) -> list[nodes.Node]:
        """Draw it from the data of chapter 1."""
        figure = nodes.container(classes=["descent"])
        figure += nodes.raw("", draw_descent(first_descent()), format="html")
        self.state.nested_parse(self.content, self.content_offset, figure)
        hint = "Click or tap the landscape to start elsewhere."
        figure += nodes.paragraph("", hint, classes=["descent-hint"])
        return [figure]


class LaunchLinks(SphinxDirective):
    """Links that open the first chapter as a notebook, if the book has an address."""

    required_arguments = 1
    final_argument_whitespace = True

    def run(self) -> list[nodes.Node]:
        """Complete the sentence that the argument begins, or return nothing."""
        book = self.config.book
        paragraph = nodes.paragraph("", self.arguments[0])
        found = launch_addresses(book.repository, book.first)
        for number, (service, address) in enumerate(found.items()):
            paragraph += nodes.Text(" or " if number else " ")
            paragraph += nodes.reference("", service, refuri=address)
        paragraph += nodes.Text(".")
        return [paragraph] if found else []


class RepositoryRole(SphinxRole):
    """A link to the repository, or only its text where readers must not see that."""

    def run(self) -> tuple[list[nodes.Node], list[nodes.system_message]]:
        """Return the link, or the text."""
        address = self.config.book.repository
        if not address or self.config.edition == STUDENT:
            return [nodes.Text(self.text)], []
        return [nodes.reference("", self.text, refuri=address)], []


class DigitPad(SphinxDirective):
    """Paper to draw a digit on, which the network of chapter 14 reads."""

    has_content = True

    def run(self) -> list[nodes.Node]:
        """Mark the place, after the words; the network is known later."""
        box = nodes.container(classes=["digit-pad"])
        self.state.nested_parse(self.content, self.content_offset, box)
        box += digit_pad()
        return [box]


# What they show


def pad_script(data: dict[str, Any]) -> str:
    """Return one script with the network, and the explorable that uses it."""
    data = data | {"shown": None, "images": "", "labels": []}
    scripts = [
        (SCRIPTS / f"{name}.js").read_text(encoding="utf-8")
        for name in scripts_of([READER])
    ]
    return "\n".join([f"showPad({json.dumps(data, separators=(',', ':'))});", *scripts])


def _show_parts(app: Sphinx, doctree: nodes.document, page: str) -> None:
    places = list(doctree.findall(digit_pad))
    _, data = network_of(app)
    target = ""
    for place in places:
        section = _section_of(place)
        if data:
            target = section["ids"][0]
            place.replace_self(_pad(app, data))
        else:
            section.parent.remove(section)
    for place in list(doctree.findall(hero_buttons)):
        links = []
        if place["start"] and app.config.book.first:
            first = app.builder.get_relative_uri(page, app.config.book.first)
            links.append((place["start"], {"refuri": first}))
        if place["draw"] and target:
            links.append((place["draw"], {"refid": target}))
        buttons = nodes.paragraph(classes=["hero-buttons"])
        for text, address in links if app.builder.name == "html" else []:
            buttons += nodes.reference("", text, internal=True, **address)
        place.replace_self([buttons] if buttons.children else [])


def _section_of(node: Any) -> Any:
    """Return the section that contains a node."""
    while not isinstance(node, nodes.section):
        node = node.parent
    return node


def _pad(app: Sphinx, data: dict[str, Any]) -> list[nodes.Node]:
    """Return what is on the page until the script is loaded, and write the script."""
    script = write_script(app, PAD_SCRIPT, pad_script(data))
    height, width = data["shape"]
    (units, _), _ = data["layers"]
    facts = (
        f"It has {units} hidden units, sees {height} x {width} pixels, and was trained "
        f"on {app.config.book.environment.digits}."
    )
    place = f'<div class="pad" data-script="{script}"></div>'
    return [
        nodes.paragraph("", facts, classes=["pad-facts"]),
        nodes.raw("", place, format="html"),
    ]


def _add_files(
    app: Sphinx, page: str, template: str, context: dict[str, Any], doctree: Any
) -> None:
    if page == app.config.root_doc and app.builder.name == "html":
        app.add_css_file(STYLE, priority=750)  # after the book's
        app.add_js_file(SCRIPT, loading_method="defer")


def setup(app: Sphinx) -> None:
    """Connect to Sphinx."""
    app.add_directive("hero", Hero)
    app.add_directive("descent", DescentFigure)
    app.add_directive("digit-pad", DigitPad)
    app.add_directive("launch-links", LaunchLinks)
    app.add_role("repository", RepositoryRole())
    app.connect("doctree-resolved", _show_parts)
    # Before the theme looks through the list of styles.
    app.connect("html-page-context", _add_files, priority=400)
