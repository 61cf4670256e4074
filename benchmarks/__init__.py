"""Measurements, as ratios, that `make bench` runs and no test does."""
