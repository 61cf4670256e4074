"""The road through the book: a line, its descent, two classes, a network.

All of it is computed: the line is fitted to its points by the descent in the
second picture, and the curve in the third to flowers of two species. As in all
drawings, green marks what is learned; the steps are vermillion.
"""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import to_rgba
from matplotlib.figure import Figure
from matplotlib.patches import Circle, Polygon, Rectangle
from numpy.typing import NDArray
from sklearn.datasets import load_digits, load_iris

from figures.drawing import (
    BLUE,
    GREEN,
    GREY,
    PAGE,
    TINT,
    VERMILLION,
    Point,
    add_arrow,
    add_curve,
    add_label,
    add_node,
    add_pixels,
    make_canvas,
)

Vectors = NDArray[np.float64]

POINTS, SEED = 16, 4
START = (2.4, -1.1)  # intercept and slope, before the first step
RATE, STEPS = 0.65, 30
LEVELS = (0.05, 0.35, 1, 2, 3.3)  # of the contours, above the minimum
SCALE = 23  # pixels for 1 in intercept or slope
EPOCHS = 30  # of logistic regression, with steps of 1
DIGIT = 13  # index of the image, a three


def make_points() -> tuple[Vectors, Vectors]:
    """Return features and targets around a line, shapes (N,) and (N,)."""
    rng = np.random.default_rng(SEED)
    x = np.linspace(-0.5, 1.5, POINTS) + rng.uniform(-0.05, 0.05, POINTS)
    return x, x + rng.normal(0, 0.25, POINTS)


def descend(x: Vectors, y: Vectors) -> tuple[Vectors, Vectors, Vectors]:
    """Fit a line by gradient descent on the mean squared error.

    Returns the path of intercept and slope, shape (S + 1, 2), the minimum, and
    the Hessian, from which the contours are drawn.
    """
    X = np.column_stack([np.ones_like(x), x])  # (N, 2)
    bottom = np.linalg.solve(X.T @ X, X.T @ y)
    curvature = 2 * X.T @ X / len(x)
    path = [np.array(START)]
    for _ in range(STEPS):
        gradient = 2 * X.T @ (X @ path[-1] - y) / len(x)
        path.append(path[-1] - RATE * gradient)
    return np.array(path), bottom, curvature


def find_contour(bottom: Vectors, curvature: Vectors, level: float) -> Vectors:
    """Return the ellipse on which the loss exceeds its minimum by a given level."""
    eigenvalues, eigenvectors = np.linalg.eigh(curvature)
    angles = np.linspace(0, 2 * np.pi, 121)
    circle = np.stack([np.cos(angles), np.sin(angles)])
    radii = np.sqrt(2 * level / eigenvalues)
    return bottom + (eigenvectors @ (radii[:, None] * circle)).T


def add_point(ax: Axes, centre: Point, radius: float, colour: str) -> None:
    """Draw a dot with an outline in the colour of the page."""
    ax.add_patch(Circle(centre, radius, facecolor=colour, edgecolor=PAGE, zorder=3))


def draw_line(ax: Axes, left: float, bottom: float) -> None:
    """Draw the points and the line at the end of the descent."""
    x, y = make_points()
    path, _, _ = descend(x, y)

    def place(x: float, y: float) -> Point:
        return left + 62 * (x + 0.5), bottom - 56 * (y + 0.5)

    intercept, slope = path[-1]
    ends = [place(end, intercept + slope * end) for end in (-0.6, 1.6)]
    add_curve(ax, ends, colour=GREEN, width=3)
    for point in zip(x, y, strict=True):
        add_point(ax, place(*point), 5, BLUE)


