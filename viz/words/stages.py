"""What the stages of the sampler are called."""

from viz.words.strings import say


def stage_name(stage: str) -> str:
    """Return what a stage of the sampler is called in the midst of a sentence."""
    return say(f"components.next.stages.{stage}")


def stage_label(name: str) -> str:
    """Return the full name of a stage."""
    return say(f"components.chain.stage.{name}.name")
