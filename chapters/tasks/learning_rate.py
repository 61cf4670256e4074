"""The tasks of the chapter on curvature and the learning rate."""

import numpy as np

from helpers import Fact, Mistake, Task


def descend_parabola(learning_rate, n_steps, curvature=1.0):
    """Return c at the start and after each step, (n_steps + 1,).

    The start is c = 1.
    """
    path = [1.0]
    for _ in range(n_steps):
        path.append(path[-1] - learning_rate * curvature * path[-1])
    return np.array(path)


def hessian(X):
    """Return the Hessian (D, D) of the mean squared error.

    X: (N, D), a column of ones included if there is one.
    """
    return 2 / len(X) * X.T @ X


def predicted_distances(c, eigenvalues, learning_rate, n_steps):
    """Return the distances after 0 to n_steps steps, (n_steps + 1,).

    c: (D,), the start along each eigenvector; eigenvalues: (D,).
    """
    k = np.arange(n_steps + 1)[:, None]  # (n_steps + 1, 1)
    along = c * (1 - learning_rate * eigenvalues) ** k
    return np.linalg.norm(along, axis=1)


def best_rate(eigenvalues):
    """Return the best learning rate, a number.

    eigenvalues: (D,), positive, in rising order.
    """
    return 2 / (eigenvalues[0] + eigenvalues[-1])


def parabolas(rng):
    return [
        (rate, n_steps, rng.uniform(0.5, 0.9))
        for rate, n_steps in ((0.2, 4), (1.8, 6), (3.5, 5))
    ]


def columns(rng):
    return [
        (np.hstack([np.ones((N, 1)), rng.uniform(size=(N, D - 1))]),)
        for N, D in ((7, 3), (5, 2))
    ]


def walks(rng):
    return [
        (rng.normal(size=D), np.sort(rng.uniform(0.2, 2, size=D)), rate, n_steps)
        for D, rate, n_steps in ((3, 0.3, 6), (2, 0.9, 4), (4, 1.3, 5))
    ]


def curvatures(rng):
    return [(np.sort(rng.uniform(0.2, 3, size=D)),) for D in (2, 3, 4)]


def arrives_in_one_step(descend_parabola):
    return np.allclose(descend_parabola(0.25, 2, 4.0), [1, 0, 0])


def jumps_from_side_to_side(descend_parabola):
    return np.allclose(descend_parabola(2.0, 3), [1, -1, 1, -1])


def turns_the_distance_into_the_gradient(hessian):
    rng = np.random.default_rng(1)
    ((X,), *_) = columns(rng)
    y, theta = rng.normal(size=len(X)), rng.normal(size=X.shape[1])
    bottom, *_ = np.linalg.lstsq(X, y, rcond=None)
    slope = 2 / len(X) * X.T @ (X @ theta - y)
    return np.allclose(hessian(X) @ (theta - bottom), slope)


def is_round_when_standardised(hessian):
    x = np.array([-1.0, 1.0, -1.0, 1.0])
    return np.allclose(hessian(np.stack([np.ones(4), x], axis=1)), 2 * np.eye(2))


def agrees_with_a_walk(predicted_distances):
    rng = np.random.default_rng(1)
    matrix = rng.normal(size=(3, 3))
    matrix = matrix @ matrix.T / 5
    eigenvalues, eigenvectors = np.linalg.eigh(matrix)
    walk = [rng.normal(size=3)]
    for _ in range(4):
        walk.append(walk[-1] - 0.4 * matrix @ walk[-1])
    found = predicted_distances(eigenvectors.T @ walk[0], eigenvalues, 0.4, 4)
    return np.allclose(found, np.linalg.norm(walk, axis=1))


def lets_both_shrink_alike(best_rate):
    factors = 1 - best_rate(np.array([0.1, 2.0])) * np.array([0.1, 2.0])
    return np.isclose(factors[0], -factors[1])


def is_beaten_by_no_other(best_rate):
    eigenvalues = np.array([0.5, 0.6, 3.0])
    rates = np.array([best_rate(eigenvalues), *np.linspace(0.01, 1, 200)])
    factors = np.abs(1 - rates[:, None] * eigenvalues).max(axis=1)
    return factors.argmin() == 0


STEP = "path[-1] - learning_rate * curvature * path[-1]"
ALONG = "c * (1 - learning_rate * eigenvalues) ** k"
NORM = "np.linalg.norm(along, axis=1)"
BEST = "2 / (eigenvalues[0] + eigenvalues[-1])"

