"""The tasks of the chapter on what the classifiers get wrong."""

import numpy as np
from scipy.stats import binomtest, norm
from sklearn.metrics import confusion_matrix

from helpers import Fact, Mistake, Task


def count_confusions(y_true, y_said, n_classes):
    """Return the confusion matrix, counts (n_classes, n_classes).

    y_true, y_said: class numbers (N,) from 0 to n_classes - 1.
    """
    matrix = np.zeros((n_classes, n_classes), dtype=int)
    np.add.at(matrix, (y_true, y_said), 1)
    return matrix


def wilson(k, n, level=0.95):
    """Return the lower and the upper end of Wilson's interval.

    k of n images are read correctly; k, n and the ends are numbers,
    or arrays of one shape. level: the share of cases it covers.
    """
    z = norm.ppf((1 + level) / 2)
    p = k / n
    middle = p + z**2 / (2 * n)
    reach = z * np.sqrt(p * (1 - p) / n + z**2 / (4 * n**2))
    scale = 1 + z**2 / n
    return (middle - reach) / scale, (middle + reach) / scale


def reliability(p, y, n_groups=10):
    """Return each group's mean probability and share correct.

    p: probabilities (N, C), y: classes (N,), results: (n_groups,).
    The groups go from the least sure images to the surest, and are
    of equal size.
    """
    sure, right = p.max(axis=1), p.argmax(axis=1) == y
    order = np.argsort(sure, kind="stable")
    groups = np.array_split(order, n_groups)
    claimed = [sure[group].mean() for group in groups]
    found = [right[group].mean() for group in groups]
    return np.array(claimed), np.array(found)


def mcnemar(right_one, right_other):
    """Return b, c and the p-value of McNemar's exact test.

    right_one, right_other: (N,), for each image True where the
    classifier is right. They differ at one image or more.
    """
    b = np.sum(right_one & ~right_other)
    c = np.sum(~right_one & right_other)
    return b, c, binomtest(b, b + c).pvalue


def readings(rng):
    """Return arguments; no image is of the last class, nor read as it."""
    return [
        (
            rng.permutation(np.arange(N) % (n_classes - 1)),
            rng.integers(n_classes - 1, size=N),
            n_classes,
        )
        for N, n_classes in ((17, 3), (23, 5))
    ]


def scores(rng):
    n = rng.integers(8, 60, size=4)
    k = np.array([0, n[1], *rng.integers(2, n[2:] - 1)])
    return [(k, n, 0.95), (k[2:], n[2:], 0.8), (int(n[0]), int(n[0]), 0.99)]


