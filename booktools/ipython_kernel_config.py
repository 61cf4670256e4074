# Log errors only: on every start, kernels would warn that their messages, which
# never leave this machine, are not encrypted.
c.IPKernelApp.log_level = 40  # noqa: F821
# No one types into these kernels, so no history is needed.
c.HistoryManager.enabled = False  # noqa: F821
c.InteractiveShellApp.extensions = ["booktools.tracebacks"]  # noqa: F821
