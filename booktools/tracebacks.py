"""Show only the frames of a traceback that teach: those of the notebook's own cells.

The book's own kernels load this as an IPython extension (ipython_kernel_config.py);
elsewhere readers get the usual tracebacks.
"""

from types import TracebackType

from IPython.core.interactiveshell import InteractiveShell


def shorten(first: TracebackType, namespace: dict[str, object]) -> TracebackType:
    """Return a traceback without the frames of libraries.

    The notebook's own are recognised by its namespace, the globals of its cells. If
    there is no such frame, the last one is kept.
    """
    frames = [first]
    while (following := frames[-1].tb_next) is not None:
        frames.append(following)
    own = [it for it in frames if it.tb_frame.f_globals is namespace] or frames[-1:]
    short = None
    for it in reversed(own):
        short = TracebackType(short, it.tb_frame, it.tb_lasti, it.tb_lineno)
    assert short is not None
    return short


def _show(
    shell: InteractiveShell,
    kind: type[BaseException],
    error: BaseException,
    traceback: TracebackType,
    tb_offset: int | None = None,
) -> None:
    cause = error.__cause__ or error.__context__
    while cause is not None and cause.__traceback__ is not None:
        cause.__traceback__ = shorten(cause.__traceback__, shell.user_ns)
        cause = cause.__cause__ or cause.__context__
    short = shorten(traceback, shell.user_ns)
    shell.showtraceback((kind, error, short), tb_offset=0)


def load_ipython_extension(shell: InteractiveShell) -> None:
    """Have a shell show short tracebacks."""
    shell.set_custom_exc((Exception,), _show)
