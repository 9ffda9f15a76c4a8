"""A text that was given as a whole, as a run: its first token is the prompt, and nobody drew the others."""

from model.run import Run, SamplerSettings

AS_IT_IS = SamplerSettings(temperature=1.0, top_k=0, top_p=1.0)
"""No stage acts: `probability` is the model's own, and all of the vocabulary is `kept`."""


def given_steps(run: Run) -> int:
    """Return how many steps at the beginning of a run were given along with its prompt.

    They are forced, behind a prompt of a single token, under settings that do nothing, as `scoring` makes
    them; 0 for a text that was written from its prompt.
    """
    if len(run.prompt_token_ids) != 1 or run.settings != AS_IT_IS:
        return 0
    return next((index for index, step in enumerate(run.steps) if not step.forced), len(run.steps))


def given_text(run: Run) -> str:
    """Return what a person typed: the prompt, or the text that was given as a whole."""
    return run.prompt + "".join(step.text for step in run.steps[: given_steps(run)])


def only_given(run: Run) -> bool:
    """Return whether nothing was written behind a text that was given as a whole."""
    return 0 < given_steps(run) == len(run.steps)
