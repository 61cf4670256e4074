"""The tasks of the chapter on gradient descent with one feature."""

import numpy as np

from helpers import Fact, Mistake, Task, check_gradient


def predict(x, b, w):
    return b + w * x


def mean_squared_error(x, y, b, w):
    """Return the loss, a number, of the line with parameters b and w.

    x and y: (N, 1), or (N,).
    """
    return np.mean((predict(x, b, w) - y) ** 2)


def gradient(x, y, b, w):
    """Return the derivatives of the loss by b and by w, two numbers.

    x and y: (N, 1), or (N,); b and w: numbers.
    """
    residual = predict(x, b, w) - y  # (N, 1)
    grad_b = 2 * residual.mean()
    grad_w = 2 * (residual * x).mean()
    return grad_b, grad_w


def update(x, y, b, w, learning_rate):
    """Return b and w, two numbers, after one step of descent.

    x and y: (N, 1), or (N,).
    """
    grad_b, grad_w = gradient(x, y, b, w)
    return b - learning_rate * grad_b, w - learning_rate * grad_w


PENCIL = np.array([0.0, 1.0, 2.0]), np.array([1.0, 3.0, 5.0])


def lines(rng):
    return [
        (rng.uniform(size=shape), rng.normal(size=shape), rng.normal(), rng.normal())
        for shape in ((7, 1), (5, 1), (4,))
    ]


def lines_and_rates(rng):
    return [
        (*line, rate) for line, rate in zip(lines(rng), (0.1, 0.5, 0.3), strict=True)
    ]


def averages_the_squares(mean_squared_error):
    x, y = np.array([[0.0], [1.0]]), np.array([[2.0], [0.0]])
    return np.isclose(mean_squared_error(x, y, 1.0, 2.0), 5)


def has_the_measured_slopes(gradient):
    ((x, y, b, w), *_) = lines(np.random.default_rng(1))

    def loss_at(point):
        return mean_squared_error(x, y, *point)

    return check_gradient(loss_at, [b, w], gradient(x, y, b, w)) < 1e-7


def finds_what_the_pencil_finds(gradient):
    return np.allclose(gradient(*PENCIL, 0.0, 0.0), [-6, -26 / 3])


def goes_where_the_pencil_goes(update):
    return np.allclose(update(*PENCIL, 0.0, 0.0, 0.1), [0.6, 2.6 / 3])


def stays_at_the_bottom(update):
    ((x, y, *_), *_) = lines(np.random.default_rng(1))
    w, b = np.polyfit(x.ravel(), y.ravel(), 1)
    return np.allclose(update(x, y, b, w, 0.1), [b, w])


LOSS = "np.mean((predict(x, b, w) - y) ** 2)"
BOTH = "2 * residual.mean()\n    grad_w = 2 * (residual * x).mean()"
STEP = "b - learning_rate * grad_b, w - learning_rate * grad_w"

