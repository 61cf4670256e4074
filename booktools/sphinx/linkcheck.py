"""Check the links of the book to other sites: ask once, and execute nothing.

This is for Sphinx's builder ``linkcheck``, which ``make linkcheck`` runs; any
other builder it leaves alone.
"""

from sphinx.application import Sphinx

DOI = "https://doi.org/"
# Where the registry of DOIs says whether it knows one. The publishers to which
# it would send us refuse programs.
REGISTRY = f"{DOI}api/handles/"


def _execute_nothing(app: Sphinx) -> None:
    """Tell MyST-NB that the text is enough, before it reads the configuration."""
    if app.builder.name == "linkcheck":
        app.config["nb_execution_mode"] = "off"
        # A cell that was not executed does not say in which language it is.
        app.config["suppress_warnings"] = [
            *app.config.suppress_warnings,
            "myst-nb.lexer",
        ]


def _ask_registry(app: Sphinx, uri: str) -> str | None:
    """Return where to ask for a DOI; nothing for other links."""
    return REGISTRY + uri.removeprefix(DOI) if uri.startswith(DOI) else None


def setup(app: Sphinx) -> dict[str, bool]:
    """Connect to Sphinx."""
    app.connect("builder-inited", _execute_nothing, priority=100)
    app.connect("linkcheck-process-uri", _ask_registry)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
