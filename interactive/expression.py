"""An expression as a graph, and ways to walk back through it."""

import ast
from collections.abc import Mapping

import matplotlib.pyplot as plt
from IPython.display import HTML
from matplotlib.figure import Figure

from helpers.plots import BLACK, BLUE, VERMILLION
from interactive.explorable import show_explorable

RIGHT = "in order"  # the walk that the others are compared with


def show_expression(
    examples: Mapping[str, str], gradients: Mapping[str, Mapping[str, float]]
) -> HTML:
    """Let the reader type an expression, and walk back through its graph.

    On the book's pages all the walks can be taken step by step, through an
    expression of the reader's own. The figure shows how they end on the first
    example.

    Parameters
    ----------
    examples : mapping of str to str
        Expressions by name: assignments with semicolons between them, such as
        ``a = 2; b = a + a``. Each name is assigned once.
    gradients : mapping of str to mapping of str to float
        For each walk, the gradients with which the nodes of the first example
        end, by the names of nodes. The walk "in order" is right, and the first
        one is chosen when the page opens.

    Raises
    ------
    ValueError
        If an example is not a list of assignments, if the walk "in order" is
        missing, or if a walk lacks the gradient of a node.
    """
    uses = {name: _read_uses(text) for name, text in examples.items()}
    first, text = next(iter(examples.items()))
    if RIGHT not in gradients:
        raise ValueError(f"there is no walk “{RIGHT}” in {', '.join(gradients)}")
    for walk, found in gradients.items():
        if missing := uses[first].keys() - found.keys():
            raise ValueError(f"the walk “{walk}” has no gradient for {min(missing)}")
    return show_explorable(
        "expression",
        _draw(uses[first], gradients),
        {"examples": dict(examples), "walk": next(iter(gradients))},
        alt=f"The graph of {text}, and below each node the gradient with which it "
        "ends after each walk. "
        + " ".join(
            f"{walk.capitalize()}: "
            + ", ".join(_say(name, walk, gradients) for name in uses[first])
            + "."
            for walk in gradients
        ),
    )


def _read_uses(text: str) -> dict[str, list[str]]:
    """Return the names that an expression assigns, with those that each uses."""
    uses: dict[str, list[str]] = {}
    try:
        statements = ast.parse(text).body
    except SyntaxError as error:
        raise ValueError(f"{text!r} is not an expression: {error.msg}") from error
    for statement in statements:
        match statement:
            case ast.Assign(targets=[ast.Name(id=name)], value=value):
                names = (part for part in ast.walk(value) if isinstance(part, ast.Name))
                uses[name] = [part.id for part in names if part.id in uses]
            case _:
                raise ValueError(f"{text!r} is not a list of assignments")
    if not uses:
        raise ValueError(f"{text!r} assigns nothing")
    return uses


def _say(name: str, walk: str, gradients: Mapping[str, Mapping[str, float]]) -> str:
    """Return what a node ends with, and what it should end with."""
    found, right = gradients[walk][name], gradients[RIGHT][name]
    return f"{name} {found:g}" + ("" if found == right else f", not {right:g}")


def _draw(
    uses: Mapping[str, list[str]], gradients: Mapping[str, Mapping[str, float]]
) -> Figure:
    """Draw the nodes in a row, and below them a table of their gradients."""
    names = list(uses)
    rows = len(gradients)
    figure = plt.figure(figsize=(6.4, 1.5 + 0.3 * rows), layout="none")
    right_edge = len(names) - 0.4
    ax = figure.add_axes((0, 0, 1, 1), xlim=(-2, right_edge), ylim=(rows + 0.8, -1.7))
    ax.set_axis_off()
    for there, name in enumerate(names):
        for number, used in enumerate(uses[name]):
            here = names.index(used)
            twice = uses[name].count(used) == 2
            bend = (0.3, -0.3)[number] if twice else -0.35 * (there - here > 1)
            arrow = {
                "arrowstyle": "->",
                "shrinkA": 13,
                "shrinkB": 13,
                "connectionstyle": f"arc3,rad={bend}",
            }
            ax.annotate("", (there, 0), (here, 0), arrowprops=arrow)
        circle = {"boxstyle": "circle", "facecolor": "white", "edgecolor": BLUE}
        ax.text(there, 0, f"${name}$", ha="center", va="center", bbox=circle)
    for row, (walk, found) in enumerate(gradients.items(), 1):
        ax.text(-1.95, row, walk, va="center")
        for across, name in enumerate(names):
            wrong = found[name] != gradients[RIGHT][name]
            text = f"{found[name]:g}" + (" wrong" if wrong else "")
            colour, weight = (VERMILLION, "bold") if wrong else (BLACK, "normal")
            ax.text(
                across, row, text, color=colour, weight=weight, ha="center", va="center"
            )
    ax.axhline(0.55, color="0.8", linewidth=1)
    return figure