TASKS = (
    Task(
        mean_squared_error,
        lines,
        points=1,
        given=(predict,),
        facts=(
            Fact("a line that misses by 1 and 3 has a loss of 5", averages_the_squares),
        ),
        mistakes=(
            Mistake(
                LOSS,
                "np.sum((predict(x, b, w) - y) ** 2)",
                "This is the sum of the squared residuals. Their mean is asked for.",
            ),
            Mistake(
                LOSS,
                "(predict(x, b, w) - y) ** 2",
                "These are the squared residuals of the single examples. Their mean "
                "is missing.",
            ),
            Mistake(
                LOSS,
                "np.mean(predict(x, b, w) - y)",
                "The residuals are not squared, so too high and too low cancel.",
            ),
            Mistake(
                LOSS,
                "np.mean(predict(x, b, w) - y) ** 2",
                "This squares the mean of the residuals. Square each of them first, "
                "then average.",
            ),
            Mistake(
                LOSS,
                "np.mean(np.abs(predict(x, b, w) - y))",
                "This averages the absolute values of the residuals. Average their "
                "squares.",
            ),
            Mistake(
                LOSS,
                "np.sqrt(np.mean((predict(x, b, w) - y) ** 2))",
                "There is a square root too many: the loss is the mean of the squares "
                "itself.",
            ),
            Mistake(
                LOSS,
                "np.mean((predict(x, b, w) - y) ** 2) / 2",
                "There is a factor 1/2 too many. Some books have it; the loss of this "
                "chapter does not.",
            ),
            Mistake(
                LOSS,
                "np.sum((predict(x, b, w) - y) ** 2) / 80",
                "It divides by 80, the size of the training set. Divide by the number "
                "of examples in x.",
            ),
            Mistake(
                LOSS,
                "np.mean((predict(x, b, w) - y) ** 2, axis=0)",
                "For a column this is an array of shape (1,). A number is asked for: "
                "average over both axes.",
            ),
            Mistake(
                "- y)",
                "- y.ravel())",
                "A column (N, 1) minus a vector (N,) is (N, N): every prediction is "
                "compared with every target.",
            ),
            Mistake(
                "predict(x, b, w)",
                "predict(x, w, b)",
                "Intercept and slope are swapped.",
            ),
            Mistake(
                "predict(x, b, w)",
                "w * x",
                "The intercept is missing from the predictions.",
            ),
            Mistake(
                "predict(x, b, w) - y",
                "predict(x, b, w) + y",
                "The targets are added to the predictions. A residual is a difference.",
            ),
            Mistake(
                "predict(x, b, w) - y",
                "predict(x, b, w)",
                "The targets do not occur. A residual is prediction minus target.",
            ),
        ),
    ),
    Task(
        gradient,
        lines,
        points=3,
        parts=("grad_b", "grad_w"),
        given=(predict,),
        facts=(
            Fact(
                "the gradient is what central differences give", has_the_measured_slopes
            ),
            Fact(
                "for (0, 1), (1, 3), (2, 5) and b = w = 0 it is -6 and -26/3",
                finds_what_the_pencil_finds,
            ),
        ),
        mistakes=(
            Mistake(
                "predict(x, b, w) - y",
                "y - predict(x, b, w)",
                "Both have the wrong sign: the residual is prediction minus target.",
            ),
            Mistake(
                BOTH,
                "residual.mean()\n    grad_w = (residual * x).mean()",
                "The factor 2 is missing from both. It comes from the derivative of "
                "the square.",
            ),
            Mistake(
                BOTH,
                "2 * residual.sum()\n    grad_w = 2 * (residual * x).sum()",
                "Both are sums over the examples. The loss is a mean, so its "
                "derivatives are means too.",
            ),
            Mistake(
                BOTH,
                "2 * residual.sum() / 80\n    grad_w = 2 * (residual * x).sum() / 80",
                "It divides by 80, the size of the training set. Divide by the number "
                "of examples in x.",
            ),
            Mistake(
                "(residual * x).mean()",
                "residual.mean()",
                "In grad_w the factor x is missing: w enters each residual with the "
                "factor x of its example.",
            ),
            Mistake(
                "(residual * x).mean()",
                "residual.mean() * x.mean()",
                "grad_w is a product of two means. Multiply each residual by its own "
                "x first, then average.",
            ),
            Mistake(
                "2 * residual.mean()",
                "2 * (residual * x).mean()",
                "grad_b has a factor x too many: b enters the residual with the "
                "factor 1.",
            ),
            Mistake(
                BOTH,
                "2 * residual[0].item()\n    grad_w = 2 * (residual * x)[0].item()",
                "This is the term of the first example alone. The sum over the "
                "examples is missing.",
            ),
            Mistake(
                BOTH,
                "2 * residual\n    grad_w = 2 * residual * x",
                "These are the terms of the single examples. Average them.",
            ),
            Mistake(
                "predict(x, b, w) - y",
                "(predict(x, b, w) - y) ** 2",
                "The residuals are squared, as in the loss. The derivative of a "
                "square has no square.",
            ),
            Mistake(
                BOTH,
                "2 * residual.mean(axis=0)\n"
                "    grad_w = 2 * (residual * x).mean(axis=0)",
                "For columns these are arrays of shape (1,). Numbers are asked for: "
                "average over both axes.",
            ),
            Mistake(
                "2 * (residual * x).mean()",
                "2 / len(x) * x.T @ residual",
                "The product of a row and a column is an array of shape (1, 1). "
                "grad_w is a number.",
            ),
            Mistake(
                "b, w) - y",
                "b, w) - y.ravel()",
                "A column (N, 1) minus a vector (N,) is (N, N): every prediction is "
                "compared with every target.",
            ),
            Mistake(
                "predict(x, b, w) - y",
                "predict(x, b, w)",
                "The targets do not occur. A residual is prediction minus target.",
            ),
            Mistake(
                "predict(x, b, w)",
                "predict(x, w, b)",
                "Intercept and slope are swapped in the predictions.",
            ),
            Mistake(
                "predict(x, b, w)",
                "w * x",
                "The intercept is missing from the predictions.",
            ),
            Mistake(
                "2 * (residual * x).mean()",
                "2 / len(x) * residual @ x",
                "Two columns, (N, 1), have no matrix product. Multiply them entry by "
                "entry.",
            ),
            Mistake(
                "return grad_b, grad_w",
                "return grad_w, grad_b",
                "The order is wrong: first the derivative by b, then that by w.",
            ),
        ),
    ),
    Task(
        update,
        lines_and_rates,
        parts=("b", "w"),
        facts=(
            Fact(
                "with (0, 1), (1, 3), (2, 5) and a rate of 0.1, a step from "
                "b = w = 0 leads to b = 0.6 and w = 0.867",
                goes_where_the_pencil_goes,
            ),
            Fact("at the least-squares line it changes nothing", stays_at_the_bottom),
        ),
        mistakes=(
            Mistake(
                STEP,
                "b + learning_rate * grad_b, w + learning_rate * grad_w",
                "The step goes uphill. The gradient points to where the loss grows.",
            ),
            Mistake(
                f"grad_b, grad_w = gradient(x, y, b, w)\n    return {STEP}",
                "b = b - learning_rate * gradient(x, y, b, w)[0]\n"
                "    return b, w - learning_rate * gradient(x, y, b, w)[1]",
                "The derivative by w is worked out with the new b. Work out both "
                "derivatives before you change a parameter.",
            ),
            Mistake(
                f"grad_b, grad_w = gradient(x, y, b, w)\n    return {STEP}",
                "w = w - learning_rate * gradient(x, y, b, w)[1]\n"
                "    return b - learning_rate * gradient(x, y, b, w)[0], w",
                "The derivative by b is worked out with the new w. Work out both "
                "derivatives before you change a parameter.",
            ),
            Mistake(
                STEP,
                "b - grad_b, w - grad_w",
                "The learning rate is missing: the step is as long as the gradient.",
            ),
            Mistake(
                STEP,
                "-learning_rate * grad_b, -learning_rate * grad_w",
                "This is the step alone. Add it to the old b and w.",
            ),
            Mistake(
                STEP,
                "learning_rate * grad_b, learning_rate * grad_w",
                "This is the gradient times the rate. Subtract it from the old b "
                "and w.",
            ),
            Mistake(
                STEP,
                "grad_b, grad_w",
                "This is the gradient. Take a step against it from the old b and w.",
            ),
            Mistake(
                STEP,
                "b - learning_rate * grad_w, w - learning_rate * grad_b",
                "The two derivatives are swapped: each parameter moves by its own.",
            ),
            Mistake(
                "gradient(x, y, b, w)",
                "gradient(x, y, w, b)",
                "gradient is called with b and w swapped.",
            ),
            Mistake(
                STEP,
                "b - learning_rate * grad_b, w",
                "Only b has moved. w is a parameter too.",
            ),
            Mistake(
                STEP,
                "b, w - learning_rate * grad_w",
                "Only w has moved. b is a parameter too.",
            ),
            Mistake(
                STEP,
                "b - learning_rate * grad_b / len(x), "
                "w - learning_rate * grad_w / len(x)",
                "The step is divided by the number of examples once more. The gradient "
                "is a mean already.",
            ),
            Mistake(
                STEP,
                "w - learning_rate * grad_w, b - learning_rate * grad_b",
                "The order is wrong: first b, then w.",
            ),
        ),
    ),
)
