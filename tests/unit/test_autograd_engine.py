"""The engine of chapter 17 differentiates like torch, and no mutant survives.

Chapter 18 repeats the engine, and plants the mutants.
"""

import ast
import inspect
import linecache
import textwrap
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import numpy as np
import pytest
import torch
from book import execute_chapter
from hypothesis import given, settings
from hypothesis import strategies as st

TOLERANCE = 1e-9  # relative to the largest entry of a gradient
PIECES = (
    *("add", "subtract", "multiply", "divide", "matmul", "power", "exp", "log"),
    *("relu", "total", "unbroadcast", "topological_order", "backward"),
)
Page = dict[str, Any]


@pytest.fixture(scope="module")
def page() -> Page:
    return execute_chapter("17-autograd-engine")


@pytest.fixture(scope="module")
def tests_page() -> Page:
    return execute_chapter("18-engine-tests", until="kept_apart = (")


# Against torch

# Each takes two values, of the engine or of torch, and may ignore one. Functions
# with a pole, or that grow too fast, are applied to something bounded.
OPERATIONS: dict[str, Callable[[Any, Any], Any]] = {
    "a + b": lambda a, b: a + b,
    "a - b": lambda a, b: a - b,
    "a * b": lambda a, b: a * b,
    "a / b": lambda a, b: a / (b**2 + 1),
    "a @ b": lambda a, b: a @ b,
    "a + a": lambda a, b: a + a,
    "-a": lambda a, b: -a,
    "2 + a": lambda a, b: 2 + a,
    "2 - a": lambda a, b: 2 - a,
    "2 * a": lambda a, b: 2 * a,
    "2 / a": lambda a, b: 2 / (a**2 + 1),
    "a ** 3": lambda a, b: (a / (a**2 + 1) ** 0.5) ** 3,
    "a ** -1.5": lambda a, b: (1 + a**2) ** -1.5,
    "exp": lambda a, b: (-(a**2)).exp(),
    "log": lambda a, b: (a**2 + 0.5).log(),
    "relu": lambda a, b: a.relu(),
    "sum": lambda a, b: a.sum(),
    "sum of rows": lambda a, b: a.sum(axis=0),
    "sum, kept": lambda a, b: a.sum(axis=-1, keepdims=True),
    "sum over two axes": lambda a, b: a.sum(axis=(0, 2)),
    "mean": lambda a, b: a.mean(),
    "mean, kept": lambda a, b: a.mean(axis=0, keepdims=True),
    "mean of columns": lambda a, b: a.mean(axis=-1),
}


@pytest.mark.parametrize("name", OPERATIONS)
@pytest.mark.parametrize(
    "shapes",
    [[(3, 3), (3, 3)], [(2, 3, 3), (3, 1)], [(2, 1, 4, 3), (3, 2)], [(), (3,)]],
)
def test_gradients_are_those_of_torch(page, name, shapes) -> None:
    """Chapter 18 compares random expressions; here is each operation alone."""
    rng = np.random.default_rng(0)
    nodes = [page["Node"](rng.normal(size=shape)) for shape in shapes]
    tensors = [torch.tensor(node.data, requires_grad=True) for node in nodes]
    try:
        theirs = OPERATIONS[name](*tensors)
    except (RuntimeError, IndexError):
        pytest.skip("the shapes do not fit")
    ours = OPERATIONS[name](*nodes)
    assert ours.data.shape == theirs.shape
    page["backward"](sum(it.mean() for it in (ours, *nodes)))
    sum(it.mean() for it in (theirs, *tensors)).backward()
    for node, tensor in zip(nodes, tensors, strict=True):
        np.testing.assert_allclose(node.grad, tensor.grad, rtol=1e-9, atol=1e-12)


def test_arrays_without_entries_have_gradients_without_entries(page) -> None:
    empty, bias = page["Node"](np.ones((0, 3))), page["Node"](np.ones(3))
    page["backward"]((empty * bias).sum())
    assert empty.grad.shape == (0, 3)
    np.testing.assert_array_equal(bias.grad, np.zeros(3))


# All shapes that broadcast to one: without leading axes, with axes of length 1.
whole = st.lists(st.integers(1, 4), min_size=3, max_size=3)
keep = st.lists(st.booleans(), min_size=3, max_size=3)
index = st.integers(0, 11)


@settings(deadline=None)
@given(whole=whole, kept=keep, drop=st.integers(0, 3), seed=st.integers(0, 2**32 - 1))
def test_unbroadcast_is_the_transpose_of_broadcasting(
    page, whole, kept, drop, seed
) -> None:
    shape = tuple(n if k else 1 for n, k in zip(whole, kept, strict=True))[drop:]
    rng = np.random.default_rng(seed)
    small, large = rng.normal(size=shape), rng.normal(size=whole)
    back = page["unbroadcast"](large, shape)
    assert back.shape == shape
    forth = np.broadcast_to(small, whole)
    np.testing.assert_allclose(np.sum(forth * large), np.sum(small * back), atol=1e-12)


# The order, and adding up


@settings(deadline=None)
@given(edges=st.lists(st.tuples(index, index), min_size=1, max_size=12))
def test_parents_come_before_children_and_each_once(page, edges) -> None:
    nodes = [page["Node"](1.0)]
    for i, j in edges:
        nodes.append(nodes[i % len(nodes)] + nodes[j % len(nodes)])
    order = list(page["topological_order"](nodes[-1]))
    assert len(order) == len(set(order))
    assert order[-1] is nodes[-1]
    for place, node in enumerate(order):
        assert all(parent in order[:place] for parent, _ in node.parents)
    again = list(page["in_order_without_recursion"](nodes[-1]))
    assert set(again) == set(order)
    for place, node in enumerate(again):
        assert all(parent in again[:place] for parent, _ in node.parents)


