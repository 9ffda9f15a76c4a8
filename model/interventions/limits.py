"""What may be asked of a model in which something is changed."""

MOST_TOKENS = 512
"""Of a text: every variant of a reading costs a pass over it."""
