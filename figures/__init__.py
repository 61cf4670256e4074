"""The drawings: SVG files, each beside the Python script that draws it."""
