"""Which tokens of its context brought a token about, for programs: the endpoint of this name."""

import math
from typing import Any

import gradio as gr

from model.interventions.attribution import Reading, Unscorable, finished
from model.interventions.token_scores import METHODS
from model.numbers import within
from viz.api.explore import DEFAULT_PRECISION, Endpoints, explained
from viz.server.limits import LOOKERS
from viz.server.service import Service, Trouble
from viz.words.strings import say


def add_attribute_api(service: Service) -> None:
    """Add the endpoint to the app that is being built."""
    api = AttributeApi(service)
    gr.api(
        api.attribute,
        api_name="attribute",
        api_description=say("api.attribute"),
        concurrency_limit=LOOKERS,
        concurrency_id="programs",
    )


class AttributeApi(Endpoints):
    """The endpoint. It answers once all is computed, which takes many readings of the text."""

    def attribute(
        self, text: str, position: int, method: str, precision: str = DEFAULT_PRECISION
    ) -> dict[str, Any]:
        """Return how much each token of its context did for the token at a position.

        Args:
            text: what the model reads.
            position: of the token that is explained, from 1; the number of tokens means the one to come, of
                which the most likely is explained.
            method: integrated_gradients, gradient_x_input, occlusion, lime, kernel_shap or rollout.
            precision: "fast" for the number format that is fastest here, "exact" for float32; of the
                attention that rollout reads, all else is computed in float32.
        """
        with explained():
            self.ready()
            if method not in METHODS:
                raise Trouble(say("api.no_method", names=", ".join(METHODS)))
            token_ids = self.service.encode(text, "text")
            at = int(within("position", position, 1, len(token_ids), whole=True))
            asked = token_ids[at] if at < len(token_ids) else None
            form = self.service.precision(precision)
            try:
                reading = Reading.of(self.service.engine, token_ids[:at], form, asked)
                found = finished(reading.scores(method))
            except Unscorable as error:
                raise Trouble(str(error)) from error
            token_of = self.service.text.token
            return {
                "tokens": [token_of(token_id) for token_id in reading.token_ids],
                "scores": [None if math.isnan(value) else float(value) for value in found.values],
                "token_id": reading.target.token_id,
                "token": token_of(reading.target.token_id),
                "method": method,
            }
