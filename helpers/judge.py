"""Find out what is wrong with a function, and say it in a sentence."""

import ast
import copy
import inspect
import signal
import sys
import textwrap
import traceback
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext, redirect_stderr, redirect_stdout
from dataclasses import dataclass, field
from io import StringIO
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from helpers.checks import mutate

if TYPE_CHECKING:
    from helpers.tasks import Fact, Task

SEED = 0  # of the examples; an assignment draws others
TIME_LIMIT = 5.0  # seconds that a function may take
MAX_PRINTED = 300  # characters of what a function prints
NOT_WRITTEN = "not written"
NUMERIC = {"a number", "an array"}
NAMED = inspect.Parameter.POSITIONAL_OR_KEYWORD

Function = Callable[..., Any]
Examples = list[tuple[Any, ...]]


class Leaf(NamedTuple):
    """A number, an array or a tensor in a result, in words and as an array.

    Of something else, the array is None.
    """

    kind: str
    value: Any


@dataclass
class Run:
    """What a function did on each example."""

    results: list[dict[str, Leaf]] = field(default_factory=list)
    changed: set[str] = field(default_factory=set)  # arguments
    error: BaseException | None = None

    def resembles(self, other: "Run", tolerance: float) -> bool:
        """Return whether two functions did the same."""
        return (
            len(self.results) == len(other.results)
            and self.changed == other.changed
            and _describe(self.error) == _describe(other.error)
            and all(
                _agree(one, two, tolerance)
                for one, two in zip(self.results, other.results, strict=True)
            )
        )


class TimeLimitExceeded(BaseException):
    """A function has run for longer than `TIME_LIMIT`."""


class _TruncatedOutput(StringIO):
    """Keeps the beginning of what is printed."""

    def write(self, text: str) -> int:
        super().write(text[: max(0, MAX_PRINTED - self.tell())])
        return len(text)

    def close(self) -> None:
        """Stay open, whoever closes the output."""


def _stop(_: int, frame: Any) -> None:
    """Raise TimeLimitExceeded here, and again at the next line of what catches it."""
    sys.settrace(lambda *_: None)
    while frame and frame.f_code not in (run.__code__, _holds.__code__):
        frame.f_trace = _stop_at_line
        frame = frame.f_back
    raise TimeLimitExceeded


def _stop_at_line(_: Any, event: str, __: Any) -> Any:
    if event == "line":
        raise TimeLimitExceeded
    return _stop_at_line


@contextmanager
def _guarded(printed: StringIO) -> Iterator[None]:
    """Limit the time that is taken, and show neither output nor warnings.

    What a function may set for all of NumPy and PyTorch is as usual meanwhile, and
    as before afterwards.
    """
    torch = sys.modules.get("torch")
    tracer = sys.gettrace()
    try:
        before = signal.signal(signal.SIGALRM, _stop)
        # Again and again, in case that the function catches it twice.
        timer = signal.setitimer(signal.ITIMER_REAL, TIME_LIMIT, 0.1)
    except (AttributeError, ValueError):  # on Windows; not in the main thread
        before = None
    try:
        with (
            redirect_stdout(printed),
            redirect_stderr(printed),
            warnings.catch_warnings(action="ignore"),
            np.errstate(all="ignore"),
            torch.enable_grad() if torch else nullcontext(),
        ):
            yield
    finally:
        if before is not None:
            signal.setitimer(signal.ITIMER_REAL, *timer)
            signal.signal(signal.SIGALRM, before)
            sys.settrace(tracer)


def _call(function: Function, *arguments: Any) -> Any:
    """Call a function, and return its result or raise its error.

    It is called in a generator, which has an exception state of its own. Otherwise a
    function that is stopped while it handles an error would leave that error behind,
    and the next traceback would begin with it.
    """

    def apart() -> Iterator[tuple[Any, BaseException | None]]:
        result, raised = None, None
        try:
            result = function(*arguments)
        except BaseException as error:
            raised = error
        yield result, raised

    result, error = next(apart())
    if error is not None:
        raise error
    return result


