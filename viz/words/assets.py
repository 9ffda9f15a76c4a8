"""Where the files are that are no code: words, style, pictures, the example."""

from pathlib import Path

ASSETS = Path(__file__).parents[2] / "assets"
FIRST_ANSWERS = ASSETS / "first-answers.json"
"""Served under its name: the table of each token of the stored example, by position; null where none is."""
