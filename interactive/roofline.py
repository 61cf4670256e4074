"""The roofline of a machine, and where on it a layer lies."""

from collections.abc import Iterable, Mapping

import matplotlib.pyplot as plt
import numpy as np
from IPython.display import HTML
from matplotlib.axes import Axes
from numpy.typing import ArrayLike

from interactive.explorable import show_explorable

# Examples in a batch: the powers of 2, and half-way between them.
SIZES = sorted({n for k in range(13) for n in (2**k, 3 * 2**k // 2)} - {3 * 2**11})
MAX_BATCH = SIZES[-1]
INTENSITIES = 0.03, 3000  # flops per byte
NUMBERS = 4, 2  # bytes of each

Runs = Mapping[str | int, tuple[int, int, float]]


def show_roofline(
    runs: Mapping[str, Runs], layers: Mapping[str, tuple[int, int]]
) -> HTML:
    """Let the reader vary the batch of a layer below the roofline of a machine.

    Parameters
    ----------
    runs : mapping of str to mapping
        For each device, what its operations took: flops, bytes and seconds. The
        operation "square" gives the level of the roof, and "scale" its slope. One
        whose name is a number is the first layer with so many examples.
    layers : mapping of str to tuple
        Numbers of inputs and outputs of each layer that can be chosen.

    Raises
    ------
    ValueError
        If there is no device or no layer, a layer has no inputs or no outputs, a
        device lacks one of the two operations, or a run took no time.
    """
    if not runs or not layers:
        raise ValueError("a roofline needs at least one device and one layer")
    for name, (inputs, outputs) in layers.items():
        if inputs < 1 or outputs < 1:
            raise ValueError(f"{name} has {inputs} inputs and {outputs} outputs")
    for device, taken in runs.items():
        if missing := {"square", "scale"} - taken.keys():
            raise ValueError(f"{device} did not run {' and '.join(sorted(missing))}")
        for operation, (_, _, seconds) in taken.items():
            if not seconds > 0:
                raise ValueError(f"on {device}, {operation} took {seconds} seconds")
    roofs = {device: _find_roof(taken) for device, taken in runs.items()}
    rates = [
        rate
        for device, (F, M) in roofs.items()
        for rate in (1.5 * F, M / 32, *(f / s for f, _, s in runs[device].values()))
    ]

    def prepare(roof: Axes, time: Axes, layers: Iterable[tuple[int, int]]) -> None:
        roof.set(xlim=INTENSITIES, ylim=_decades(np.divide(rates, 1e9)))
        roof.set(xlabel="flop per byte", ylabel="Gflop per second")
        times = [
            bound_time(n, *layer, *roof, width)
            for n in (1, MAX_BATCH)
            for layer in layers
            for roof in roofs.values()
            for width in NUMBERS
        ]
        time.set(xlim=(0.8, MAX_BATCH * 1.25), ylim=_decades(times))
        time.set(xlabel="examples in the batch, n", ylabel="seconds for the batch")
        for ax in (roof, time):
            ax.set(xscale="log", yscale="log")
            ax.minorticks_off()

    figure, (roof, time) = plt.subplots(1, 2, figsize=(7, 3.6))
    measured = next(iter(layers.values()))
    prepare(roof, time, [measured])
    for number, (device, (F, M)) in enumerate(roofs.items()):
        colour, taken = f"C{number}", runs[device]
        ends = np.array([INTENSITIES[0], F / M, INTENSITIES[1]])
        roof.plot(ends, np.minimum(F, M * ends) / 1e9, colour)
        for operation, (flops, moved, seconds) in taken.items():
            if operation in ("square", "scale"):
                continue
            place = flops / moved, flops / seconds / 1e9
            name = operation if isinstance(operation, str) else f"n = {operation}"
            roof.plot(*place, f"{colour}o")
            roof.annotate(name, place, (5, -11), textcoords="offset points", fontsize=8)
        bounds = [bound_time(n, *measured, F, M) for n in SIZES]
        time.plot(SIZES, bounds, colour, label=_describe(device, taken, F, M))
        batches = {n: run[2] for n, run in taken.items() if isinstance(n, int)}
        time.plot(batches.keys(), batches.values(), f"{colour}o")
    figure.legend(loc="outside upper left", fontsize=10)

    stages = [plt.figure(figsize=(3.5, 3.0), layout="none") for _ in range(2)]
    sides = (0.2, 0.2, 0.77, 0.74)  # the same, so that the plots are in line
    under, beside = (stage.add_axes(sides) for stage in stages)
    prepare(under, beside, layers.values())
    told = "; ".join(_describe(device, runs[device], *roofs[device]) for device in runs)
    return show_explorable(
        "roofline",
        figure,
        {
            "sizes": SIZES,
            "layers": [
                {"name": name, "inputs": inputs, "outputs": outputs}
                for name, (inputs, outputs) in layers.items()
            ],
            "numbers": NUMBERS,
            "devices": [
                {
                    "name": device,
                    "flops": F,
                    "bandwidth": M,
                    "seconds": {
                        n: run[2] for n, run in runs[device].items() if n in SIZES
                    },
                }
                for device, (F, M) in roofs.items()
            ],
        },
        alt="Two plots with logarithmic axes. Left, flops per second against "
        "arithmetic intensity: the roof rises with slope 1 and then is level. Points "
        "of a layer with growing batches follow each other to the right, those of "
        "small batches below the roof. Right, the time of the layer against the "
        "examples in the batch: the bound is flat for small batches, then rises in "
        f"proportion. {told}.",
        stages=stages,
    )


def _decades(numbers: ArrayLike) -> tuple[float, float]:
    """Return the powers of ten around all numbers."""
    exponents = np.log10(numbers)
    return 10 ** np.floor(exponents.min()), 10 ** np.ceil(exponents.max())


def _find_roof(runs: Runs) -> tuple[float, float]:
    """Return flops and bytes per second."""
    (flops, _, arithmetic), (_, moved, memory) = runs["square"], runs["scale"]
    return flops / arithmetic, moved / memory


def bound_time(n: int, D: int, H: int, F: float, M: float, width: int = 4) -> float:
    """Return the seconds that a layer takes at the least."""
    return max(2 * n * D * H / F, width * (n * D + D * H + n * H) / M)


def _describe(device: str, runs: Runs, F: float, M: float) -> str:
    """Say what the machine does, and from which batch it comes near that."""
    busy = [n for n, (f, _, s) in runs.items() if isinstance(n, int) and f / s > F / 2]
    reached = f"from n = {min(busy)}" if busy else "by no batch"
    return (
        f"{device}: {F / 1e9:,.0f} Gflop/s, {M / 1e9:,.0f} GB/s, n* = {2 * F / M:.1f}, "
        f"half of the level reached {reached}"
    )
