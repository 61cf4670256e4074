"""Slides of the chapters, cut from their pages."""
