"""The turn of the autoregressive loop that is a run's own: from logits to its next token."""

from collections.abc import Sequence

from model.distribution import Softmax
from model.language_model import LanguageModel
from model.run import FinishReason, SamplerSettings, Step
from model.sampling import draw, shaped, uniform


class Writer:
    """Chooses the tokens that follow a text, one at a time, and knows when to end."""

    def __init__(
        self,
        model: LanguageModel,
        token_ids: Sequence[int],
        settings: SamplerSettings,
        seed: int,
        max_new_tokens: int,
    ) -> None:
        self._model = model
        self._settings = settings
        self._seed = seed
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
        left = shaped(softmax, self._settings, token_ids)  # what the sampler leaves of what the model says
        u = uniform(self._seed, position)  # the dice
        token_id = draw(left, u)  # where they fall
        piece = self._reader.read(token_id)
        self._left -= 1
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
        )

    def why_ended(self, step: Step) -> FinishReason | None:
        """Return why a step was the last one; None if the text goes on."""
        if step.token_id in self._model.eos_token_ids:
            return "eos"
        if self._left <= 0:
            return "length"
        return "context" if step.position + 1 >= self._model.info.context_length else None