TASKS = (
    Task(
        descend_parabola,
        parabolas,
        points=1,
        facts=(
            Fact(
                "with a rate of one over the curvature the first step arrives",
                arrives_in_one_step,
            ),
            Fact(
                "with the rate 2 and the curvature 1 it jumps between 1 and -1",
                jumps_from_side_to_side,
            ),
        ),
        mistakes=(
            Mistake(
                "- learning_rate",
                "+ learning_rate",
                "The step goes uphill. The slope points to where the loss grows.",
            ),
            Mistake(
                "learning_rate * curvature",
                "learning_rate",
                "The curvature is missing from the slope.",
            ),
            Mistake(
                "curvature * path[-1]",
                "curvature",
                "Every step is as long as the first. The slope depends on where the "
                "walk is now.",
            ),
            Mistake(
                "learning_rate * curvature",
                "learning_rate / curvature",
                "The curvature divides the slope. It is a factor of the slope.",
            ),
            Mistake(
                "learning_rate * curvature",
                "learning_rate * 0.5 * curvature",
                "The factor 1/2 belongs to the loss. It is gone from the slope.",
            ),
            Mistake(
                "curvature * path[-1]",
                "0.5 * curvature * path[-1] ** 2",
                "The step is made of the loss. It is made of the slope of the loss.",
            ),
            Mistake(
                STEP,
                "-learning_rate * curvature * path[-1]",
                "This is the step alone. It starts from the place where the walk is.",
            ),
            Mistake(
                "np.array(path)",
                "np.array(path[1:])",
                "The start, c = 1, is missing from the path.",
            ),
            Mistake(
                "range(n_steps)",
                "range(n_steps - 1)",
                "The last step is missing: n_steps steps make n_steps + 1 places.",
            ),
            Mistake(
                "range(n_steps)",
                "range(n_steps + 1)",
                "There is one step too many: n_steps steps make n_steps + 1 places.",
            ),
            Mistake(
                "np.array(path)",
                "path[-1]",
                "This is the end of the walk. The whole path is asked for.",
            ),
            Mistake(
                "np.array(path)",
                "path",
                "This is a list. The path is asked for as an array.",
            ),
        ),
    ),
    Task(
        hessian,
        columns,
        points=1,
        facts=(
            Fact(
                "times the distance from the bottom it is the gradient",
                turns_the_distance_into_the_gradient,
            ),
            Fact(
                "for a standardised feature it is twice the identity",
                is_round_when_standardised,
            ),
        ),
        mistakes=(
            Mistake(
                "2 / len(X)",
                "1 / len(X)",
                "The factor 2 is missing. It comes from the derivative of the square.",
            ),
            Mistake(
                "2 / len(X)",
                "2",
                "The factor 1/N is missing: the loss is a mean over the examples.",
            ),
            Mistake(
                "2 / len(X) * X.T @ X",
                "X.T @ X",
                "The factors 2 and 1/N are missing.",
            ),
            Mistake(
                "len(X)",
                "80",
                "It divides by 80, the size of the training set. Divide by the number "
                "of examples in X.",
            ),
            Mistake(
                "len(X)",
                "X.shape[1]",
                "It divides by D, the number of columns. Divide by N, the number of "
                "examples.",
            ),
            Mistake(
                "X.T @ X",
                "X @ X.T",
                "The wrong factor is transposed: this is (N, N), with an entry for "
                "each two examples.",
            ),
            Mistake(
                "2 / len(X) * X.T @ X",
                "2 / len(X) * (X * X).sum(axis=0)",
                "These are the entries on the diagonal alone. Two parameters have a "
                "second derivative together as well.",
            ),
            Mistake(
                "2 / len(X) * X.T @ X",
                "2 * np.cov(X.T, bias=True)",
                "This is twice the covariance, which subtracts the means of the "
                "columns. No mean is subtracted here.",
            ),
        ),
    ),
    Task(
        predicted_distances,
        walks,
        points=3,
        facts=(Fact("the distances are those of a walk", agrees_with_a_walk),),
        mistakes=(
            Mistake(
                "1 - learning_rate",
                "1 + learning_rate",
                "The sign in the factor is wrong: the step goes against the gradient.",
            ),
            Mistake(
                ALONG,
                "(1 - learning_rate * eigenvalues) ** k",
                "The start is missing: each power multiplies the c of its direction.",
            ),
            Mistake(
                ALONG,
                "(c * (1 - learning_rate * eigenvalues)) ** k",
                "The power is taken of c as well. It belongs to the factor alone.",
            ),
            Mistake(
                ALONG,
                "c * (1 - learning_rate * eigenvalues**k)",
                "The power is taken of the eigenvalues alone. It belongs to the whole "
                "factor.",
            ),
            Mistake(
                ALONG,
                "c * (1 - learning_rate * eigenvalues) * k",
                "The factor is multiplied by k. Every step multiplies by it once more.",
            ),
            Mistake(
                ALONG,
                "c * (1 - learning_rate * eigenvalues * k)",
                "The steps are all as long as the first. Every step multiplies what is "
                "left.",
            ),
            Mistake(
                ALONG,
                "c * np.exp(-learning_rate * eigenvalues * k)",
                "This is a walk with infinitely small steps. These have a length, and "
                "their factor is not exponential.",
            ),
            Mistake(
                ALONG,
                "c * (1 - learning_rate / eigenvalues) ** k",
                "The rate is divided by the eigenvalues. The factor has their product.",
            ),
            Mistake(
                NORM,
                "np.linalg.norm(along, axis=0)",
                "The norm is over the steps. It is over the directions, once for each "
                "step.",
            ),
            Mistake(
                NORM,
                "np.linalg.norm(along)",
                "The norm is over steps and directions alike. Each step has a distance "
                "of its own.",
            ),
            Mistake(
                NORM,
                "along.sum(axis=1)",
                "The coordinates are added, so that they can cancel. Take the length "
                "of the vector that they make.",
            ),
            Mistake(
                NORM,
                "np.abs(along).sum(axis=1)",
                "The absolute values are added. The directions are at right angles, so "
                "add the squares.",
            ),
            Mistake(
                NORM,
                "(along**2).sum(axis=1)",
                "These are the squares of the distances. The root is missing.",
            ),
            Mistake(
                NORM,
                "np.abs(along).max(axis=1)",
                "This is the largest coordinate. All directions count in the distance.",
            ),
            Mistake(
                NORM,
                "along",
                "These are the coordinates along the eigenvectors. The distance is the "
                "length of the vector that they make.",
            ),
            Mistake(
                NORM,
                "np.linalg.norm(along, axis=1)[-1]",
                "This is the distance after the last step. Those after the others are "
                "asked for too.",
            ),
            Mistake(
                NORM,
                "list(np.linalg.norm(along, axis=1))",
                "This is a list. The distances are asked for as an array.",
            ),
            Mistake(
                "np.arange(n_steps + 1)",
                "np.arange(n_steps)",
                "The last step is missing: 0 to n_steps are n_steps + 1 numbers.",
            ),
            Mistake(
                "np.arange(n_steps + 1)",
                "np.arange(1, n_steps + 1)",
                "The distance after 0 steps is missing.",
            ),
            Mistake(
                "[:, None]",
                "",
                "The steps and the directions lie along the same axis. Make the steps "
                "a column.",
            ),
        ),
    ),
    Task(
        best_rate,
        curvatures,
        points=1,
        facts=(
            Fact(
                "with it the flattest and the steepest direction shrink alike",
                lets_both_shrink_alike,
            ),
            Fact("no other rate has a smaller factor per step", is_beaten_by_no_other),
        ),
        mistakes=(
            Mistake(
                BEST,
                "2 / eigenvalues[-1]",
                "This is the limit, from which descent diverges. The best rate lies "
                "below it.",
            ),
            Mistake(
                BEST,
                "1 / eigenvalues[-1]",
                "With this rate the steepest direction arrives in one step, but the "
                "flattest creeps. A larger one is better.",
            ),
            Mistake(
                BEST,
                "1 / eigenvalues[0]",
                "With this rate the flattest direction arrives in one step, but "
                "steeper ones may diverge.",
            ),
            Mistake(
                BEST,
                "1 / (eigenvalues[0] + eigenvalues[-1])",
                "The factor 2 is missing. Solve once more for the rate at which the "
                "two factors meet.",
            ),
            Mistake(
                BEST,
                "2 / (eigenvalues[-1] - eigenvalues[0])",
                "The difference of the eigenvalues is not what comes out. Mind the "
                "signs when you solve for the rate.",
            ),
            Mistake(
                BEST,
                "2 / eigenvalues.sum()",
                "All eigenvalues are added. Only the smallest and the largest count.",
            ),
            Mistake(
                BEST,
                "1 / eigenvalues.mean()",
                "This is one over the mean of all eigenvalues. Only the smallest and "
                "the largest count.",
            ),
            Mistake(
                "eigenvalues[-1]",
                "eigenvalues[1]",
                "The second eigenvalue is taken for the largest. There may be more "
                "than two.",
            ),
            Mistake(
                f"return {BEST}",
                "flat, steep = eigenvalues\n    return 2 / (flat + steep)",
                "There may be more than two eigenvalues. Use the smallest and the "
                "largest.",
            ),
            Mistake(
                BEST,
                "(1 / eigenvalues[0] + 1 / eigenvalues[-1]) / 2",
                "This is the mean of the rates that the two directions would like. It "
                "may lie above the limit.",
            ),
            Mistake(
                BEST,
                "1 - 2 * eigenvalues[0] / (eigenvalues[0] + eigenvalues[-1])",
                "This is the factor per step. The rate is asked for.",
            ),
        ),
    ),
)
