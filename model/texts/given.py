"""A text that was given as a whole, as a run: its first token is the prompt, and nobody drew the others."""

from model.sampler.settings import SamplerSettings
from model.texts.run import Run, Step
from model.tokenizer.pieces import TokenText

AS_IT_IS = SamplerSettings(temperature=1.0, top_k=0, top_p=1.0)
"""No stage acts: `probability` is the model's own, and all of the vocabulary is `kept`."""


def given_steps(run: Run) -> int:
    """Return how many steps at the beginning of a run were given along with its prompt.

    They are forced, behind a prompt of a single token, under settings that do nothing, as `scoring` makes
    them; 0 for a text that was written from its prompt.
    """
    if len(run.prompt_token_ids) != 1:
        return 0
    given = (step.forced and (step.settings or run.settings) == AS_IT_IS for step in run.steps)
    return next((index for index, was_given in enumerate(given) if not was_given), len(run.steps))


def given_text(run: Run) -> str:
    """Return what a person typed: the prompt, or the text that was given as a whole."""
    given = run.steps[: given_steps(run)]
    return run.prompt + "".join(step.text if step.typed is None else step.typed for step in given)


def whole_text(run: Run, text: TokenText) -> str:
    """Return what a person would type for all of a run: special tokens by their names, given or written.

    Args:
        run: written or given.
        text: the vocabulary of its model.
    """
    return run.prompt + "".join(_typed(step, text) for step in run.steps)


def _typed(step: Step, text: TokenText) -> str:
    if step.typed is not None:
        return step.typed
    return step.token if text.special(step.token_id) else step.text


def only_given(run: Run) -> bool:
    """Return whether nothing was written behind a text that was given as a whole."""
    return 0 < given_steps(run) == len(run.steps)