def probabilities(rng):
    found = []
    for N, C, n_groups in ((12, 3, 4), (15, 4, 5)):
        p = rng.dirichlet(np.ones(C), size=N)
        y = p.argmax(axis=1)
        wrong = rng.choice(N, N // 3, replace=False)
        y[wrong] = (y[wrong] + 1) % C
        found.append((p, y, n_groups))
    return found


def answers(rng):
    """Return arguments; with the last ones, b and c are equal."""
    found = []
    for counts in ((4, 9, 2, 3), (3, 2, 7, 1), (5, 3, 3, 2)):
        kind = rng.permutation(np.repeat(np.arange(4), counts))
        found.append((kind < 2, kind % 2 == 0))
    return found


def is_that_of_scikit_learn(count_confusions):
    rng = np.random.default_rng(1)
    y_true, y_said = rng.integers(4, size=(2, 60))
    ours = count_confusions(y_true, y_said, 4)
    return np.array_equal(ours, confusion_matrix(y_true, y_said))


def has_ends_that_just_agree(wilson):
    z = norm.ppf(0.975)
    return all(
        np.isclose((50 / 60 - p) ** 2, z**2 * p * (1 - p) / 60) for p in wilson(50, 60)
    )


def is_that_of_scipy(wilson):
    theirs = binomtest(60, 60).proportion_ci(method="wilson")
    return np.allclose(wilson(60, 60), theirs)


def has_the_means_of_all(reliability):
    ((p, y, n_groups), *_) = probabilities(np.random.default_rng(1))
    claimed, found = reliability(p, y, n_groups)
    right = np.mean(p.argmax(axis=1) == y)
    return np.allclose(
        [np.mean(claimed), np.mean(found)], [p.max(axis=1).mean(), right]
    )


def rises(reliability):
    ((p, y, n_groups), *_) = probabilities(np.random.default_rng(1))
    claimed, _ = reliability(p, y, n_groups)
    return (np.diff(claimed) > 0).all()


def is_like_tossing_coins(mcnemar):
    one, other = np.ones(12, dtype=bool), np.arange(12) < 2
    return np.allclose(mcnemar(one, other), (10, 0, 2 / 2**10))


def does_not_mind_who_is_first(mcnemar):
    one, other = np.arange(12) < 9, np.arange(12) % 3 == 0
    return np.isclose(mcnemar(one, other)[2], mcnemar(other, one)[2])


TASKS = (
    Task(
        count_confusions,
        readings,
        facts=(Fact("it is scikit-learn's matrix", is_that_of_scikit_learn),),
        mistakes=(
            Mistake(
                "(y_true, y_said)",
                "(y_said, y_true)",
                "Rows and columns are swapped: the true digit chooses the row.",
            ),
            Mistake(
                "np.add.at(matrix, (y_true, y_said), 1)",
                "matrix[y_true, y_said] += 1",
                "No count is above 1: where += meets the same row and column twice, "
                "it adds only once.",
            ),
            Mistake(
                "np.zeros((n_classes, n_classes), dtype=int)",
                "np.zeros(2 * [max(y_true.max(), y_said.max()) + 1], dtype=int)",
                "A class that these images lack has no row and column. It needs them "
                "as well, with zeros.",
            ),
            Mistake(
                "    return matrix",
                "    np.fill_diagonal(matrix, 0)\n    return matrix",
                "The diagonal is empty. The images that are read correctly count too.",
            ),
            Mistake(
                "return matrix",
                "return matrix / len(y_true)",
                "These are shares of all images. Counts are due.",
            ),
            Mistake(
                "return matrix",
                "return matrix / np.maximum(matrix.sum(axis=1, keepdims=True), 1)",
                "Each row is divided by its sum. Counts are due.",
            ),
        ),
    ),
    Task(
        wilson,
        scores,
        points=3,
        parts=("low", "high"),
        facts=(
            Fact(
                "at both ends (k/n - p)^2 = z^2 p (1 - p) / n",
                has_ends_that_just_agree,
            ),
            Fact("the interval is SciPy's", is_that_of_scipy),
        ),
        mistakes=(
            Mistake(
                "return (middle - reach) / scale, (middle + reach) / scale",
                "reach = z * np.sqrt(p * (1 - p) / n)\n    return p - reach, p + reach",
                "This is the customary interval, which has no length where all "
                "images are read correctly.",
            ),
            Mistake(
                "(middle - reach) / scale, (middle + reach) / scale",
                "middle - reach, middle + reach",
                "The factor in front of the brackets is missing.",
            ),
            Mistake(
                "norm.ppf((1 + level) / 2)",
                "norm.ppf(level)",
                "z leaves 1 - level out on one side. It is shared by two sides.",
            ),
            Mistake(
                "norm.ppf((1 + level) / 2)",
                "1.96",
                "z is 1.96 whatever the level. It has to be computed from the level.",
            ),
            Mistake(
                "p + z**2 / (2 * n)",
                "p",
                "The middle is k / n itself. In Wilson's interval a term moves it "
                "towards one half.",
            ),
            Mistake(
                "z**2 / (2 * n)",
                "z**2 / n",
                "The term that is added to k / n is twice what it should be.",
            ),
            Mistake(
                "np.sqrt(p * (1 - p) / n + z**2 / (4 * n**2))",
                "np.sqrt(p * (1 - p) / n)",
                "The second term under the root is missing, which gives the interval "
                "a length where k = n.",
            ),
            Mistake(
                "z**2 / (4 * n**2)",
                "z**2 / (4 * n)",
                "In the last term under the root n is not squared.",
            ),
            Mistake(
                "reach = z * np.sqrt",
                "reach = np.sqrt",
                "The root lacks its factor z.",
            ),
            Mistake(
                "(middle - reach) / scale, (middle + reach) / scale",
                "(middle + reach) / scale, (middle - reach) / scale",
                "The two ends are swapped: first the lower, then the upper.",
            ),
        ),
    ),
    Task(
        reliability,
        probabilities,
        points=3,
        parts=("claimed", "found"),
        facts=(
            Fact(
                "the mean of the groups is that of all images, since they are of "
                "equal size",
                has_the_means_of_all,
            ),
            Fact("the mean probability rises from group to group", rises),
        ),
        mistakes=(
            Mistake(
                "sure, right = p.max(axis=1)",
                "sure, right = p[np.arange(len(y)), y]",
                "It takes the probability of the true class. How sure it was is that "
                "of its answer.",
            ),
            Mistake(
                "p.max(axis=1)",
                "p.max(axis=0)",
                "The largest probability is sought down a column. Each image has a "
                "row.",
            ),
            Mistake(
                'np.argsort(sure, kind="stable")',
                "np.arange(len(y))",
                "The images are not sorted by how sure the classifier was.",
            ),
            Mistake(
                'np.argsort(sure, kind="stable")',
                "np.argsort(-sure)",
                "The surest images come first. The groups go from the least sure to "
                "the surest.",
            ),
            Mistake(
                'order = np.argsort(sure, kind="stable")',
                "sure, order = np.sort(sure), np.arange(len(y))",
                "The probabilities are sorted, and what is right is not: they no "
                "longer belong to the same images.",
            ),
            Mistake(
                "np.array_split(order, n_groups)",
                "[order[np.floor(n_groups * sure[order]) == i]"
                " for i in range(n_groups)]",
                "The groups span equal ranges of probability. They have to contain "
                "equally many images.",
            ),
            Mistake(
                "np.array_split(order, n_groups)",
                "np.array_split(order, len(y) // n_groups)",
                "There are groups of n_groups images each. n_groups is the number of "
                "groups.",
            ),
            Mistake(
                "== y",
                "!= y",
                "The second result is the share of mistakes. The share correct is due.",
            ),
            Mistake(
                "right[group].mean()",
                "right[group].sum()",
                "The second result counts the correct answers. Their share is due.",
            ),
            Mistake(
                "np.array(claimed), np.array(found)",
                "np.array(found), np.array(claimed)",
                "The order is wrong: first the mean probability, then the share "
                "correct.",
            ),
        ),
    ),
    Task(
        mcnemar,
        answers,
        parts=("b", "c", "p_value"),
        facts=(
            Fact(
                "if all of 10 go to the first, the p-value is 2 / 2^10",
                is_like_tossing_coins,
            ),
            Fact(
                "it does not matter for the p-value who is first",
                does_not_mind_who_is_first,
            ),
        ),
        mistakes=(
            Mistake(
                "binomtest(b, b + c)",
                "binomtest(b, len(right_one))",
                "The images on which both agree are counted as tosses. They say "
                "nothing about who is better.",
            ),
            Mistake(
                "b, c, binomtest(b, b + c)",
                "right_one.sum(), right_other.sum(), "
                "binomtest(right_one.sum(), len(right_one))",
                "b and c count all the images that each reads correctly. Count those "
                "that only it does.",
            ),
            Mistake(
                "~right_one & right_other)",
                "~right_one & ~right_other)",
                "c counts the images that both misread. It is for those that only the "
                "second reads correctly.",
            ),
            Mistake(
                "right_one & ~right_other)\n",
                "right_one & right_other)\n",
                "b counts the images that both read correctly. It is for those that "
                "only the first does.",
            ),
            Mistake(
                "binomtest(b, b + c).pvalue",
                'binomtest(b, b + c, alternative="greater").pvalue',
                "The p-value is one-sided. As uneven in favour of the second counts "
                "as well.",
            ),
            Mistake(
                "binomtest(b, b + c).pvalue",
                'binomtest(min(b, c), b + c, alternative="less").pvalue',
                "The p-value has one tail of the distribution. There are two.",
            ),
            Mistake(
                "binomtest(b, b + c).pvalue",
                '2 * binomtest(min(b, c), b + c, alternative="less").pvalue',
                "Where b = c this is above 1: the middle is in both tails, and counts "
                "twice.",
            ),
            Mistake(
                "binomtest(b, b + c).pvalue",
                "2 * norm.sf(abs(b - c) / np.sqrt(b + c))",
                "This is the approximation by a normal distribution (chi-squared is "
                "its square). The exact form is due.",
            ),
            Mistake(
                "return b, c,",
                "return c, b,",
                "b and c are swapped: b is for the first classifier.",
            ),
            Mistake(
                "binomtest(b, b + c).pvalue",
                "binomtest(b, b + c)",
                "The last result is the whole result of the test. The p-value is a "
                "part of it.",
            ),
        ),
    ),
)
