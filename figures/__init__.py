"""The drawings, each an SVG beside the Python that draws it."""