def run(task: "Task", function: Function, examples: Examples, printed: StringIO) -> Run:
    """Call a function with copies of each example's arguments."""
    done = Run()
    try:
        with _guarded(printed):
            for arguments in examples:
                own = copy.deepcopy(arguments)
                result = _leaves(_call(task.observe, function, *own))
                for name, old, new in zip(task.parameters, arguments, own, strict=True):
                    if not _agree(_leaves(old), _leaves(new), 0):
                        done.changed.add(name)
                done.results.append(result)
    except KeyboardInterrupt:
        raise
    except BaseException as error:
        done.error = error
    return done


def _leaves(value: Any, name: str = "") -> dict[str, Leaf]:
    """Return the numbers and arrays in a result by their places, such as "[0]"."""
    if isinstance(value, (tuple, list)):
        value = dict(enumerate(value))
    if isinstance(value, dict):
        parts = [_leaves(part, f"{name}[{key!r}]") for key, part in value.items()]
        return {place: leaf for part in parts for place, leaf in part.items()}
    kind = "None" if value is None else f"a {type(value).__name__}"
    torch = sys.modules.get("torch")
    if torch and isinstance(value, torch.Tensor):
        return {name: Leaf(kind, np.array(value.detach().cpu(), dtype=float))}
    if isinstance(value, (np.ndarray, np.generic, int, float)):
        array = np.array(value)
        if array.dtype.kind in "biuf":
            kind = "an array" if array.ndim else "a number"
            return {name: Leaf(kind, array.astype(float))}
        kind = f"an array of {array.dtype}"
    return {name: Leaf(kind, None)}


def _agree(one: dict[str, Leaf], two: dict[str, Leaf], tolerance: float) -> bool:
    """Return whether two results have the same parts with the same values."""
    return one.keys() == two.keys() and all(
        leaf.kind == two[name].kind and _close(leaf.value, two[name].value, tolerance)
        for name, leaf in one.items()
    )


def _close(got: Any, expected: Any, tolerance: float) -> bool:
    """Compare two arrays, relative to the largest finite value of the second."""
    if got is None or np.shape(got) != np.shape(expected):
        return got is expected
    largest = np.abs(expected[np.isfinite(expected)]).max(initial=0)
    limit = tolerance * largest
    return np.allclose(got, expected, rtol=0, atol=limit, equal_nan=True)


# Judge


def judge(task: "Task", function: Any) -> tuple[str, str]:
    """Return what is wrong with a function, in a sentence, and what it printed."""
    examples = task.examples(np.random.default_rng(SEED))
    if fault := _check_definition(task, function, examples[0]):
        return fault, ""
    printed = _TruncatedOutput()
    expected = run(task, task.solution, examples, StringIO())
    got = run(task, function, examples, printed)
    if not got.resembles(expected, task.tolerance):
        mistake = _recognise(task, got, examples)
        if mistake and not got.error:
            return mistake, printed.getvalue()
        if fault := _explain(task, function, got, expected, examples):
            # Other mistakes can raise the same error.
            fault += f"\nA usual cause: {mistake}" if mistake else ""
            return fault, printed.getvalue()
        fault = _show_difference(task, got, expected)
    for fact in task.facts:
        if not _holds(fact, function, printed):
            fault = f"This should hold: {fact.claim}. {fault}".strip()
            break
    return fault, printed.getvalue()


def _check_definition(task: "Task", function: Any, arguments: tuple[Any, ...]) -> str:
    """Say what is wrong with the definition, before the function is called."""
    due = inspect.signature(task.solution)
    asked = f"asked for is def {task.name}{due}."
    if not callable(function):
        return f"This is a value of type {type(function).__name__}; {asked}"
    if isinstance(function, type) and not isinstance(task.solution, type):
        return f"This is a class; {asked}"
    yields = inspect.isgeneratorfunction
    if yields(function) and not yields(task.solution):
        return "It has a yield where a return is due."
    try:
        own = inspect.signature(function)
        required = [it for it in due.parameters.values() if it.default is it.empty]
        own.bind(*arguments)
        own.bind(*arguments[: len(required)])
        # A chapter may call it by the names of its parameters, if it has several.
        names = [it.name for it in own.parameters.values() if it.kind is NAMED]
        if len(names) > 1 and names[: len(due.parameters)] != task.parameters:
            raise TypeError
    except TypeError:
        return f"It has other parameters; {asked}"
    except ValueError:
        pass  # some functions in C do not say what they take
    return NOT_WRITTEN if _is_empty(function) else ""


