"""What is said of a run that was shared and written again: the same, or from where on it is not, and why."""

from model.lab.regeneration import Regeneration
from model.texts.recipe import Recipe
from viz.words.strings import say

LONGEST_NAME = 80
"""Characters of what a link says of its model."""


def verdict(recipe: Recipe, found: Regeneration, model: str, computed_with: str) -> str:
    """Return the sentence.

    Args:
        recipe: what the link says.
        found: what became of it.
        model: name and fingerprint of the model here.
        computed_with: the library here.
    """
    there = _origin(recipe.model, recipe.precision, recipe.computed_with)
    here = _origin(model, found.run.precision, computed_with)
    if found.parted is None:
        count = len(found.run.steps)
        if there == here:
            return say("lab.share.identical", count=count, here=here)
        return say("lab.share.identical_elsewhere", count=count, there=there, here=here)
    number = found.parted - len(found.run.prompt_token_ids) + 1
    why = say(f"lab.share.why.{_difference(recipe, found, model, computed_with)}")
    return say("lab.share.differs", number=number, why=why, there=there, here=here)


def _origin(model: str, precision: str, computed_with: str) -> str:
    return ", ".join(one[:LONGEST_NAME] for one in (model, precision, computed_with) if one)


def _difference(recipe: Recipe, found: Regeneration, model: str, computed_with: str) -> str:
    """Return what may have made the difference, the weightiest first."""
    if recipe.model != model:
        return "model"
    if recipe.precision != found.run.precision:
        return "precision"
    return "version" if recipe.computed_with != computed_with else "processor"
