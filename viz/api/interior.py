"""The inside of the model for programs. Every function here is an endpoint of the same name."""

import math
from typing import Any

import gradio as gr
import numpy as np

from model.interior.head_quantities import QUANTITIES, head_quantities
from model.interior.lens import LensLayer, lens
from model.interior.scoring import scored
from model.numbers import within
from viz.api.explore import DEFAULT_PRECISION, Endpoints, explained
from viz.server.limits import LOOKERS
from viz.server.service import Service, Trouble
from viz.words.strings import say

LEADING = 10
"""Tokens that the lens names at every layer."""
OFFERED = tuple(name for name in QUANTITIES if name != "token")
"""`token` asks about one position more."""


def add_interior_api(service: Service) -> None:
    """Add the endpoints to the app that is being built."""
    api = InteriorApi(service)
    reading = {"concurrency_limit": LOOKERS, "concurrency_id": "programs"}
    for name in ("lens", "heads", "score"):
        gr.api(getattr(api, name), api_name=name, api_description=say(f"api.{name}"), **reading)


class InteriorApi(Endpoints):
    """The endpoints. Each reads a text in one go."""

    def lens(self, text: str, position: int, precision: str = DEFAULT_PRECISION) -> dict[str, Any]:
        """Return what the model would say after each layer about the token at a position.

        Args:
            text: what the model reads.
            position: of the token that is explained, from 1; the number of tokens means the one to come.
            precision: "fast" for the number format that is fastest here, "exact" for float32.
        """
        with explained():
            self.ready()
            token_ids = self.service.encode(text, "text")
            at = int(within("position", position, 1, len(token_ids), whole=True))
            internals = self.service.read(token_ids, self.service.precision(precision))
            standing = token_ids[at] if at < len(token_ids) else int(internals.softmax(at - 1).leading(1)[0])
            return {"layers": [self._layer(one) for one in lens(internals, at - 1, standing, LEADING)]}

    def heads(self, text: str, quantity: str, precision: str = DEFAULT_PRECISION) -> dict[str, Any]:
        """Return one number for every attention head, mean over a text.

        Args:
            text: what the model reads.
            quantity: entropy, distance, first_token, previous_token, self, duplicate_token, induction
                or confidence.
            precision: "fast" for the number format that is fastest here, "exact" for float32.
        """
        with explained():
            self.ready()
            if quantity not in OFFERED:
                raise Trouble(say("api.no_quantity", names=", ".join(OFFERED)))
            token_ids = self.service.encode(text, "text")
            internals = self.service.read(token_ids, self.service.precision(precision))
            values = head_quantities(internals, [quantity], len(token_ids))[quantity]
            return {"values": [[_number(value) for value in row] for row in values]}

    def score(self, text: str, precision: str = DEFAULT_PRECISION) -> dict[str, Any]:
        """Return how likely the model finds a text, as a whole and token by token.

        Args:
            text: of two tokens or more; the first has none before it and gets no number.
            precision: "fast" for the number format that is fastest here, "exact" for float32.
        """
        with explained():
            self.ready()
            typed = self.service.typed(text, "text")
            said = scored(self.service.engine, typed, self.service.precision(precision))
            first: dict[str, Any] = {"position": 0, "logprob": None, "rank": None, "entropy_bits": None}
            told = [
                {
                    "position": step.position,
                    "logprob": step.logprob,
                    "rank": step.rank,
                    "entropy_bits": step.entropy_bits,
                }
                for step in said.run.steps
            ]
            return {
                "perplexity": _number(said.perplexity),
                "bits_per_byte": _number(said.bits_per_byte),
                "tokens": [
                    {**self._token(token_id), **numbers}
                    for token_id, numbers in zip(typed.token_ids, [first, *told], strict=True)
                ],
            }

    def _layer(self, one: LensLayer) -> dict[str, Any]:
        return {
            "layer": one.layer,
            "entropy_bits": one.entropy_bits,
            "rank_of_final": one.rank,
            "tokens": [
                {**self._token(token_id), "probability": probability}
                for token_id, probability in zip(one.token_ids, one.probabilities, strict=True)
            ],
        }

    def _token(self, token_id: int) -> dict[str, Any]:
        return {"token_id": token_id, "token": self.service.text.token(token_id)}


def _number(value: float | np.floating | None) -> float | None:
    """Return a number that JSON has."""
    return float(value) if value is not None and math.isfinite(value) else None
