"""A step scored again without a part of the model, for programs."""

from typing import Any

import gradio as gr

from model.interventions.ablation import Ablation, ablate
from model.interventions.limits import MOST_TOKENS
from model.numbers import OutOfRange, within
from viz.api.explore import Endpoints, explained
from viz.server.limits import SEARCHING
from viz.server.service import Service, Trouble
from viz.words.strings import say


def add_ablate_api(service: Service) -> None:
    """Add the endpoint to the app that is being built."""
    gr.api(AblateApi(service).ablate, api_name="ablate", api_description=say("api.ablate"), **SEARCHING)


class AblateApi(Endpoints):
    """The endpoint."""

    def ablate(
        self,
        text: str,
        position: int,
        layer: int = 0,
        head: int = 0,
        part: str = "head",
        instead: str = "zero",
        scope: str = "text",
        token_position: int = 0,
    ) -> dict[str, Any]:
        """Return what the step before a position is with a part of the model taken away.

        Args:
            text: what the model reads.
            position: of the token that is asked about, from 1; the number of tokens means the one to come.
            layer: of the head, the attention or the MLP.
            head: counted from 0.
            part: head, attention, mlp or token.
            instead: what stands in its place: zero, text_mean or reference_mean.
            scope: where it is gone: text for all positions, step for the one that chooses the token.
            token_position: of the token that no other is to see, if a token is taken away.
        """
        with explained():
            self.ready()
            token_ids = self.service.encode(text, "text")
            at = int(within("position", position, 1, min(len(token_ids), MOST_TOKENS), whole=True))
            standing = token_ids[at] if at < len(token_ids) else None
            taken = Ablation(part, layer, head, token_position, instead, scope)  # type: ignore[arg-type]
            try:
                whole, without = ablate(self.service.model, token_ids[:at], taken, standing)
            except OutOfRange:
                raise
            except ValueError as error:
                raise Trouble(str(error)) from error
            return {
                **self._token(without.token_id),
                "logprob_before": whole.logprob_before,
                "logprob_after": without.logprob_after,
                "kl": without.kl,
                "top": [
                    {**self._token(one.token_id), "probability": one.probability} for one in without.leaders
                ],
            }

    def _token(self, token_id: int) -> dict[str, Any]:
        return {"token_id": token_id, "token": self.service.text.token(token_id)}
