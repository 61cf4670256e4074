"""The tasks of the chapter on noise, momentum and Adam."""

import numpy as np

from helpers import Fact, Mistake, Task, check_gradient


def batch_gradient(X_ones, y, theta, rows):
    """Return the gradient (D,) of the squared error of some examples.

    X_ones: (N, D), y: (N,), theta: (D,).
    rows: (n,), which examples; one may occur several times.
    """
    residual = X_ones[rows] @ theta - y[rows]  # (n,)
    return 2 / len(rows) * X_ones[rows].T @ residual


def momentum_step(theta, v, g, learning_rate, beta):
    """Return theta and v after a step.

    theta, v and the gradient g at theta: (D,).
    """
    v = beta * v + g
    return theta - learning_rate * v, v


def rmsprop_step(theta, s, g, learning_rate, beta, epsilon=1e-8):
    """Return theta and s after a step.

    theta, s and the gradient g at theta: (D,).
    """
    s = beta * s + (1 - beta) * g**2
    return theta - learning_rate * g / (np.sqrt(s) + epsilon), s


def adam_step(theta, m, s, t, g, learning_rate, betas, epsilon=1e-8):
    """Return theta, m and s after step number t, counted from 1.

    theta, m, s and the gradient g at theta: (D,); betas: two numbers.
    """
    beta_1, beta_2 = betas
    m = beta_1 * m + (1 - beta_1) * g
    s = beta_2 * s + (1 - beta_2) * g**2
    m_mean, s_mean = m / (1 - beta_1**t), s / (1 - beta_2**t)
    step = m_mean / (np.sqrt(s_mean) + epsilon)
    return theta - learning_rate * step, m, s


def batches(rng):
    return [
        (
            rng.normal(size=(N, D)),
            rng.normal(size=N),
            rng.normal(size=D),
            rng.permutation(np.array([0, *rng.integers(1, N, size=n - 2), 0])),
        )
        for N, D, n in ((9, 2, 5), (7, 3, 4))
    ]


def velocities(rng):
    return [
        (*rng.normal(size=(3, D)), learning_rate, beta)
        for D, learning_rate, beta in ((2, 0.1, 0.9), (3, 0.3, 0.7))
    ]


def squares(rng):
    """Return arguments; in the last ones a gradient was always 0."""
    found = []
    for D, learning_rate, beta, epsilon in (
        (2, 0.1, 0.9, 0.05),
        (3, 0.3, 0.7, 0.02),
        (4, 0.2, 0.6, 1e-8),
    ):
        theta, g = rng.normal(size=(2, D))
        s = rng.uniform(0.5, 2, size=D)
        if epsilon < 0.01:
            s[0] = g[0] = 0
        found.append((theta, s, g, learning_rate, beta, epsilon))
    return found


def averages(rng):
    """Return arguments; in the last ones a gradient was always 0."""
    found = []
    for D, t, learning_rate, betas, epsilon in (
        (3, 2, 0.3, (0.7, 0.8), 0.02),
        (2, 1, 0.1, (0.9, 0.999), 0.05),
        (4, 5, 0.2, (0.6, 0.9), 1e-8),
    ):
        theta, m, g = rng.normal(size=(3, D))
        s = rng.uniform(0.5, 2, size=D)
        if t == 1:
            m, s = np.zeros(D), np.zeros(D)
        if epsilon < 0.01:
            m[0] = s[0] = g[0] = 0
        found.append((theta, m, s, t, g, learning_rate, betas, epsilon))
    return found


def has_the_measured_slope(batch_gradient):
    ((X_ones, y, theta, rows), *_) = batches(np.random.default_rng(1))

    def loss_at(point):
        return np.mean((X_ones[rows] @ point - y[rows]) ** 2)

    return check_gradient(loss_at, theta, batch_gradient(X_ones, y, theta, rows)) < 1e-7


def is_right_on_average(batch_gradient):
    ((X_ones, y, theta, _), *_) = batches(np.random.default_rng(1))
    numbers = np.arange(len(y))
    single = [batch_gradient(X_ones, y, theta, numbers[i : i + 1]) for i in numbers]
    return np.allclose(
        np.mean(single, axis=0), batch_gradient(X_ones, y, theta, numbers)
    )