def _is_empty(function: Function) -> bool:
    """Return whether a function has nothing but a docstring, `...` or `pass`."""
    try:
        tree: Any = ast.parse(textwrap.dedent(inspect.getsource(function)))
        body = tree.body[0].body
    except (AttributeError, OSError, SyntaxError, TypeError):
        return False
    texts = {ast.unparse(line) for line in body if not _is_docstring(line)}
    return texts <= {"...", "pass", "return ..."}


def _is_docstring(line: Any) -> bool:
    text = getattr(line, "value", None) if isinstance(line, ast.Expr) else None
    return isinstance(text, ast.Constant) and isinstance(text.value, str)


def _recognise(task: "Task", got: Run, examples: Examples) -> str:
    """Return the message of the mistake that does the same on the examples."""
    for mistake in task.mistakes:
        mutant = mutate(task.solution, mistake.old, mistake.new)
        if got.resembles(run(task, mutant, examples, StringIO()), task.tolerance):
            return mistake.message
    return ""


def _holds(fact: "Fact", function: Function, printed: StringIO) -> bool:
    try:
        with _guarded(printed):
            return bool(_call(fact.holds, function))
    except KeyboardInterrupt:
        raise
    except BaseException:
        return False


# Explain


def _explain(
    task: "Task", function: Function, got: Run, expected: Run, examples: Examples
) -> str:
    """Say what is wrong in general, or return an empty text if only values are."""
    if isinstance(got.error, TimeLimitExceeded):
        return f"It takes more than {TIME_LIMIT:g} seconds. Does a loop never end?"
    if got.error:
        line = _line_of(got.error, function)
        told = " ".join(_describe(got.error).split())
        return f"It raises {told[:200]}{line}"
    if got.changed:
        names = ", ".join(sorted(got.changed))
        return f"It changes {names} in place. Work on a copy."
    results = list(zip(got.results, expected.results, strict=True))
    for one, two in results:
        if one.keys() != two.keys():
            return _explain_parts(one, two, task)
    for place, title in _wrong_parts(task, got, expected):
        pairs = [(one[place], two[place]) for one, two in results]
        fault = _explain_type(pairs) or _explain_values(
            [(one.value, two.value) for one, two in pairs], task, examples
        )
        if fault:
            return title + fault
    return ""


def _describe(error: BaseException | None) -> str:
    # Also of an error that cannot say what it is. A SyntaxError begins with its
    # place, which is indented; notes stand at the end.
    lines = traceback.format_exception_only(error) if error else [""]
    return next(line for line in lines if line[:1] != " ").strip()


def _line_of(error: BaseException, function: Function) -> str:
    """Return the line of the reader's code in which an error was raised."""
    code = getattr(inspect.unwrap(function), "__code__", None)
    frames = traceback.extract_tb(error.__traceback__)
    lines = [it.line for it in frames if code and it.filename == code.co_filename]
    return f", in the line\n    {lines[-1]}" if lines and lines[-1] else "."


def _explain_parts(
    got: dict[str, Leaf], expected: dict[str, Leaf], task: "Task"
) -> str:
    """Say that a result has other parts than it should have."""
    for place, leaf in expected.items():
        if place not in got and any(it.startswith(place) for it in got):
            title = _title(task, expected, place)
            return f"{title}It returns a list or tuple where {leaf.kind} is due."
    if task.parts and len(got) == len(expected):
        return f"Return one tuple: {', '.join(task.parts)}."
    due = f"{len(expected)} are due" if len(expected) > 1 else "one is due"
    names = f": {', '.join(task.parts)}" if task.parts else ""
    what = got[""].kind if "" in got else f"{len(got)} value{'s' * (len(got) != 1)}"
    return f"It returns {what}; {due}{names}."


def _wrong_parts(task: "Task", got: Run, expected: Run) -> Iterator[tuple[str, str]]:
    """Yield the place of each part that is wrong, and words that point to it."""
    for place in expected.results[0]:
        for one, two in zip(got.results, expected.results, strict=True):
            if not _agree({"": one[place]}, {"": two[place]}, task.tolerance):
                yield place, _title(task, expected.results[0], place)
                break


