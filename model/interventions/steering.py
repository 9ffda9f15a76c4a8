"""Steering: a direction of the residual stream is added while the model writes, and the text turns that way.

The direction is what the stream of one prompt has over that of another (activation addition, Turner et al.
2023, "Steering Language Models With Activation Engineering"; Rimsky et al. 2023, "Steering Llama 2 via
Contrastive Activation Addition", who take the mean of many pairs; Zou et al. 2023, "Representation
Engineering"). Here one pair is enough, and the stream is taken at the last token of each, where the prompt
has been read: so their lengths may differ.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from model.interventions.effect import Effect, effects, read_clean
from model.interventions.limits import MOST_TOKENS
from model.interventions.written import written_with
from model.network.changes import Change, Variant, added
from model.texts.run import Run, Step

if TYPE_CHECKING:  # Torch takes seconds to import, and the page is up before it is there.
    from model.network.language_model import LanguageModel

Where: TypeAlias = Literal["end", "everywhere"]
"""At which positions it is added: from the last token of the text on, the new ones too; or at all of them."""
WHERES: tuple[Where, ...] = ("end", "everywhere")
FEWEST_TOKENS = 2
"""Of a contrast prompt: at the first position of any text the stream of most models is unlike all others."""
LEAST_CONTRAST = 1e-6
"""Length of a difference, as a share of the stream's, below which there is no direction."""


class NoDirection(ValueError):
    """The streams of both prompts are the same at the layer that was asked for."""


@dataclass(frozen=True, eq=False)
class Direction:
    """A direction of the stream that leaves one layer of one model."""

    model: str
    """Its identity."""
    layer: int
    """Whose output it is added to, counted from 0."""
    vector: NDArray[np.float32]
    """(width,) as long as the stream at that layer: the mean over both prompts' last tokens."""
    cosine: float
    """Between the two streams that it is the difference of: 1 where they are all but one."""


def direction(model: "LanguageModel", toward: Sequence[int], away: Sequence[int], layer: int) -> Direction:
    """Return the direction from one prompt to another.

    Args:
        model: that reads them.
        toward: token ids of the prompt to which strengths above 0 push.
        away: of the one to which those below 0 push.
        layer: whose output is compared, from 0 to the last.

    Raises:
        NoDirection: the streams are the same.
        ValueError: a prompt is too short or too long, or there is no such layer.
        UnknownPart: nothing can be changed in this model.
    """
    if not 0 <= layer < model.info.layers:
        raise ValueError(f"a layer must be from 0 to {model.info.layers - 1}, not {layer}")
    for token_ids in (toward, away):
        if not FEWEST_TOKENS <= len(token_ids) <= MOST_TOKENS:
            raise ValueError(
                f"a prompt must have {FEWEST_TOKENS} to {MOST_TOKENS} tokens, not {len(token_ids)}"
            )
    one, other = (
        read_clean(model, ids).at("residual", layer + 1)[-1].cpu().numpy() for ids in (toward, away)
    )
    length = float(np.linalg.norm(one) + np.linalg.norm(other)) / 2
    difference = one - other
    norm = float(np.linalg.norm(difference))
    if norm <= LEAST_CONTRAST * length:
        raise NoDirection("the streams of both prompts are the same there")
    cosine = float(one @ other / (np.linalg.norm(one) * np.linalg.norm(other)))
    vector = (difference * (length / norm)).astype(np.float32)
    return Direction(model.info.identity, layer, vector, cosine)


def steered(found: Direction, strength: float, position: int, where: Where) -> Variant:
    """Return the change that a strength makes to a text and what follows it.

    Args:
        found: the direction.
        strength: times which it is added: 1 adds a vector as long as the stream itself, 0 nothing.
        position: of the first token that is written; the last of the text stands before it.
        where: at which positions.
    """
    import torch  # noqa: PLC0415 - see above

    vector = torch.from_numpy(found.vector) * strength
    start = position - 1 if where == "end" else 0
    return (Change("residual", found.layer + 1, added(vector), start=start),)


def divergences(
    model: "LanguageModel", text: Sequence[int], variants: Sequence[Variant], token_id: int = 0
) -> list[Effect]:
    """Return what each of some changes did to the distribution of the token after a text.

    Args:
        model: that reads.
        text: token ids.
        variants: the changes.
        token_id: whose logprob is followed.
    """
    clean = read_clean(model, text)
    return [one for batch in effects(model, clean, variants, token_id) for one in batch]


def written_side_by_side(
    model: "LanguageModel", run: Run, position: int, variants: Sequence[Variant], max_new_tokens: int
) -> Iterator[tuple[int, Step]]:
    """Yield the tokens of a text under each of some changes in turn, each with the number of its change.

    All have the dice of the run: see `written_with`. Whoever stops listening stops it.

    Args:
        model: that writes.
        run: the text.
        position: of the first token that is written.
        variants: the changes.
        max_new_tokens: of each, at most.
    """
    going = {
        number: written_with(model, run, position, variant, max_new_tokens)
        for number, variant in enumerate(variants)
    }
    while going:
        for number, steps in list(going.items()):
            step = next(steps, None)
            if step is None:
                del going[number]
            else:
                yield number, step
