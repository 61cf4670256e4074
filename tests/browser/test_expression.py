"""An expression that the reader types, compared with the engine of chapter 17."""

import ast
import re
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from book import execute_chapter
from browser import COLLISIONS, NARROW, WIDE, look
from interaction import CHAPTER_OF, data_of, open_explorable
from playwright.sync_api import Locator, Page, expect

pytestmark = pytest.mark.slow

NAME = "expression"

EXPRESSIONS = [
    "a = 2; a * a",
    "a = 2; b = -1; a - b - 3",
    "a = 2; -a ** 2",
    "a = 2; (-a) ** 2",
    "a = 2; 2 ** -1 * a ** 3 ** 2",
    "a = 3; b = 4; a / b / 2",
    "a = 3; 1 - 2 / a",
    "a = .5; b = a; c = a * b; c / a",
    "x = -2; relu(x) + relu(-x) * x",
    "x = 0; relu(x) - x",
    "x = 0.3; y = tanh(2 * x); y * y - y",
    "x = 1.5; exp(-x ** 2 / 2)",
    "x = 2e1; log(x) * exp(log(x) / 2)",
    "w = 2; x = -1; b = 0.5; t = 1; (tanh(w * x + b) - t) ** 2",
    "a = 1; b = a + a; c = b + b; d = c + b; d + a",
    "p = 0.2; -(0.7 * log(p) + 0.3 * log(1 - p))",
    "unused = 7; a = 2; b = 3; s = a * b; s * s + a * s",
    "a = 1; b = a * 3; c = a + b; d = b * c; e = d - a * c; e / d",
    "u = -3; v = 2; r = relu(u * v + 7); r * (r + u)",
    "k = 2 * 3 - 1; k * (k - (k + 1))",
    "a = 3; a",
]
FUNCTIONS = ("relu", "tanh", "exp", "log")
# Returns what the explorable shows.
STATE = """(box) => {
  const ascii = (text) => text.replaceAll("\\u2212", "-");
  const texts = (parts) =>
    [...box.querySelectorAll(parts)].map((it) => ascii(it.textContent));
  return {
    values: texts("text.value"),
    gradients: texts("text.gradient"),
    results: texts(".walks span"),
    said: ascii(box.querySelector(".readout").textContent),
    sum: ascii(box.querySelector(".readout b").textContent),
    lit: box.querySelectorAll(".lit").length,
  };
}"""
ALL = f"""(box, text) => {{
  const input = box.querySelector(".source");
  input.value = text;
  input.dispatchEvent(new Event("input"));
  return [...box.querySelectorAll("input[type=radio]")].map((radio) => {{
    radio.click();
    return ({STATE})(box);
  }});
}}"""
STEPS = f"""(box) => {{
  const [, , step, reset] = box.querySelectorAll(".controls button");
  const states = [];
  for (reset.click(); step.ariaDisabled === "false"; states.push(({STATE})(box))) {{
    step.click();
  }}
  return states;
}}"""


@pytest.fixture
def typed(opened: Locator) -> Locator:
    """The explorable as the page shows it first."""
    opened.evaluate(ALL, next(iter(data_of(opened)["examples"].values())))
    opened.locator("input[type=radio]").first.check()
    return opened


@pytest.fixture(scope="module")
def states(opened: Locator) -> dict[str, list[dict[str, Any]]]:
    """What is shown of each expression, after each walk."""
    return {text: opened.evaluate(ALL, text) for text in EXPRESSIONS}


@pytest.fixture(scope="module")
def engine() -> dict[str, Any]:
    return execute_chapter(CHAPTER_OF[NAME], until="def matmul(")


def compute(engine: dict[str, Any], text: str) -> tuple[Any, dict[Any, str]]:
    """Return the last node of an expression, and the names of the nodes."""
    node = engine["Node"]

    def tanh(a: Any) -> Any:
        value = np.tanh(a.data)
        return node(value, [(a, lambda g: g * (1 - value**2))])

    space = {name: getattr(node, name) for name in FUNCTIONS if name != "tanh"}
    space["tanh"] = tanh
    names = {}
    for statement in ast.parse(text).body:
        code = ast.unparse(getattr(statement, "value", statement))
        root = eval(code, space)
        if isinstance(statement, ast.Assign):
            root = root if isinstance(root, node) else node(root)
            name = ast.unparse(statement.targets[0])
            space[name] = root
            names.setdefault(root, name)
    return root, names


