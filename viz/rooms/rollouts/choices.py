"""What can be chosen in the room of rollouts."""

STARTS = ("prompt", "selected", "whole")
"""Where rollouts may begin."""
COUNTS = (16, 64, 128)
MOST_LENGTH = 64
"""Tokens of a rollout."""
SWEPT = {"temperature": "0.2, 0.5, 0.8, 1.0, 1.3, 1.8", "top_k": "1, 2, 5, 20, 100, 0"}
"""Settings that can be swept over, and the values that are offered."""
