"""The book's Sphinx extension; each module is one part of it."""

from importlib import import_module
from pkgutil import iter_modules

from sphinx.application import Sphinx


def setup(app: Sphinx) -> dict[str, bool]:
    """Set up every part of the extension, ``book`` first: others need its facts."""
    names = sorted(module.name for module in iter_modules(__path__))
    for name in sorted(names, key=lambda name: name != "book"):
        import_module(f"{__name__}.{name}").setup(app)
    return {"parallel_read_safe": True, "parallel_write_safe": False}