def nodes_of(engine: dict[str, Any], root: Any, names: dict[Any, str]) -> list[Any]:
    """Return the nodes in topological order, without constants."""
    order = engine["topological_order"](root)
    return [node for node in order if node.parents or node in names]


def number(text: str) -> float:
    return float(text.replace("∞", "inf"))


@pytest.mark.parametrize("text", EXPRESSIONS)
def test_values_and_gradients_of_every_walk_are_those_of_the_engine(
    states: dict[str, list[dict[str, Any]]], engine: dict[str, Any], text: str
) -> None:
    root, names = compute(engine, text)
    nodes = nodes_of(engine, root, names)
    engine["backward_in_order"](root)
    right = [float(node.grad) for node in nodes]
    for (name, walk), state in zip(engine["walks"].items(), states[text], strict=True):
        walk(root)
        found = [float(node.grad) for node in nodes]
        shown = [value.split(" = ") for value in state["values"]]
        assert [label for label, _ in shown if label[0] != "n"] == [
            names[node] for node in nodes if node in names
        ]
        values = [float(node.data) for node in nodes]
        assert [number(value) for _, value in shown] == pytest.approx(values, rel=6e-3)
        gradients = [text.partition(",")[0] for text in state["gradients"]]
        assert [number(text) for text in gradients] == pytest.approx(found, rel=6e-3)
        wrong = ~np.isclose(found, right, rtol=1e-9, atol=0)
        assert [", not " in text for text in state["gradients"]] == wrong.tolist()
        place = list(engine["walks"]).index(name)
        assert state["results"][place].startswith("wrong" if wrong.any() else "right")
        assert state["said"].startswith("Wrong" if wrong.any() else "Right")


def log_walk(engine: dict[str, Any], walk: Any, text: str) -> list[tuple[Any, ...]]:
    """Return what a walk hands back, in order: from where, to where, how much."""
    root, names = compute(engine, text)
    sent = []

    def noted(child: Any, parent: Any, back: Any) -> Any:
        def note(g: float) -> float:
            sent.append((names[child], names[parent], float(back(g))))
            return back(g)

        return note

    for child in nodes_of(engine, root, names):
        child.parents = [
            (parent, noted(child, parent, back) if parent in names else back)
            for parent, back in child.parents
        ]
    walk(root)
    return sent


@pytest.mark.parametrize(
    "text",
    [
        "a = 1; b = 2 * a; c = 3 * b; s = b + c",
        "a = 1; b = a + a; c = b + b",
        "a = 2; b = a * a; c = b + a; d = c * b",
    ],
)
def test_steps_are_those_of_the_engine(
    typed: Locator, engine: dict[str, Any], text: str
) -> None:
    counts = [
        int(re.findall(r"\d+", it)[-1])
        for it in typed.evaluate(ALL, text)[0]["results"]
    ]
    radios = typed.locator("input[type=radio]").all()
    walks = engine["walks"].values()
    for radio, walk, count in zip(radios, walks, counts, strict=True):
        radio.check()
        expected = log_walk(engine, walk, text)
        states = typed.evaluate(STEPS)
        assert len(states) == len(expected) == count
        for k, (state, (child, parent, amount)) in enumerate(
            zip(states, expected, strict=True), 1
        ):
            assert f"step {k} of {count}" in state["said"]
            assert f"{child} hands this back to {parent}, " in state["said"]
            assert number(state["sum"].rpartition(" ")[2]) == amount
            assert state["lit"] == 1


def test_it_says_which_node_passes_on_too_little(typed: Locator) -> None:
    typed.get_by_label("nearest first").check()
    said = [state["said"] for state in typed.evaluate(STEPS)]
    early = [" passes on " in text for text in said]
    assert early == [False, False, True, False]
    assert "But b passes on 1, and its gradient is 4." in said[2]
    typed.get_by_label("overwriting").check()
    said = [state["said"] for state in typed.evaluate(STEPS)]
    assert "forgets the 1 it held" in said[3]
    typed.get_by_label("in order").check()
    assert not any("passes on" in it["said"] for it in typed.evaluate(STEPS))