def starts_like_descent(momentum_step):
    theta, g = np.array([1.0, 2.0]), np.array([3.0, -4.0])
    after, v = momentum_step(theta, np.zeros(2), g, 0.1, 0.9)
    return np.allclose(after, theta - 0.1 * g) and np.allclose(v, g)


def grows_to_ten_gradients(momentum_step):
    theta, v, g = np.zeros(2), np.zeros(2), np.array([3.0, -4.0])
    for _ in range(300):
        theta, v = momentum_step(theta, v, g, 0.1, 0.9)
    return np.allclose(v, 10 * g)


def forgets_the_start(rmsprop_step):
    theta, s, g = np.zeros(2), np.array([50.0, 0.0]), np.array([3.0, -4.0])
    for _ in range(300):
        theta, s = rmsprop_step(theta, s, g, 0.1, 0.9)
    return np.allclose(s, g**2)


def divides_by_the_size(rmsprop_step):
    g = np.array([3.0, -0.04])
    theta, _ = rmsprop_step(np.zeros(2), g**2, g, 0.1, 0.9)
    return np.allclose(theta, -0.1 * np.sign(g))


def keeps_the_pace(adam_step):
    theta, m, s = np.zeros(2), np.zeros(2), np.zeros(2)
    g = np.array([3.0, -0.04])
    for t in range(1, 11):
        theta, m, s = adam_step(theta, m, s, t, g, 0.1, (0.9, 0.999))
    return np.allclose(theta, -10 * 0.1 * np.sign(g))


def begins_with_the_sign(adam_step):
    zero, g = np.zeros(2), np.array([3.0, -0.04])
    theta, *_ = adam_step(zero, zero, zero, 1, g, 0.1, (0.9, 0.999))
    return np.allclose(theta, -0.1 * np.sign(g))


