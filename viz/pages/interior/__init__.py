"""The rooms inside the model: its heads, its layers, and what it makes of a given text."""
