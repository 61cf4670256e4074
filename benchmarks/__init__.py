"""Benchmarks, reported as ratios, that `make bench` runs."""
