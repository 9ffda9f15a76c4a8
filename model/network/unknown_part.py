"""What is said where a model lacks a part that an answer takes."""


class UnknownPart(Exception):
    """A part of the model that an answer takes could not be found in it; everything else is there."""