def test_the_work_grows_with_the_graph_and_not_with_its_paths(page) -> None:
    class Watched(list[Any]):
        looks = 0

        def __iter__(self) -> Iterator[Any]:
            Watched.looks += 1
            return super().__iter__()

    a = page["Node"](1.0)
    loss = page["doubled"](a, 12)  # 2**12 paths
    for node in list(page["topological_order"](loss)):
        node.parents = Watched(node.parents)
    page["topological_order"](loss)
    assert Watched.looks == 13
    loss = page["doubled"](a, 200)
    page["backward"](loss)
    assert a.grad == 2.0**200
    assert len(page["topological_order"](loss)) == 201


def test_walks_do_not_add_up(page) -> None:
    a = page["Node"](3.0)
    loss = a * a + a
    for _ in range(2):
        page["backward"](loss)
        assert a.grad == 7


# What is refused


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        ("backward(Node(np.ones(3)))", ValueError, r"not a number: shape \(3,\)"),
        ("Node(np.ones(3)) @ np.ones(3)", ValueError, "two axes"),
        ("Node(2.0) ** Node(3.0)", TypeError, "unsupported operand"),
    ],
)
def test_what_has_no_gradient_is_refused(page, call, error, message) -> None:
    with pytest.raises(error, match=message):
        eval(call, page)


def test_numpy_leaves_operators_to_the_node(page) -> None:
    array, node = np.ones((2, 2)), page["Node"](np.full((2, 2), 3.0))
    for result, expected in (
        (array + node, 4.0),
        (array - node, -2.0),
        (array * node, 3.0),
        (array / node, 1 / 3),
        (array @ node, 6.0),
    ):
        assert isinstance(result, page["Node"])
        np.testing.assert_array_equal(result.data, np.full((2, 2), expected))


# No mutant survives


def lines_to_break(function: Any) -> dict[int, str]:
    """Number the lines that pass a gradient back."""
    source = textwrap.dedent(inspect.getsource(function))
    lines = source.splitlines()
    (definition,) = ast.parse(source).body
    assert isinstance(definition, ast.FunctionDef)
    wanted = set()
    for node in ast.walk(definition):
        if isinstance(node, ast.Lambda):
            wanted.add(node.lineno)
        if isinstance(node, ast.FunctionDef) and node.name == "back":
            wanted |= {statement.lineno for statement in node.body}
    if definition.name in ("unbroadcast", "backward", "topological_order"):
        statements = (n for n in ast.walk(definition) if isinstance(n, ast.stmt))
        wanted = {n.lineno for n in statements if n is not definition}
    return {number: lines[number - 1] for number in wanted}


SPARED = {  # they do not affect gradients; other tests break without them
    "order = {} if order is None else order",
    "if node not in order:",
    "return order",
    "return gradient",
    "if loss.data.shape != ():",
    'raise ValueError(f"not a number: shape {loss.data.shape}")',
    "order = topological_order(loss)",
    "for node in order:",
    "for parent, back in node.parents:",
}


def test_mutants_break_every_line_of_every_backward_function(tests_page) -> None:
    for piece in PIECES:
        function = tests_page[piece]
        source = textwrap.dedent(inspect.getsource(function))
        broken = set()
        for name, old, _ in tests_page["mutants"].values():
            if name == piece:
                assert source.count(old) == 1, old
                first = source[: source.index(old)].count("\n") + 1
                broken |= set(range(first, first + old.count("\n") + 1))
        assert broken, f"{piece} has no mutant"
        for number, line in lines_to_break(function).items():
            assert number in broken or line.strip() in SPARED, f"{piece}: {line}"


def test_every_mutant_is_caught_by_torch(tests_page) -> None:
    for name, change in tests_page["mutants"].items():
        with tests_page["planted"](*change), np.errstate(all="ignore"):
            try:
                difference = tests_page["worst_difference"](n_expressions=20)
            except (ValueError, TypeError, AttributeError):
                continue
        assert not difference < TOLERANCE, f"{name} survives"
    assert tests_page["worst_difference"](n_expressions=20) < TOLERANCE


def statements_beside(functions: Iterable[Any]) -> Counter[str]:
    """Count the statements of the cells that define these functions."""
    cells = {function.__code__.co_filename for function in functions}
    trees = [ast.parse("".join(linecache.getlines(cell))) for cell in cells]
    return Counter(ast.dump(statement) for tree in trees for statement in tree.body)


def test_chapter_18_tests_the_engine_of_chapter_17(page, tests_page) -> None:
    names = (*PIECES, "as_node", "mean")
    built = statements_beside(page[name] for name in names)
    assert built == statements_beside(tests_page[name] for name in names)


def test_the_engine_has_about_a_hundred_lines(page) -> None:
    defined = {part for parts in page["engine"].values() for part in parts}
    files = {function.__code__.co_filename for function in defined}
    for piece in (*PIECES, "as_node", "mean"):  # each stands in a cell that counts
        assert page[piece].__code__.co_filename in files, piece
    assert page["Node"].__init__.__code__.co_filename in files
    assert len(files) == len(defined)  # and no cell counts twice
    assert 90 <= sum(page["counts"].values()) <= 110
