"""Show of an error's traceback what teaches: the reader's own code, and the last frame.

The book's own kernels load this as an IPython extension (ipython_kernel_config.py);
elsewhere readers get what they are used to.
"""

from types import TracebackType

from IPython.core.interactiveshell import InteractiveShell


def shorten(
    traceback: TracebackType, namespace: dict[str, object]
) -> TracebackType | None:
    """Return a traceback without the frames between the notebook's and the last.

    Parameters
    ----------
    traceback : TracebackType
        As it was raised; its first frame is IPython's, which shows none of it.
    namespace : dict
        The globals of the notebook's cells, by which their frames are known.
    """
    frames = [traceback]
    while (following := frames[-1].tb_next) is not None:
        frames.append(following)
    first, *middle, last = frames if len(frames) > 1 else [*frames, None]
    kept = [it for it in middle if it.tb_frame.f_globals is namespace]
    short = last
    for it in [*reversed(kept), first]:
        short = TracebackType(short, it.tb_frame, it.tb_lasti, it.tb_lineno)
    return short


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
