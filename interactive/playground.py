"""A network of a few units, trained on points in the plane."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
from IPython.display import HTML
from matplotlib.axes import Axes

from helpers.plots import BLUE, VERMILLION
from interactive import small_network
from interactive.explorable import show_explorable

LIMITS = {"layers": 3, "units": 8, "seed": 999, "epochs": 2_000, "points": 100}
OPTIONS: dict[str, list[Any]] = {
    "activation": list(small_network.ACTIVATIONS),
    "rate": [0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1.0, 3.0],
    "batch": [1, 5, 10, 20, 50, 100, 200],
    "alpha": [0.0, 0.0001, 0.0005, 0.001, 0.005, 0.01, 0.05, 0.1],
}
CUSTOMARY: dict[str, Any] = {
    "units": (8, 8),
    "activation": "ReLU",
    "rate": 0.1,
    "batch": 10,
    "alpha": 0.0,
    "seed": 1,
    "epochs": 100,
}
SYMBOLS = {"activation": "", "rate": "η = ", "batch": "batches of "}
SYMBOLS |= {"alpha": "penalty ", "seed": "seed "}

# The training points (N, 2) and their classes (N,), and as much for validation.
PointSet = tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]


def show_playground(
    point_sets: Mapping[str, PointSet], moments: Sequence[Mapping[str, Any]]
) -> HTML:
    """Let the reader train a small network on points in the plane.

    The page opens with the first moment, before training; the figure shows each
    moment after its epochs. Settings that a moment does not name are customary.

    Parameters
    ----------
    point_sets : mapping of str to four arrays
        For each name the training points (N, 2) and their classes (N,), 0 or 1, and
        the validation points and their classes. The page's Python calls the
        mapping ``point_sets``, as the chapter should.
    moments : sequence of mappings
        Settings: ``data``, the name of a set; ``units``, how many in each hidden
        layer; ``activation``; ``rate``, the learning rate; ``batch``, how many
        points; ``alpha``, the strength of the penalty; ``seed``; and ``epochs``.

    Raises
    ------
    ValueError
        If the arrays of a set do not fit together, a class is neither 0 nor 1, or a
        moment asks for what the page does not offer.
    """
    for name, (X, y, X_new, y_new) in point_sets.items():
        for points, labels in ((X, y), (X_new, y_new)):
            _check_points(name, points, labels)
    if not moments:
        raise ValueError("there must be at least one moment to show")
    for moment in moments:
        _check_moment(moment, list(point_sets))
    wholes = [CUSTOMARY | dict(moment) for moment in moments]
    farthest = max(
        np.abs(part).max()
        for X, _, X_new, _ in point_sets.values()
        for part in (X, X_new)
    )
    reach = float(np.ceil(10.5 * farthest) / 10)

    figure, panels = plt.subplots(
        1,
        len(wholes),
        figsize=(7.2, 7.2 / max(len(wholes), 3) + 0.5),
        sharey=True,
        squeeze=False,
    )
    differ = [name for name in CUSTOMARY if len({str(w[name]) for w in wholes}) > 1]
    told = [
        _draw_moment(ax, point_sets[whole["data"]], whole, reach, differ)
        for ax, whole in zip(panels[0], wholes, strict=True)
    ]
    start = {name: value for name, value in wholes[0].items() if name != "epochs"}
    return show_explorable(
        "playground",
        figure,
        {
            "sets": {
                name: {"training": _pack(X, y), "validation": _pack(X_new, y_new)}
                for name, (X, y, X_new, y_new) in point_sets.items()
            },
            "start": start | {"units": list(start["units"])},
            "options": OPTIONS | {"data": list(point_sets)},
            "limits": LIMITS,
            "reach": reach,
            "code": _read_code(),
        },
        alt="Points of two classes in the plane, and the boundary of a trained network "
        f"between them: {'; '.join(told)}.",
    )


def _check_points(name: str, points: np.ndarray, labels: np.ndarray) -> None:
    if points.shape != (len(labels), 2) or not len(labels):
        raise ValueError(
            f"{name}: points of shape {points.shape} and labels of shape "
            f"{labels.shape} are not (N, 2) and (N,)"
        )
    if not np.isfinite(points).all():
        raise ValueError(f"{name}: a point is not finite")
    if not np.isin(labels, (0, 1)).all():
        raise ValueError(f"{name}: the classes are {np.unique(labels)}, not 0 and 1")


def _check_moment(moment: Mapping[str, Any], names: list[str]) -> None:
    known = ["data", *CUSTOMARY]
    if unknown := set(moment) - set(known):
        raise ValueError(f"a moment has no {min(unknown)!r}, only {', '.join(known)}")
    for setting, offered in (OPTIONS | {"data": names}).items():
        value = moment.get(setting, CUSTOMARY.get(setting))
        if value not in offered:
            raise ValueError(f"{setting} is {value!r}, not one of {offered}")
    units = moment.get("units", ())
    fits = all(1 <= n <= LIMITS["units"] for n in units)
    if len(units) > LIMITS["layers"] or not fits:
        raise ValueError(
            f"units are {units}; at most {LIMITS['layers']} layers of 1 to "
            f"{LIMITS['units']} are offered"
        )
    for setting, least in (("seed", 1), ("epochs", 0)):
        value = moment.get(setting, least)
        if not least <= value <= LIMITS[setting]:
            raise ValueError(f"{setting} is {value}, not {least} to {LIMITS[setting]}")


def _draw_moment(
    ax: Axes,
    given: PointSet,
    moment: Mapping[str, Any],
    reach: float,
    differ: Sequence[str],
) -> str:
    """Train, draw points and boundary, and return what is seen, in words."""
    X, y, X_new, y_new = given
    settings = {name: moment[name] for name in CUSTOMARY}
    layers = small_network.train(X, y, **settings)
    activation = settings["activation"]
    training, validation = (
        small_network.mean_loss(*some, layers, activation)
        for some in ((X, y), (X_new, y_new))
    )
    ends = np.linspace(-reach, reach, 101)
    mesh = np.stack(np.meshgrid(ends, ends), axis=-1).reshape(-1, 2)
    z = small_network.forward(mesh, layers, activation)[1].reshape(101, 101)
    sides = [-np.inf, 0, np.inf]
    ax.contourf(ends, ends, z, levels=sides, colors=[BLUE, VERMILLION], alpha=0.25)
    if z.min() < 0 < z.max():
        ax.contour(ends, ends, z, levels=[0], colors="k", linewidths=1)
    for label, marker in ((0, "o"), (1, "s")):
        ax.scatter(X[y == label, 0], X[y == label, 1], s=4, marker=marker)
    units = settings["units"]
    shape = " and ".join(map(str, units)) + (" unit" if sum(units) == 1 else " units")
    name = f"{moment['data']}, {shape if units else 'no hidden unit'}"
    changed = [
        symbol + format(settings[setting], "" if setting == "activation" else "g")
        for setting, symbol in SYMBOLS.items()
        if setting in differ
    ]
    ax.set(xticks=[], yticks=[], aspect="equal")
    ax.grid(visible=False)
    ax.set_xlabel(
        "\n".join([name, *changed, f"loss {training:.3f}, new {validation:.3f}"]),
        fontsize=9,
    )
    return (
        f"{', '.join([name, *changed])}, after {settings['epochs']} epochs training "
        f"loss {training:.3f}, validation loss {validation:.3f}"
    )


def _pack(points: np.ndarray, labels: np.ndarray) -> dict[str, Any]:
    return {"points": points.tolist(), "labels": [int(label) for label in labels]}


def _read_code() -> str:
    """Return the network in NumPy, without what only the module needs."""
    text = Path(small_network.__file__).read_text("utf-8")
    return text[text.index("from itertools") :].rstrip()
