"""The turn of the autoregressive loop that is a run's own: from logits to its next token."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from model.sampler.coin import sides
from model.sampler.distribution import Softmax
from model.sampler.sampling import COIN, ShapedDistribution, draw, shaped, uniform
from model.sampler.settings import SamplerSettings
from model.texts.run import FinishReason, Step
from model.tokenizer.pieces import Piece

if TYPE_CHECKING:  # Torch takes seconds to import, and the page is up before it is there.
    from model.network.language_model import LanguageModel


class Writer:
    """Chooses the tokens that follow a text, one at a time, and knows when to end."""

    def __init__(
        self,
        model: "LanguageModel",
        token_ids: Sequence[int],
        settings: SamplerSettings,
        seed: int,
        max_new_tokens: int,
        draws: Mapping[int, float],
        coins: Mapping[int, float],
    ) -> None:
        self._model = model
        self._settings = settings
        self._seed = seed
        self._draws = draws
        self._coins = coins
        self._left = max_new_tokens
        self._reader = model.text.reader()
        for token_id in token_ids:
            self._reader.read(token_id)

    def choose(self, token_ids: Sequence[int], softmax: Softmax) -> Step:
        """Return the next token of a text, given the model's own distribution at its end.

        Raises:
            ValueError: the logits are not numbers.
        """
        position = len(token_ids)
        u, coin = self._draws.get(position), self._coins.get(position)  # dice that were thrown before
        if u is None:
            u = uniform(self._seed, position)  # the dice
        if coin is None and self._settings.throws_coin:
            coin = uniform(self._seed, position, COIN)
        landmarks = self._model.landmarks
        # What the sampler leaves of what the model says.
        left = shaped(softmax, self._settings, token_ids, coin=coin, landmarks=landmarks)
        token_id = draw(left, u)  # where they fall
        piece = self._reader.read(token_id)
        self._left -= 1
        return step_of(left, piece, position, u)

    def why_ended(self, step: Step) -> FinishReason | None:
        """Return why a step was the last one; None if the text goes on."""
        if step.token_id in self._model.eos_token_ids:
            return "eos"
        if self._left <= 0:
            return "length"
        return "context" if step.position + 1 >= self._model.info.context_length else None


def step_of(left: ShapedDistribution, piece: Piece, position: int, u: float, *, forced: bool = False) -> Step:
    """Return the choice of a token with its numbers.

    Args:
        left: what could have stood there.
        piece: the token.
        position: where it stands in the whole text.
        u: the draw of that position, in [0, 1).
        forced: whether a person put it there, whatever the draw says.
    """
    token_id = piece.token_id
    return Step(
        position=position,
        token_id=token_id,
        token=piece.token,
        text=piece.text,
        u=u,
        logprob=left.logprob(token_id),
        probability=left.probability(token_id),
        rank=left.rank(token_id),
        entropy_bits=left.entropy_bits,
        kept=left.kept,
        forced=forced,
        coin=left.coin,
        mixed_probability=None if left.coin is None else sides(left).probability(token_id),
    )
