"""The tasks of the chapter on gradient descent with many features."""

import numpy as np
from sklearn.linear_model import LinearRegression

from helpers import Fact, Mistake, Task, check_gradient


def predict(X, w, b):
    """Return the predictions (N,).

    X: (N, D), w: (D,), b: a number.
    """
    return X @ w + b


def gradient(X, y, w, b):
    """Return the gradient (D,) by w, and the derivative by b.

    X: (N, D), y: (N,), w: (D,), b: a number.
    Targets of another shape raise an AssertionError.
    """
    residual = predict(X, w, b) - y  # (N,)
    assert residual.shape == y.shape == (len(X),)
    grad_w = 2 / len(X) * X.T @ residual
    grad_b = 2 * residual.mean()
    return grad_w, grad_b


def solve_normal_equations(X, y):
    """Return w and, behind it, b in one array (D + 1,).

    X: (N, D), y: (N,).
    """
    X_ones = np.hstack([X, np.ones((len(X), 1))])  # (N, D + 1)
    return np.linalg.solve(X_ones.T @ X_ones, X_ones.T @ y)


def standard_errors(X_ones, residual):
    """Return the standard errors of the parameters (D + 1,).

    X_ones: (N, D + 1), its last column ones; residual: (N,), of the
    least-squares fit.
    """
    n_examples, n_parameters = X_ones.shape
    variance = residual @ residual / (n_examples - n_parameters)
    covariance = variance * np.linalg.inv(X_ones.T @ X_ones)
    return np.sqrt(np.diag(covariance))


def planes(rng):
    return [
        (rng.normal(size=(N, D)), rng.normal(size=D), rng.normal())
        for N, D in ((7, 3), (5, 2))
    ]


def planes_and_targets(rng):
    return [(X, rng.normal(size=len(X)), w, b) for X, w, b in planes(rng)]


def features_and_targets(rng):
    return [
        (rng.normal(1, 1, size=(N, D)), rng.normal(size=N)) for N, D in ((9, 3), (7, 2))
    ]


def fits(rng):
    found = []
    for X, y in features_and_targets(rng):
        X_ones = np.hstack([X, np.ones((len(X), 1))])
        found.append((X_ones, X_ones @ solve_normal_equations(X, y) - y))
    return found


def adds_up_the_features(predict):
    X = np.array([[1.0, 0.0], [0.0, 1.0], [1.0, 1.0]])
    return np.allclose(predict(X, np.array([2.0, 3.0]), 10.0), [12, 13, 15])


def has_the_measured_slope(gradient):
    ((X, y, w, b), *_) = planes_and_targets(np.random.default_rng(1))
    grad_w, grad_b = gradient(X, y, w, b)

    def loss_at(point):
        return np.mean((predict(X, point[:-1], point[-1]) - y) ** 2)

    return check_gradient(loss_at, [*w, b], [*grad_w, grad_b]) < 1e-7


def refuses_a_column(gradient):
    ((X, y, w, b), *_) = planes_and_targets(np.random.default_rng(1))
    try:
        gradient(X, y.reshape(-1, 1), w, b)
    except AssertionError:
        return True
    return False


def finds_what_scikit_learn_finds(solve_normal_equations):
    ((X, y), *_) = features_and_targets(np.random.default_rng(1))
    fit = LinearRegression().fit(X, y)
    return np.allclose(solve_normal_equations(X, y), [*fit.coef_, fit.intercept_])


def leaves_residuals_at_right_angles(solve_normal_equations):
    ((X, y), *_) = features_and_targets(np.random.default_rng(2))
    found = solve_normal_equations(X, y)
    residual = predict(X, found[:-1], found[-1]) - y
    return np.allclose([*(X.T @ residual), residual.sum()], 0)


def is_that_of_the_mean(standard_errors):
    y = np.array([1.0, 2.0, 4.0, 9.0])
    expected = y.std(ddof=1) / np.sqrt(len(y))
    return np.allclose(standard_errors(np.ones((4, 1)), y.mean() - y), [expected])


BOTH = "2 / len(X) * X.T @ residual\n    grad_b = 2 * residual.mean()"
ASSERTION = "assert residual.shape == y.shape == (len(X),)"

