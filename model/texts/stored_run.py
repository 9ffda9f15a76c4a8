"""A run that comes from outside: a file or a link that somebody stored, or wrote by hand."""

import reprlib
from collections.abc import Mapping

from model.numbers import whole_number
from model.texts.run import Run, Step
from model.tokenizer.pieces import require_whole_characters

MOST = 1e300
"""Above any number of a step, and far from where arithmetic overflows."""
MOST_CHARACTERS_PER_TOKEN = 400
"""Above the longest token of any vocabulary."""
ROUNDING = 1e-6
"""By how much a sum of probabilities may miss 1."""


def stored_run(data: object, *, vocab_size: int, context_length: int) -> Run:
    """Rebuild a run of which nothing is known yet, so that it can be shown and written on.

    Whether its numbers are those that the model would give is not checked.

    Args:
        data: what `json.loads` gave.
        vocab_size: of the model that is to read it.
        context_length: of that model.

    Raises:
        ValueError: a sentence on what is wrong with it.
    """
    if not isinstance(data, Mapping):
        raise ValueError("not a run: it is no object")
    try:
        run = Run.from_json(data)
    except (OverflowError, RecursionError) as problem:
        raise ValueError(f"not a run: {problem}") from problem
    for name in ("model", "prompt", "precision"):
        text(getattr(run, name), name)
    if not 1 <= len(run.token_ids) <= context_length:
        raise ValueError(f"a run has 1 to {context_length:,} tokens here, not {len(run.token_ids):,}")
    if len(run.prompt) > MOST_CHARACTERS_PER_TOKEN * len(run.prompt_token_ids):
        raise ValueError("the prompt of a run must be the text of its prompt_token_ids, and is far longer")
    typed = sum(len(text(step.typed, "typed")) for step in run.steps if step.typed is not None)
    if typed > MOST_CHARACTERS_PER_TOKEN * len(run.steps):
        raise ValueError("what was typed for the steps of a run must be their text, and is far longer")
    for index, step in enumerate(run.steps):
        _require_step(step, len(run.prompt_token_ids) + index)
    if not all(0 <= token_id < vocab_size for token_id in run.token_ids):
        raise ValueError(f"the token ids of a run must be from 0 to {vocab_size - 1:,}")
    for settings in (run.settings, *(step.settings for step in run.steps if step.settings is not None)):
        settings.require_known(vocab_size)
    return run


def text(value: object, name: str) -> str:
    """Return a value that must be a text of whole characters.

    Raises:
        ValueError: it is none; says which.
    """
    if not isinstance(value, str):
        raise ValueError(f"{name} must be a text, not {reprlib.repr(value)}")
    require_whole_characters(value)
    return value


def _require_step(step: Step, position: int) -> None:
    """Refuse a step that does not stand where it says, or whose values are of another kind."""
    if whole_number(step.position, "position") != position:
        raise ValueError(f"the step at position {position} says that it is at {step.position}")
    for name in ("token_id", "rank", "kept"):
        whole_number(getattr(step, name), name)
    for name in ("token", "text"):
        text(getattr(step, name), name)
    thrown = [name for name in ("coin", "mixed_probability") if getattr(step, name) is not None]
    for name in ("u", "logprob", "probability", "entropy_bits", *thrown):
        value = getattr(step, name)
        if isinstance(value, bool) or not isinstance(value, int | float) or not -MOST < value < MOST:
            raise ValueError(f"the {name} of the step at position {position} is no number")
    if not isinstance(step.forced, bool):
        raise ValueError(f"forced must be true or false in the step at position {position}")
    if step.logprob > ROUNDING or step.rank < 1:
        raise ValueError(f"the logprob or rank of the step at position {position} is impossible")
    draws = [draw for draw in (step.u, step.coin) if draw is not None]
    probabilities = [one for one in (step.probability, step.mixed_probability) if one is not None]
    in_range = all(0 <= draw < 1 for draw in draws) and all(0 <= one <= 1 + ROUNDING for one in probabilities)
    if not in_range:
        raise ValueError(f"a draw or probability at position {position} is not between 0 and 1")
