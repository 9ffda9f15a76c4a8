"""How long a text may be whose activations are changed."""

MOST_TOKENS = 512
"""Of a text: each of many changes reads it anew."""
