"""Where the files are that are no code: words, style, pictures, the example."""

from pathlib import Path

ASSETS = Path(__file__).parents[2] / "assets"
