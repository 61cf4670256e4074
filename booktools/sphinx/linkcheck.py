"""Check the book's links to other sites without executing anything.

This affects only Sphinx's builder ``linkcheck``, which ``make linkcheck`` runs.
"""

from sphinx.application import Sphinx

DOI = "https://doi.org/"
# Where the DOI registry answers whether a DOI exists. The publishers it would
# redirect to block automated requests.
REGISTRY = f"{DOI}api/handles/"


def _disable_execution(app: Sphinx) -> None:
    """Turn execution off, before MyST-NB reads the configuration."""
    if app.builder.name == "linkcheck":
        app.config["nb_execution_mode"] = "off"
        # Without execution the language of the cells is not known.
        app.config["suppress_warnings"] = [
            *app.config.suppress_warnings,
            "myst-nb.lexer",
        ]


def _ask_registry(app: Sphinx, uri: str) -> str | None:
    """Return the registry's address for a DOI, or None for other links."""
    return REGISTRY + uri.removeprefix(DOI) if uri.startswith(DOI) else None


def setup(app: Sphinx) -> None:
    """Connect to Sphinx."""
    app.connect("builder-inited", _disable_execution, priority=100)
    app.connect("linkcheck-process-uri", _ask_registry)
