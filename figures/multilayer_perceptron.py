"""A multi-layer perceptron for classification: one hidden layer, softmax outputs.

W1 and b1 lead from D features to H weighted sums; ReLU is applied to each; W2
and b2 turn the H activations into C logits, and softmax turns those into
probabilities.
"""

from matplotlib.figure import Figure

from figures.drawing import (
    BLUE,
    GREEN,
    GREY,
    add_arrow,
    add_box,
    add_curve,
    add_dots,
    add_label,
    add_node,
    make_canvas,
)

INPUTS = {"1": 72, "2": 126, "D": 234}  # the y of each
HIDDEN = (60, 114, 168, 268)
OUTPUTS = {"1": 84, "2": 138, "C": 234}
BIAS = 322
X_IN, X_SUM, X_RELU, X_LOGIT = 52, 206, 330, 488


def draw() -> Figure:
    """Draw the network."""
    figure, ax = make_canvas("A multi-layer perceptron", 460)

    def connect(x: float, starts: list[float], end_x: float, ends: list[float]) -> None:
        for end in ends:
            for start in [*starts, BIAS]:
                add_arrow(
                    ax,
                    (x, start),
                    (end_x, end),
                    colour=GREEN,
                    gaps=(21, 21),
                    width=1.1,
                    dashed=start == BIAS,
                )
        add_node(ax, (x, BIAS), "$1$", colour=GREY, radius=19)

    connect(X_IN, list(INPUTS.values()), X_SUM, list(HIDDEN))
    connect(X_RELU, list(HIDDEN), X_LOGIT, list(OUTPUTS.values()))

    for name, y in INPUTS.items():
        add_node(ax, (X_IN, y), f"$x_{name}$", radius=19)
    add_dots(ax, (X_IN, 180))
    for y in HIDDEN:
        add_arrow(ax, (X_SUM, y), (X_RELU, y), gaps=(19, 20))
        add_node(ax, (X_SUM, y), r"$\Sigma$", colour=GREY, radius=19)
        add_node(ax, (X_RELU, y), radius=19)
        add_curve(ax, [(X_RELU - 12, y + 5), (X_RELU, y + 5), (X_RELU + 10, y - 9)])
    for x in (X_SUM, X_RELU):
        add_dots(ax, (x, 218))
    add_label(ax, (X_SUM - 7, 22), "$H$", size=18, align="right")
    add_label(ax, (X_SUM, 22), "hidden units, ReLU", size=16, align="left")

    add_box(ax, (569, 159), 80, 208, "softmax")
    for name, y in OUTPUTS.items():
        add_arrow(ax, (X_LOGIT, y), (529, y), gaps=(20, 1))
        add_arrow(ax, (609, y), (660, y), gaps=(0, 20))
        add_node(ax, (X_LOGIT, y), f"$z_{name}$", radius=19)
        add_node(ax, (660, y), f"$p_{name}$", solid=True, radius=19)
    add_dots(ax, (X_LOGIT, 186))
    add_dots(ax, (660, 186))

    for x, formula, shape, colour in (
        (X_IN, "$X$", "$(N, D)$", BLUE),
        (136, "$W_1, b_1$", "$(D, H)$", GREEN),
        (X_SUM + 4, "$Z_1$", "$(N, H)$", BLUE),
        (X_RELU, "$A$", "$(N, H)$", BLUE),
        (410, "$W_2, b_2$", "$(H, C)$", GREEN),
        (X_LOGIT, "$Z_2$", "$(N, C)$", BLUE),
        (660, "$P$", "$(N, C)$", BLUE),
    ):
        add_label(ax, (x, 388), formula, size=20)
        add_label(ax, (x, 420), shape, size=16, colour=colour)
    return figure
