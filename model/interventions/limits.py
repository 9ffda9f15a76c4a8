"""How much is asked of a model that is read many times over."""

MOST_TOKENS = 512
"""Of a text of which causes are asked: every one of them is at least one more reading of it."""