TASKS = (
    Task(
        batch_gradient,
        batches,
        points=2,
        facts=(
            Fact(
                "the gradient is what central differences give", has_the_measured_slope
            ),
            Fact(
                "the gradients of all single examples have the whole one as their mean",
                is_right_on_average,
            ),
        ),
        mistakes=(
            Mistake(
                """residual = X_ones[rows] @ theta - y[rows]  # (n,)
    return 2 / len(rows) * X_ones[rows].T @ residual""",
                "return 2 / len(rows) * X_ones.T @ (X_ones @ theta - y)",
                "The sum runs over all examples, and only the divisor is that of the "
                "mini-batch.",
            ),
            Mistake(
                "2 / len(rows)",
                "2 / len(X_ones)",
                "It is divided by N, the number of all examples. Divide by n, the "
                "size of the mini-batch.",
            ),
            Mistake(
                "2 / len(rows)",
                "2",
                "This is a sum over the mini-batch, where a mean is due.",
            ),
            Mistake(
                "2 / len(rows)",
                "1 / len(rows)",
                "The factor 2 is missing: it comes from the derivative of the square.",
            ),
            Mistake(
                "X_ones[rows] @ theta - y[rows]",
                "y[rows] - X_ones[rows] @ theta",
                "The sign is wrong: the residual is the prediction minus the target.",
            ),
            Mistake(
                """residual = X_ones[rows] @ theta - y[rows]  # (n,)
    return 2 / len(rows) * X_ones[rows].T @ residual""",
                "return 2 / len(y) * X_ones.T @ (X_ones @ theta - y)",
                "This is the gradient over all examples; rows has no influence.",
            ),
            Mistake(
                "- y[rows]",
                "- y",
                "The predictions of the mini-batch met the targets of all examples. "
                "Take the same rows of both.",
            ),
            Mistake(
                "- y[rows]",
                "- y[: len(rows)]",
                "The targets belong to other examples: the first ones, not those in "
                "rows.",
            ),
            Mistake(
                "residual = X_ones[rows]",
                "rows = np.unique(rows)\n    residual = X_ones[rows]",
                "An example that was drawn twice counts once here. It has to count "
                "twice.",
            ),
            Mistake(
                "- y[rows]",
                "",
                "The targets are missing from the residual.",
            ),
            Mistake(
                "X_ones[rows].T @ residual",
                "X_ones[rows] @ residual",
                "The features are not transposed: the gradient has one entry for each "
                "of the D parameters.",
            ),
            Mistake(
                "2 / len(rows) * X_ones[rows].T @ residual",
                "2 * X_ones[rows] * residual[:, None]",
                "These are the gradients of the single examples, (n, D). Their mean "
                "is missing.",
            ),
        ),
    ),
    Task(
        momentum_step,
        velocities,
        points=2,
        parts=("theta", "v"),
        facts=(
            Fact("from v = 0 it is a step of plain descent", starts_like_descent),
            Fact(
                "with beta = 0.9 and a gradient that stays, v grows to 10 times it",
                grows_to_ten_gradients,
            ),
        ),
        mistakes=(
            Mistake(
                "beta * v + g",
                "beta * (v + g)",
                "beta multiplies the new gradient too. It is the share of the old "
                "velocity alone.",
            ),
            Mistake(
                """v = beta * v + g
    return theta - learning_rate * v, v""",
                "return theta - learning_rate * (beta * v + g), v",
                "v is read and never written: it comes back as it was, so the next "
                "step knows nothing of this gradient.",
            ),
            Mistake(
                """v = beta * v + g
    return theta - learning_rate * v, v""",
                "return theta - learning_rate * v, beta * v + g",
                "theta moves by the old velocity. Compute the new one first.",
            ),
            Mistake(
                "theta - learning_rate * v",
                "theta - learning_rate * g",
                "theta follows the gradient alone, as in plain descent; v has no "
                "influence on it.",
            ),
            Mistake(
                "beta * v + g",
                "beta * v + (1 - beta) * g",
                "The gradient has a factor 1 - beta too many. It is added whole.",
            ),
            Mistake(
                "beta * v + g",
                "(1 - beta) * v + beta * g",
                "The shares are mixed up: beta is the share of v that is kept, and the "
                "gradient is added whole.",
            ),
            Mistake(
                "beta * v + g",
                "v + beta * g",
                "beta multiplies the gradient. It is the share of the velocity that "
                "is kept.",
            ),
            Mistake(
                "beta * v + g",
                "v + g",
                "beta is missing: the velocity keeps all of its past.",
            ),
            Mistake(
                "beta * v + g",
                "beta * v - g",
                "The gradient has the wrong sign in v. The minus stands in the step of "
                "theta.",
            ),
            Mistake(
                "theta - learning_rate * v",
                "theta + learning_rate * v",
                "theta climbs: the step goes against the velocity.",
            ),
            Mistake(
                """v = beta * v + g
    return theta - learning_rate * v, v""",
                "v = beta * v + learning_rate * g\n    return theta - v, v",
                "The learning rate is inside v. Here it multiplies v when theta moves.",
            ),
            Mistake(
                """v = beta * v + g
    return theta - learning_rate * v, v""",
                "v = beta * v - learning_rate * g\n    return theta + v, v",
                "This v holds the steps themselves, with learning rate and sign. Here "
                "it holds gradients.",
            ),
            Mistake(
                "theta - learning_rate * v",
                "theta - v",
                "The learning rate is missing from the step.",
            ),
            Mistake(
                "theta - learning_rate * v",
                "theta - learning_rate * (g + beta * v)",
                "theta moves by g + beta v with the new v. That is Nesterov's variant.",
            ),
            Mistake(
                "return theta - learning_rate * v, v",
                "theta -= learning_rate * v\n    return theta, v",
                "It changes theta in place, so that all points of a path become the "
                "last one. Make a new array.",
            ),
            Mistake(
                "return theta - learning_rate * v, v",
                "return v, theta - learning_rate * v",
                "The order is wrong: first theta, then v.",
            ),
        ),
    ),
    Task(
        rmsprop_step,
        squares,
        points=2,
        parts=("theta", "s"),
        facts=(
            Fact("with a gradient that stays, s becomes its square", forgets_the_start),
            Fact(
                "where s is the square of g, each entry moves by the learning rate",
                divides_by_the_size,
            ),
        ),
        mistakes=(
            Mistake(
                "learning_rate * g / (np.sqrt(s)",
                "learning_rate / (np.sqrt(s)",
                "The gradient is missing from the step: every entry of theta falls, "
                "whatever its sign.",
            ),
            Mistake(
                "s = beta * s",
                "s += beta * s",
                "s grows without end: the average is added to s, where it has to "
                "replace s.",
            ),
            Mistake(
                "s = beta * s",
                "s = s + beta * s",
                "s grows without end: it keeps all of its old value, and a share beta "
                "on top.",
            ),
            Mistake(
                "s = beta * s +",
                "s = s +",
                "s forgets nothing: only the share beta of its old value is to stay.",
            ),
            Mistake(
                "s = beta * s +",
                "s +=",
                "s forgets nothing, and its array is changed in place. Only the share "
                "beta of the old value is to stay.",
            ),
            Mistake(
                "(1 - beta) * g**2",
                "(1 - beta) * g",
                "s averages the gradient. It has to average its square.",
            ),
            Mistake(
                "(1 - beta) * g**2",
                "g**2",
                "The factor 1 - beta is missing, so s is no average: the two shares "
                "must add up to 1.",
            ),
            Mistake(
                "beta * s + (1 - beta) * g**2",
                "(1 - beta) * s + beta * g**2",
                "The two shares are exchanged: beta is that of the past.",
            ),
            Mistake(
                "(1 - beta) * g**2",
                "(1 - beta) * np.sum(g**2)",
                "The squares of all entries are added up. Each entry has an average of "
                "its own.",
            ),
            Mistake(
                "(np.sqrt(s) + epsilon)",
                "(s + epsilon)",
                "The step is divided by s. The root is missing.",
            ),
            Mistake(
                "(np.sqrt(s) + epsilon)",
                "np.sqrt(s + epsilon)",
                "epsilon stands under the root. It is added to the root.",
            ),
            Mistake(
                "(np.sqrt(s) + epsilon)",
                "np.sqrt(s)",
                "epsilon is missing: where s is 0, the step becomes 0/0.",
            ),
            Mistake(
                "g / (np.sqrt(s) + epsilon)",
                "g / np.sqrt(s) + epsilon",
                "epsilon is added to the quotient. Put the divisor into parentheses.",
            ),
            Mistake(
                "learning_rate * g / (np.sqrt(s) + epsilon)",
                "learning_rate * g",
                "The step is not divided by the size of the gradient: s has no "
                "influence on theta.",
            ),
            Mistake(
                """s = beta * s + (1 - beta) * g**2
    return theta - learning_rate * g / (np.sqrt(s) + epsilon), s""",
                """new = beta * s + (1 - beta) * g**2
    return theta - learning_rate * g / (np.sqrt(s) + epsilon), new""",
                "The step is divided by the root of the old s. Compute the new one "
                "first.",
            ),
            Mistake(
                "theta - learning_rate",
                "theta + learning_rate",
                "theta climbs: the step goes against the gradient.",
            ),
            Mistake(
                "return theta - learning_rate * g / (np.sqrt(s) + epsilon), s",
                "theta -= learning_rate * g / (np.sqrt(s) + epsilon)\n"
                "    return theta, s",
                "It changes theta in place, so that all points of a path become the "
                "last one. Make a new array.",
            ),
        ),
    ),
    Task(
        adam_step,
        averages,
        points=3,
        parts=("theta", "m", "s"),
        facts=(
            Fact(
                "the first step goes the same distance along every axis",
                begins_with_the_sign,
            ),
            Fact(
                "while a gradient stays, each entry moves by the learning rate a step",
                keeps_the_pace,
            ),
        ),
        mistakes=(
            Mistake(
                "np.sqrt(s_mean) + epsilon",
                "np.sqrt(s) / (1 - beta_2**t) + epsilon",
                "The root of s is divided by the correction. Correct s first, then "
                "take the root.",
            ),
            Mistake(
                "m / (1 - beta_1**t), s / (1 - beta_2**t)",
                "m / (1 - beta_1 ** (t - 1)), s / (1 - beta_2 ** (t - 1))",
                "The corrections are those of the step before; in the first step they "
                "divide by 0. t begins at 1 already.",
            ),
            Mistake(
                "step = m_mean / (np.sqrt(s_mean) + epsilon)",
                "step = m_mean / np.sqrt(s_mean) + epsilon",
                "epsilon is added to the quotient. Put the divisor into parentheses.",
            ),
            Mistake(
                """m = beta_1 * m + (1 - beta_1) * g
    s = beta_2 * s""",
                """m += beta_1 * m + (1 - beta_1) * g
    s += beta_2 * s""",
                "m and s grow without end: the averages are added to them, where they "
                "have to replace them.",
            ),
            Mistake(
                "m / (1 - beta_1**t), s / (1 - beta_2**t)",
                "m, s",
                "Neither average is corrected for its start at zero, so the first "
                "steps have the wrong length.",
            ),
            Mistake(
                "s / (1 - beta_2**t)",
                "s",
                "Only m is corrected for its start at zero; s needs it too.",
            ),
            Mistake(
                "m / (1 - beta_1**t)",
                "m",
                "Only s is corrected for its start at zero; m needs it too.",
            ),
            Mistake(
                "m / (1 - beta_1**t), s / (1 - beta_2**t)",
                "m * (1 - beta_1**t), s * (1 - beta_2**t)",
                "The averages are multiplied by their corrections. They are too small, "
                "so divide.",
            ),
            Mistake(
                "m / (1 - beta_1**t), s / (1 - beta_2**t)",
                "m / (1 - beta_1), s / (1 - beta_2)",
                "The corrections do not depend on t: they are right for the first step "
                "alone.",
            ),
            Mistake(
                "m / (1 - beta_1**t), s / (1 - beta_2**t)",
                "m / (1 - beta_1*t), s / (1 - beta_2*t)",
                "The corrections have beta times t, where a power is due.",
            ),
            Mistake(
                "m / (1 - beta_1**t), s / (1 - beta_2**t)",
                "m / (1 - beta_1 ** (t + 1)), s / (1 - beta_2 ** (t + 1))",
                "The corrections are those of the next step: t begins at 1 already.",
            ),
            Mistake(
                "return theta - learning_rate * step, m, s",
                "return theta - learning_rate * step, m_mean, s_mean",
                "The corrected averages are returned, so the next step corrects them "
                "again. Return m and s as they are.",
            ),
            Mistake(
                "beta_1, beta_2 = betas",
                "beta_2, beta_1 = betas",
                "The two betas are exchanged: the first is that of m.",
            ),
            Mistake(
                "beta_1 * m + (1 - beta_1) * g",
                "beta_1 * m + g",
                "m is a velocity, as in momentum. Here it is an average: the gradient "
                "has the share 1 - beta_1.",
            ),
            Mistake(
                "(1 - beta_2) * g**2",
                "(1 - beta_2) * g",
                "s averages the gradient. It has to average its square.",
            ),
            Mistake(
                "beta_2 * s + (1 - beta_2) * g**2",
                "beta_2 * s + g**2",
                "s is no average: the square of the gradient has the share 1 - beta_2.",
            ),
            Mistake(
                "(1 - beta_2) * g**2",
                "(1 - beta_2) * m**2",
                "s averages the square of m. It has to average that of the gradient.",
            ),
            Mistake(
                "s = beta_2 * s",
                "s += beta_2 * s",
                "s grows without end: the average is added to s, where it has to "
                "replace s.",
            ),
            Mistake(
                "m_mean / (",
                "g / (",
                "The step has the gradient where its average m is due.",
            ),
            Mistake(
                "(np.sqrt(s_mean) + epsilon)",
                "(s_mean + epsilon)",
                "The step is divided by s. The root is missing.",
            ),
            Mistake(
                "(np.sqrt(s_mean) + epsilon)",
                "np.sqrt(s_mean + epsilon)",
                "epsilon stands under the root. It is added to the root.",
            ),
            Mistake(
                "(np.sqrt(s_mean) + epsilon)",
                "np.sqrt(s_mean)",
                "epsilon is missing: where s is 0, the step becomes 0/0.",
            ),
            Mistake(
                "theta - learning_rate",
                "theta + learning_rate",
                "theta climbs: the step goes against the average of the gradients.",
            ),
            Mistake(
                "return theta - learning_rate * step, m, s",
                "theta -= learning_rate * step\n    return theta, m, s",
                "It changes theta in place, so that all points of a path become the "
                "last one. Make a new array.",
            ),
        ),
    ),
)