def draw_descent(ax: Axes, centre: Point) -> None:
    """Draw the contour lines of the loss and the path down to the minimum."""
    path, bottom, curvature = descend(*make_points())

    def place(values: Vectors) -> list[Point]:
        shifts = (values - bottom) * SCALE * np.array([1, -1])
        return [(centre[0] + x, centre[1] + y) for x, y in shifts]

    contours = [find_contour(bottom, curvature, level) for level in LEVELS]
    ax.add_patch(
        Polygon(
            place(contours[-1]),
            facecolor=to_rgba(BLUE, TINT),
            edgecolor="none",
            zorder=0,
        )
    )
    for contour in contours:
        add_curve(ax, place(contour), colour=BLUE, width=1)
    steps = place(path)
    add_curve(ax, steps, colour=VERMILLION, width=1.8)
    for step in steps[:-1]:
        add_point(ax, step, 3.6, VERMILLION)
    add_point(ax, steps[-1], 7, GREEN)


def draw_classes(ax: Axes, left: float, bottom: float) -> None:
    """Draw two species by petal length, and the probability of the second."""
    iris = load_iris()
    length, label = iris.data[50:, 2], iris.target[50:] - 1
    z_scores = (length - length.mean()) / length.std()
    w = b = 0.0
    for _ in range(EPOCHS):
        error = 1 / (1 + np.exp(-(w * z_scores + b))) - label
        w -= np.mean(error * z_scores)
        b -= np.mean(error)

    def place(z: float, p: float) -> Point:
        return left + 65 + 26 * z, bottom - 112 * p

    for p in (0, 1):
        add_curve(ax, [place(-2.5, p), place(2.5, p)], colour=GREY, width=1)
    grid = np.linspace(-2.5, 2.5, 81)
    curve = [place(z, 1 / (1 + np.exp(-(w * z + b)))) for z in grid]
    add_curve(ax, curve, colour=GREEN, width=3)
    for z in z_scores[label == 0][::7]:
        add_point(ax, place(z, 0), 5, BLUE)
    for z in z_scores[label == 1][::7]:
        x, y = place(z, 1)
        ax.add_patch(
            Rectangle(
                (x - 4.5, y - 4.5),
                9,
                9,
                facecolor=VERMILLION,
                edgecolor=PAGE,
                zorder=3,
            )
        )


def draw_network(ax: Axes, left: float, middle: float) -> None:
    """Draw an image of a digit, a network, and its prediction."""
    digits = load_digits()
    size = 9
    add_pixels(ax, (left, middle - 4 * size), size, digits.images[DIGIT])
    hidden = [(left + 122, middle + shift) for shift in (-54, -18, 18, 54)]
    outputs = [(left + 190, middle + shift) for shift in (-42, 0, 42)]
    radius = 11

    def connect(start: Point, end: Point, gap: float) -> None:
        along = np.subtract(end, start) / np.hypot(*np.subtract(end, start))
        ends = start + gap * along, end - radius * along
        ax.plot(*zip(*ends, strict=True), color=GREEN, linewidth=1, zorder=0.9)

    for node in hidden:
        for row in (-27, -9, 9, 27):
            connect((left + 8 * size + 4, middle + row), node, 0)
        for output in outputs:
            connect(node, output, radius)
    for node in hidden:
        add_node(ax, node, radius=radius)
    for number, output in enumerate(outputs):
        add_node(ax, output, radius=18 if number == 1 else radius, solid=number == 1)
    add_label(ax, outputs[1], str(digits.target[DIGIT]), size=24, colour=PAGE)


def add_road(ax: Axes, top: float) -> None:
    """Draw the four pictures in a row, with their names."""
    draw_line(ax, 20, top + 146)
    draw_descent(ax, (232, top + 84))
    draw_classes(ax, 318, top + 140)
    draw_network(ax, 482, top + 84)
    for x, name in ((82, "line"), (232, "descent"), (383, "classes"), (586, "network")):
        add_label(ax, (x, top + 190), name, size=23)
    for x in (144, 308, 468):
        add_arrow(ax, (x - 13, top + 190), (x + 13, top + 190), width=2)


def draw() -> Figure:
    """Draw the road on its own canvas."""
    figure, ax = make_canvas("The road from a line to a network", 224)
    add_road(ax, 0)
    return figure