@pytest.mark.parametrize(
    ("text", "at", "message"),
    [
        ("", 1, "nothing is there yet"),
        ("a = 2; b = a * x", 16, "x has no value yet: write x = 1; before it"),
        ("a = 2; b = sin(a)", 12, "there is no function sin, but relu, tanh"),
        ("a = 2; constructor(a)", 8, "there is no function constructor"),
        ("a = 2; (a + 1", 14, "it ends where “)” should come"),
        ("a = 2; a +", 11, "it ends where a number or a name should come"),
        ("a = 2; 2 a", 10, "an operation or “;” should come before “a”"),
        ("a = 2; a = 3", 8, "a has a value already"),
        ("a = 2; a $ 3", 10, "“$” means nothing here"),
        ("a = 2; b = 3; a ** b", 17, "the power must be a number"),
        ("a = -1; log(a)", 9, "this has no value that is a number: log"),
        ("a = 0; 1 / a", 10, "this has no value that is a number: 1 /"),
        ("2 * 3", 1, "the result depends on no name"),
        ("relu = 2", 1, "relu is a function"),
        ("a = 1; " + "+".join(42 * ["a"]), 89, "more than 40 operations"),
        ("a = 1; alert(1)", 8, "there is no function alert"),
    ],
)
def test_a_mistake_is_named_with_its_place(
    opened: Locator, text: str, at: int, message: str
) -> None:
    source = opened.locator(".source")
    source.fill("a = 1; a + a")
    assert source.get_attribute("aria-invalid") is None
    before = opened.evaluate(STATE)["values"]
    assert before == ["a = 1", "n₁ = 2"]
    source.fill(text)
    said = opened.locator(".note").text_content() or ""
    assert said.startswith(f"Character {at}: ")
    assert message in said
    assert source.get_attribute("aria-invalid") == "true"
    assert opened.evaluate(STATE)["values"] == before


def test_a_walk_that_takes_too_long_is_not_shown(typed: Locator) -> None:
    names = "abcdefghijklm"
    doubled = [f"{y} = {x} + {x}" for x, y in pairwise(names)]
    *_, paths, in_order = typed.evaluate(ALL, "; ".join(["a = 1", *doubled]))
    assert paths["results"][3] == "8,190 steps"
    assert "takes 8,190 steps" in paths["said"]
    assert paths["gradients"] == [""] * 13
    assert in_order["gradients"][0] == "4096"


def test_follows_keyboard_mouse_and_touch(typed: Locator) -> None:
    page = typed.page
    source = typed.locator(".source")
    source.focus()
    page.keyboard.press("ControlOrMeta+A")
    page.keyboard.type("x = 3; x * x")
    assert typed.evaluate(STATE)["values"] == ["x = 3", "n₁ = 9"]
    first, second, *_ = typed.locator("input[type=radio]").all()
    first.focus()
    page.keyboard.press("ArrowDown")
    assert second.is_checked()
    assert typed.evaluate(STATE)["gradients"] == ["6", "1"]
    typed.get_by_role("button", name="Reset").tap()
    assert typed.evaluate(STATE)["gradients"] == ["0", "1"]
    typed.get_by_role("button", name="Step").click()
    assert typed.evaluate(STATE)["gradients"] == ["3", "1"]
    typed.get_by_role("button", name="Back").focus()
    page.keyboard.press("Enter")
    page.keyboard.press("Enter")  # it says that it is disabled
    assert typed.evaluate(STATE)["gradients"] == ["0", "1"]
    typed.get_by_role("button", name="twice").tap()
    assert typed.evaluate(STATE)["gradients"] == ["6, not 4", "2", "1"]
    typed.locator("label", has_text="in order").tap()
    assert typed.evaluate(STATE)["gradients"] == ["4", "2", "1"]


def test_is_linked_to(page: Page, site: str) -> None:
    page.clock.install()
    typed = open_explorable(page, site, NAME)
    typed.locator(".source").fill("q = 2; q / 4 + q ** 2")
    typed.get_by_label("in order").check()
    page.clock.run_for(1_000)
    page.reload()
    assert typed.locator(".source").input_value() == "q = 2; q / 4 + q ** 2"
    assert typed.get_by_label("in order").is_checked()
    assert typed.evaluate(STATE)["gradients"] == ["4.25", "1", "1", "1"]
    wrong = page.url.partition("#")[0] + "#expression?text=q+%2B&walk=none"
    page.goto("about:blank")
    page.goto(wrong)
    assert typed.locator("input[type=radio]").first.is_checked()
    expect(typed.locator(".note")).to_contain_text("q has no value yet")
    page.clock.run_for(1_000)
    expect(typed.get_by_role("status")).to_contain_text("q has no value yet")


def test_nothing_covers_another(typed: Locator) -> None:
    drawn = "[data-explorable='expression'] svg text"
    for width in (WIDE, NARROW):
        look(typed.page, "light", width)
        for text in [*data_of(typed)["examples"].values(), EXPRESSIONS[13]]:
            typed.evaluate(ALL, text)
            assert not typed.page.evaluate(COLLISIONS, drawn), text
