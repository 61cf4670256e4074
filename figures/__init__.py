"""The drawings of networks, each an SVG beside the Python that draws it."""