TASKS = (
    Task(
        predict,
        planes,
        points=1,
        facts=(
            Fact(
                "with w = (2, 3) and b = 10 the example (1, 1) gets 15",
                adds_up_the_features,
            ),
        ),
        mistakes=(
            Mistake("X @ w + b", "X @ w", "The intercept b is missing."),
            Mistake(
                "X @ w + b",
                "X * w + b",
                "X * w multiplies entry by entry. The sum over the features is "
                "missing.",
            ),
            Mistake(
                "X @ w + b",
                "(X * w).sum(axis=0) + b",
                "The sum is over the examples. Each example needs a sum over its "
                "features.",
            ),
            Mistake(
                "X @ w + b",
                "(X * w).sum() + b",
                "The sum is over examples and features alike. Each example needs a "
                "prediction of its own.",
            ),
            Mistake(
                "X @ w + b",
                "(X * w).mean(axis=1) + b",
                "This averages over the features. The model adds them up.",
            ),
            Mistake(
                "X @ w + b",
                "X @ (w + b)",
                "The intercept is added to every weight. Add it to the product.",
            ),
            Mistake(
                "X @ w + b",
                "sum(X[:, j] * w[j] for j in range(5)) + b",
                "The loop runs over 5 features, as many as the training data have. A "
                "matrix product needs no loop.",
            ),
            Mistake(
                "X @ w + b",
                "X.T @ w + b",
                "X is transposed. Its rows are the examples already: a row of X meets "
                "the column w.",
            ),
            Mistake(
                "X @ w + b",
                "w @ X + b",
                "The order of the product is wrong: w has an entry for each column of "
                "X, not for each row.",
            ),
        ),
    ),
    Task(
        gradient,
        planes_and_targets,
        points=3,
        parts=("grad_w", "grad_b"),
        facts=(
            Fact(
                "the gradient is what central differences give", has_the_measured_slope
            ),
            Fact(
                "an assertion refuses targets that are a column, of shape (N, 1)",
                refuses_a_column,
            ),
        ),
        mistakes=(
            Mistake(
                "predict(X, w, b) - y",
                "y - predict(X, w, b)",
                "Both have the wrong sign: the residual is prediction minus target.",
            ),
            Mistake(
                BOTH,
                "X.T @ residual / len(X)\n    grad_b = residual.mean()",
                "The factor 2 is missing from both. It comes from the derivative of "
                "the square.",
            ),
            Mistake(
                "2 / len(X) * X.T",
                "2 * X.T",
                "grad_w is a sum over the examples. The factor 1/N is missing.",
            ),
            Mistake(
                "residual.mean()",
                "residual.sum()",
                "grad_b is a sum over the examples, where a mean is due.",
            ),
            Mistake(
                BOTH,
                "2 * X.T @ residual\n    grad_b = 2 * residual.sum()",
                "Both are sums over the examples. The factor 1/N is missing.",
            ),
            Mistake(
                BOTH,
                "2 / 80 * X.T @ residual\n    grad_b = 2 / 80 * residual.sum()",
                "It divides by 80, the size of the training set. Divide by the number "
                "of examples in X.",
            ),
            Mistake(
                "2 / len(X) * X.T @ residual",
                "2 * (X * residual[:, None]).mean()",
                "grad_w is one number, a mean over examples and features. Average "
                "over the examples alone.",
            ),
            Mistake(
                "2 / len(X) * X.T @ residual",
                "2 * (X * residual[:, None]).mean(axis=1)",
                "The mean in grad_w is over the wrong axis: it is over the examples, "
                "which are the rows.",
            ),
            Mistake(
                "2 / len(X) * X.T @ residual",
                "2 / X.size * X.T @ residual",
                "grad_w is divided by N times D, the number of entries of X. Divide by "
                "the number of examples.",
            ),
            Mistake(
                "2 / len(X)",
                "2 / len(w)",
                "grad_w is divided by D, the number of features. Divide by N, the "
                "number of examples.",
            ),
            Mistake(
                "X.T @ residual",
                "X @ residual",
                "X is not transposed: grad_w has an entry for each of the D features.",
            ),
            Mistake(
                "2 / len(X) * X.T @ residual",
                "2 * residual.mean() * X.mean(axis=0)",
                "grad_w is a product of two means. Multiply each residual by the "
                "features of its own example first.",
            ),
            Mistake(
                "2 / len(X) * X.T @ residual",
                "2 * residual.mean()",
                "In grad_w the features are missing: each weight enters the residual "
                "with a factor x.",
            ),
            Mistake(
                "predict(X, w, b) - y",
                "X @ w - y",
                "The intercept is missing from the predictions.",
            ),
            Mistake(
                f"predict(X, w, b) - y  # (N,)\n    {ASSERTION}",
                "X @ w[:, None] + b - y",
                "Predictions of shape (N, 1) minus y (N,) are (N, N): the shape trap. "
                "An assertion would have stopped it.",
            ),
            Mistake(
                "return grad_w, grad_b",
                "return grad_b, grad_w",
                "The order is wrong: here the weights come first, and the intercept "
                "last.",
            ),
        ),
    ),
    Task(
        solve_normal_equations,
        features_and_targets,
        facts=(
            Fact(
                "w and b are those that scikit-learn finds",
                finds_what_scikit_learn_finds,
            ),
            Fact(
                "the residuals are at right angles to every feature and add up to 0",
                leaves_residuals_at_right_angles,
            ),
        ),
        mistakes=(
            Mistake(
                "np.hstack([X, np.ones((len(X), 1))])",
                "X",
                "The column of ones is missing, and with it the intercept.",
            ),
            Mistake(
                "[X, np.ones((len(X), 1))]",
                "[np.ones((len(X), 1)), X]",
                "The intercept comes first, because the column of ones does. Both "
                "belong behind the rest.",
            ),
            Mistake(
                "np.ones((len(X), 1))",
                "np.ones(len(X))",
                "The ones are a vector, of shape (N,). Beside a matrix they have to be "
                "a column, (N, 1).",
            ),
            Mistake(
                "np.ones((len(X), 1))",
                "np.ones((80, 1))",
                "The column of ones has 80 rows, as the training set has. It needs as "
                "many as X.",
            ),
            Mistake(
                "np.linalg.solve(X_ones.T @ X_ones, X_ones.T @ y)",
                "np.linalg.solve(X_ones, y)",
                "There are more equations than unknowns, so no exact solution. "
                "Multiply both sides by the transpose.",
            ),
            Mistake(
                "X_ones.T @ y",
                "y",
                "The right-hand side is y alone. Multiply it by the transpose, as the "
                "left-hand side is.",
            ),
            Mistake(
                "X_ones.T @ y",
                "X_ones.T @ y / len(X)",
                "Only one side is divided by N. Divide both or none.",
            ),
            Mistake(
                "X_ones.T @ X_ones,",
                "X_ones.T @ X_ones / len(X),",
                "Only the matrix is divided by N. Divide both sides or none.",
            ),
            Mistake(
                "np.linalg.solve(X_ones.T @ X_ones, X_ones.T @ y)",
                "X_ones.T @ X_ones @ (X_ones.T @ y)",
                "This multiplies by the matrix. The equations have to be solved for "
                "the weights.",
            ),
            Mistake(
                "X_ones.T @ X_ones, X_ones.T @ y)",
                "X_ones.T @ X_ones, X_ones.T @ y)[:-1]",
                "The last entry is missing: the intercept is asked for too.",
            ),
            Mistake(
                "np.linalg.solve(X_ones.T @ X_ones, X_ones.T @ y)",
                "(np.linalg.solve(X_ones.T @ X_ones, X_ones.T @ y)[:-1], "
                "np.linalg.solve(X_ones.T @ X_ones, X_ones.T @ y)[-1])",
                "w and b are two results here. Leave them in one array.",
            ),
            Mistake(
                "X_ones.T @ y)",
                "X_ones.T @ y[:, None])",
                "This is a column, of shape (D + 1, 1). y has one axis, and so has the "
                "result.",
            ),
        ),
    ),
    Task(
        standard_errors,
        fits,
        facts=(
            Fact(
                "for a column of ones alone it is the standard error of a mean",
                is_that_of_the_mean,
            ),
        ),
        mistakes=(
            Mistake(
                "(n_examples - n_parameters)",
                "n_examples",
                "The variance is divided by N. D + 1 numbers were fitted, so fewer are "
                "left.",
            ),
            Mistake(
                "(n_examples - n_parameters)",
                "(n_examples - n_parameters - 1)",
                "One too many is subtracted from N: X_ones has D + 1 columns, the ones "
                "included.",
            ),
            Mistake(
                "(n_examples - n_parameters)",
                "(n_examples - 1)",
                "The variance is divided by N - 1, as if only a mean had been fitted. "
                "D + 1 numbers were.",
            ),
            Mistake(
                "(n_examples - n_parameters)",
                "74",
                "It divides by 80 - 5 - 1, which holds for the training set. Take both "
                "sizes from X_ones.",
            ),
            Mistake(
                "np.sqrt(np.diag(covariance))",
                "np.diag(covariance)",
                "These are variances. The standard errors are their roots.",
            ),
            Mistake(
                "variance * np.linalg.inv",
                "np.linalg.inv",
                "The variance of the noise is missing.",
            ),
            Mistake(
                "np.linalg.inv(X_ones.T @ X_ones)",
                "(X_ones.T @ X_ones)",
                "The matrix is not inverted: with more examples the errors would grow.",
            ),
            Mistake(
                "np.linalg.inv(X_ones.T @ X_ones)",
                "(1 / (X_ones.T @ X_ones))",
                "The entries are inverted, each on its own. Invert the matrix as a "
                "whole, then take the diagonal.",
            ),
            Mistake(
                "np.sqrt(np.diag(covariance))",
                "np.sqrt(covariance)",
                "This is the root of the whole matrix. Only its diagonal holds "
                "variances.",
            ),
            Mistake(
                "residual @ residual / (n_examples - n_parameters)",
                "np.sqrt(residual @ residual / (n_examples - n_parameters))",
                "The inverse is multiplied by the standard deviation of the noise. "
                "Its variance is due.",
            ),
            Mistake(
                "np.sqrt(np.diag(covariance))",
                "np.sqrt(np.diag(covariance))[:-1]",
                "The last entry is missing: the intercept is a parameter too.",
            ),
        ),
    ),
)
