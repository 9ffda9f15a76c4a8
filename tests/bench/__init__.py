"""Measurements against plain Transformers. Nothing here is asserted: speed is a figure, not a test."""
