# Kernels speak only if something is wrong: on every start they would warn that
# their messages, which never leave this machine, are not encrypted.
c.IPKernelApp.log_level = 40  # noqa: F821
# Nobody types into them, so there is nothing to remember.
c.HistoryManager.enabled = False  # noqa: F821
