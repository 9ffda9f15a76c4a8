"""How much is asked of a model whose activations are changed: each question is many readings of a text."""

MOST_TOKENS = 512
"""Of a text."""