def _title(task: "Task", expected: dict[str, Leaf], place: str) -> str:
    """Return words that point to a part of a result."""
    names = dict(zip(expected, task.parts, strict=False))
    return f"Look at {names.get(place, f'result{place}')}. " if place else ""


def _explain_type(pairs: list[tuple[Leaf, Leaf]]) -> str:
    """Say that a part of the results has the wrong type or shape."""
    for got, expected in pairs:
        if got.kind == "None" and expected.kind != "None":
            return "It returns None. Is there a return?"
        if got.kind != expected.kind and not {got.kind, expected.kind} <= NUMERIC:
            return f"It returns {got.kind} where {expected.kind} is due."
        if np.shape(got.value) != np.shape(expected.value):
            return _explain_shape(np.shape(got.value), np.shape(expected.value))
    return ""


def _explain_shape(got: tuple[int, ...], due: tuple[int, ...]) -> str:
    if not due and set(got) == {1}:
        return f"Its shape is {got} where one number is due. Return its only entry."
    if not due:
        return f"Its shape is {got} where one number is due. Is a sum or mean missing?"
    if not got:
        return f"It returns one number where an array of shape {due} is due."
    text = f"Its shape is {got} where {due} is due. "
    if sorted(got) == sorted(due):
        return f"{text}It is transposed."
    if [n for n in got if n > 1] == [n for n in due if n > 1]:
        if len(got) < len(due):
            return f"{text}Keep the axis, as keepdims=True does."
        return f"{text}There is one axis too many."
    if len(set(got)) == 1 and got[0] in due:
        return f"{text}An array of shape {got[:1]} met one of shape {(got[0], 1)}."
    return text.strip()


def _explain_values(
    pairs: list[tuple[Any, Any]], task: "Task", examples: Examples
) -> str:
    """Recognise nan, a transposed array, a sign and a factor."""
    for got, expected in pairs:
        wrong = ~np.isfinite(got) & np.isfinite(expected)
        if wrong.any():
            return f"It gives {got[wrong][0]} where {expected[wrong][0]:.6g} is right."
    if all(_close(got.T, expected, task.tolerance) for got, expected in pairs):
        return "It is transposed."
    factors, sizes = [], []
    for (got, expected), arguments in zip(pairs, examples, strict=True):
        if not np.any(expected) or not np.isfinite(expected).all():
            continue
        factor = np.sum(got * expected) / np.sum(expected**2)
        if not factor or not _close(got, factor * expected, task.tolerance):
            return ""
        factors.append(factor)
        sizes.append(_sizes(task, arguments))
    return _name_factor(np.array(factors), sizes) if factors else ""


def _sizes(task: "Task", arguments: tuple[Any, ...]) -> dict[str, int]:
    """Return the length of each axis of the arguments, by the code that gives it."""
    found = {}
    for name, argument in zip(task.parameters, arguments, strict=True):
        for axis, size in enumerate(getattr(argument, "shape", ())):
            found[f"{name}.shape[{axis}]" if axis else f"len({name})"] = size
    return found


def _name_factor(factors: NDArray[np.float64], sizes: list[dict[str, int]]) -> str:
    """Say by what factor a result is wrong."""
    if np.allclose(factors, -1):
        return "It has the opposite sign."
    # Some examples may have fewer axes.
    for name in [it for it in sizes[0] if all(it in them for them in sizes)]:
        size = np.array([them[name] for them in sizes])
        if np.allclose(factors, size):
            return f"It is {name} times too large. Is a mean due instead of a sum?"
        if np.allclose(factors * size, 1):
            return f"It is {name} times too small. Is a sum due instead of a mean?"
    if np.allclose(factors, factors[0]):
        return f"It is {factors[0]:.6g} times what is right. Check the factors."
    return ""


def _show_difference(task: "Task", got: Run, expected: Run) -> str:
    """Show the largest difference."""
    for place, title in _wrong_parts(task, got, expected):
        for one, two in zip(got.results, expected.results, strict=True):
            values, right = one[place].value, two[place].value
            if not _close(values, right, task.tolerance):
                worst = np.argmax(np.nan_to_num(np.abs(values - right), nan=np.inf))
                gives, due = values.flat[worst], right.flat[worst]
                return f"{title}It gives {gives:.6g} where {due:.6g} is right."
    return ""
