"""Show of an error's traceback what teaches: the reader's own code, and the last frame.

The book's own kernels load this as an IPython extension (ipython_kernel_config.py);
elsewhere readers get what they are used to.
"""

from types import TracebackType

from IPython.core.interactiveshell import InteractiveShell


def shorten(first: TracebackType, namespace: dict[str, object]) -> TracebackType:
    """Return a traceback without the frames between the notebook's and the last.

    Parameters
    ----------
    first : TracebackType
        As it was raised; its first frame is IPython's, which shows none of it.
    namespace : dict
        The globals of the notebook's cells, by which their frames are known.
    """
    frames = [first]
    while (following := frames[-1].tb_next) is not None:
        frames.append(following)
    *middle, last = frames
    for it in reversed(middle):
        if it is first or it.tb_frame.f_globals is namespace:
            last = TracebackType(last, it.tb_frame, it.tb_lasti, it.tb_lineno)
    return last


def _show(
    shell: InteractiveShell,
    kind: type[BaseException],
    error: BaseException,
    traceback: TracebackType,
    tb_offset: int | None = None,
) -> None:
    short = shorten(traceback, shell.user_ns)
    shell.showtraceback((kind, error, short), tb_offset=tb_offset)


def load_ipython_extension(shell: InteractiveShell) -> None:
    """Have a shell show short tracebacks."""
    shell.set_custom_exc((Exception,), _show)
